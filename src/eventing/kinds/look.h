// SPDX-License-Identifier: Apache-2.0
// One look at one resource by a controller of eventing: what it found becomes the status, in one write, with Knative's
// conditions: Ready is true when all the others are.
#pragma once

#include "eventing/eventing.h"
#include "kube/condition.h"
#include "kube/controller.h"

enum { LOOK_CONDITIONS_MAX = 10 };

struct look {
    struct eventing *eventing;
    struct controller *controller;
    struct work *work;
    struct arena arena;        // of all that follows
    struct json_value *object; // as it is
    struct condition conditions[LOOK_CONDITIONS_MAX];
    size_t condition_count;
    // The rest of the status. May be NULL.
    void (*fill)(const struct look *look, struct json_value *status, struct arena *arena);
    const void *owner; // of FILL
};

// The controller of a kind: its RECONCILE looks at each resource that changed, at all of them each resync, and, when it
// WATCHES, whenever an address comes or goes.
struct look_controller {
    struct controller controller;
    struct eventing_watcher watcher;
};
void look_controller_init(struct look_controller *this, struct kube *kube, struct kind *kind,
                          void (*reconcile)(struct controller *controller, struct work *work), bool watches);
// The same for a kind that keeps nothing else, as a struct kind_controller wants it.
void *look_controller_start(struct kube *kube, struct kind *kind,
                            void (*reconcile)(struct controller *controller, struct work *work), bool watches);
void look_controller_stop(void *state);
void look_controller_free(void *state);

// NULL: the resource is gone; the work is still to be ended.
struct look *look_begin(struct controller *controller, struct work *work);
// A whole reconcile function: BRING_ABOUT ends a look at a resource that is there; GONE, which may be NULL, hears of
// one that is gone, or on its way.
void look_reconcile(struct controller *controller, struct work *work, void (*bring_about)(struct look *look),
                    void (*gone)(struct eventing *eventing, const struct work *work));
// STATUS is "True", "False" or "Unknown"; the message is on the arena, or static.
void look_condition(struct look *look, const char *type, const char *status, const char *reason, const char *message);
// One with a severity: it says something and does not count for Ready.
void look_extra(struct look *look, const struct condition *condition);
static inline void look_true(struct look *look, const char *type)
{
    look_condition(look, type, "True", NULL, NULL);
}
// The condition Ready of some object; unknown with REASON and MESSAGE while it has none. OBJECT may be NULL.
struct condition ready_of(const struct json_value *object, struct arena *arena, const char *reason,
                          const char *message);
// What a status tells of where a destination leads; on the look's arena, all NULL: nowhere. A token for the audience is
// never sent: OIDC is off.
struct whereabouts {
    const char *uri, *authorities, *audience;
};
extern const struct whereabouts nowhere;
// A destination as a sink, which is the caller's. ERR_NOT_FOUND, ERR_INVALID, ERR_UNSUPPORTED with DIAG.
err_t look_resolve(struct look *look, const struct json_value *destination, enum cloudevent_mode mode,
                   struct sink **ret_sink, struct whereabouts *ret_where, diag_t *diag) MUST_CHECK;
// As members PREFIX"Uri", PREFIX"CACerts" and PREFIX"Audience" of a status; a NULL takes its member away.
void whereabouts_fill(const struct whereabouts *where, struct json_value *status, struct arena *arena,
                      const char *prefix);
// The condition DeadLetterSinkResolved of a resource whose spec has a delivery, and where that is.
const struct whereabouts *look_dead_letter_sink(struct look *look);
// The condition Addressable, and status.address of a resource that has an inbox.
void look_addressable(struct look *look);
void look_fill_address(const struct look *look, enum inbox_kind kind, struct json_value *status, struct arena *arena);
// Each of these ends the look.
void look_conclude(struct look *look);                             // writes the status, if it differs
void look_retry(struct look *look);                                // tried again soon
void look_drop(struct look *look);                                 // nothing of it is ours
void look_finalizer_add(struct look *look, const char *finalizer); // the change brings the resource back
void look_finalizer_remove(struct look *look, const char *finalizer);
