// SPDX-License-Identifier: Apache-2.0
#include "kube/schema/schema_pattern.h"

#include "base/assert.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <ctype.h>

enum {
    REPEAT_MAX = 1000,            // of x{n,m}, as in RE2
    STEPS_MAX = 10 * 1000 * 1000, // of one match, over all places where it may begin; about a quarter of a second
    STEPS_MIN = 1000,             // of one place
    HEAP_MAX_KIB = 16 * 1024,     // of one match
};

struct schema_pattern {
    pcre2_code *code;
    bool anchored;
};

// --- RE2's syntax: what PCRE2 would read otherwise, or not refuse

struct scan {
    const uint8_t *begin, *at, *end;
    bool may_repeat;  // something that can be repeated stands before
    bool is_repeated; // and it is a repeat itself
    size_t depth;     // of groups
    const uint8_t *repeat;
    const char *why;
    bytes_t what;
};

static bool refuse(struct scan *s, const char *why, const uint8_t *from, const uint8_t *to)
{
    s->why = why;
    s->what = bytes_of(from, (size_t)(to - from));
    return false;
}

static bool starts(const struct scan *s, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(s->end - s->at) >= size && memcmp(s->at, text, size) == 0;
}

// Letters and digits behind a backslash that RE2 knows; other characters stand for themselves.
static bool scan_escape(struct scan *s, bool in_class)
{
    const char *known = in_class ? "aftnrvdswDSWpPx0" : "aftnrvdswDSWpPxAbBzQ0";
    const uint8_t *start = s->at++;
    if (s->at == s->end)
        return refuse(s, "trailing backslash at end of expression", s->at, s->at);
    uint8_t c = *s->at++;
    bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_word && strchr(known, c) == NULL)
        return refuse(s, "invalid escape sequence", start, s->at);
    if (c == 'Q' && !in_class) {
        while (s->at < s->end && !starts(s, "\\E"))
            s->at++;
        s->at += s->at < s->end ? 2 : 0;
    }
    return true;
}

static bool scan_class(struct scan *s)
{
    const uint8_t *start = s->at++;
    if (s->at < s->end && *s->at == '^')
        s->at++;
    for (bool first = true; s->at < s->end && (first || *s->at != ']'); first = false) {
        if (*s->at == '\\') {
            if (!scan_escape(s, true))
                return false;
        } else if (starts(s, "[:")) {
            s->at += 2;
            while (s->at < s->end && *s->at != ']')
                s->at++;
            s->at += s->at < s->end ? 1 : 0;
        } else {
            s->at++;
        }
    }
    if (s->at == s->end)
        return refuse(s, "missing closing ]", start, s->end);
    s->at++;
    return true;
}

// "(?P<name>" and "(?<name>" from START on; looking behind is a name that is none.
static bool scan_name(struct scan *s, const uint8_t *start)
{
    s->at += *s->at == 'P' ? 2 : 1;
    const uint8_t *name = s->at;
    bool is_name = true;
    for (; s->at < s->end && *s->at != '>'; s->at++)
        is_name = is_name && (*s->at == '_' || isalnum(*s->at));
    if (s->at == s->end)
        return refuse(s, "invalid named capture", start, s->end);
    s->at++;
    return (is_name && s->at - 1 > name) || refuse(s, "invalid named capture", start, s->at);
}

// "(", "(?:", "(?i-s)", "(?P<name>" and "(?<name>".
static bool scan_group(struct scan *s)
{
    const uint8_t *start = s->at++;
    if (s->at < s->end && *s->at == '*')
        return refuse(s, "missing argument to repetition operator", s->at, s->at + 1);
    s->may_repeat = false;
    s->depth++;
    if (s->at == s->end || *s->at != '?')
        return true;
    s->at++;
    if (starts(s, "P<") || starts(s, "<"))
        return scan_name(s, start);
    while (s->at < s->end && *s->at != '\0' && strchr("imsU-", *s->at) != NULL)
        s->at++;
    if (s->at < s->end && (*s->at == ':' || *s->at == ')')) {
        s->depth -= *s->at == ')' ? 1 : 0;
        s->at++;
        return true;
    }
    return refuse(s, "invalid or unsupported Perl syntax", start, s->at < s->end ? s->at + 1 : s->end);
}

// "{2}", "{2,}", "{2,5}"; anything else is text. The size of it, 0: text.
static size_t braces(const struct scan *s, unsigned *ret_from, unsigned *ret_to)
{
    const uint8_t *at = s->at + 1;
    unsigned bounds[2] = { 0, 0 };
    for (int i = 0; i < 2; i++) {
        const uint8_t *start = at;
        for (; at < s->end && *at >= '0' && *at <= '9'; at++)
            bounds[i] = bounds[i] > REPEAT_MAX ? bounds[i] : bounds[i] * 10 + (unsigned)(*at - '0');
        if (i == 0 && at == start)
            return 0;
        if (i == 1 && at == start)
            bounds[1] = bounds[0];
        if (i == 0 && (at == s->end || *at != ',')) {
            bounds[1] = bounds[0];
            break;
        }
        at += i == 0 ? 1 : 0;
    }
    if (at == s->end || *at != '}')
        return 0;
    *ret_from = bounds[0];
    *ret_to = bounds[1];
    return (size_t)(at + 1 - s->at);
}

