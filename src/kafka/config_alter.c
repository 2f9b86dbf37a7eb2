// SPDX-License-Identifier: Apache-2.0
// Changes of configurations: the checks that Kafka makes, then the store's operation.
#include "kafka/configs.h"

#include "base/assert.h"
#include "base/topic_name.h"
#include "kafka/door.h"
#include "store/settings.h"

struct topic_alteration {
    struct kafka_gathered gathered;
    struct topic_op op;
    int16_t *ret_error;
    bytes_t *ret_message;
};

struct settings_alteration {
    struct kafka_gathered gathered;
    struct settings_op op;
    int16_t *ret_error;
    bytes_t *ret_message;
};

static void fail(const struct kafka_alteration *alteration, int16_t error, const char *text)
{
    *alteration->ret_error = error;
    *alteration->ret_message = bytes_of_text(text == NULL ? kafka_error_message(error) : text);
}

// --- ends

static void answer(struct kafka_gathered *gathered, err_t err, const diag_t *diag, int16_t *ret_error,
                   bytes_t *ret_message)
{
    struct kafka_gather *gather = gathered->gather;
    if (err != ERR_OK) {
        *ret_error = err == ERR_INVALID ? (int16_t)KAFKA_INVALID_CONFIG : kafka_error_of(err);
        *ret_message = bytes_of_text(arena_format(
            &gather->call->arena, "%s", diag->text[0] == '\0' ? kafka_error_message(*ret_error) : diag->text));
    }
    kafka_gather_release(gather);
}

static void on_topic_changed(struct topic_op *op)
{
    struct topic_alteration *all = CONTAINER_OF(op, struct topic_alteration, op);
    if (op->err == ERR_OK)
        topic_unref(op->topic);
    answer(&all->gathered, op->err, &op->diag, all->ret_error, all->ret_message);
}

static void on_settings_changed(struct settings_op *op)
{
    struct settings_alteration *all = CONTAINER_OF(op, struct settings_alteration, op);
    answer(&all->gathered, op->err, &op->diag, all->ret_error, all->ret_message);
}

static void note(const struct kafka_alteration *alteration, const char *what)
{
    if (alteration->validate_only)
        return;
    for (size_t i = 0; i < alteration->change_count; i++)
        log_line(LOG_INFO, "a configuration is changed",
                 LOG_FIELDS(log_text("of", what), log_bytes("resource", alteration->resource_name),
                            log_bytes("name", alteration->changes[i].name),
                            log_int("operation", alteration->changes[i].kind)));
}

// --- topics

// Kafka says it in other words for a broker.
static bool check_list(struct kafka_call *call, const struct kafka_alteration *alteration,
                       const struct config_change *change, bool is_list)
{
    bool is_append = change->kind == CONFIG_APPEND;
    if (is_list || change->kind == CONFIG_SET || change->kind == CONFIG_DELETE)
        return true;
    if (alteration->resource_type == KAFKA_RESOURCE_TOPIC)
        fail(alteration, KAFKA_INVALID_CONFIG,
             arena_format(&call->arena, "Can't %s to key %.*s because its type is not LIST.",
                          is_append ? "APPEND" : "SUBTRACT", BYTES_ARG(change->name)));
    else
        fail(alteration, KAFKA_INVALID_CONFIG,
             arena_format(&call->arena, "Config value %s is not allowed for config key: %.*s",
                          is_append ? "append" : "subtract", BYTES_ARG(change->name)));
    return false;
}

