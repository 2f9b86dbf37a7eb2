// SPDX-License-Identifier: Apache-2.0
// Settings live in the catalog's table under keys that no topic can have. A change is made on the catalog's loop, one
// at a time: the row, the copies of the loops, then every topic reads its defaults anew.
#include "store/settings.h"

#include "base/log.h"
#include "base/mem.h"
#include "store/catalog_impl.h"

#include <stdlib.h>

enum { SETTINGS_FORM = 1 }; // version byte of a row

static const char *const keys[SETTINGS_SCOPES] = { "/settings/all", "/settings/this" };

struct publish {
    struct message message;
    struct settings *settings;
    size_t loop_index;
    struct slice value; // one reference
};

struct touch {
    struct topic_op op;
    struct settings *settings;
    const struct topic *topic; // one reference
};

// --- the row

static struct slice encode(const struct config_list *list)
{
    struct writer w = WRITER_INIT;
    writer_u8(&w, SETTINGS_FORM);
    writer_uvarint(&w, (uint32_t)list->count);
    for (size_t i = 0; i < list->count; i++) {
        writer_uvarint(&w, (uint32_t)list->names[i].size);
        writer_bytes(&w, list->names[i]);
        writer_uvarint(&w, (uint32_t)list->values[i].size);
        writer_bytes(&w, list->values[i]);
    }
    return writer_finish(&w);
}

static err_t decode(bytes_t value, struct arena *arena, struct config_list *ret_list, diag_t *diag)
{
    struct reader r = reader_of(value);
    uint8_t form = reader_u8(&r);
    if (r.err == ERR_OK && form > SETTINGS_FORM)
        return diag_fail(diag, ERR_UNSUPPORTED, TOPIC_CATALOG,
                         "a newer eddy wrote the broker configurations: start the newer version");
    size_t count = reader_uvarint(&r);
    if (r.err != ERR_OK || count > reader_left(&r))
        return diag_fail(diag, ERR_MALFORMED, TOPIC_CATALOG, "the row of the broker configurations is damaged");
    bytes_t *names = arena_array(arena, count + 1, sizeof *names);
    bytes_t *values = arena_array(arena, count + 1, sizeof *values);
    for (size_t i = 0; i < count; i++) {
        names[i] = arena_copy(arena, reader_bytes(&r, reader_uvarint(&r)));
        values[i] = arena_copy(arena, reader_bytes(&r, reader_uvarint(&r)));
    }
    if (r.err != ERR_OK || reader_left(&r) > 0)
        return diag_fail(diag, ERR_MALFORMED, TOPIC_CATALOG, "the row of the broker configurations is damaged");
    *ret_list = (struct config_list){ names, values, count };
    return ERR_OK;
}

// --- look-ups

static const struct settings_copy *copy_here(struct store *store)
{
    return &catalog_copy_here(catalog_of(store))->settings;
}

const struct config_list *settings_of(struct store *store, enum settings_scope scope)
{
    return &copy_here(store)->lists[scope];
}

static const bytes_t *value_of(const struct config_list *lists, bytes_t name)
{
    const bytes_t *value = config_list_find(&lists[SETTINGS_THIS_BROKER], name);
    return value != NULL ? value : config_list_find(&lists[SETTINGS_ALL_BROKERS], name);
}

int64_t settings_number(struct store *store, bytes_t name, int64_t fallback)
{
    const bytes_t *value = value_of(copy_here(store)->lists, name);
    int64_t number;
    return value != NULL && bytes_to_int64(*value, &number) ? number : fallback;
}

static err_t defaults_of(const struct store *store, const struct config_list *lists, struct topic_config *ret_config,
                         diag_t *diag)
{
    *ret_config = store_options(store)->topic_defaults;
    for (size_t i = 0; i < topic_config_row_count; i++) {
        const struct topic_config_row *row = &topic_config_rows[i];
        const bytes_t *value = row->broker_name == NULL ? NULL : value_of(lists, bytes_of_text(row->broker_name));
        if (value != NULL && topic_config_set(ret_config, bytes_of_text(row->name), *value, diag) != ERR_OK)
            return ERR_INVALID;
    }
    return topic_config_check(ret_config, diag);
}

