// SPDX-License-Identifier: Apache-2.0
// knative.dev/dependency: a Trigger that is ready only when another object is, mostly the source of its events.
#pragma once

#include "eventing/kinds/look.h"

// The kinds that triggers depend on: a change of such an object brings the triggers of its namespace back.
struct dependencies {
    struct controller *triggers;
    struct list_node watches; // struct dependency_watch
};

void dependencies_init(struct dependencies *dependencies, struct controller *triggers);
void dependencies_stop(struct dependencies *dependencies);
// The condition DependencyReady of the look's trigger.
void dependency_look(struct dependencies *dependencies, struct look *look);
