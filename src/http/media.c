// SPDX-License-Identifier: Apache-2.0
#include "http/media.h"

#include "base/assert.h"
#include "http/line.h"

// Reads a text from left to right. The first thing that is wrong stays: everything is read, and looked at once.
struct scanner {
    const uint8_t *at, *end;
    err_t err;
};

static struct scanner scanner_of(bytes_t text)
{
    return (struct scanner){ .at = text.data, .end = text.data == NULL ? NULL : text.data + text.size };
}

static bool at_end(const struct scanner *s)
{
    return s->at == s->end || s->err != ERR_OK;
}

static void fail(struct scanner *s, err_t err)
{
    if (s->err == ERR_OK)
        s->err = err;
}

static void skip_space(struct scanner *s)
{
    while (!at_end(s) && (*s->at == ' ' || *s->at == '\t'))
        s->at++;
}

// True when that character was next.
static bool take_char(struct scanner *s, char c)
{
    if (at_end(s) || *s->at != (uint8_t)c)
        return false;
    s->at++;
    return true;
}

static bytes_t take_token(struct scanner *s)
{
    const uint8_t *from = s->at;
    while (!at_end(s) && http_chars_has(HTTP_CHARS_TOKEN, *s->at))
        s->at++;
    if (s->at == from)
        fail(s, ERR_MALFORMED);
    return bytes_of(from, s->err == ERR_OK ? (size_t)(s->at - from) : 0);
}

// A type or subtype: a token, and "@", which kubectl has in
// "application/com.github.proto-openapi.spec.v2@v1.0+protobuf".
static bytes_t take_half(struct scanner *s)
{
    const uint8_t *from = s->at;
    while (!at_end(s) && (http_chars_has(HTTP_CHARS_TOKEN, *s->at) || *s->at == '@'))
        s->at++;
    if (s->at == from)
        fail(s, ERR_MALFORMED);
    return bytes_of(from, s->err == ERR_OK ? (size_t)(s->at - from) : 0);
}

static bool is_quotable(uint8_t c)
{
    return c == '\t' || (c >= 0x20 && c != 0x7f);
}

// What stands between the quotes (RFC 9110 5.6.4); the first one is taken already.
static bytes_t take_quoted(struct scanner *s, struct arena *arena)
{
    const uint8_t *from = s->at;
    bool escapes = false;
    while (!at_end(s) && *s->at != '"') {
        escapes = escapes || *s->at == '\\';
        s->at += *s->at == '\\' && s->end - s->at > 1;
        if (!is_quotable(*s->at))
            fail(s, ERR_MALFORMED);
        s->at++;
    }
    bytes_t raw = bytes_of(from, s->err == ERR_OK ? (size_t)(s->at - from) : 0);
    if (!take_char(s, '"'))
        fail(s, ERR_MALFORMED);
    if (!escapes || s->err != ERR_OK)
        return raw;
    uint8_t *to = arena_alloc(arena, raw.size);
    size_t size = 0;
    for (size_t i = 0; i < raw.size; i++) {
        i += raw.data[i] == '\\';
        to[size++] = raw.data[i];
    }
    return bytes_of(to, size);
}

// "0.25" to 250 (RFC 9110 12.4.2).
static unsigned weight_of(struct scanner *s, bytes_t text)
{
    unsigned weight = 0, unit = HTTP_WEIGHT_MAX;
    bool good = text.size > 0 && text.size <= 5 && (text.size < 2 || text.data[1] == '.');
    for (size_t i = 0; good && i < text.size; i++) {
        if (i == 1)
            continue;
        good = text.data[i] >= '0' && text.data[i] <= '9';
        weight += good ? (unsigned)(text.data[i] - '0') * unit : 0;
        unit /= 10;
    }
    if (!good || weight > HTTP_WEIGHT_MAX)
        fail(s, ERR_MALFORMED);
    return weight;
}

// *( OWS ";" OWS [ name "=" value ] ); q apart.
static void take_parameters(struct scanner *s, struct arena *arena, struct http_media *media)
{
    struct http_media_parameter found[HTTP_MEDIA_PARAMETERS_MAX];
    size_t count = 0;
    for (;;) {
        skip_space(s);
        if (!take_char(s, ';'))
            break;
        skip_space(s);
        if (at_end(s) || *s->at == ';' || *s->at == ',')
            continue; // an empty one (RFC 9110 5.6.6)
        bytes_t name = take_token(s);
        if (!take_char(s, '='))
            fail(s, ERR_MALFORMED);
        bytes_t value = take_char(s, '"') ? take_quoted(s, arena) : take_token(s);
        if (s->err == ERR_OK && http_text_equal(name, "q"))
            media->weight = weight_of(s, value);
        else if (count == HTTP_MEDIA_PARAMETERS_MAX)
            fail(s, ERR_LIMIT);
        else if (s->err == ERR_OK)
            found[count++] = (struct http_media_parameter){ name, value };
    }
    if (s->err != ERR_OK || count == 0)
        return;
    struct http_media_parameter *kept = arena_array(arena, count, sizeof *kept);
    memcpy(kept, found, count * sizeof *kept);
    media->parameters = kept;
    media->parameter_count = count;
}

