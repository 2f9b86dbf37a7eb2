// SPDX-License-Identifier: Apache-2.0
// An event as filters see it.
#pragma once

#include "cloudevents/cesql/cesql.h"
#include "cloudevents/cloudevent.h"

// Integer and Boolean extensions have their type, everything else is a String. Valid as long as EVENT.
struct cesql_event view_of(const struct cloudevent *event);
// One attribute of it.
struct cesql_value view_value(const struct cloudevent_value *value);
