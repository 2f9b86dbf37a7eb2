// SPDX-License-Identifier: Apache-2.0
// The CustomResourceDefinitions of eddy's own kinds, for clients that look for them ("is Knative installed?"). They are
// objects as those of users are, and say nothing: eddy serves its kinds whatever stands there. So an installer may
// write over them, and what it wrote stays.
#pragma once

#include "kube/client.h"

struct controller;

// On each that eddy made: which text of eddy it was made of.
#define OWN_DEFINITION "eddy.dev/definition"

// The first that is not there is looked at: one after the other, for each takes much memory while it is made.
void own_definitions_enqueue(struct controller *controller);
// The kind whose definition has that name; NULL: none of eddy's own.
struct kind *own_definition_find(const struct kube *kube, bytes_t name);
// The definition of KIND as it is made, with FINALIZER.
struct json_value *own_definition_new(struct arena *arena, const struct kind *kind, const char *finalizer);
// Whether somebody else has written to it.
bool own_definition_is_foreign(const struct json_value *definition);
// Brings OBJECT up to date where eddy alone has written it; false: it is.
bool own_definition_renew(struct arena *arena, struct json_value *object, const struct kind *kind);