static struct http_media take_media(struct scanner *s, struct arena *arena)
{
    struct http_media media = { .weight = HTTP_WEIGHT_MAX };
    media.type = take_half(s);
    if (!take_char(s, '/'))
        fail(s, ERR_MALFORMED);
    media.subtype = take_half(s);
    take_parameters(s, arena, &media);
    return media;
}

err_t http_media_parse(bytes_t text, struct arena *arena, struct http_media *ret_media)
{
    struct scanner s = scanner_of(text);
    skip_space(&s);
    struct http_media media = take_media(&s, arena);
    if (s.err == ERR_OK && s.at != s.end)
        fail(&s, ERR_MALFORMED);
    media.weight = HTTP_WEIGHT_MAX;
    if (s.err == ERR_OK)
        *ret_media = media;
    return s.err;
}

static bool halves_match(const struct http_media *media, const char *text, bool stars_match)
{
    const char *slash = strchr(text, '/');
    ASSERT(slash != NULL);
    size_t size = (size_t)(slash - text);
    bool any_type = stars_match && bytes_is(media->type, "*");
    bool any_subtype = stars_match && bytes_is(media->subtype, "*");
    bool type_is = http_bytes_equal(media->type, bytes_of(text, size));
    return (any_type || type_is) && (any_subtype || http_text_equal(media->subtype, slash + 1));
}

bool http_media_is(const struct http_media *media, const char *type_and_subtype)
{
    return halves_match(media, type_and_subtype, false);
}

bool http_media_covers(const struct http_media *range, const char *type_and_subtype)
{
    return halves_match(range, type_and_subtype, true);
}

bytes_t http_media_parameter(const struct http_media *media, const char *name)
{
    for (size_t i = 0; i < media->parameter_count; i++)
        if (http_text_equal(media->parameters[i].name, name))
            return media->parameters[i].value;
    return BYTES_NULL;
}

// Behind those that are preferred to it or came before it.
static void insert(struct http_accept *accept, const struct http_media *media)
{
    size_t i = accept->count++;
    for (; i > 0 && accept->items[i - 1].weight < media->weight; i--)
        accept->items[i] = accept->items[i - 1];
    accept->items[i] = *media;
}

err_t http_accept_add(struct http_accept *accept, bytes_t text, struct arena *arena)
{
    struct scanner s = scanner_of(text);
    do {
        skip_space(&s);
        if (at_end(&s) || *s.at == ',')
            continue; // an empty element (RFC 9110 5.6.1)
        struct http_media media = take_media(&s, arena);
        if (accept->count == HTTP_ACCEPT_ITEMS_MAX)
            fail(&s, ERR_LIMIT);
        if (s.err == ERR_OK)
            insert(accept, &media);
    } while (take_char(&s, ','));
    if (s.err == ERR_OK && s.at != s.end)
        fail(&s, ERR_MALFORMED);
    return s.err;
}

err_t http_accept_of(const struct http_request *request, struct arena *arena, struct http_accept *ret_accept)
{
    struct http_accept accept = { .count = 0 };
    for (size_t i = 0; i < request->header_count; i++) {
        if (!http_text_equal(request->headers[i].name, "Accept"))
            continue;
        err_t err = http_accept_add(&accept, request->headers[i].value, arena);
        if (err != ERR_OK)
            return err;
    }
    *ret_accept = accept;
    return ERR_OK;
}

// [ OWS ";" OWS "q=" qvalue ] OWS
static unsigned take_weight(struct scanner *s)
{
    unsigned weight = HTTP_WEIGHT_MAX;
    skip_space(s);
    if (!take_char(s, ';'))
        return weight;
    skip_space(s);
    if (!http_text_equal(take_token(s), "q") || !take_char(s, '='))
        fail(s, ERR_MALFORMED);
    weight = weight_of(s, take_token(s));
    skip_space(s);
    return weight;
}

unsigned http_coding_weight(bytes_t accept_encoding, const char *coding)
{
    struct scanner s = scanner_of(accept_encoding);
    unsigned named = 0, any = 0;
    bool is_named = false;
    do {
        skip_space(&s);
        if (at_end(&s) || *s.at == ',')
            continue;
        bytes_t name = take_token(&s);
        unsigned weight = take_weight(&s);
        if (http_text_equal(name, coding)) {
            named = weight;
            is_named = true;
        } else if (bytes_is(name, "*")) {
            any = weight;
        }
    } while (take_char(&s, ','));
    if (s.err != ERR_OK || s.at != s.end)
        return 0;
    return is_named ? named : any;
}
