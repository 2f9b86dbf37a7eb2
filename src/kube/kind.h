// SPDX-License-Identifier: Apache-2.0
// The kinds of resources that the API serves, and where to find them by name. Every kind is described by a
// CustomResourceDefinition: the built-in ones by texts of eddy's own, the others by those that users apply. Belongs to
// the API's loop.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/list.h"
#include "base/map.h"
#include "kube/schema/schema.h"
#include "kube/select/name.h"

struct json_value;
struct kind;
struct kube;
struct kind_schema;
struct field_errors;
struct table_cell;
struct table_columns;

struct kind_version {
    bytes_t name;        // "v1"
    bytes_t api_version; // "eventing.knative.dev/v1", "v1"
    bool served;
    struct kind_schema *schema;                                      // kind_version_schema; NULL: any object
    const struct table_columns *columns;                             // of kubectl get
    bool has_status, has_scale;                                      // subresources
    bytes_t scale_spec_path, scale_status_path, scale_selector_path; // of the scale subresource
    bytes_t deprecation;                                             // a Warning for its users; empty: none
};

struct request;

// A subresource that is neither status nor scale.
struct kind_subresource {
    const char *name;                        // "token"
    void (*handle)(struct request *request); // for creation: POST
    const char *group, *version, *kind;      // of its answer
    const char *schema;                      // of its body, for protobuf
};

// What brings the world nearer to the objects of a kind, by a controller (controller.h).
struct kind_controller {
    // On the API's loop, before the first request is answered. The other two get the state that it returns.
    void *(*start)(struct kube *kube, struct kind *kind);
    // No new work begins; what is under way ends by itself.
    void (*stop)(void *state);
    // When no loop runs.
    void (*free)(void *state);
};

// What a kind does beyond what its schema says: one file with one such table. All may be NULL.
struct kind_rules {
    const char *definition; // its CustomResourceDefinition, in lines as kube/text/ makes them
    // The kind is a question, not something to keep: creating one answers it, and that is all it can do.
    void (*answer)(struct request *request);
    const struct kind_subresource *subresources;
    size_t subresource_count;
    // Fills what a schema cannot say, before validation. LIVE is NULL when the object is new.
    void (*fill)(struct arena *arena, struct json_value *object, const struct json_value *live);
    // What to tell whoever writes OBJECT, which is not filled yet, as a Warning, in the arena; NULL: nothing.
    const char *(*warning)(struct arena *arena, const struct json_value *object);
    // Looks at a spec or at annotations that are new or changed, of whatever types their values are: what it says of a
    // field takes the place of what the schema says of it.
    void (*inspect)(struct field_errors *errors, const struct json_value *object);
    // Finds what a schema cannot see: what must not change, what excludes what. Behind the schema.
    void (*check)(struct field_errors *errors, const struct json_value *object, const struct json_value *live);
    // Takes away what VERSION of the kind does not have, of an object that has what all versions say; NULL: they say
    // the same.
    void (*show)(struct json_value *object, bytes_t version);
    // Something else than metadata.finalizers keeps an object that is to be deleted, until a controller has done its
    // work and removes it.
    bool (*is_held)(const struct json_value *object);
    void (*begin_deletion)(struct arena *arena, struct json_value *object); // what that object says of itself
    const struct table_cell *cells; // of printer columns that no JSONPath can say (table/table.h)
    const struct kind_controller *controller;
    bool no_generation;       // metadata.generation is not counted
    enum name_rule name_rule; // of metadata.name
};

struct kind {
    struct map_node node;      // by "group/plural"
    struct list_node list;     // of the registry, in the order in which they came
    struct list_node watchers; // history.h, and the two that follow
    struct list_node events;
    struct list_node told;      // its watchers hear of news in this turn
    struct arena arena;         // of everything below
    bytes_t text;               // its definition, as JSON
    bytes_t key;                // "eventing.knative.dev/triggers"; "core/pods"
    bytes_t prefix;             // of the rows in the table: KEY and a slash
    bytes_t group;              // empty for the core group
    bytes_t plural, singular;   // "triggers", "trigger"
    bytes_t name, list_name;    // "Trigger", "TriggerList"
    const bytes_t *short_names; // "ksvc"
    size_t short_name_count;
    const bytes_t *categories; // "all"
    size_t category_count;
    bool is_namespaced;
    bool is_custom;                // made by a user's CustomResourceDefinition
    struct kind_version *versions; // the best first
    size_t version_count;
    const struct kind_version *storage; // the version that objects are kept in
    const struct kind_rules *rules;     // may be NULL
    int64_t definition_generation;      // of the CustomResourceDefinition that it was made from
    bool is_retired;                    // its definition was deleted; only watches still point here
};

struct kinds {
    struct map map;
    struct list_node list;
    struct list_node retired;
    int64_t generation; // changes with every change here: discovery is made anew
};

void kinds_init(struct kinds *kinds);
void kinds_deinit(struct kinds *kinds);
// Makes a kind out of a CustomResourceDefinition, which is valid (a user's was checked when it was created); takes the
// place of the one with the same name. ERR_INVALID: a schema cannot be compiled; ERRORS say why.
err_t kinds_define(struct kinds *kinds, const struct json_value *definition, const struct kind_rules *rules,
                   struct kind **ret_kind, struct field_errors *errors) MUST_CHECK;
// The same for a kind of eddy's own, from RULES->definition. Its schemas wait until somebody asks for them.
struct kind *kinds_define_own(struct kinds *kinds, const struct kind_rules *rules);
// One of eddy's own that a cluster has to be told of by a CustomResourceDefinition.
bool kind_is_brought(const struct kind *kind);
// The definition of such a kind, whole, on ARENA.
struct json_value *kind_definition(const struct kind *kind, struct arena *arena);
void kinds_remove(struct kinds *kinds, struct kind *kind);
// What objects of this version look like, compiled and as it was written; NULL: any object.
const struct schema *kind_version_schema(const struct kind_version *version);
const struct json_value *kind_version_schema_source(const struct kind_version *version);
// By group and plural; NULL if there is none.
struct kind *kinds_find(const struct kinds *kinds, bytes_t group, bytes_t plural);
// By apiVersion and Kind, as manifests name it; RET_VERSION may be NULL.
struct kind *kinds_find_object(const struct kinds *kinds, bytes_t api_version, bytes_t name,
                               const struct kind_version **ret_version);
// It is asked, not kept: creating one answers it (kind_rules.answer).
bool kind_is_question(const struct kind *kind);
// One of Kubernetes' own: clients send it strategic merge patches. The others are custom resources to them.
bool kind_is_native(const struct kind *kind);
// "v1" before "v1beta1" before "v1alpha1", higher numbers first, other names behind (apimachinery: version priority).
int kind_version_order(bytes_t a, bytes_t b);
// The served version with that apiVersion, or NULL.
const struct kind_version *kind_version_of(const struct kind *kind, bytes_t api_version);
// Of everything that is served under that apiVersion: another value when something of it changed, also after a restart.
uint64_t kinds_hash(const struct kinds *kinds, bytes_t api_version);
// A served version of that name, or NULL.
const struct kind_version *kind_version_find(const struct kind *kind, bytes_t version);
