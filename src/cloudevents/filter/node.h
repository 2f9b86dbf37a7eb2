// SPDX-License-Identifier: Apache-2.0
// A compiled filter. Inside the folder.
#pragma once

#include "cloudevents/filter/filter.h"

enum filter_kind {
    FILTER_SAME,      // filter.attributes: a String, and equal
    FILTER_ANY_VALUE, // filter.attributes with "": there, and not empty
    FILTER_EXACT,     // as a text, and so the next two
    FILTER_PREFIX,
    FILTER_SUFFIX,
    FILTER_CESQL,
    FILTER_ALL, // one child or more
    FILTER_ANY, // one child or more
    FILTER_NOT, // one child
};

struct filter_node {
    enum filter_kind kind;
    bytes_t name, value;               // of the tests of one attribute
    const struct cesql *cesql;         // FILTER_CESQL
    struct filter_node *first, **tail; // children
    struct filter_node *next;          // sibling
};
