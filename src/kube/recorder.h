// SPDX-License-Identifier: Apache-2.0
// Events of core/v1: what happened to an object, told by controllers for people (kubectl describe, kubectl get events).
// The same again is counted, not told twice. Events of whomever go when they have not happened for a while, as those of
// kube-apiserver do (--event-ttl).
#pragma once

#include "kube/controller.h"

struct json_value;

// OBJECT has its metadata. REASON is one word in CamelCase. Written soon; what fails is lost, as it only tells.
void record_event(struct kube *kube, const struct kind *kind, const struct json_value *object, bool is_warning,
                  const char *reason, const char *message);

// The controller that lets old events go (kube.events-ttl).
void events_expiry_start(struct controller *controller, struct kube *kube);
