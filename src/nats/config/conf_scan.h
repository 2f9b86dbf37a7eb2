// SPDX-License-Identifier: Apache-2.0
// The characters of a configuration file: what may stand between things, names, and single values. The first error
// stays (scan->err); everything does nothing after it.
#pragma once

#include "nats/config/conf.h"

struct conf_scan {
    const uint8_t *data;
    size_t size, at;
    uint32_t line; // 0 in the text of a variable of the environment
    size_t line_start;
    const char *file; // or the name of the variable
    struct arena *arena;
    diag_t *diag;
    err_t err;
};

void conf_scan_init(struct conf_scan *scan, bytes_t text, const char *file, struct arena *arena, diag_t *diag);
// ERR_MALFORMED at the present place.
void conf_scan_fail(struct conf_scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct conf_place conf_scan_place(const struct conf_scan *scan);

// The next character, -1 at the end.
int conf_scan_peek(const struct conf_scan *scan);
// Takes the next character if it is C.
bool conf_scan_take(struct conf_scan *scan, char c);
// Skips blanks, and new lines too.
void conf_scan_blanks(struct conf_scan *scan);
void conf_scan_space(struct conf_scan *scan);
// Skips a comment to the end of its line; false: there is none here.
bool conf_scan_comment(struct conf_scan *scan);

// A name: in quotes, or up to a blank, '=' or ':'.
bytes_t conf_scan_name(struct conf_scan *scan);
// The name of a file behind `include`.
bytes_t conf_scan_file(struct conf_scan *scan);
// A value that is no array and no map. RET_IS_REFERENCE: the text is the name of a variable.
void conf_scan_value(struct conf_scan *scan, struct conf_value *value, bool *ret_is_reference);
