// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/yaml_emit.h"

#include "kube/yaml/scalar.h"

#include <stdio.h>

// --- characters

// What stands at AT: its size, and 0 behind the end.
static size_t width_at(bytes_t text, size_t at)
{
    if (at >= text.size)
        return 0;
    size_t size = bytes_utf8_size(bytes_of(text.data + at, text.size - at));
    return size == 0 ? 1 : size;
}

static bool is_at(bytes_t text, size_t at, const char *what)
{
    size_t size = strlen(what);
    return text.size - at >= size && memcmp(text.data + at, what, size) == 0;
}

static bool is_space(bytes_t text, size_t at)
{
    return at < text.size && text.data[at] == ' ';
}

static bool is_blank(bytes_t text, size_t at)
{
    return at < text.size && (text.data[at] == ' ' || text.data[at] == '\t');
}

// LF, CR, NEL, LS, PS.
static bool is_break(bytes_t text, size_t at)
{
    return at < text.size && (text.data[at] == '\n' || text.data[at] == '\r' || is_at(text, at, "\xc2\x85") ||
                              is_at(text, at, "\xe2\x80\xa8") || is_at(text, at, "\xe2\x80\xa9"));
}

// Characters beyond the first 65,536 are not, to go-yaml 2.
static bool is_printable(bytes_t text, size_t at)
{
    uint8_t c = text.data[at];
    if (c < 0x80)
        return c == '\n' || (c >= 0x20 && c <= 0x7e);
    if (c == 0xc2)
        return text.data[at + 1] >= 0xa0;
    if (c == 0xef)
        return !is_at(text, at, "\xef\xbb\xbf") && !is_at(text, at, "\xef\xbf\xbe") && !is_at(text, at, "\xef\xbf\xbf");
    return c < 0xf0;
}

// --- lines

static void put(struct yaml_emit *emit, char c)
{
    writer_u8(emit->out, (uint8_t)c);
    emit->column++;
}

static void put_break(struct yaml_emit *emit)
{
    writer_u8(emit->out, '\n');
    emit->column = 0;
}

// One character of TEXT as it is.
static void put_at(struct yaml_emit *emit, bytes_t text, size_t *at)
{
    size_t size = width_at(text, *at);
    writer_bytes(emit->out, bytes_of(text.data + *at, size));
    emit->column++;
    *at += size;
}

static void put_break_at(struct yaml_emit *emit, bytes_t text, size_t *at)
{
    put_at(emit, text, at);
    emit->column = 0;
}

void yaml_emit_indent(struct yaml_emit *emit, int indent)
{
    indent = indent < 0 ? 0 : indent;
    if (!emit->indention || emit->column > indent || (emit->column == indent && !emit->whitespace))
        put_break(emit);
    while (emit->column < indent)
        put(emit, ' ');
    emit->whitespace = emit->indention = true;
}

void yaml_emit_indicator(struct yaml_emit *emit, const char *text, bool wants_space, bool keeps_indention)
{
    if (wants_space && !emit->whitespace)
        put(emit, ' ');
    for (; *text != '\0'; text++)
        put(emit, *text);
    emit->whitespace = false;
    emit->indention = emit->indention && keeps_indention;
}

void yaml_emit_word(struct yaml_emit *emit, const char *text)
{
    yaml_emit_indicator(emit, text, true, false);
}

// --- styles

enum style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_LITERAL };

struct analysis {
    bool breaks;
    bool odd_breaks;             // others than LF
    bool plain, single, literal; // may be used
};

// A character that would mean something else where it stands.
static bool is_indicator(bytes_t text, size_t at, bool after_blank)
{
    uint8_t c = text.data[at];
    bool before_blank = at + 1 >= text.size || is_blank(text, at + 1);
    if (c == ':')
        return before_blank;
    if (at > 0)
        return c == '#' && after_blank;
    if (c == '?' || c == '-')
        return before_blank;
    return c != 0 && strchr("#,[]{}&*!|>'\"%@`", c) != NULL;
}

