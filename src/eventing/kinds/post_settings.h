// SPDX-License-Identifier: Apache-2.0
// What the resource of a post comes to: where events go, how often and how patiently. Triggers, subscriptions and
// sources read it from their specs in one look, then the post takes it.
#pragma once

#include "cloudevents/filter/filter.h"
#include "eventing/kinds/look.h"

struct post_settings {
    struct delivery delivery;
    bool is_ordered;                                   // delivery.order
    int64_t interval_ns, at_once_max;                  // as the limiter's
    bool has_hops;                                     // as the consumer's
    bool is_lenient;                                   // as the consumer's
    struct arena arena;                                // of the filter
    struct filter filter;                              // all zero: every event
    struct sink *sink, *replies, *dead_letters;        // NULL: none
    struct whereabouts subscriber, reply, dead_letter; // of theirs
};

// Lets go of what was not taken.
void post_settings_free(struct post_settings *settings);

// The member DELIVERY of SPEC, or FALLBACK's, which it takes the place of as a whole. RET_DEAD_LETTERS: its
// destination, or NULL. ERR_INVALID: DIAG says why.
err_t post_settings_delivery(struct post_settings *settings, const struct json_value *spec,
                             const struct json_value *fallback, enum backoff_flavour flavour,
                             const struct json_value **ret_dead_letters, diag_t *diag) MUST_CHECK;
// The filter of SPEC. As filter_compile.
err_t post_settings_filter(struct post_settings *settings, const struct json_value *spec, diag_t *diag) MUST_CHECK;
// The annotations kafka.eventing.knative.dev/delivery.order, eddy.dev/rate-limit and eddy.dev/concurrency. ERR_INVALID:
// DIAG has the annotation and a sentence.
err_t post_settings_annotations(struct post_settings *settings, const struct json_value *object,
                                diag_t *diag) MUST_CHECK;
// A destination as a sink, to which events go in the mode of the delivery, read before; NULL and {}: none.
// ERR_NOT_FOUND, ERR_INVALID, ERR_UNSUPPORTED.
err_t post_settings_sink(const struct post_settings *settings, struct look *look, const struct json_value *destination,
                         struct sink **ret_sink, struct whereabouts *ret_where, diag_t *diag) MUST_CHECK;

// The post takes the settings over and joins the station from its latest event on, unless it has. MADE_OF names all
// that the settings came from: where it is another than before, what rests is tried at once.
void post_settings_take(struct post *post, struct post_settings *settings, struct station *station,
                        const char *made_of);
// The condition SubscriberHealthy, of a post whose subscriber fails all the time, or did; it does not count for Ready.
// Events tell when that begins and ends.
void post_look_health(struct look *look, const struct post *post);
// Condition TYPE: is the post delivering?
struct condition post_condition(const struct post *post, const char *type);
