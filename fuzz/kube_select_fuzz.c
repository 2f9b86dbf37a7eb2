// SPDX-License-Identifier: Apache-2.0
// Names and selectors (kube/select/). The first line of the input is a name, a label selector and a field selector;
// what follows is an object, tried as labels, as a LabelSelector and as what fields are looked for in. A selector that
// was read is written and read again: it must be the same one.
#include "kube/select/field.h"
#include "kube/select/label.h"
#include "kube/select/name.h"

#include "base/assert.h"
#include "base/writer.h"

#include <stddef.h>
#include <stdint.h>

static const struct json_limits limits = { .size = 1 << 16, .values = 4096 };

static bool is_fine(enum name_rule rule, bytes_t name)
{
    struct name_faults faults = name_check(rule, name);
    return faults.count == 0;
}

// Stricter rules take nothing that laxer ones refuse.
static void check_name(struct arena *arena, bytes_t name)
{
    for (enum name_rule rule = 0; rule < NAME_RULES; rule++) {
        struct name_faults faults = name_prefix_check(rule, name);
        ASSERT((faults.count == 0) == (name_faults_text(arena, &faults)[0] == '\0'));
    }
    ASSERT(!is_fine(NAME_DNS_1035_LABEL, name) || is_fine(NAME_DNS_LABEL, name));
    ASSERT(!is_fine(NAME_DNS_LABEL, name) || (is_fine(NAME_DNS_SUBDOMAIN, name) && is_fine(NAME_LABEL_VALUE, name)));
    ASSERT(!is_fine(NAME_DNS_SUBDOMAIN, name) || (is_fine(NAME_PATH_SEGMENT, name) && is_fine(NAME_CONFIG_KEY, name)));
    ASSERT(!is_fine(NAME_QUALIFIED, name) || is_fine(NAME_ANNOTATION, name));
    if (is_fine(NAME_DNS_LABEL, name))
        ASSERT(is_fine(NAME_DNS_LABEL, name_generate(arena, name, name.size)));
}

static void write_values(struct writer *out, const struct label_requirement *requirement)
{
    for (size_t i = 0; i < requirement->value_count; i++) {
        writer_text(out, i == 0 ? "" : ",");
        writer_bytes(out, requirement->values[i]);
    }
}

static void write_requirement(struct writer *out, const struct label_requirement *requirement)
{
    static const struct {
        const char *before, *between, *behind;
    } forms[] = {
        [LABEL_IN] = { "", " in (", ")" },    [LABEL_NOT_IN] = { "", " notin (", ")" }, [LABEL_EXISTS] = { "", "", "" },
        [LABEL_NOT_EXISTS] = { "!", "", "" }, [LABEL_GREATER] = { "", ">", "" },        [LABEL_LESS] = { "", "<", "" },
    };
    writer_text(out, forms[requirement->test].before);
    writer_bytes(out, requirement->key);
    writer_text(out, forms[requirement->test].between);
    write_values(out, requirement);
    writer_text(out, forms[requirement->test].behind);
}

static bool is_same(const struct label_requirement *a, const struct label_requirement *b)
{
    bool same = a->test == b->test && bytes_equal(a->key, b->key) && a->value_count == b->value_count;
    for (size_t i = 0; same && i < a->value_count; i++)
        same = bytes_equal(a->values[i], b->values[i]);
    return same;
}

static void check_again(struct arena *arena, const struct label_selector *selector)
{
    struct writer out = WRITER_INIT;
    struct label_selector again;
    const char *text = NULL;
    for (size_t i = 0; i < selector->count; i++) {
        writer_text(&out, i == 0 ? "" : ",");
        write_requirement(&out, &selector->requirements[i]);
    }
    err_t err = label_selector_parse(arena, arena_copy(arena, writer_view(&out)), &again, &text);
    ASSERT(err == ERR_OK);
    ASSERT(again.count == selector->count);
    for (size_t i = 0; i < again.count; i++)
        ASSERT(is_same(&again.requirements[i], &selector->requirements[i]));
    writer_free(&out);
}

static void check_labels(struct arena *arena, bytes_t line, const struct json_value *object)
{
    struct label_selector selector;
    const char *text = NULL;
    if (label_selector_parse(arena, line, &selector, &text) == ERR_OK) {
        check_again(arena, &selector);
        label_selector_matches(&selector, object);
    } else {
        ASSERT(text != NULL && text[0] != '\0');
    }
    text = NULL;
    if (object == NULL)
        return;
    if (label_selector_read(arena, object, &selector, &text) == ERR_OK)
        check_again(arena, &selector);
    else
        ASSERT(text != NULL && text[0] != '\0');
}

static void check_fields(struct arena *arena, bytes_t line, const struct json_value *object)
{
    struct field_selector selector;
    const char *text = NULL;
    const struct field_label *labels = field_labels_of(BYTES_LITERAL(""), BYTES_LITERAL("Event"));
    if (field_selector_parse(arena, line, labels, &selector, &text) == ERR_OK)
        field_selector_matches(&selector, object);
    else
        ASSERT(text != NULL && text[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *lf = size == 0 ? NULL : memchr(data, '\n', size);
    size_t first = lf == NULL ? size : (size_t)(lf - data);
    struct arena arena = ARENA_INIT;
    struct json_value *object = NULL;
    if (lf != NULL && json_parse(bytes_of(lf + 1, size - first - 1), &limits, &arena, &object, NULL) != ERR_OK)
        object = NULL;
    bytes_t line = bytes_of(data, first);
    check_name(&arena, line);
    check_labels(&arena, line, object);
    check_fields(&arena, line, object);
    annotations_size(object);
    arena_free(&arena);
    return 0;
}
