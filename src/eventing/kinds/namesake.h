// SPDX-License-Identifier: Apache-2.0
// Resources whose topics have one name: Knative joins namespace and name, so that the Brokers b-c of a and c of a-b are
// both a-b-c; and a Broker can be called what another's dead letters are called. And channels of two kinds whose
// addresses are one. The older one has them, also over a restart; the other one waits, and touches nothing.
#pragma once

#include "eventing/kinds/look.h"
#include "eventing/topic_names.h"

// How a kind names its topics.
struct namesake_rule {
    char separator;        // between namespace and name
    bool has_dead_letters; // a second one, with DEAD_LETTERS behind it
    // Others have no topics; NULL: all are.
    bool (*is_ours)(const struct json_value *object);
};

// The older resource of the kind that has a topic of the same name as LOOK's; of its arena. NULL: there is none.
const struct json_value *namesake_find(struct look *look, const struct namesake_rule *rule);
// The older resource by that name of another kind of the group, PLURAL; of the look's arena. NULL: there is none.
const struct json_value *rival_find(struct look *look, const char *plural);
// Why a resource is refused for OLDER, on the look's arena.
const char *namesake_tell(struct look *look, const struct json_value *older);
