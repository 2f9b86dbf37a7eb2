// SPDX-License-Identifier: Apache-2.0
#include "kube/select/name.h"

#include "base/assert.h"

enum { LABEL_MAX = 63, SUBDOMAIN_MAX = 253 };

// --- kube-apiserver's sentences

#define LABEL_REGEX     "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define SUBDOMAIN_REGEX LABEL_REGEX "(\\." LABEL_REGEX ")*"
#define QUALIFIED_REGEX "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
#define NOT_LABEL                                                                                                      \
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "    \
    "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '" LABEL_REGEX "')"
#define NOT_SUBDOMAIN                                                                                                  \
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "   \
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '" SUBDOMAIN_REGEX "')"
#define NOT_1035_LABEL                                                                                                 \
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, " \
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "             \
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
#define NOT_QUALIFIED                                                                                                  \
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " \
    "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '" QUALIFIED_REGEX "')"
#define NOT_LABEL_VALUE                                                                                                \
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "    \
    "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation "  \
    "is '(" QUALIFIED_REGEX ")?')"
#define NOT_CONFIG_KEY                                                                                                 \
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "  \
    "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
#define MORE_THAN_63  "must be no more than 63 characters"
#define MORE_THAN_253 "must be no more than 253 characters"

static void add(struct name_faults *faults, const char *text)
{
    ASSERT(faults->count < sizeof faults->texts / sizeof faults->texts[0]);
    faults->texts[faults->count++] = text;
}

// --- characters

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_lower_or_digit(uint8_t c)
{
    return is_lower(c) || is_digit(c);
}

