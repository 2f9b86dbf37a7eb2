// SPDX-License-Identifier: Apache-2.0
#include "cloudevents/cesql/like.h"

#include "base/assert.h"
#include "cloudevents/cesql/cesql.h"
#include "cloudevents/cesql/text.h"

enum { ANY = INT32_MAX, BITS = 64, WORDS_MAX = CESQL_SIZE_MAX / BITS };

// Either bytes that are compared as they are, or, with a _, characters.
struct like_part {
    bytes_t text;
    const uint32_t *characters; // NULL: text is all. ANY: a _
    size_t length;              // of characters
    // To find it (shift-and): for each character that it holds, a set of the places where that one may stand. The row
    // behind the last is for all others.
    const uint32_t *alphabet;
    size_t alphabet_count;
    const uint64_t *rows;
    size_t words; // of a row
};

static bool is_escape(bytes_t pattern, size_t at)
{
    return pattern.data[at] == '\\' && at + 1 < pattern.size &&
           (pattern.data[at + 1] == '%' || pattern.data[at + 1] == '_');
}

// One character of a pattern; ANY for a _.
static uint32_t pattern_next(bytes_t pattern, size_t *at)
{
    if (is_escape(pattern, *at))
        *at += 1;
    else if (pattern.data[*at] == '_')
        return *at += 1, ANY;
    return text_next(pattern, at);
}

static size_t alphabet_index(const struct like_part *part, uint32_t character)
{
    size_t i = 0;
    while (i < part->alphabet_count && part->alphabet[i] != character)
        i += 1;
    return i;
}

static void build_alphabet(struct like_part *part, struct arena *arena)
{
    uint32_t *alphabet = arena_array(arena, part->length, sizeof *alphabet);
    part->alphabet = alphabet;
    for (size_t i = 0; i < part->length; i++) {
        uint32_t character = part->characters[i];
        if (character != ANY && alphabet_index(part, character) == part->alphabet_count)
            alphabet[part->alphabet_count++] = character;
    }
}

static void build_rows(struct like_part *part, struct arena *arena)
{
    part->words = (part->length + BITS - 1) / BITS;
    ASSERT(part->words <= WORDS_MAX);
    uint64_t *rows = arena_array(arena, (part->alphabet_count + 1) * part->words, sizeof *rows);
    part->rows = rows;
    for (size_t i = 0; i < part->length; i++) {
        uint64_t bit = UINT64_C(1) << (i % BITS);
        if (part->characters[i] != ANY) {
            rows[alphabet_index(part, part->characters[i]) * part->words + i / BITS] |= bit;
            continue;
        }
        for (size_t row = 0; row <= part->alphabet_count; row++)
            rows[row * part->words + i / BITS] |= bit;
    }
}

static struct like_part part_compile(bytes_t pattern, struct arena *arena)
{
    struct like_part part = { 0 };
    uint8_t *text = arena_alloc(arena, pattern.size);
    uint32_t *characters = arena_array(arena, pattern.size, sizeof *characters);
    bool has_any = false;
    size_t size = 0;
    for (size_t at = 0; at < pattern.size;) {
        size_t from = is_escape(pattern, at) ? at + 1 : at;
        uint32_t character = pattern_next(pattern, &at);
        memcpy(text + size, pattern.data + from, at - from);
        size += at - from;
        has_any = has_any || character == ANY;
        characters[part.length++] = character;
    }
    part.text = bytes_of(text, size);
    if (!has_any)
        return part;
    part.characters = characters;
    build_alphabet(&part, arena);
    build_rows(&part, arena);
    return part;
}

// Where the part that starts at AT ends: before a %, or at the end.
static size_t part_end(bytes_t pattern, size_t at)
{
    while (at < pattern.size && pattern.data[at] != '%')
        at += is_escape(pattern, at) ? 2 : 1;
    return at;
}

