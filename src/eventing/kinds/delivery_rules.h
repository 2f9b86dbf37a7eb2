// SPDX-License-Identifier: Apache-2.0
// Where events go and how, as several kinds have it: what is wrong with it, in better words than the schema's
// (kind_rules.inspect). What is of a wrong type is left to the schema. NULL is nothing.
#pragma once

#include "base/json.h"
#include "kube/schema/field_error.h"

#define DELIVERY_ORDER   "kafka.eventing.knative.dev/delivery.order" // annotations
#define DELIVERY_RATE    "eddy.dev/rate-limit"
#define DELIVERY_AT_ONCE "eddy.dev/concurrency"

// {ref, uri}: one of them, and a uri alone is a whole URL. PATH: of the destination.
void destination_inspect(struct field_errors *errors, const struct json_value *destination,
                         const struct field_path *path);
// The member NAME of SPEC, a destination. PATH: of SPEC, and so below.
void destination_at_inspect(struct field_errors *errors, const struct json_value *spec, const char *name,
                            const struct field_path *path);
// The same where an empty one is as good as none.
void destination_or_none_inspect(struct field_errors *errors, const struct json_value *spec, const char *name,
                                 const struct field_path *path);
// The member delivery of SPEC, its dead letter sink too.
void delivery_inspect(struct field_errors *errors, const struct json_value *spec, const struct field_path *path);
// Annotations: eddy's own limits, and the order of delivery.
void limits_inspect(struct field_errors *errors, const struct json_value *object);
void order_inspect(struct field_errors *errors, const struct json_value *object);
// spec.delivery of OBJECT.
void spec_delivery_inspect(struct field_errors *errors, const struct json_value *object);