static struct analysis analyze(bytes_t text)
{
    if (text.size == 0)
        return (struct analysis){ .plain = true, .single = true };
    bool indicators = text.size >= 3 && (is_at(text, 0, "---") || is_at(text, 0, "..."));
    bool special = false, breaks = false, odd_breaks = false, break_space = false, space_break = false;
    bool after_space = false, after_break = false, after_blank = true;
    for (size_t at = 0; at < text.size; at += width_at(text, at)) {
        indicators = indicators || is_indicator(text, at, after_blank);
        special = special || !is_printable(text, at);
        bool space = is_space(text, at), line_end = is_break(text, at);
        break_space = break_space || (space && after_break);
        space_break = space_break || (line_end && after_space);
        breaks = breaks || line_end;
        odd_breaks = odd_breaks || (line_end && text.data[at] != '\n');
        after_space = space;
        after_break = line_end;
        after_blank = is_blank(text, at) || line_end || text.data[at] == 0;
    }
    bool framed = is_space(text, 0) || is_break(text, 0) || after_space || after_break;
    struct analysis analysis = { .breaks = breaks, .odd_breaks = odd_breaks };
    analysis.single = !break_space && !space_break && !special;
    analysis.plain = analysis.single && !framed && !breaks && !indicators;
    analysis.literal = !after_space && !space_break && !special;
    return analysis;
}

static bool skip_digits(bytes_t text, size_t *at, bool underscores)
{
    size_t start = *at;
    while (*at < text.size &&
           ((text.data[*at] >= '0' && text.data[*at] <= '9') || (underscores && *at > start && text.data[*at] == '_')))
        (*at)++;
    return *at > start;
}

// Times of the clock, which are numbers to other readers: [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
static bool is_base60(bytes_t text)
{
    size_t at = text.size > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    if (!skip_digits(text, &at, true))
        return false;
    size_t parts = 0;
    for (; at < text.size && text.data[at] == ':'; parts++) {
        size_t start = ++at;
        if (!skip_digits(text, &at, false) || at - start > 2 || (at - start == 2 && text.data[start] > '5'))
            return false;
    }
    if (at < text.size && text.data[at] == '.') {
        for (at++; at < text.size && (text.data[at] == '_' || (text.data[at] >= '0' && text.data[at] <= '9'));)
            at++;
    }
    return parts > 0 && at == text.size;
}

// Two decisions are not go-yaml's, whose own reader makes other texts of what it has written: a key << is quoted, for
// it would merge, and so are line separators, which would be folded.
static enum style style_of(bytes_t text, bool is_key)
{
    struct analysis analysis = analyze(text);
    bool is_string = scalar_of(text).type == SCALAR_STRING && !is_base60(text) && !(is_key && bytes_is(text, "<<"));
    bool has_lines = text.size > 0 && memchr(text.data, '\n', text.size) != NULL;
    enum style style = has_lines ? STYLE_LITERAL : is_string ? STYLE_PLAIN : STYLE_DOUBLE;
    if (analysis.odd_breaks || (is_key && analysis.breaks))
        return STYLE_DOUBLE;
    if (style == STYLE_PLAIN && !analysis.plain)
        style = STYLE_SINGLE;
    if ((style == STYLE_SINGLE && !analysis.single) || (style == STYLE_LITERAL && (!analysis.literal || is_key)))
        style = STYLE_DOUBLE;
    return style;
}

// --- scalars

// Whether the line may be folded at the space AT.
static bool folds(const struct yaml_emit *emit, bool after_space, bool is_key)
{
    return !is_key && !after_space && emit->column > YAML_WIDTH;
}

static void put_plain(struct yaml_emit *emit, bytes_t text, int indent, bool is_key)
{
    if (!emit->whitespace)
        put(emit, ' ');
    bool after_space = false;
    for (size_t at = 0; at < text.size;) {
        bool space = is_space(text, at);
        if (space && folds(emit, after_space, is_key) && !is_space(text, at + 1)) {
            yaml_emit_indent(emit, indent);
            at++;
        } else {
            put_at(emit, text, &at);
        }
        if (!space)
            emit->indention = false;
        after_space = space;
    }
    emit->whitespace = emit->indention = false;
}

static void put_single(struct yaml_emit *emit, bytes_t text, int indent, bool is_key)
{
    yaml_emit_indicator(emit, "'", true, false);
    bool after_space = false;
    for (size_t at = 0; at < text.size;) {
        bool space = is_space(text, at), is_inside = at > 0 && at < text.size - 1;
        if (space && folds(emit, after_space, is_key) && is_inside && !is_space(text, at + 1)) {
            yaml_emit_indent(emit, indent);
            at++;
        } else {
            if (text.data[at] == '\'')
                put(emit, '\'');
            put_at(emit, text, &at);
        }
        if (!space)
            emit->indention = false;
        after_space = space;
    }
    yaml_emit_indicator(emit, "'", false, false);
}

