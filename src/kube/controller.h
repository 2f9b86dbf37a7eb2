// SPDX-License-Identifier: Apache-2.0
// A controller: for each object of a kind that changed, its reconcile function looks at what is there and brings the
// world nearer to it. Level-triggered: many changes of one object become one call, never two at a time for the same
// object; failures are tried again, later each time. On the API's loop.
#pragma once

#include "base/heap.h"
#include "base/map.h"
#include "kube/history.h"

struct kube;
struct controller;

// One object that has to be looked at.
struct work {
    struct map_node node;
    struct list_node queue;
    struct timer retry;
    struct controller *controller;
    bool is_running, is_dirty; // it changed again while it was looked at
    int failures;
    bytes_t name_space, name; // views of KEY
    bytes_t key;              // "NAMESPACE/NAME", of the heap
};

enum work_result {
    WORK_DONE,
    WORK_FAILED, // try again: after 5 ms, then twice as long each time, up to a quarter of an hour
};

struct controller {
    struct kube *kube; // in, as the next three
    struct kind *kind; // NULL: nothing comes by itself, only what is enqueued
    // Ends with work_end, now or in a later turn.
    void (*reconcile)(struct controller *controller, struct work *work);
    void *owner;
    int64_t look_every_ms; // every object again, although nothing changed here: the world may have; 0: never
    // private
    struct timer again;
    struct watcher watcher;
    struct map works;
    struct list_node queue;
    struct deferred run;
    int64_t version;
    size_t running;
    bool is_running_queue, is_stopping;
};

// Every object that is there is looked at once, then each that changes.
void controller_start(struct controller *controller);
// No new work begins; what is under way ends by itself.
void controller_stop(struct controller *controller);
void controller_deinit(struct controller *controller);
// Somebody else says that an object should be looked at.
void controller_enqueue(struct controller *controller, bytes_t name_space, bytes_t name);
void controller_enqueue_all(struct controller *controller);
void work_end(struct work *work, enum work_result result);
