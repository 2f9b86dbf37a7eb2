// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_meta.h"

#include "base/assert.h"
#include "kube/schema/schema_rules.h"

// clang-format off
#define NAME(text) { (const uint8_t *)(text), sizeof(text) - 1 }
#define MEMBERS(list) .members = (list), .member_count = ARRAY_COUNT(list)
#define NO_LIMITS .min_length = -1, .max_length = -1, .min_items = -1, .max_items = -1, .min_properties = -1, .max_properties = -1

const struct schema schema_text = { .type = SCHEMA_STRING };
const struct schema schema_unknown = { .type = SCHEMA_ANY, .nullable = true };

static const struct schema integer = { .type = SCHEMA_INTEGER };
static const struct schema boolean = { .type = SCHEMA_BOOLEAN };
static const struct schema text_map = { .type = SCHEMA_OBJECT, .additional = &schema_text };
static const struct schema text_set = { .type = SCHEMA_ARRAY, .list = SCHEMA_LIST_SET, .items = &schema_text,
                                        .patch_merge = true };
static const struct schema fields_v1 = { .type = SCHEMA_OBJECT, .preserve_unknown = true };

static const struct schema_rules time_rules = { .format = NAME("date-time"), .check = schema_format_date_time, NO_LIMITS };
static const struct schema time_text = { .type = SCHEMA_STRING, .rules = &time_rules };

static const struct schema_member owner_members[] = {
    { NAME("apiVersion"),         &schema_text },
    { NAME("blockOwnerDeletion"), &boolean },
    { NAME("controller"),         &boolean },
    { NAME("kind"),               &schema_text },
    { NAME("name"),               &schema_text },
    { NAME("uid"),                &schema_text },
};
static const struct schema owner = { .type = SCHEMA_OBJECT, .map_atomic = true, MEMBERS(owner_members) };
static const bytes_t owner_keys[] = { NAME("uid") };
static const struct schema owners = { .type = SCHEMA_ARRAY, .list = SCHEMA_LIST_MAP, .keys = owner_keys, .key_count = 1,
                                      .items = &owner, .patch_merge = true, .patch_merge_key = NAME("uid") };

static const struct schema_member manager_members[] = {
    { NAME("apiVersion"),  &schema_text },
    { NAME("fieldsType"),  &schema_text },
    { NAME("fieldsV1"),    &fields_v1 },
    { NAME("manager"),     &schema_text },
    { NAME("operation"),   &schema_text },
    { NAME("subresource"), &schema_text },
    { NAME("time"),        &time_text },
};
static const struct schema manager = { .type = SCHEMA_OBJECT, MEMBERS(manager_members) };
static const struct schema managers = { .type = SCHEMA_ARRAY, .list = SCHEMA_LIST_ATOMIC, .items = &manager };

static const struct schema_member object_meta_members[] = {
    { NAME("annotations"),                &text_map },
    { NAME("creationTimestamp"),          &time_text },
    { NAME("deletionGracePeriodSeconds"), &integer },
    { NAME("deletionTimestamp"),          &time_text },
    { NAME("finalizers"),                 &text_set },
    { NAME("generateName"),               &schema_text },
    { NAME("generation"),                 &integer },
    { NAME("labels"),                     &text_map },
    { NAME("managedFields"),              &managers },
    { NAME("name"),                       &schema_text },
    { NAME("namespace"),                  &schema_text },
    { NAME("ownerReferences"),            &owners },
    { NAME("resourceVersion"),            &schema_text },
    { NAME("selfLink"),                   &schema_text },
    { NAME("uid"),                        &schema_text },
};
const struct schema schema_object_meta = { .type = SCHEMA_OBJECT, MEMBERS(object_meta_members) };
// clang-format on