struct like like_compile(bytes_t pattern, struct arena *arena)
{
    ASSERT(pattern.size <= CESQL_SIZE_MAX);
    size_t count = 1;
    for (size_t at = part_end(pattern, 0); at < pattern.size; at = part_end(pattern, at + 1))
        count += 1;
    struct like_part *parts = arena_array(arena, count, sizeof *parts);
    size_t start = 0;
    for (size_t i = 0; i < count; i++) {
        size_t end = part_end(pattern, start);
        parts[i] = part_compile(bytes_of(pattern.data + start, end - start), arena);
        start = end + 1;
    }
    return (struct like){ parts, count };
}

// Does the part stand at *AT? Moves *AT behind it.
static bool match_at(const struct like_part *part, bytes_t text, size_t *at)
{
    if (part->characters == NULL) {
        if (part->text.size > text.size - *at ||
            (part->text.size > 0 && memcmp(text.data + *at, part->text.data, part->text.size) != 0))
            return false;
        *at += part->text.size;
        return true;
    }
    size_t here = *at;
    for (size_t i = 0; i < part->length; i++) {
        if (here == text.size)
            return false;
        uint32_t character = text_next(text, &here);
        if (part->characters[i] != ANY && part->characters[i] != character)
            return false;
    }
    *at = here;
    return true;
}

// Where the part would have to start to end with the text; false when less than that is left behind FROM.
static bool start_from_end(const struct like_part *part, bytes_t text, size_t from, size_t *ret_start)
{
    bytes_t rest = bytes_of(text.data + from, text.size - from);
    if (part->characters == NULL) {
        if (part->text.size > rest.size)
            return false;
        *ret_start = text.size - part->text.size;
        return true;
    }
    size_t length = text_length(rest);
    if (part->length > length)
        return false;
    *ret_start = from + text_offset(rest, length - part->length);
    return true;
}

// Finds the part by shift-and: bit i of the state says that the first i + 1 characters stand right before AT.
static bool find_characters(const struct like_part *part, bytes_t text, size_t *at)
{
    uint64_t state[WORDS_MAX] = { 0 };
    const uint64_t last = UINT64_C(1) << ((part->length - 1) % BITS);
    while (*at < text.size) {
        const uint64_t *row = part->rows + alphabet_index(part, text_next(text, at)) * part->words;
        uint64_t carry = 1;
        for (size_t i = 0; i < part->words; i++) {
            uint64_t moved = state[i] << 1 | carry;
            carry = state[i] >> (BITS - 1);
            state[i] = moved & row[i];
        }
        if ((state[part->words - 1] & last) != 0)
            return true;
    }
    return false;
}

// Finds the part that ends first, from *AT on, and moves *AT behind it.
static bool find(const struct like_part *part, bytes_t text, size_t *at)
{
    if (part->length == 0)
        return true;
    if (part->characters != NULL)
        return find_characters(part, text, at);
    if (part->text.size > text.size - *at)
        return false;
    const uint8_t *found = memmem(text.data + *at, text.size - *at, part->text.data, part->text.size);
    if (found == NULL)
        return false;
    *at = (size_t)(found - text.data) + part->text.size;
    return true;
}

bool like_matches(const struct like *like, bytes_t text)
{
    const struct like_part *parts = like->parts, *last = parts + like->count - 1;
    size_t at = 0, end;
    if (!match_at(parts, text, &at))
        return false;
    if (like->count == 1)
        return at == text.size;
    if (!start_from_end(last, text, at, &end))
        return false;
    bytes_t middle = bytes_of(text.data, end);
    for (const struct like_part *part = parts + 1; part < last; part++) {
        if (!find(part, middle, &at))
            return false;
    }
    return match_at(last, text, &end);
}

bool like_is_text(const struct like *like, bytes_t *ret_text)
{
    if (like->count > 1 || like->parts[0].characters != NULL)
        return false;
    *ret_text = like->parts[0].text;
    return true;
}

static bytes_t text_of_part(const struct like_part *part)
{
    return part->characters == NULL ? part->text : BYTES_LITERAL("");
}

void like_ends(const struct like *like, bytes_t *ret_prefix, bytes_t *ret_suffix)
{
    *ret_prefix = text_of_part(&like->parts[0]);
    *ret_suffix = text_of_part(&like->parts[like->count - 1]);
}
