// SPDX-License-Identifier: Apache-2.0
#include "kube/controller.h"

#include "base/mem.h"
#include "kube/api.h"

#include <stdlib.h>

enum {
    WORK_KEY_SIZE_MAX = 1024,
    RUNNING_MAX = 16, // objects that one controller looks at at the same time
    RETRY_FIRST_MS = 5,
    RETRY_MAX_MS = 15 * 60 * 1000,
};

static bytes_t work_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct work, node)->key;
}

static void on_retry(struct timer *timer);

static struct work *work_new(struct controller *controller, bytes_t name_space, bytes_t name)
{
    size_t size = name_space.size + 1 + name.size;
    struct work *work = mem_zalloc(1, sizeof *work);
    char *key = mem_alloc(size);
    memcpy(key, name_space.data == NULL ? (const void *)"" : name_space.data, name_space.size);
    key[name_space.size] = '/';
    memcpy(key + name_space.size + 1, name.data, name.size);
    work->controller = controller;
    work->key = bytes_of(key, size);
    work->name_space = bytes_of(key, name_space.size);
    work->name = bytes_of(key + name_space.size + 1, name.size);
    timer_init(&work->retry, controller->kube->loop, on_retry);
    map_insert(&controller->works, &work->node);
    return work;
}

static void work_free(struct work *work)
{
    map_remove(&work->controller->works, &work->node);
    list_remove(&work->queue);
    timer_stop(&work->retry);
    free((void *)(uintptr_t)work->key.data);
    free(work);
}

static void enqueue(struct work *work)
{
    struct controller *controller = work->controller;
    if (work->is_running) {
        work->is_dirty = true;
        return;
    }
    timer_stop(&work->retry);
    if (!list_linked(&work->queue))
        list_append(&controller->queue, &work->queue);
    loop_defer(controller->kube->loop, &controller->run);
}

static void on_retry(struct timer *timer)
{
    enqueue(CONTAINER_OF(timer, struct work, retry));
}

void controller_enqueue(struct controller *controller, bytes_t name_space, bytes_t name)
{
    char key[WORK_KEY_SIZE_MAX];
    size_t size = name_space.size + 1 + name.size;
    if (controller->is_stopping || size > sizeof key)
        return;
    memcpy(key, name_space.data == NULL ? (const void *)"" : name_space.data, name_space.size);
    key[name_space.size] = '/';
    memcpy(key + name_space.size + 1, name.data, name.size);
    struct map_node *node = map_find(&controller->works, bytes_of(key, size));
    enqueue(node != NULL ? CONTAINER_OF(node, struct work, node) : work_new(controller, name_space, name));
}

static void on_run(struct deferred *deferred)
{
    struct controller *controller = CONTAINER_OF(deferred, struct controller, run);
    while (!controller->is_stopping && controller->running < RUNNING_MAX) {
        struct list_node *first = list_first(&controller->queue);
        if (first == NULL)
            return;
        struct work *work = LIST_ITEM(first, struct work, queue);
        list_remove(&work->queue);
        work->is_running = true;
        work->is_dirty = false;
        controller->running++;
        controller->reconcile(controller, work);
    }
}

void work_end(struct work *work, enum work_result result)
{
    struct controller *controller = work->controller;
    work->is_running = false;
    controller->running--;
    if (!list_empty(&controller->queue))
        loop_defer(controller->kube->loop, &controller->run);
    if (result == WORK_FAILED && !controller->is_stopping) {
        int64_t delay = RETRY_FIRST_MS;
        for (int i = 0; i < work->failures && delay < RETRY_MAX_MS; i++)
            delay *= 2;
        work->failures++;
        if (work->is_dirty) { // what failed may be mended by what changed
            enqueue(work);
            return;
        }
        timer_start(&work->retry, delay < RETRY_MAX_MS ? delay : RETRY_MAX_MS);
        return;
    }
    if (work->is_dirty && !controller->is_stopping) {
        work->failures = 0;
        enqueue(work);
        return;
    }
    work_free(work);
}

// --- what changed

static void on_events(struct watcher *watcher)
{
    struct controller *controller = CONTAINER_OF(watcher, struct controller, watcher);
    bool expired;
    struct event *event =
        history_after(&controller->kube->resources.history, controller->kind, controller->version, &expired);
    // A watcher is told every turn, and one turn's changes are always there: nothing can be missed.
    for (; event != NULL; event = event_next(event)) {
        controller->version = event->version;
        controller_enqueue(controller, event->name_space, event->name);
    }
}

void controller_enqueue_all(struct controller *controller)
{
    struct resources *resources = &controller->kube->resources;
    struct resources_walk walk;
    struct table_row row;
    struct arena arena = ARENA_INIT;
    if (resources_walk_start(&walk, resources, controller->kind, BYTES_LITERAL(""), 0, BYTES_NULL, &arena) == ERR_OK) {
        while (resources_walk_next(&walk, &row)) {
            bytes_t name_space, name;
            size_t prefix = controller->kind->prefix.size;
            key_names(bytes_of(row.key.data + prefix, row.key.size - prefix), &name_space, &name);
            controller_enqueue(controller, name_space, name);
        }
    }
    arena_free(&arena);
}

static void on_again(struct timer *timer)
{
    struct controller *controller = CONTAINER_OF(timer, struct controller, again);
    controller_enqueue_all(controller);
    timer_start(timer, controller->look_every_ms);
}

void controller_start(struct controller *controller)
{
    controller->works = MAP_INIT(work_key);
    list_init(&controller->queue);
    controller->run.on_turn_end = on_run;
    controller->watcher.on_events = on_events;
    controller->version = resources_version(&controller->kube->resources);
    timer_init(&controller->again, controller->kube->loop, on_again);
    if (controller->kind == NULL)
        return;
    watcher_start(&controller->watcher, controller->kind);
    controller_enqueue_all(controller);
    if (controller->look_every_ms > 0)
        timer_start(&controller->again, controller->look_every_ms);
}

void controller_stop(struct controller *controller)
{
    if (controller->kube == NULL)
        return;
    controller->is_stopping = true;
    timer_stop(&controller->again);
    watcher_stop(&controller->watcher);
    loop_defer_cancel(controller->kube->loop, &controller->run);
    for (struct map_node *node = map_next(&controller->works, NULL); node != NULL;
         node = map_next(&controller->works, node))
        timer_stop(&CONTAINER_OF(node, struct work, node)->retry);
}

void controller_deinit(struct controller *controller)
{
    if (controller->kube == NULL)
        return;
    for (struct map_node *node = map_next(&controller->works, NULL), *next; node != NULL; node = next) {
        next = map_next(&controller->works, node);
        work_free(CONTAINER_OF(node, struct work, node));
    }
    map_free(&controller->works);
}
