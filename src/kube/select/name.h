// SPDX-License-Identifier: Apache-2.0
// What names, labels and annotations may look like, and what kube-apiserver says when they do not (docs of Kubernetes,
// "Object Names and IDs", "Labels and Selectors"; RFC 1035, RFC 1123). The texts are constants.
#pragma once

#include "base/arena.h"
#include "base/json.h"

enum name_rule {
    NAME_DNS_SUBDOMAIN,  // DNS-1123 subdomain: most names of objects
    NAME_DNS_LABEL,      // DNS-1123 label: namespaces
    NAME_DNS_1035_LABEL, // DNS-1035 label: services
    NAME_PATH_SEGMENT,   // whatever can stand in a URL: roles, and the least that every name has to be
    NAME_QUALIFIED,      // keys of labels, finalizers: "app", "example.com/app"
    NAME_ANNOTATION,     // keys of annotations: the same, in either case
    NAME_LABEL_VALUE,
    NAME_CONFIG_KEY, // keys of the data of ConfigMaps and Secrets
    NAME_RULES
};

// What is wrong with one name, in kube-apiserver's order; each is one cause of its answer.
struct name_faults {
    const char *texts[4];
    size_t count; // 0: the name is fine
};

struct name_faults name_check(enum name_rule rule, bytes_t name);
// Whether a name that begins with PREFIX (generateName) can be fine: something follows a '-' at its end.
struct name_faults name_prefix_check(enum name_rule rule, bytes_t prefix);
// All of them in one sentence. In ARENA.
const char *name_faults_text(struct arena *arena, const struct name_faults *faults);

enum { NAME_SUFFIX_SIZE = 5, NAME_GENERATED_PREFIX_MAX = 58 };

// generateName: at most NAME_GENERATED_PREFIX_MAX bytes of PREFIX and five characters that RANDOM chooses, in ARENA. No
// vowels and no digits that look like some: words nobody wants do not come out.
bytes_t name_generate(struct arena *arena, bytes_t prefix, uint64_t random);

// Keys and values of all annotations together.
enum { ANNOTATIONS_SIZE_MAX = 256 * 1024 };
// Bytes of keys and texts in OBJECT (metadata.annotations), as ANNOTATIONS_SIZE_MAX counts them. OBJECT may be NULL.
size_t annotations_size(const struct json_value *object);