static bool is_upper(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter_or_digit(uint8_t c)
{
    return is_lower_or_digit(c) || is_upper(c);
}

static bool is_label_inner(uint8_t c)
{
    return is_lower_or_digit(c) || c == '-';
}

static bool is_any_label_inner(uint8_t c)
{
    return is_letter_or_digit(c) || c == '-';
}

static bool is_qualified_inner(uint8_t c)
{
    return is_any_label_inner(c) || c == '_' || c == '.';
}

typedef bool is_character(uint8_t c);

static bool all(bytes_t text, is_character *inner)
{
    for (size_t i = 0; i < text.size; i++) {
        if (!inner(text.data[i]))
            return false;
    }
    return true;
}

// FIRST, then any number of INNER, then LAST; one character is both first and last.
static bool has_shape(bytes_t text, is_character *first, is_character *inner, is_character *last)
{
    return text.size > 0 && first(text.data[0]) && last(text.data[text.size - 1]) && all(text, inner);
}

static bool is_label(bytes_t text)
{
    return has_shape(text, is_lower_or_digit, is_label_inner, is_lower_or_digit);
}

static bool is_label_of_any_case(bytes_t text)
{
    return has_shape(text, is_letter_or_digit, is_any_label_inner, is_letter_or_digit);
}

static bool is_qualified(bytes_t text)
{
    return has_shape(text, is_letter_or_digit, is_qualified_inner, is_letter_or_digit);
}

typedef bool is_part(bytes_t text);

static bool is_dotted(bytes_t text, is_part *part)
{
    for (;;) {
        const uint8_t *dot = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
        if (dot == NULL)
            return part(text);
        size_t size = (size_t)(dot - text.data);
        if (!part(bytes_of(text.data, size)))
            return false;
        text = bytes_of(dot + 1, text.size - size - 1);
    }
}

static bool is_subdomain(bytes_t text)
{
    return is_dotted(text, is_label);
}

static bool is_subdomain_of_any_case(bytes_t text)
{
    return is_dotted(text, is_label_of_any_case);
}

// --- rules

static void check_subdomain(bytes_t name, struct name_faults *faults)
{
    if (name.size > SUBDOMAIN_MAX)
        add(faults, MORE_THAN_253);
    if (!is_subdomain(name))
        add(faults, NOT_SUBDOMAIN);
}

static void check_label(bytes_t name, struct name_faults *faults)
{
    if (name.size > LABEL_MAX)
        add(faults, MORE_THAN_63);
    if (!is_label(name))
        add(faults, is_subdomain(name) ? "must not contain dots" : NOT_LABEL);
}

static void check_1035_label(bytes_t name, struct name_faults *faults)
{
    if (name.size > LABEL_MAX)
        add(faults, MORE_THAN_63);
    if (!has_shape(name, is_lower, is_label_inner, is_lower_or_digit))
        add(faults, NOT_1035_LABEL);
}

static void check_path_prefix(bytes_t name, struct name_faults *faults)
{
    if (name.size > 0 && memchr(name.data, '/', name.size) != NULL)
        add(faults, "may not contain '/'");
    if (name.size > 0 && memchr(name.data, '%', name.size) != NULL)
        add(faults, "may not contain '%'");
}

static void check_path_segment(bytes_t name, struct name_faults *faults)
{
    if (bytes_is(name, "."))
        add(faults, "may not be '.'");
    else if (bytes_is(name, ".."))
        add(faults, "may not be '..'");
    else
        check_path_prefix(name, faults);
}

static void check_key_prefix(bytes_t prefix, is_part *is_domain, struct name_faults *faults)
{
    if (prefix.size == 0) {
        add(faults, "prefix part must be non-empty");
        return;
    }
    if (prefix.size > SUBDOMAIN_MAX)
        add(faults, "prefix part " MORE_THAN_253);
    if (!is_domain(prefix))
        add(faults, "prefix part " NOT_SUBDOMAIN);
}

static void check_key(bytes_t key, is_part *is_domain, struct name_faults *faults)
{
    const uint8_t *slash = key.size == 0 ? NULL : memchr(key.data, '/', key.size);
    bytes_t name = key;
    if (slash != NULL) {
        size_t size = (size_t)(slash - key.data);
        name = bytes_of(slash + 1, key.size - size - 1);
        if (name.size > 0 && memchr(name.data, '/', name.size) != NULL) {
            add(faults, "a qualified name " NOT_QUALIFIED
                        " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
            return;
        }
        check_key_prefix(bytes_of(key.data, size), is_domain, faults);
    }
    if (name.size == 0)
        add(faults, "name part must be non-empty");
    else if (name.size > LABEL_MAX)
        add(faults, "name part " MORE_THAN_63);
    if (!is_qualified(name))
        add(faults, "name part " NOT_QUALIFIED);
}

static void check_qualified(bytes_t key, struct name_faults *faults)
{
    check_key(key, is_subdomain, faults);
}

static void check_annotation(bytes_t key, struct name_faults *faults)
{
    check_key(key, is_subdomain_of_any_case, faults);
}

static void check_label_value(bytes_t value, struct name_faults *faults)
{
    if (value.size > LABEL_MAX)
        add(faults, MORE_THAN_63);
    if (value.size > 0 && !is_qualified(value))
        add(faults, NOT_LABEL_VALUE);
}

static void check_config_key(bytes_t key, struct name_faults *faults)
{
    if (key.size > SUBDOMAIN_MAX)
        add(faults, MORE_THAN_253);
    if (key.size == 0 || !all(key, is_qualified_inner))
        add(faults, NOT_CONFIG_KEY);
    if (bytes_is(key, "."))
        add(faults, "must not be '.'");
    else if (bytes_is(key, ".."))
        add(faults, "must not be '..'");
    else if (key.size > 2 && memcmp(key.data, "..", 2) == 0)
        add(faults, "must not start with '..'");
}

static void (*const checks[NAME_RULES])(bytes_t name, struct name_faults *faults) = {
    [NAME_DNS_SUBDOMAIN] = check_subdomain,   [NAME_DNS_LABEL] = check_label,
    [NAME_DNS_1035_LABEL] = check_1035_label, [NAME_PATH_SEGMENT] = check_path_segment,
    [NAME_QUALIFIED] = check_qualified,       [NAME_ANNOTATION] = check_annotation,
    [NAME_LABEL_VALUE] = check_label_value,   [NAME_CONFIG_KEY] = check_config_key,
};

struct name_faults name_check(enum name_rule rule, bytes_t name)
{
    struct name_faults faults = { .count = 0 };
    ASSERT(rule < NAME_RULES);
    checks[rule](name, &faults);
    return faults;
}

// kube-apiserver looks at the prefix with an 'a' in place of the '-' at its end, and of the character before it.
struct name_faults name_prefix_check(enum name_rule rule, bytes_t prefix)
{
    uint8_t masked[2 * SUBDOMAIN_MAX];
    struct name_faults faults = { .count = 0 };
    if (rule == NAME_PATH_SEGMENT) {
        check_path_prefix(prefix, &faults);
        return faults;
    }
    if (prefix.size < 2 || prefix.size > sizeof masked || prefix.data[prefix.size - 1] != '-')
        return name_check(rule, prefix);
    memcpy(masked, prefix.data, prefix.size - 2);
    masked[prefix.size - 2] = 'a';
    return name_check(rule, bytes_of(masked, prefix.size - 1));
}

const char *name_faults_text(struct arena *arena, const struct name_faults *faults)
{
    const char *text = "";
    for (size_t i = 0; i < faults->count; i++)
        text = arena_format(arena, "%s%s%s", text, i == 0 ? "" : "; ", faults->texts[i]);
    return text;
}

// --- metadata

bytes_t name_generate(struct arena *arena, bytes_t prefix, uint64_t random)
{
    static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";
    size_t size = prefix.size < NAME_GENERATED_PREFIX_MAX ? prefix.size : NAME_GENERATED_PREFIX_MAX;
    uint8_t *name = arena_alloc(arena, size + NAME_SUFFIX_SIZE);
    if (size > 0)
        memcpy(name, prefix.data, size);
    for (size_t i = 0; i < NAME_SUFFIX_SIZE; i++) {
        name[size + i] = (uint8_t)alphabet[random % (sizeof alphabet - 1)];
        random /= sizeof alphabet - 1;
    }
    return bytes_of(name, size + NAME_SUFFIX_SIZE);
}

size_t annotations_size(const struct json_value *object)
{
    size_t size = 0;
    const struct json_value *member = object != NULL && object->type == JSON_OBJECT ? object->first : NULL;
    for (; member != NULL; member = member->next)
        size += member->name.size + (member->type == JSON_STRING ? member->text.size : 0);
    return size;
}
