// SPDX-License-Identifier: Apache-2.0
// Two resources of a kind whose topics have one name: Knative joins namespace and name, so that the Brokers b-c of a
// and c of a-b are both a-b-c; and a Broker can be called what another's dead letters are called. The older one has the
// topics; the other one waits, and touches nothing.
#pragma once

#include "eventing/kinds/look.h"

#define DEAD_LETTERS "-dead-letters" // behind the name of the topic whose events nobody took

// The older resource, whose topics are called NAMESPACE SEPARATOR NAME, and that with DEAD_LETTERS, as those of LOOK's;
// of its arena. NULL: there is none.
const struct json_value *namesake_find(struct look *look, char separator);
