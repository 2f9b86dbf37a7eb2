// SPDX-License-Identifier: Apache-2.0
#include "nats/config/conf_scan.h"

#include "base/civil.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void conf_scan_init(struct conf_scan *scan, bytes_t text, const char *file, struct arena *arena, diag_t *diag)
{
    *scan = (struct conf_scan){ .data = text.data, .size = text.size, .line = 1, .file = file, .arena = arena };
    scan->diag = diag;
}

struct conf_place conf_scan_place(const struct conf_scan *scan)
{
    return (struct conf_place){ scan->file, scan->line, (uint32_t)(scan->at - scan->line_start) + 1 };
}

void conf_scan_fail(struct conf_scan *scan, const char *format, ...)
{
    if (scan->err != ERR_OK)
        return;
    char text[sizeof scan->diag->text];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct conf_place place = conf_scan_place(scan);
    scan->err = conf_fail(scan->diag, ERR_MALFORMED, &place, "%s", text);
}

int conf_scan_peek(const struct conf_scan *scan)
{
    return scan->err != ERR_OK || scan->at == scan->size ? -1 : scan->data[scan->at];
}

static int take(struct conf_scan *scan)
{
    int c = conf_scan_peek(scan);
    if (c == -1)
        return c;
    scan->at++;
    if (c == '\n' && scan->line > 0) {
        scan->line++;
        scan->line_start = scan->at;
    }
    return c;
}

bool conf_scan_take(struct conf_scan *scan, char c)
{
    if (conf_scan_peek(scan) != (uint8_t)c)
        return false;
    take(scan);
    return true;
}