// The values themselves are checked where they are merged with what is set.
static bool check_topic(struct kafka_call *call, const struct kafka_alteration *alteration)
{
    struct topic_config defaults;
    settings_topic_defaults(call->door->store, &defaults);
    for (size_t i = 0; i < alteration->change_count; i++) {
        struct config_change *change = &alteration->changes[i];
        const struct topic_config_row *row = topic_config_find(change->name);
        if (row == NULL) {
            fail(alteration, KAFKA_INVALID_CONFIG,
                 arena_format(&call->arena, "Unknown topic config name: %.*s", BYTES_ARG(change->name)));
            return false;
        }
        if (!check_list(call, alteration, change, row->type == TOPIC_CONFIG_LIST))
            return false;
        struct kafka_config_entry entry;
        const struct config_list none = { 0 };
        kafka_config_of_topic(call, row, &none, &defaults, &entry);
        change->fallback = entry.value;
    }
    return true;
}

static void alter_topic(struct kafka_gather *gather, const struct kafka_alteration *alteration)
{
    struct kafka_call *call = gather->call;
    const struct topic *topic = topic_find(call->door->store, alteration->resource_name);
    diag_t diag = { 0 };
    if (topic_name_check(alteration->resource_name, &diag) != ERR_OK) {
        fail(alteration, KAFKA_INVALID_TOPIC_EXCEPTION, arena_format(&call->arena, "%s", diag.text));
        return;
    }
    if (topic == NULL) {
        fail(alteration, KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
             arena_format(&call->arena, "The topic '%.*s' does not exist.", BYTES_ARG(alteration->resource_name)));
        return;
    }
    if (!check_topic(call, alteration))
        return;
    note(alteration, "topic");
    struct topic_alteration *all = kafka_gather_add(gather, sizeof *all);
    all->ret_error = alteration->ret_error;
    all->ret_message = alteration->ret_message;
    all->op.name = alteration->resource_name;
    all->op.validate_only = alteration->validate_only;
    all->op.on_done = on_topic_changed;
    if (!alteration->replace) {
        all->op.changes = alteration->changes;
        all->op.change_count = alteration->change_count;
        topic_reconfigure(call->door->store, &all->op);
        return;
    }
    const struct config_list none = { 0 };
    struct config_list list = config_list_change(&none, alteration->changes, alteration->change_count, &call->arena);
    all->op.config_names = list.names;
    all->op.config_values = list.values;
    all->op.config_count = list.count;
    topic_configure(call->door->store, &all->op);
}

// --- this broker, or all of them

static bool check_setting(struct kafka_call *call, const struct kafka_alteration *alteration,
                          struct config_change *change, bool for_all)
{
    const struct kafka_broker_config *row = kafka_broker_config_find(change->name);
    diag_t diag = { 0 };
    struct kafka_config_entry entry;
    if (row == NULL) {
        fail(alteration, KAFKA_INVALID_CONFIG,
             arena_format(&call->arena, "Unknown broker config name: %.*s", BYTES_ARG(change->name)));
        return false;
    }
    if (row->mode == KAFKA_CONFIG_FIXED || (row->mode == KAFKA_CONFIG_OWN && for_all)) {
        fail(alteration, KAFKA_INVALID_REQUEST,
             arena_format(&call->arena,
                          row->mode == KAFKA_CONFIG_FIXED
                              ? "Cannot update these configs dynamically: [%s]"
                              : "Cannot update these configs at default cluster level, broker id must be specified: "
                                "[%s]",
                          row->name));
        return false;
    }
    if (!check_list(call, alteration, change, row->type == KAFKA_CONFIG_LIST))
        return false;
    kafka_config_of_broker(call, row, for_all, &entry);
    change->fallback =
        entry.value.data == NULL && row->default_value != NULL ? bytes_of_text(row->default_value) : entry.value;
    if (change->kind != CONFIG_SET || kafka_broker_config_check(row, change->value, &diag) == ERR_OK)
        return true;
    fail(alteration, KAFKA_INVALID_REQUEST, arena_format(&call->arena, "%s", diag.text));
    return false;
}

