// SPDX-License-Identifier: Apache-2.0
// A configuration file of nats-server (nats/config/). What stands behind the first zero byte is the text of every file
// that is included and of every variable of the environment. What was read is written out plainly and read again: it
// must be the same. Then it is read by the tables: whatever is refused is refused with a sentence and a place.
#include "base/assert.h"
#include "base/writer.h"
#include "nats/config/config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct outside {
    bytes_t text;
    char *terminated;
};

static err_t read_file(void *owner, const char *path, struct arena *arena, bytes_t *ret_text, diag_t *diag)
{
    (void)path;
    (void)diag;
    *ret_text = arena_copy(arena, ((struct outside *)owner)->text);
    return ERR_OK;
}

static const char *find_variable(void *owner, const char *name)
{
    return name[0] == '_' ? NULL : ((struct outside *)owner)->terminated;
}

static void write_escaped(bytes_t text, struct writer *out)
{
    writer_text(out, "\"");
    for (size_t i = 0; i < text.size; i++)
        writer_format(out, "\\x%02x", text.data[i]);
    writer_text(out, "\"");
}

// False when a name cannot be written: it has both kinds of quotes.
static bool write_plain(const struct conf_value *value, struct writer *out)
{
    bool is_map = value->type == CONF_MAP;
    if (value->type < CONF_ARRAY) {
        if (value->type == CONF_STRING)
            write_escaped(value->text, out);
        else if (value->type == CONF_INTEGER)
            writer_format(out, "%lld", (long long)value->integer);
        else if (value->type == CONF_BOOL)
            writer_text(out, value->is_true ? "true" : "false");
        else
            writer_bytes(out, value->text);
        return true;
    }
    writer_text(out, is_map ? "{" : "[");
    for (const struct conf_value *inner = value->first; inner != NULL; inner = inner->next) {
        if (is_map) {
            bool has_double = memchr(inner->name.data, '"', inner->name.size) != NULL;
            if (has_double && memchr(inner->name.data, '\'', inner->name.size) != NULL)
                return false;
            writer_text(out, has_double ? "'" : "\"");
            writer_bytes(out, inner->name);
            writer_text(out, has_double ? "':" : "\":");
        }
        if (!write_plain(inner, out))
            return false;
        writer_text(out, ",");
    }
    writer_text(out, is_map ? "}" : "]");
    return true;
}

static void check_round_trip(const struct conf_source *source, const struct conf_value *root)
{
    struct writer first = WRITER_INIT, second = WRITER_INIT;
    // Values that variables share are written each time; more than a file may have cannot be read again.
    first.limit = CONF_SIZE_MAX;
    second.limit = CONF_SIZE_MAX;
    if (write_plain(root, &first) && first.err == ERR_OK) {
        struct arena arena = ARENA_INIT;
        struct conf_value *again = NULL;
        diag_t diag = { 0 };
        err_t err = conf_parse(source, writer_view(&first), "plain", &arena, &again, &diag);
        ASSERT(err == ERR_OK);
        ASSERT(write_plain(again, &second));
        ASSERT(bytes_equal(writer_view(&first), writer_view(&second)));
        arena_free(&arena);
    }
    writer_free(&first);
    writer_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size == 0 ? NULL : memchr(data, '\0', size);
    size_t main_size = zero == NULL ? size : (size_t)(zero - data);
    struct outside outside = { .text = zero == NULL ? BYTES_LITERAL("") : bytes_of(zero + 1, size - main_size - 1) };
    outside.terminated = bytes_to_text(outside.text);
    struct conf_source source = { read_file, find_variable, &outside };
    struct arena arena = ARENA_INIT;
    struct conf_value *root = NULL;
    struct nats_config config;
    diag_t diag = { 0 };
    err_t err = conf_parse(&source, bytes_of(data, main_size), "fuzz.conf", &arena, &root, &diag);
    if (err == ERR_OK) {
        ASSERT(root->weight <= CONF_WEIGHT_MAX);
        check_round_trip(&source, root);
        nats_config_default(&config);
        err = nats_config_read(root, &arena, &config, &diag);
    }
    if (err == ERR_OK)
        err = nats_config_check(&config, &diag);
    ASSERT((err == ERR_OK) == (diag.text[0] == '\0'));
    ASSERT((err == ERR_OK) == (diag.where[0] == '\0'));
    arena_free(&arena);
    free(outside.terminated);
    return 0;
}
