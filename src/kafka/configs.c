// SPDX-License-Identifier: Apache-2.0
#include "kafka/configs.h"

#include "base/assert.h"
#include "base/option.h"
#include "kafka/door.h"
#include "store/settings.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>

enum { CONFIG_VALUE_SIZE = 64 };

// --- what the program was started with

static bytes_t listener_text(struct kafka_call *call, const char *address)
{
    return bytes_of_text(arena_format(&call->arena, "PLAINTEXT://%s", address));
}

static bytes_t advertised_text(struct kafka_call *call)
{
    const struct address *advertised = &call->door->advertised;
    bool is_v6 = strchr(advertised->host, ':') != NULL;
    return listener_text(
        call, arena_format(&call->arena, is_v6 ? "[%s]:%d" : "%s:%d", advertised->host, (int)advertised->port));
}

static bytes_t field_text(struct kafka_call *call, const struct option_row *row, const void *field)
{
    switch (row->type) {
    case OPTION_BOOL:
        return bytes_of_text(*(const bool *)field ? "true" : "false");
    case OPTION_INT:
    case OPTION_SIZE:
    case OPTION_DURATION:
        return bytes_of_text(arena_format(&call->arena, "%" PRId64, *(const int64_t *)field));
    case OPTION_ENUM:
        return bytes_of_text(row->choices[*(const int *)field]);
    case OPTION_TEXT:
    case OPTION_ADDRESS:
    case OPTION_PATH:
    case OPTION_TYPE_COUNT:
        break;
    }
    const char *text = *(const char *const *)field;
    return text == NULL ? BYTES_NULL : bytes_of_text(text);
}

// The value that the row's option has; false when it has none.
static bool option_value(struct kafka_call *call, const struct kafka_broker_config *row, bytes_t *ret_value,
                         bool *ret_is_set)
{
    const struct option_set *set = call->door->options->settings;
    const struct option_row *option =
        set == NULL || row->option == NULL ? NULL : option_find(set->table, bytes_of_text(row->option));
    *ret_is_set = false;
    if (option == NULL)
        return false;
    *ret_is_set = set->sources[option - set->table.rows] != OPTION_FROM_DEFAULT;
    *ret_value = field_text(call, option, (const char *)set->config + option->at);
    if (option->type == OPTION_ADDRESS)
        *ret_value = listener_text(call, arena_text(&call->arena, *ret_value));
    if (strcmp(row->option, "kafka.advertise") == 0)
        *ret_value = advertised_text(call);
    return ret_value->data != NULL;
}

// --- entries

static void add_synonym(struct kafka_config_entry *entry, const char *name, bytes_t value,
                        enum kafka_config_source source)
{
    ASSERT(entry->synonym_count < KAFKA_CONFIG_SYNONYMS_MAX);
    entry->synonyms[entry->synonym_count++] =
        (struct kafka_config_synonym){ bytes_of_text(name), entry->is_sensitive ? BYTES_NULL : value, source };
}

static void add_settings(struct kafka_call *call, struct kafka_config_entry *entry, const char *const *names,
                         size_t count, enum settings_scope scope, enum kafka_config_source source)
{
    const struct config_list *list = settings_of(call->door->store, scope);
    for (size_t i = 0; i < count; i++) {
        const bytes_t *value = config_list_find(list, bytes_of_text(names[i]));
        if (value != NULL)
            add_synonym(entry, names[i], arena_copy(&call->arena, *value), source);
    }
}

static void add_static(struct kafka_call *call, struct kafka_config_entry *entry, const char *const *names,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bytes_t value = BYTES_NULL;
        bool is_set;
        if (option_value(call, kafka_broker_config_find(bytes_of_text(names[i])), &value, &is_set) && is_set)
            add_synonym(entry, names[i], value, KAFKA_SOURCE_STATIC);
    }
}

// As in Kafka, a default counts under its own name only, and what may change while the broker runs and has no default
// there shows none: log.retention.ms is empty while nobody sets it.
static void add_default(struct kafka_call *call, struct kafka_config_entry *entry,
                        const struct kafka_broker_config *row)
{
    bytes_t value = BYTES_NULL;
    bool is_set;
    if (row->default_value == NULL && row->mode == KAFKA_CONFIG_DYNAMIC)
        return;
    if (!option_value(call, row, &value, &is_set) && row->default_value != NULL)
        value = bytes_of_text(row->default_value);
    if (value.data != NULL && !is_set)
        add_synonym(entry, row->name, value, KAFKA_SOURCE_DEFAULT);
}

// Everything that says what ROW has, the strongest first. Kafka: DynamicBrokerConfig and ConfigHelper.configSynonyms.
static void add_broker_synonyms(struct kafka_call *call, const struct kafka_broker_config *row, bool for_all,
                                struct kafka_config_entry *entry)
{
    const char *names[KAFKA_SYNONYMS_MAX];
    size_t count = kafka_broker_config_synonyms(row, names);
    if (!for_all)
        add_settings(call, entry, names, count, SETTINGS_THIS_BROKER, KAFKA_SOURCE_THIS_BROKER);
    add_settings(call, entry, names, count, SETTINGS_ALL_BROKERS, KAFKA_SOURCE_ALL_BROKERS);
    if (for_all)
        return;
    add_static(call, entry, names, count);
    add_default(call, entry, row);
}