static void alter_broker(struct kafka_gather *gather, const struct kafka_alteration *alteration)
{
    struct kafka_call *call = gather->call;
    const char *complaint = NULL;
    bool for_all;
    if (!kafka_config_broker_of(call, alteration->resource_name, &for_all, &complaint)) {
        fail(alteration, KAFKA_INVALID_REQUEST, complaint);
        return;
    }
    for (size_t i = 0; i < alteration->change_count; i++) {
        if (!check_setting(call, alteration, &alteration->changes[i], for_all))
            return;
    }
    note(alteration, "broker");
    struct settings_alteration *all = kafka_gather_add(gather, sizeof *all);
    all->ret_error = alteration->ret_error;
    all->ret_message = alteration->ret_message;
    all->op.scope = for_all ? SETTINGS_ALL_BROKERS : SETTINGS_THIS_BROKER;
    all->op.changes = alteration->changes;
    all->op.change_count = alteration->change_count;
    all->op.replace = alteration->replace;
    all->op.validate_only = alteration->validate_only;
    all->op.on_done = on_settings_changed;
    settings_change(call->door->store, &all->op);
}

// --- the log of this broker: until the next start, as in Kafka

static bool level_of(bytes_t value, enum log_level *ret_level)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = { { "TRACE", LOG_TRACE }, { "DEBUG", LOG_DEBUG }, { "INFO", LOG_INFO },
                   { "WARN", LOG_WARN },   { "ERROR", LOG_ERROR }, { "FATAL", LOG_ERROR } };
    for (size_t i = 0; i < ARRAY_COUNT(levels); i++) {
        if (bytes_is(value, levels[i].name)) {
            *ret_level = levels[i].level;
            return true;
        }
    }
    return false;
}

static void alter_logger(struct kafka_gather *gather, const struct kafka_alteration *alteration)
{
    struct kafka_call *call = gather->call;
    const char *complaint = NULL;
    bool for_all;
    enum log_level level = LOG_INFO;
    if (!kafka_config_broker_of(call, alteration->resource_name, &for_all, &complaint) || for_all ||
        alteration->replace) {
        fail(alteration, KAFKA_INVALID_REQUEST,
             complaint != NULL ? complaint : "Loggers are changed incrementally, and of one broker.");
        return;
    }
    for (size_t i = 0; i < alteration->change_count; i++) {
        const struct config_change *change = &alteration->changes[i];
        if (!bytes_is(change->name, "root")) {
            fail(alteration, KAFKA_INVALID_CONFIG,
                 arena_format(&call->arena, "Logger %.*s does not exist!", BYTES_ARG(change->name)));
            return;
        }
        if (change->kind != CONFIG_SET) {
            fail(alteration, KAFKA_INVALID_REQUEST, "The level of the root logger can be set, and nothing else.");
            return;
        }
        if (!level_of(change->value, &level)) {
            fail(alteration, KAFKA_INVALID_CONFIG,
                 arena_format(&call->arena,
                              "Cannot set the log level of root to %.*s as it is not a supported log level. Valid log "
                              "levels are ERROR, WARN, INFO, DEBUG, TRACE, FATAL",
                              BYTES_ARG(change->value)));
            return;
        }
    }
    if (alteration->validate_only || alteration->change_count == 0)
        return;
    note(alteration, "log");
    log_set_level(level);
}

void kafka_config_alter(struct kafka_gather *gather, const struct kafka_alteration *alteration)
{
    switch (alteration->resource_type) {
    case KAFKA_RESOURCE_TOPIC:
        alter_topic(gather, alteration);
        return;
    case KAFKA_RESOURCE_BROKER:
        alter_broker(gather, alteration);
        return;
    case KAFKA_RESOURCE_BROKER_LOGGER:
        alter_logger(gather, alteration);
        return;
    case KAFKA_RESOURCE_GROUP:
    case KAFKA_RESOURCE_CLIENT_METRICS:
        fail(alteration, KAFKA_INVALID_REQUEST,
             "Configurations of groups and of client metrics are not served by this broker.");
        return;
    default:
        fail(alteration, KAFKA_INVALID_REQUEST,
             arena_format(&gather->call->arena, "Unknown resource type %d.", alteration->resource_type));
    }
}