void settings_topic_defaults(struct store *store, struct topic_config *ret_config)
{
    err_t err = defaults_of(store, copy_here(store)->lists, ret_config, NULL);
    (void)err; // it was accepted when it was set; an older version's rules may have been others
}

// --- opening and closing

static err_t copy_set(struct settings_copy *copy, enum settings_scope scope, bytes_t value, diag_t *diag)
{
    arena_free(&copy->arenas[scope]);
    copy->lists[scope] = (struct config_list){ 0 };
    return value.data == NULL ? ERR_OK : decode(value, &copy->arenas[scope], &copy->lists[scope], diag);
}

err_t settings_load(struct catalog *catalog, diag_t *diag)
{
    for (unsigned scope = 0; scope < SETTINGS_SCOPES; scope++) {
        struct table_row row;
        if (table_get(catalog->topics, bytes_of_text(keys[scope]), &row) != ERR_OK)
            continue;
        for (size_t i = 0; i < catalog->loop_count; i++) {
            err_t err = copy_set(&catalog->copies[i].settings, scope, row.value, diag);
            if (err != ERR_OK)
                return err;
        }
    }
    settings_topic_defaults(catalog->store, &catalog->defaults);
    return ERR_OK;
}

void settings_copy_free(struct settings_copy *copy)
{
    for (unsigned scope = 0; scope < SETTINGS_SCOPES; scope++)
        arena_free(&copy->arenas[scope]);
}

void settings_free(struct settings *settings)
{
    for (size_t i = 0; i < settings->touch_count; i++)
        topic_unref(settings->touches[i].topic);
    for (size_t i = 0; i < settings->publish_count; i++)
        slice_free(&settings->publishes[i].value);
    free(settings->touches);
    free(settings->publishes);
    slice_free(&settings->value);
    arena_free(&settings->arena);
    settings->touch_count = settings->publish_count = 0;
    settings->touches = NULL;
    settings->publishes = NULL;
}

bool settings_idle(const struct catalog *catalog)
{
    return catalog->settings.first == NULL;
}

// --- changing

static struct catalog *catalog_of_settings(struct settings *settings)
{
    return CONTAINER_OF(settings, struct catalog, settings);
}

static void begin(struct settings *settings);

static void on_answer(struct message *message)
{
    struct settings_op *op = CONTAINER_OF(message, struct settings_op, message);
    op->on_done(op);
}

static void answer(struct settings_op *op, err_t err)
{
    op->err = err;
    if (err != ERR_OK && op->diag.text[0] == '\0')
        (void)diag_fail(&op->diag, err, "settings", "%s", err_text(err));
    op->message.on_message = on_answer;
    loop_post(op->from, &op->message);
}

// Answers the first operation and goes on with the next.
static void finish(struct settings *settings, err_t err)
{
    struct settings_op *op = CONTAINER_OF(settings->first, struct settings_op, message);
    settings->first = op->message.next;
    settings_free(settings);
    answer(op, err);
    if (settings->first != NULL)
        begin(settings);
    catalog_stop_try(catalog_of_settings(settings));
}

static void on_touched(struct topic_op *op)
{
    struct settings *settings = CONTAINER_OF(op, struct touch, op)->settings;
    if (op->err == ERR_OK)
        topic_unref(op->topic);
    else if (op->err != ERR_NOT_FOUND)
        log_line(LOG_WARN, "a topic keeps its former defaults",
                 LOG_FIELDS(log_bytes("topic", op->name), log_text("why", op->diag.text)));
    if (--settings->left == 0)
        finish(settings, ERR_OK);
}

