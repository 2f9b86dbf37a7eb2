// SPDX-License-Identifier: Apache-2.0
// The scalars of a YAML text: their tags, and the text that JSON has for them. Inside the folder.
#pragma once

#include "base/arena.h"
#include "kube/yaml/scalar.h"

// TAG is the whole tag ("tag:yaml.org,2002:int"), NULL if there is none. IS_PLAIN: without a tag it means what it looks
// like. *RET_TEXT: what JSON has for it: the string, the number's digits, "true", "null"; a special number as it is
// written. Returns NULL, or what is wrong with it: a sentence in the arena; nothing else is touched then.
const char *scalar_read(struct arena *arena, bytes_t text, const char *tag, bool is_plain, struct scalar *ret_scalar,
                        bytes_t *ret_text);
// The name that a number becomes as a key: it has the digits of 32 bits, for that is how sigs.k8s.io/yaml does it.
bytes_t scalar_float_key(struct arena *arena, double number);

// What is behind "tag:yaml.org,2002:", else "". TAG may be NULL.
const char *scalar_short_tag(const char *tag);
