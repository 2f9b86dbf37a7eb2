// SPDX-License-Identifier: Apache-2.0
// What Pods and the kinds that make pods have in common: defaults and checks of a pod's spec (defaults of k8s.io/api
// core/v1, validation of ValidatePodSpec, as far as they need no cluster), labels of the template, columns.
#pragma once

#include "base/writer.h"

struct arena;
struct field_errors;
struct json_value;

// SPEC may be NULL, or anything: it was not validated yet.
void pod_spec_fill(struct arena *arena, struct json_value *spec);
// WHERE is the path of the spec: "spec", "spec.template.spec".
void pod_spec_check(struct field_errors *errors, const struct json_value *spec, const char *where);

// The template of a workload: spec.template, with no nulls where clients send some.
void pod_template_fill(struct arena *arena, struct json_value *object);
// spec.selector selects something, the labels of the template among it, and does not change.
void pod_selector_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live,
                        const char *kind);

// The columns Containers, Images and Selector of a workload (struct table_cell).
void pod_containers_cell(const struct json_value *object, int64_t now_ms, struct writer *to);
void pod_images_cell(const struct json_value *object, int64_t now_ms, struct writer *to);
void pod_selector_cell(const struct json_value *object, int64_t now_ms, struct writer *to);
