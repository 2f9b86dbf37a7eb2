// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_definitions.h"

const char schema_api_version_text[] = "The group and version that this text of the object is written in, as "
                                       "GROUP/VERSION; of the core group VERSION alone.";
const char schema_kind_text[] = "What the object is, in CamelCase. It cannot be changed.";
const char schema_metadata_text[] = "Name, labels and everything else that all objects have.";

// clang-format off
const struct schema_definition schema_definitions[] = {
    { "DeleteOptions", "object", NULL, NULL, "How an object is deleted." },
    { "FieldsV1", "object", NULL, NULL, "A set of fields. A key is f:NAME for a field, k:KEYS for an item of a list by its keys (JSON), v:VALUE for an item by its value, i:INDEX for one by its place, and '.' for the thing itself." },
    { "ListMeta", "object", NULL, NULL, "Metadata of lists and of answers that are no stored objects." },
    { "ManagedFieldsEntry", "object", NULL, NULL, "The fields that one manager owns, in one version of the kind." },
    { "ObjectMeta", "object", NULL, NULL, "Metadata of every stored object." },
    { "OwnerReference", "object", NULL, "atomic", "An object that this one belongs to: in the same namespace, or in none." },
    { "Patch", "object", NULL, NULL, "The body of a PATCH request; its media type says what kind of patch it is." },
    { "Preconditions", "object", NULL, NULL, "What must be true of an object before it is changed." },
    { "Status", "object", NULL, NULL, "The answer to a request that returns no object." },
    { "StatusCause", "object", NULL, NULL, "One of the reasons why a request failed." },
    { "StatusDetails", "object", NULL, NULL, "More about why a request failed; which fields are set depends on the reason." },
    { "Time", "string", "date-time", NULL, "A moment, as in RFC 3339." },
};