static bool scan_repeat(struct scan *s, size_t size)
{
    const uint8_t *start = s->at;
    s->at += size;
    if (!s->may_repeat)
        return refuse(s, "missing argument to repetition operator", start, s->at);
    if (s->at < s->end && *s->at == '?')
        s->at++;
    if (s->is_repeated)
        return refuse(s, "invalid nested repetition operator", s->repeat, s->at);
    s->is_repeated = true;
    s->repeat = start;
    return true;
}

static bool scan_braces(struct scan *s)
{
    unsigned from, to;
    size_t size = braces(s, &from, &to);
    if (size == 0) {
        s->at++;
        s->may_repeat = true;
        s->is_repeated = false;
        return true;
    }
    if (from > REPEAT_MAX || to > REPEAT_MAX || to < from)
        return refuse(s, "invalid repeat count", s->at, s->at + size);
    return scan_repeat(s, size);
}

static bool scan_one(struct scan *s)
{
    uint8_t c = *s->at;
    if (c == '*' || c == '+' || c == '?')
        return scan_repeat(s, 1);
    if (c == '{')
        return scan_braces(s);
    s->is_repeated = false;
    s->may_repeat = c != '|';
    if (c == '(')
        return scan_group(s);
    if (c == '[')
        return scan_class(s);
    if (c == '\\')
        return scan_escape(s, false);
    if (c == ')' && s->depth-- == 0)
        return refuse(s, "unexpected )", s->begin, s->end);
    s->at++;
    return true;
}

static bool scan_all(struct scan *s)
{
    while (s->at < s->end) {
        if (!scan_one(s))
            return false;
    }
    return s->depth == 0 || refuse(s, "missing closing )", s->begin, s->end);
}

// --- PCRE2

// Memory of the compiled form comes from the arena, which nobody gives back piece by piece.
static void *take_memory(PCRE2_SIZE size, void *arena)
{
    return arena_alloc(arena, size);
}

static void keep_memory(void *memory, void *arena)
{
    (void)memory;
    (void)arena;
}

static err_t pcre_compile(bytes_t text, struct arena *arena, pcre2_code **ret_code, bytes_t *ret_why)
{
    pcre2_general_context *memory = pcre2_general_context_create(take_memory, keep_memory, arena);
    pcre2_compile_context *context = pcre2_compile_context_create(memory);
    ASSERT(memory != NULL && context != NULL);
    (void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    int code;
    PCRE2_SIZE offset;
    const uint32_t options = PCRE2_UTF | PCRE2_DUPNAMES | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    *ret_code =
        pcre2_compile(text.size == 0 ? (PCRE2_SPTR) "" : text.data, text.size, options, &code, &offset, context);
    if (*ret_code != NULL)
        return ERR_OK;
    PCRE2_UCHAR words[128];
    (void)pcre2_get_error_message(code, words, sizeof words);
    *ret_why = bytes_of_text(arena_format(arena, "%s at offset %zu", (const char *)words, (size_t)offset));
    return ERR_INVALID;
}

err_t schema_pattern_compile(bytes_t text, struct arena *arena, const struct schema_pattern **ret_pattern,
                             bytes_t *ret_why)
{
    if (text.size > SCHEMA_PATTERN_SIZE_MAX) {
        *ret_why = bytes_of_text(arena_format(arena, "longer than %d bytes", SCHEMA_PATTERN_SIZE_MAX));
        return ERR_INVALID;
    }
    struct scan scan = { .begin = text.data, .at = text.data, .end = text.data + text.size };
    if (!scan_all(&scan)) {
        *ret_why = bytes_of_text(arena_format(arena, "%s: `%.*s`", scan.why, BYTES_ARG(scan.what)));
        return ERR_INVALID;
    }
    struct schema_pattern *pattern = arena_alloc(arena, sizeof *pattern);
    err_t err = pcre_compile(text, arena, &pattern->code, ret_why);
    if (err != ERR_OK)
        return err;
    uint32_t options = 0;
    (void)pcre2_pattern_info(pattern->code, PCRE2_INFO_ALLOPTIONS, &options);
    pattern->anchored = (options & PCRE2_ANCHORED) != 0;
    *ret_pattern = pattern;
    return ERR_OK;
}

err_t schema_pattern_match(const struct schema_pattern *pattern, bytes_t text, bool *ret_matches)
{
    // Not from the pattern's arena: that one is shared, and only ever grows.
    pcre2_general_context *memory = pcre2_general_context_create(NULL, NULL, NULL);
    pcre2_match_context *context = pcre2_match_context_create(memory);
    pcre2_match_data *data = pcre2_match_data_create(1, memory);
    ASSERT(memory != NULL && context != NULL && data != NULL);
    // PCRE2 counts from each place anew.
    size_t steps = pattern->anchored ? STEPS_MAX : STEPS_MAX / (text.size + 1);
    (void)pcre2_set_match_limit(context, (uint32_t)(steps < STEPS_MIN ? STEPS_MIN : steps));
    (void)pcre2_set_heap_limit(context, HEAP_MAX_KIB);
    PCRE2_SPTR subject = text.size == 0 ? (PCRE2_SPTR) "" : text.data;
    int result = pcre2_match(pattern->code, subject, text.size, 0, 0, data, context);
    pcre2_match_data_free(data);
    pcre2_match_context_free(context);
    pcre2_general_context_free(memory);
    if (result < 0 && result != PCRE2_ERROR_NOMATCH)
        return ERR_LIMIT;
    *ret_matches = result >= 0;
    return ERR_OK;
}