static bool is_blank(int c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(int c)
{
    return is_blank(c) || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

// Behind a word or a number, which needs no quotes.
static bool is_end(int c)
{
    return c == -1 || is_space(c) || c == ',' || c == ';' || c == ']' || c == '}';
}

void conf_scan_blanks(struct conf_scan *scan)
{
    while (is_blank(conf_scan_peek(scan)))
        take(scan);
}

void conf_scan_space(struct conf_scan *scan)
{
    while (is_space(conf_scan_peek(scan)))
        take(scan);
}

bool conf_scan_comment(struct conf_scan *scan)
{
    int first = conf_scan_peek(scan);
    bool is_slashes = first == '/' && scan->size - scan->at >= 2 && scan->data[scan->at + 1] == '/';
    if (first != '#' && !is_slashes)
        return false;
    for (int c = conf_scan_peek(scan); c != -1 && c != '\n'; c = conf_scan_peek(scan))
        take(scan);
    return true;
}

static bytes_t since(const struct conf_scan *scan, size_t start)
{
    return bytes_of(scan->data + start, scan->at - start);
}

// Up to the quote that opened it, with nothing special in between.
static bytes_t quoted(struct conf_scan *scan)
{
    struct conf_scan opening = *scan;
    char quote = (char)take(scan);
    size_t start = scan->at;
    while (conf_scan_peek(scan) != (uint8_t)quote) {
        if (take(scan) == -1) {
            conf_scan_fail(&opening, "this quote is never closed");
            scan->err = opening.err;
            return BYTES_NULL;
        }
    }
    bytes_t text = since(scan, start);
    take(scan);
    return text;
}

bytes_t conf_scan_name(struct conf_scan *scan)
{
    int c = conf_scan_peek(scan);
    if (c == '"' || c == '\'')
        return quoted(scan);
    size_t start = scan->at;
    for (; c != -1 && !is_space(c) && c != '=' && c != ':'; c = conf_scan_peek(scan)) {
        // nats-server reads `tls{` as a name, and then complains about something else.
        if (c == '{' && scan->at > start)
            conf_scan_fail(scan, "a blank belongs before '{'");
        take(scan);
    }
    if (scan->at == start || strchr(",;[]()}", scan->data[start]) != NULL) {
        scan->at = start;
        conf_scan_fail(scan, "a name is expected here");
    }
    return since(scan, start);
}

bytes_t conf_scan_file(struct conf_scan *scan)
{
    conf_scan_blanks(scan);
    int c = conf_scan_peek(scan);
    if (c == '"' || c == '\'')
        return quoted(scan);
    size_t start = scan->at;
    for (; c != -1 && !is_space(c) && c != ';' && c != '}'; c = conf_scan_peek(scan))
        take(scan);
    if (scan->at == start)
        conf_scan_fail(scan, "the name of a file is expected behind `include`");
    return since(scan, start);
}

static int hex_digit(int c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// What stands for one byte behind '\'.
static uint8_t escaped(struct conf_scan *scan)
{
    static const char letters[] = "tnr\"\\", bytes[] = "\t\n\r\"\\";
    int c = conf_scan_peek(scan);
    const char *found = c > 0 ? strchr(letters, c) : NULL;
    if (found != NULL) {
        take(scan);
        return (uint8_t)bytes[found - letters];
    }
    if (c == 'x') {
        take(scan);
        int high = hex_digit(conf_scan_peek(scan));
        if (high >= 0)
            take(scan);
        int low = hex_digit(conf_scan_peek(scan));
        if (high >= 0 && low >= 0) {
            take(scan);
            return (uint8_t)(high * 16 + low);
        }
    }
    conf_scan_fail(scan, "behind '\\' stands t, n, r, \", \\ or x and two hexadecimal digits");
    return 0;
}

// Text with escapes, up to where IS_END says; the end is not taken.
static bytes_t unescaped(struct conf_scan *scan, bool (*ends)(int c))
{
    size_t start = scan->at;
    while (!ends(conf_scan_peek(scan)) && conf_scan_peek(scan) != '\\')
        take(scan);
    bytes_t plain = since(scan, start);
    if (conf_scan_peek(scan) != '\\')
        return plain;
    size_t end = scan->at;
    while (end < scan->size && !ends(scan->data[end]))
        end += scan->data[end] == '\\' ? 2 : 1;
    // No escape is shorter than what it stands for.
    uint8_t *text = arena_alloc(scan->arena, end - start);
    size_t size = plain.size;
    memcpy(text, plain.data, plain.size);
    for (int c = conf_scan_peek(scan); !ends(c); c = conf_scan_peek(scan)) {
        take(scan);
        text[size++] = c == '\\' ? escaped(scan) : (uint8_t)c;
    }
    return bytes_of(text, size);
}

static bool ends_quotes(int c)
{
    return c == -1 || c == '"';
}

static bytes_t double_quoted(struct conf_scan *scan)
{
    struct conf_scan opening = *scan;
    take(scan);
    bytes_t text = unescaped(scan, ends_quotes);
    if (scan->err == ERR_OK && !conf_scan_take(scan, '"')) {
        conf_scan_fail(&opening, "this quote is never closed");
        scan->err = opening.err;
    }
    return text;
}

// From '(' to a ')' that has a line of its own.
static bytes_t block(struct conf_scan *scan)
{
    struct conf_scan opening = *scan;
    take(scan);
    size_t start = scan->at;
    for (;;) {
        bool is_first = scan->at > start && scan->at == scan->line_start;
        int c = take(scan);
        if (c == -1)
            break;
        int after = conf_scan_peek(scan);
        if (c == ')' && is_first && (after == -1 || after == '\n' || after == '\r'))
            return bytes_of(scan->data + start, scan->at - 1 - start);
    }
    conf_scan_fail(&opening, "this block is never closed: ')' stands on a line of its own, at its beginning");
    scan->err = opening.err;
    return BYTES_NULL;
}

static bool word_ends(int c)
{
    return is_end(c) || c == '\'';
}

static bool is_one_of(bytes_t word, const char *const *words)
{
    for (; *words != NULL; words++)
        if (word.size == strlen(*words) && strncasecmp((const char *)word.data, *words, word.size) == 0)
            return true;
    return false;
}

// A bcrypt hash begins like a variable: $2a$, and $2b$, $2x$, $2y$.
static bool is_bcrypt(bytes_t text)
{
    if (text.size < 5 || text.data[1] != '2' || text.data[3] != '$')
        return false;
    uint8_t c = text.data[2];
    return c == 'a' || c == 'b' || c == 'x' || c == 'y';
}

static void scan_word(struct conf_scan *scan, struct conf_value *value, bool *ret_is_reference)
{
    static const char *const trues[] = { "true", "yes", "on", NULL }, *const falses[] = { "false", "no", "off", NULL };
    size_t start = scan->at;
    bytes_t text = unescaped(scan, word_ends);
    if (conf_scan_peek(scan) == '\'')
        conf_scan_fail(scan, "a quote in the middle of a word: put the whole word into double quotes");
    else if (text.size == 0)
        conf_scan_fail(scan, "a value is expected here");
    if (scan->err != ERR_OK)
        return;
    value->type = CONF_STRING;
    value->text = text;
    if (text.data != scan->data + start)
        return; // there was an escape in it: a text, whatever it says
    bool is_true = is_one_of(text, trues);
    if (is_true || is_one_of(text, falses)) {
        value->type = CONF_BOOL;
        value->is_true = is_true;
    } else if (text.size > 1 && text.data[0] == '$' && !is_bcrypt(text)) {
        value->text = bytes_of(text.data + 1, text.size - 1);
        *ret_is_reference = true;
    }
}

// Of k, kb, ki, kib, m, ...: k is 1000, the others are 1024. 0: there is no such suffix.
static int64_t suffix_factor(bytes_t suffix)
{
    static const char letters[] = "kmgtpe";
    static const char *const binary[] = { "b", "i", "ib", NULL };
    if (suffix.size == 0)
        return 1;
    const char *letter = strchr(letters, suffix.data[0] | 0x20);
    bytes_t rest = bytes_of(suffix.data + 1, suffix.size - 1);
    if (letter == NULL || (rest.size > 0 && !is_one_of(rest, binary)))
        return 0;
    int64_t factor = 1;
    for (const char *at = letters; at <= letter; at++)
        factor *= rest.size == 0 ? 1000 : 1024;
    return factor;
}

static void take_digits(struct conf_scan *scan)
{
    while (is_digit(conf_scan_peek(scan)))
        take(scan);
}

static void scan_date(struct conf_scan *scan, size_t start, struct conf_value *value)
{
    static const char form[] = "0000-00-00T00:00:00Z";
    const size_t size = sizeof form - 1;
    bool fits = scan->size - start >= size;
    for (size_t i = 0; fits && i < size; i++)
        fits = form[i] == '0' ? is_digit(scan->data[start + i]) : form[i] == scan->data[start + i];
    int64_t unix_ms = 0;
    value->type = CONF_DATE;
    value->text = bytes_of(scan->data + start, fits ? size : 0);
    if (!fits || civil_parse(value->text, &unix_ms) != ERR_OK) {
        conf_scan_fail(scan, "a time has the form 2016-05-04T18:53:41Z; anything else stands in quotes");
        return;
    }
    value->integer = unix_ms / 1000;
    while (scan->at < start + size)
        take(scan);
}

// At the point of a number, or of an address such as 127.0.0.1:4222.
static void scan_fraction(struct conf_scan *scan, size_t start, struct conf_value *value)
{
    take(scan);
    if (!is_digit(conf_scan_peek(scan))) {
        conf_scan_fail(scan, "a digit is expected behind the point of a number");
        return;
    }
    take_digits(scan);
    value->type = CONF_FLOAT;
    if (conf_scan_peek(scan) == '.') {
        value->type = CONF_STRING;
        for (int c = conf_scan_peek(scan); is_digit(c) || c == '.' || c == ':' || c == '-'; c = conf_scan_peek(scan))
            take(scan);
    }
    value->text = since(scan, start);
    if (value->type == CONF_FLOAT)
        value->number = strtod(arena_text(scan->arena, value->text), NULL);
}

// What begins with a digit or '-': a number, a time, an address, or a word such as 10s. What stands there is in no
// complaint: it may be a password without quotes.
static void scan_number(struct conf_scan *scan, struct conf_value *value, bool *ret_is_reference)
{
    size_t start = scan->at;
    bool is_negative = conf_scan_take(scan, '-');
    if (!is_digit(conf_scan_peek(scan))) {
        conf_scan_fail(scan, "a digit is expected here; a text that begins with '-' or '.' stands in quotes");
        return;
    }
    take_digits(scan);
    bytes_t digits = since(scan, start);
    if (conf_scan_peek(scan) == '.') {
        scan_fraction(scan, start, value);
        return;
    }
    if (conf_scan_peek(scan) == '-' && !is_negative) {
        scan_date(scan, start, value);
        return;
    }
    size_t behind = scan->at;
    while (!word_ends(conf_scan_peek(scan)))
        take(scan);
    int64_t factor = suffix_factor(since(scan, behind));
    if (factor == 0 && !is_negative) {
        scan->at = start;
        scan_word(scan, value, ret_is_reference);
        return;
    }
    value->type = CONF_INTEGER;
    value->text = since(scan, start);
    if (factor == 0)
        conf_scan_fail(scan, "this is no number; a text that begins with '-' stands in quotes");
    else if (!bytes_to_int64(digits, &value->integer) ||
             __builtin_mul_overflow(value->integer, factor, &value->integer))
        conf_scan_fail(scan, "a number larger than any that is understood; a text of digits stands in quotes");
}

void conf_scan_value(struct conf_scan *scan, struct conf_value *value, bool *ret_is_reference)
{
    *ret_is_reference = false;
    int c = conf_scan_peek(scan);
    value->type = CONF_STRING;
    if (c == '"')
        value->text = double_quoted(scan);
    else if (c == '\'')
        value->text = quoted(scan);
    else if (c == '(')
        value->text = block(scan);
    else if (is_digit(c) || c == '-' || c == '.')
        scan_number(scan, value, ret_is_reference);
    else
        scan_word(scan, value, ret_is_reference);
    c = conf_scan_peek(scan);
    if (scan->err == ERR_OK && !is_end(c) && c != '#' && c != '/')
        conf_scan_fail(scan, "a new line, ',' or ';' is expected behind a value");
}
