// SPDX-License-Identifier: Apache-2.0
// What a JSONPath is compiled to. Inside the folder: json_path.h is what others use.
#pragma once

#include "kube/table/json_path.h"

enum path_node_type {
    PATH_LIST,       // FIRST..LAST, each applied to what the one before gave
    PATH_TEXT,       // LITERAL, once
    PATH_LITERAL,    // LITERAL, once for each input
    PATH_FIELD,      // the member TEXT
    PATH_ARRAY,      // [start:end:step]
    PATH_WILDCARD,   // everything inside
    PATH_RECURSIVE,  // everything inside that has something inside, at any depth
    PATH_UNION,      // FIRST..LAST, lists, each applied to the same input
    PATH_FILTER,     // the items for which LEFT TEXT RIGHT holds; RIGHT is NULL: for which LEFT gives something
    PATH_IDENTIFIER, // TEXT: range or end
};

// One of start, end and step.
struct path_bound {
    int64_t value;
    bool known;
    bool derived; // an end that was not given: one behind the start
};

struct path_node {
    enum path_node_type type;
    size_t index; // among all nodes, in the order of the text
    struct path_node *next;
    bytes_t text;
    struct json_value *literal;
    struct path_node *first, *last;
    struct path_node *left, *right;
    struct path_bound bounds[3];
};

struct json_path {
    bytes_t text;
    struct path_node root; // a list of texts and of lists
};