static uint32_t code_point(bytes_t text, size_t at)
{
    size_t size = width_at(text, at);
    static const uint8_t masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t value = text.data[at] & masks[size];
    for (size_t i = 1; i < size; i++)
        value = value << 6 | (text.data[at + i] & 0x3f);
    return value;
}

static void put_escape(struct yaml_emit *emit, uint32_t c)
{
    static const struct {
        uint32_t code;
        char letter;
    } letters[] = { { 0x00, '0' },  { 0x07, 'a' }, { 0x08, 'b' }, { 0x09, 't' },   { 0x0a, 'n' },
                    { 0x0b, 'v' },  { 0x0c, 'f' }, { 0x0d, 'r' }, { 0x1b, 'e' },   { 0x22, '"' },
                    { 0x5c, '\\' }, { 0x85, 'N' }, { 0xa0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' } };
    char text[16];
    (void)snprintf(text, sizeof text, c <= 0xff ? "\\x%02X" : c <= 0xffff ? "\\u%04X" : "\\U%08X", c);
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        if (letters[i].code == c)
            (void)snprintf(text, sizeof text, "\\%c", letters[i].letter);
    }
    for (const char *at = text; *at != '\0'; at++)
        put(emit, *at);
}

// A text that begins with a byte order mark is escaped as a whole: go-yaml looks for the mark in the wrong place.
static void put_double(struct yaml_emit *emit, bytes_t text, int indent, bool is_key)
{
    bool all = is_at(text, 0, "\xef\xbb\xbf"), after_space = false;
    yaml_emit_indicator(emit, "\"", true, false);
    for (size_t at = 0; at < text.size;) {
        bool escaped =
            all || !is_printable(text, at) || is_break(text, at) || text.data[at] == '"' || text.data[at] == '\\';
        bool space = !escaped && is_space(text, at);
        if (escaped) {
            put_escape(emit, code_point(text, at));
            at += width_at(text, at);
        } else if (space && folds(emit, after_space, is_key) && at > 0 && at < text.size - 1) {
            yaml_emit_indent(emit, indent);
            if (is_space(text, at + 1))
                put(emit, '\\');
            at++;
        } else {
            put_at(emit, text, &at);
        }
        after_space = space;
    }
    yaml_emit_indicator(emit, "\"", false, false);
}

// "2" where the first line could not say how far the text is indented; "-" without a line break at the end, "+" with
// several.
static void put_hints(struct yaml_emit *emit, bytes_t text)
{
    if (is_space(text, 0) || is_break(text, 0))
        yaml_emit_indicator(emit, "2", false, false);
    size_t last = text.size - 1;
    while (last > 0 && (text.data[last] & 0xc0) == 0x80)
        last--;
    size_t before = last == 0 ? 0 : last - 1;
    while (before > 0 && (text.data[before] & 0xc0) == 0x80)
        before--;
    if (!is_break(text, last))
        yaml_emit_indicator(emit, "-", false, false);
    else if (last == 0 || is_break(text, before))
        yaml_emit_indicator(emit, "+", false, false);
}

static void put_literal(struct yaml_emit *emit, bytes_t text, int indent)
{
    yaml_emit_indicator(emit, "|", true, false);
    put_hints(emit, text);
    put_break(emit);
    emit->indention = emit->whitespace = true;
    bool after_break = true;
    for (size_t at = 0; at < text.size;) {
        bool line_end = is_break(text, at);
        if (line_end) {
            put_break_at(emit, text, &at);
        } else {
            if (after_break)
                yaml_emit_indent(emit, indent);
            put_at(emit, text, &at);
        }
        emit->indention = after_break = line_end;
    }
}

void yaml_emit_string(struct yaml_emit *emit, bytes_t text, int indent, bool is_key)
{
    int inner = indent < 0 ? YAML_INDENT : indent + YAML_INDENT;
    switch (style_of(text, is_key)) {
    case STYLE_PLAIN:
        put_plain(emit, text, inner, is_key);
        return;
    case STYLE_SINGLE:
        put_single(emit, text, inner, is_key);
        return;
    case STYLE_DOUBLE:
        put_double(emit, text, inner, is_key);
        return;
    case STYLE_LITERAL:
        put_literal(emit, text, inner);
        return;
    }
}

bool yaml_emit_is_simple_key(bytes_t text)
{
    enum { SIMPLE_KEY_MAX = 128 };
    return text.size <= SIMPLE_KEY_MAX && !analyze(text).breaks;
}
