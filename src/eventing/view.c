// SPDX-License-Identifier: Apache-2.0
#include "eventing/view.h"

struct cesql_value view_value(const struct cloudevent_value *value)
{
    int64_t number;
    if (value->type == CLOUDEVENT_TYPE_BOOLEAN)
        return (struct cesql_value){ .type = CESQL_BOOLEAN, .boolean = bytes_is(value->text, "true") };
    if (value->type == CLOUDEVENT_TYPE_INTEGER && bytes_to_int64(value->text, &number))
        return (struct cesql_value){ .type = CESQL_INTEGER, .integer = (int32_t)number };
    return (struct cesql_value){ .type = CESQL_STRING, .text = value->text };
}

static bool get(const void *context, bytes_t name, struct cesql_value *ret_value)
{
    struct cloudevent_value value;
    if (!cloudevent_get(context, name, &value))
        return false;
    *ret_value = view_value(&value);
    return true;
}

struct cesql_event view_of(const struct cloudevent *event)
{
    return (struct cesql_event){ get, event };
}