const struct schema_definition_field schema_definition_fields[] = {
    { "DeleteOptions", "apiVersion", "string", NULL, NULL, false, schema_api_version_text },
    { "DeleteOptions", "dryRun", "[string]", "atomic", NULL, false, "With the item All the request is checked and answered, and nothing is stored." },
    { "DeleteOptions", "gracePeriodSeconds", "int64", NULL, NULL, false, "Seconds until the object is gone; 0 deletes it at once." },
    { "DeleteOptions", "kind", "string", NULL, NULL, false, schema_kind_text },
    { "DeleteOptions", "orphanDependents", "boolean", NULL, NULL, false, "Deprecated: use propagationPolicy. Whether objects that belong to this one stay." },
    { "DeleteOptions", "preconditions", "Preconditions", NULL, NULL, false, "What must be true of the object; otherwise the answer is 409 Conflict." },
    { "DeleteOptions", "propagationPolicy", "string", NULL, NULL, false, "What becomes of objects that belong to this one: Orphan leaves them, Background deletes them afterwards, Foreground deletes them first." },

    { "ListMeta", "continue", "string", NULL, NULL, false, "Where the next part of a long list begins: for the parameter of the same name. Empty in the last part." },
    { "ListMeta", "remainingItemCount", "int64", NULL, NULL, false, "How many items follow behind this part, if that is known." },
    { "ListMeta", "resourceVersion", "string", NULL, NULL, false, "The version of the whole list: a watch can begin there. Compare it with nothing but itself." },
    { "ListMeta", "selfLink", "string", NULL, NULL, false, "Deprecated, never set." },

    { "ManagedFieldsEntry", "apiVersion", "string", NULL, NULL, false, "The version of the kind in which the fields are named, as GROUP/VERSION." },
    { "ManagedFieldsEntry", "fieldsType", "string", NULL, NULL, false, "The form of the set of fields: FieldsV1." },
    { "ManagedFieldsEntry", "fieldsV1", "FieldsV1", NULL, NULL, false, "The fields." },
    { "ManagedFieldsEntry", "manager", "string", NULL, NULL, false, "Who owns them." },
    { "ManagedFieldsEntry", "operation", "string", NULL, NULL, false, "How they came to be owned: Apply or Update." },
    { "ManagedFieldsEntry", "subresource", "string", NULL, NULL, false, "The subresource that was written, such as status; empty for the object itself." },
    { "ManagedFieldsEntry", "time", "Time", NULL, NULL, false, "When a field was added last, or a value was changed." },

    { "ObjectMeta", "annotations", "{string}", NULL, NULL, false, "Notes of tools to themselves, by name. Nothing can be selected by them." },
    { "ObjectMeta", "creationTimestamp", "Time", NULL, NULL, false, "When the object was created. Set by the server." },
    { "ObjectMeta", "deletionGracePeriodSeconds", "int64", NULL, NULL, false, "Seconds between the request to delete the object and its end. Set by the server." },
    { "ObjectMeta", "deletionTimestamp", "Time", NULL, NULL, false, "When its deletion was asked for; it goes once the list of finalizers is empty. Set by the server." },
    { "ObjectMeta", "finalizers", "[string]", "set", "merge", false, "Who has something to do before the object goes. Each takes its own name away." },
    { "ObjectMeta", "generateName", "string", NULL, NULL, false, "The beginning of a name that the server completes, if name is empty." },
    { "ObjectMeta", "generation", "int64", NULL, NULL, false, "Counts the changes of what is wanted (mostly: of spec). Set by the server." },
    { "ObjectMeta", "labels", "{string}", NULL, NULL, false, "Names and values by which objects are selected." },
    { "ObjectMeta", "managedFields", "[ManagedFieldsEntry]", "atomic", NULL, false, "Who owns which fields, for server-side apply. Kept by the server." },
    { "ObjectMeta", "name", "string", NULL, NULL, false, "The name, of which there is one for each kind in a namespace. It cannot be changed." },
    { "ObjectMeta", "namespace", "string", NULL, NULL, false, "The namespace that the object is in; empty for kinds that are in none. It cannot be changed." },
    { "ObjectMeta", "ownerReferences", "[OwnerReference]", "map:uid", "merge:uid", false, "The objects that this one belongs to: it is deleted once all of them are gone." },
    { "ObjectMeta", "resourceVersion", "string", NULL, NULL, false, "Changes with each change of the object. An update that carries it is refused if somebody else was faster. Compare it with nothing but itself." },
    { "ObjectMeta", "selfLink", "string", NULL, NULL, false, "Deprecated, never set." },
    { "ObjectMeta", "uid", "string", NULL, NULL, false, "Tells the object from all others, those of the same name before it and behind it included. Set by the server." },

    { "OwnerReference", "apiVersion", "string", NULL, NULL, true, "The group and version of the owner." },
    { "OwnerReference", "blockOwnerDeletion", "boolean", NULL, NULL, false, "Whether an owner that is deleted in the foreground waits until this object is gone." },
    { "OwnerReference", "controller", "boolean", NULL, NULL, false, "Whether the owner is the one that manages this object." },
    { "OwnerReference", "kind", "string", NULL, NULL, true, "The kind of the owner." },
    { "OwnerReference", "name", "string", NULL, NULL, true, "The name of the owner." },
    { "OwnerReference", "uid", "string", NULL, NULL, true, "The uid of the owner." },

    { "Preconditions", "resourceVersion", "string", NULL, NULL, false, "The resourceVersion that the object must have." },
    { "Preconditions", "uid", "string", NULL, NULL, false, "The uid that the object must have." },

    { "Status", "apiVersion", "string", NULL, NULL, false, schema_api_version_text },
    { "Status", "code", "int32", NULL, NULL, false, "The HTTP status code." },
    { "Status", "details", "StatusDetails", NULL, NULL, false, "More about the reason." },
    { "Status", "kind", "string", NULL, NULL, false, schema_kind_text },
    { "Status", "message", "string", NULL, NULL, false, "A sentence for people." },
    { "Status", "metadata", "ListMeta", NULL, NULL, false, "Metadata of the answer." },
    { "Status", "reason", "string", NULL, NULL, false, "A word for programs, such as NotFound." },
    { "Status", "status", "string", NULL, NULL, false, "Success or Failure." },

    { "StatusCause", "field", "string", NULL, NULL, false, "The path of the field, such as spec.filters[0].exact." },
    { "StatusCause", "message", "string", NULL, NULL, false, "A sentence for people." },
    { "StatusCause", "reason", "string", NULL, NULL, false, "A word for programs, such as FieldValueInvalid." },

    { "StatusDetails", "causes", "[StatusCause]", "atomic", NULL, false, "All the reasons, if there are several." },
    { "StatusDetails", "group", "string", NULL, NULL, false, "The group of the kind." },
    { "StatusDetails", "kind", "string", NULL, NULL, false, "The kind, or the name of its resource." },
    { "StatusDetails", "name", "string", NULL, NULL, false, "The name of the object." },
    { "StatusDetails", "retryAfterSeconds", "int32", NULL, NULL, false, "Seconds after which the request may be tried again." },
    { "StatusDetails", "uid", "string", NULL, NULL, false, "The uid of the object." },
};
// clang-format on

const size_t schema_definition_count = sizeof schema_definitions / sizeof schema_definitions[0];
const size_t schema_definition_field_count = sizeof schema_definition_fields / sizeof schema_definition_fields[0];