// Every topic reads the defaults anew, in turn with its other changes.
static void touch_topics(struct settings *settings)
{
    struct catalog *catalog = catalog_of_settings(settings);
    const struct catalog_copy *copy = catalog_copy_here(catalog);
    if (topic_config_equal(&settings->defaults, &catalog->defaults) || copy->count <= 1) {
        catalog->defaults = settings->defaults;
        finish(settings, ERR_OK);
        return;
    }
    catalog->defaults = settings->defaults;
    settings->touches = mem_zalloc(copy->count, sizeof *settings->touches);
    for (size_t i = 0; i < copy->count; i++) {
        const struct topic *topic = copy->sorted[i]->topic;
        if (bytes_is(topic->name, TOPIC_CATALOG))
            continue; // it sets all that matters itself
        struct touch *touch = &settings->touches[settings->touch_count++];
        *touch = (struct touch){ { .on_done = on_touched, .name = topic->name }, settings, topic_ref(topic) };
    }
    settings->left = settings->touch_count;
    for (size_t i = 0; i < settings->touch_count; i++)
        topic_reconfigure(catalog->store, &settings->touches[i].op);
}

static void on_published(struct message *message)
{
    struct settings *settings = CONTAINER_OF(message, struct publish, message)->settings;
    if (--settings->left == 0)
        touch_topics(settings);
}

static void on_publish(struct message *message)
{
    struct publish *publish = CONTAINER_OF(message, struct publish, message);
    struct catalog *catalog = catalog_of_settings(publish->settings);
    const struct settings_op *op = CONTAINER_OF(publish->settings->first, struct settings_op, message);
    err_t err = copy_set(&catalog->copies[publish->loop_index].settings, op->scope, publish->value.bytes, NULL);
    ASSERT(err == ERR_OK); // we wrote it ourselves
    message->on_message = on_published;
    loop_post(catalog->loop, message);
}

static void on_put(struct table_op *put)
{
    struct settings *settings = CONTAINER_OF(put, struct settings, put);
    struct catalog *catalog = catalog_of_settings(settings);
    if (put->err != ERR_OK) {
        finish(settings, put->err);
        return;
    }
    settings->left = settings->publish_count = catalog->loop_count;
    settings->publishes = mem_zalloc(catalog->loop_count, sizeof *settings->publishes);
    for (size_t i = 0; i < catalog->loop_count; i++) {
        struct publish *publish = &settings->publishes[i];
        *publish = (struct publish){ { .on_message = on_publish }, settings, i, settings->value };
        buf_ref(settings->value.buf);
        loop_post(store_loop(catalog->store, i), &publish->message);
    }
}

static void begin(struct settings *settings)
{
    struct catalog *catalog = catalog_of_settings(settings);
    struct settings_op *op = CONTAINER_OF(settings->first, struct settings_op, message);
    const struct config_list none = { 0 };
    struct config_list lists[SETTINGS_SCOPES];
    for (unsigned scope = 0; scope < SETTINGS_SCOPES; scope++)
        lists[scope] = *settings_of(catalog->store, scope);
    lists[op->scope] =
        config_list_change(op->replace ? &none : &lists[op->scope], op->changes, op->change_count, &settings->arena);
    err_t err = catalog->stopping ? ERR_CLOSED : defaults_of(catalog->store, lists, &settings->defaults, &op->diag);
    if (err != ERR_OK || op->validate_only) {
        finish(settings, err);
        return;
    }
    settings->value = encode(&lists[op->scope]);
    settings->put = (struct table_op){ .table = catalog->topics,
                                       .on_done = on_put,
                                       .key = bytes_of_text(keys[op->scope]),
                                       .value = settings->value.bytes,
                                       .expected_version = TABLE_ANY };
    table_put(&settings->put);
}

static void on_change(struct message *message)
{
    struct settings_op *op = CONTAINER_OF(message, struct settings_op, message);
    struct settings *settings = &((struct catalog *)op->private_state)->settings;
    bool is_first = settings->first == NULL;
    op->diag = (diag_t){ 0 };
    message->next = NULL;
    if (is_first)
        settings->first = message;
    else
        settings->last->next = message;
    settings->last = message;
    if (is_first)
        begin(settings);
}

void settings_change(struct store *store, struct settings_op *op)
{
    struct catalog *catalog = catalog_of(store);
    struct loop *current = loop_current();
    op->private_state = catalog;
    op->from = current == NULL ? catalog->loop : current;
    op->message.on_message = on_change;
    loop_post(catalog->loop, &op->message);
}
