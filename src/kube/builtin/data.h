// SPDX-License-Identifier: Apache-2.0
// What ConfigMaps and Secrets have in common: values by name, which may be fixed for good.
#pragma once

#include "base/bytes.h"
#include "base/writer.h"

struct field_errors;
struct json_value;

// All values of an object together, as Kubernetes has it (MaxSecretSize).
enum { DATA_SIZE_MAX = 1024 * 1024 };

// Checks the names in DATA, which stands at FIELD and may be missing. Returns how many bytes are in there; IS_BASE64:
// what the texts stand for.
size_t data_check(struct field_errors *errors, const struct json_value *data, const char *field, bool is_base64);
void data_size_check(struct field_errors *errors, const char *field, size_t size);
// `immutable`: once it is true, neither it nor the MEMBERS (NULL terminated) change.
void data_immutable_check(struct field_errors *errors, const struct json_value *object, const struct json_value *live,
                          const char *const *members);
// How many names there are.
void data_count_write(struct writer *to, const struct json_value *const *data, size_t count);
