// SPDX-License-Identifier: Apache-2.0
// One request to the API, taken apart: what it is about, what its parameters say, in which form the answer is wanted.
// Lives from the door's handler until the answer, with an arena that goes with it.
#pragma once

#include "http/session.h"
#include "kube/problem.h"
#include "kube/resources.h"

struct kube;
struct user;

enum verb {
    VERB_GET,
    VERB_LIST,
    VERB_WATCH,
    VERB_CREATE,
    VERB_UPDATE,
    VERB_PATCH,
    VERB_DELETE,
    VERB_DELETE_COLLECTION,
};
const char *verb_text(enum verb verb); // "deletecollection", as in roles and audit logs

// Where an object is checked for fields that its schema does not know (meta/v1 CreateOptions fieldValidation).
enum field_validation { FIELD_VALIDATION_STRICT, FIELD_VALIDATION_WARN, FIELD_VALIDATION_IGNORE };

// How the answer shows objects (the parameter "as" of Accept).
enum form { FORM_OBJECT, FORM_TABLE, FORM_PARTIAL };
enum include_object { INCLUDE_METADATA, INCLUDE_NONE, INCLUDE_OBJECT }; // in the rows of a table

struct parameters {
    bool is_watch, allows_bookmarks, is_dry_run, is_forced;
    bool sends_initial_events, has_initial_events; // sendInitialEvents
    int64_t limit;                                 // 0: none
    int64_t timeout_s;                             // of a watch; 0: none
    bytes_t label_selector, field_selector;
    bytes_t continue_token, resource_version, resource_version_match;
    bytes_t field_manager;
    bytes_t propagation; // propagationPolicy
    bool orphans;        // orphanDependents
    enum field_validation field_validation;
    enum include_object include_object;
};

struct request {
    struct list_node node; // of those that came before the API was ready
    struct http_exchange *exchange;
    struct kube *kube;
    const struct user *user;
    struct arena arena;
    struct problem problem;
    struct writer warnings; // Warning fields, each with its CRLF (RFC 9111 5.5: 299)

    enum verb verb;
    bytes_t group, version, plural;
    bytes_t name_space, name; // empty: not named
    bytes_t subresource;
    struct kind *kind; // NULL: the path names none that is served
    const struct kind_version *kind_version;
    struct parameters parameters;
    enum form form;
    bytes_t form_version; // of the Table: "v1" or "v1beta1"
};

enum { PATH_SEGMENTS_MAX = 8 }; // apis, GROUP, VERSION, namespaces, NAMESPACE, PLURAL, NAME, SUBRESOURCE

struct path {
    bytes_t segments[PATH_SEGMENTS_MAX]; // decoded
    size_t count;                        // at least 1
};
// False: it is nobody's path.
bool path_cut(struct request *request, struct path *ret_path);

// Takes path, query and Accept apart and finds the kind; whether the kind knows the verb is the caller's question.
// False: problem says what is wrong.
bool request_read(struct request *request);
// `Warning: 299 - "TEXT"` in the answer.
void request_warn(struct request *request, bytes_t text);