void kafka_config_of_broker(struct kafka_call *call, const struct kafka_broker_config *row, bool for_all,
                            struct kafka_config_entry *ret_entry)
{
    const struct topic_config_row *topic = kafka_broker_config_topic(bytes_of_text(row->name));
    struct kafka_config_entry entry = {
        .name = bytes_of_text(row->name),
        .source = KAFKA_SOURCE_DEFAULT,
        .type = row->type,
        .is_read_only = row->mode == KAFKA_CONFIG_FIXED,
        .is_sensitive = row->type == KAFKA_CONFIG_PASSWORD,
        .documentation = row->documentation,
    };
    if (row->documentation == NULL && topic != NULL)
        entry.documentation = arena_format(&call->arena, "The default of the topic configuration %s. %s", topic->name,
                                           topic->documentation);
    else if (row->option != NULL)
        entry.documentation = arena_format(&call->arena, "%s Option: %s.", row->documentation, row->option);
    add_broker_synonyms(call, row, for_all, &entry);
    if (entry.synonym_count > 0) {
        entry.source = entry.synonyms[0].source;
        if (bytes_equal(entry.synonyms[0].name, entry.name)) // a synonym may have another unit
            entry.value = entry.synonyms[0].value;
    }
    *ret_entry = entry;
}

static enum kafka_config_type type_of(const struct topic_config_row *row)
{
    static const enum kafka_config_type types[] = {
        [TOPIC_CONFIG_LONG] = KAFKA_CONFIG_LONG,     [TOPIC_CONFIG_INT] = KAFKA_CONFIG_INT,
        [TOPIC_CONFIG_DOUBLE] = KAFKA_CONFIG_DOUBLE, [TOPIC_CONFIG_BOOL] = KAFKA_CONFIG_BOOL,
        [TOPIC_CONFIG_LIST] = KAFKA_CONFIG_LIST,     [TOPIC_CONFIG_STRING] = KAFKA_CONFIG_STRING,
    };
    return types[row->type];
}

void kafka_config_of_topic(struct kafka_call *call, const struct topic_config_row *row, const struct config_list *set,
                           const struct topic_config *config, struct kafka_config_entry *ret_entry)
{
    const struct kafka_broker_config *broker =
        row->broker_name == NULL ? NULL : kafka_broker_config_find(bytes_of_text(row->broker_name));
    const bytes_t *own = config_list_find(set, bytes_of_text(row->name));
    struct kafka_config_entry entry = {
        .name = bytes_of_text(row->name),
        .source = KAFKA_SOURCE_DEFAULT,
        .type = type_of(row),
        .documentation = row->documentation,
    };
    if (own != NULL)
        add_synonym(&entry, row->name, arena_copy(&call->arena, *own), KAFKA_SOURCE_TOPIC);
    if (broker != NULL)
        add_broker_synonyms(call, broker, false, &entry);
    if (entry.synonym_count > 0)
        entry.source = entry.synonyms[0].source;
    if (own != NULL) {
        entry.value = entry.synonyms[0].value; // as it was written
    } else if (topic_config_has_effect(row) || entry.synonym_count == 0 || entry.source == KAFKA_SOURCE_DEFAULT) {
        char *text = arena_alloc(&call->arena, CONFIG_VALUE_SIZE);
        topic_config_get(config, row, text, CONFIG_VALUE_SIZE);
        entry.value = bytes_of_text(text);
    } else {
        entry.value = entry.synonyms[0].value;
    }
    *ret_entry = entry;
}

void kafka_config_of_logger(struct kafka_call *call, struct kafka_config_entry *ret_entry)
{
    static const char *const levels[LOG_LEVEL_COUNT] = { "TRACE", "DEBUG", "INFO", "WARN", "ERROR" };
    enum log_level level = LOG_TRACE;
    (void)call;
    while (level < LOG_ERROR && !log_enabled(level))
        level++;
    *ret_entry = (struct kafka_config_entry){ .name = BYTES_LITERAL("root"),
                                              .value = bytes_of_text(levels[level]),
                                              .source = KAFKA_SOURCE_LOGGER,
                                              .type = KAFKA_CONFIG_STRING,
                                              .documentation = "The level below which log lines are dropped. "
                                                               "Option: log.level." };
    add_synonym(ret_entry, "root", ret_entry->value, KAFKA_SOURCE_LOGGER);
}

bool kafka_config_broker_of(struct kafka_call *call, bytes_t name, bool *ret_all, const char **ret_complaint)
{
    int64_t id;
    *ret_all = name.size == 0;
    if (*ret_all)
        return true;
    if (!bytes_to_int64(name, &id)) {
        *ret_complaint = arena_format(&call->arena, "Broker id must be an integer, but it is: %.*s", BYTES_ARG(name));
        return false;
    }
    if (id == call->door->options->node_id)
        return true;
    *ret_complaint = arena_format(&call->arena, "Unexpected broker id, expected %d or empty string, but received %.*s",
                                  (int)call->door->options->node_id, BYTES_ARG(name));
    return false;
}
