// SPDX-License-Identifier: Apache-2.0
// Loading the catalog: the table, then the partitions of every topic in it, then folders that came from elsewhere (a
// Kafka broker's, say), which are taken in with their topic id.
#include "store/catalog_impl.h"

#include "base/log.h"

#include <stdlib.h>

struct loading {
    struct catalog *catalog;
    struct arena arena;
    struct partition_folder *folders; // by topic and number
    size_t folder_count;
    diag_t *diag;
};

static int folder_order(const void *a, const void *b)
{
    const struct partition_folder *x = a, *y = b;
    int order = bytes_compare(x->topic, y->topic);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

static const struct partition_folder *folder_find(const struct loading *loading, bytes_t topic, int32_t number)
{
    struct partition_folder key = { .topic = topic, .number = number };
    if (loading->folder_count == 0)
        return NULL;
    return bsearch(&key, loading->folders, loading->folder_count, sizeof key, folder_order);
}

// The folders of one topic, by number.
static const struct partition_folder *folders_of(const struct loading *loading, bytes_t topic, size_t *ret_count)
{
    size_t low = 0, high = loading->folder_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bytes_compare(loading->folders[middle].topic, topic) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < loading->folder_count && bytes_equal(loading->folders[end].topic, topic))
        end++;
    *ret_count = end - low;
    return loading->folders + low;
}

// FOUND is false when the folder has none that can be used, or is not there.
static err_t folder_id(const struct loading *loading, const struct partition_folder *folder, bool *ret_found,
                       struct topic_id *ret_id)
{
    err_t err = folder == NULL ? ERR_NOT_FOUND : partition_folder_id(loading->catalog->store, folder, ret_id);
    *ret_found = err == ERR_OK;
    if (err == ERR_OK || err == ERR_NOT_FOUND || err == ERR_MALFORMED)
        return ERR_OK;
    return diag_fail(loading->diag, err, "partition.metadata", "of topic '%.*s', partition %d cannot be read: %s",
                     BYTES_ARG(folder->topic), (int)folder->number, err_text(err));
}

static bool id_equal(const struct topic_id *a, const struct topic_id *b)
{
    return memcmp(a->bytes, b->bytes, TOPIC_ID_SIZE) == 0;
}

// Opens the partitions, which makes absent folders, and puts the topic into every copy.
static err_t topic_open(struct loading *loading, const struct topic_def *def, const struct topic_config *config)
{
    struct catalog *catalog = loading->catalog;
    const struct topic *other = topic_find_id(catalog->store, &def->id);
    if (other != NULL)
        return diag_fail(loading->diag, ERR_CONFLICT, store_options(catalog->store)->folder,
                         "the topics %.*s and %.*s have the same topic id in partition.metadata",
                         BYTES_ARG(other->name), BYTES_ARG(def->name));
    struct topic_life *life = topic_life_new(catalog->loop, &catalog->lives);
    err_t err = ERR_OK;
    for (int32_t i = 0; err == ERR_OK && i < def->partition_count; i++) {
        struct partition_spec spec = {
            .topic = def->name, .number = i, .id = def->id, .internal = def->internal, .config = config
        };
        struct partition *partition;
        err = partition_open(catalog->store, &spec, &partition, loading->diag);
        if (err == ERR_OK)
            topic_life_add(life, partition);
    }
    if (err == ERR_OK) {
        const struct topic *topic = topic_new(def, config, life);
        for (size_t i = 0; i < catalog->loop_count; i++)
            (void)catalog_copy_set(&catalog->copies[i], def->name, topic);
        topic_unref(topic);
    }
    topic_life_unref(life);
    return err;
}

// What table_open asks for when it makes the topic of a table.
static void def_set_table(struct topic_def *def)
{
    static const bytes_t names[] = { { (const uint8_t *)"cleanup.policy", 14 },
                                     { (const uint8_t *)"max.message.bytes", 17 } };
    static const bytes_t values[] = { { (const uint8_t *)"compact", 7 }, { (const uint8_t *)"16777216", 8 } };
    def->internal = true;
    def->set_names = names;
    def->set_values = values;
    def->set_count = ARRAY_COUNT(names);
}

static err_t catalog_topic_open(struct loading *loading)
{
    struct catalog *catalog = loading->catalog;
    struct topic_def def = { .name = BYTES_LITERAL(TOPIC_CATALOG), .partition_count = 1 };
    def_set_table(&def);
    struct topic_config config;
    bool found;
    err_t err = folder_id(loading, folder_find(loading, def.name, 0), &found, &def.id);
    if (err != ERR_OK)
        return err;
    if (!found)
        topic_id_random(&def.id);
    err = topic_def_config(&def, &store_options(catalog->store)->topic_defaults, &config, NULL);
    if (err == ERR_OK)
        err = topic_open(loading, &def, &config);
    if (err != ERR_OK)
        return err;
    catalog->topics = table_new(catalog->store, TOPIC_CATALOG);
    return table_load(catalog->topics, topic_find(catalog->store, def.name)->partitions[0], loading->diag);
}

// The deletion began before the start: the folders that are still there go with the first turn, those of partitions
// that could not be made among them.
static err_t deleted_open(struct loading *loading, const struct topic_def *def, const struct topic_config *config)
{
    struct topic_life *life = topic_life_new(loading->catalog->loop, &loading->catalog->lives);
    err_t err = ERR_OK;
    size_t count;
    const struct partition_folder *folders = folders_of(loading, def->name, &count);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct partition_spec spec = {
            .topic = def->name, .number = folders[i].number, .id = def->id, .internal = def->internal, .config = config
        };
        struct topic_id id;
        struct partition *partition;
        bool found;
        err = folder_id(loading, &folders[i], &found, &id);
        if (err != ERR_OK || !found || !id_equal(&id, &def->id))
            continue;
        err = partition_open(loading->catalog->store, &spec, &partition, loading->diag);
        if (err == ERR_OK)
            topic_life_add(life, partition);
    }
    if (err == ERR_OK)
        catalog_unfinished_delete(loading->catalog, def, life);
    topic_life_unref(life);
    return err;
}

static err_t row_open(struct loading *loading, const struct table_row *row)
{
    struct catalog *catalog = loading->catalog;
    struct arena arena = ARENA_INIT;
    struct topic_def def;
    struct topic_config config;
    err_t err = topic_def_decode(row->key, row->value, &arena, &def, loading->diag);
    if (err == ERR_OK)
        err = topic_def_config(&def, &catalog->defaults, &config, NULL);
    if (err == ERR_OK)
        err = def.deleting ? deleted_open(loading, &def, &config) : topic_open(loading, &def, &config);
    arena_free(&arena);
    return err;
}

static err_t rows_open(struct loading *loading)
{
    struct table_row row = { .key = BYTES_NULL };
    err_t err = ERR_OK;
    while (err == ERR_OK && table_seek(loading->catalog->topics, row.key, true, &row)) {
        if (row.key.data[0] != CATALOG_OWN_KEY)
            err = row_open(loading, &row);
    }
    return err;
}

// --- adoption

static void folder_ignored(const struct partition_folder *folder, const char *why)
{
    log_line(
        LOG_WARN, "partition folder ignored",
        LOG_FIELDS(log_bytes("topic", folder->topic), log_int("partition", folder->number), log_text("reason", why)));
}

// Folders FIRST.. of one topic that the catalog does not know.
static err_t adopt(struct loading *loading, const struct partition_folder *first, size_t count)
{
    struct catalog *catalog = loading->catalog;
    struct topic_def def = { .name = first->topic };
    for (size_t i = 0; i < count; i++) {
        struct topic_id id;
        const char *why = NULL;
        bool found;
        err_t err = folder_id(loading, &first[i], &found, &id);
        if (err != ERR_OK)
            return err;
        if (!found)
            why = "it has no partition.metadata";
        else if (i > 0 && !id_equal(&id, &def.id))
            why = "its topic id is not that of its siblings";
        else if (first[i].number >= PARTITIONS_MAX)
            why = "its number is too large";
        else if (topic_find_id(catalog->store, &id) != NULL)
            why = "another topic has its topic id";
        if (why != NULL) {
            folder_ignored(&first[i], why);
            return ERR_OK; // all of them: half a topic is worse than none
        }
        def.id = id;
        def.partition_count = first[i].number + 1;
    }
    bool internal = def.name.size > 2 && memcmp(def.name.data, "__", 2) == 0;
    if (internal && def.partition_count != 1) {
        folder_ignored(first, "it is internal to the server that wrote it"); // our own have one partition
        return ERR_OK;
    }
    if (internal)
        def_set_table(&def);
    struct topic_config config;
    err_t err = topic_def_config(&def, &catalog->defaults, &config, NULL);
    if (err == ERR_OK)
        err = topic_open(loading, &def, &config);
    if (err != ERR_OK)
        return err;
    log_line(LOG_INFO, "topic adopted",
             LOG_FIELDS(log_bytes("topic", def.name), log_int("partitions", def.partition_count)));
    catalog_unfinished_write(catalog, &def);
    return ERR_OK;
}

// Folders beyond the partitions of a topic: of another one, or of its own, from a growth that failed.
static err_t folders_ignore(struct loading *loading, const struct topic *topic, const struct partition_folder *first,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (first[i].number < topic->partition_count)
            continue;
        struct topic_id id;
        bool found;
        err_t err = folder_id(loading, &first[i], &found, &id);
        if (err != ERR_OK)
            return err;
        if (found && id_equal(&id, &topic->id))
            topic_life_of(topic)->leftover = true;
        folder_ignored(&first[i], "the topic has fewer partitions");
    }
    return ERR_OK;
}

static err_t folders_adopt(struct loading *loading)
{
    struct catalog *catalog = loading->catalog;
    err_t err = ERR_OK;
    for (size_t i = 0, count; err == ERR_OK && i < loading->folder_count; i += count) {
        const struct partition_folder *first = folders_of(loading, loading->folders[i].topic, &count);
        struct table_row row;
        const struct topic *topic = topic_find(catalog->store, first->topic);
        if (topic != NULL)
            err = folders_ignore(loading, topic, first, count);
        else if (table_get(catalog->topics, first->topic, &row) != ERR_OK)
            err = adopt(loading, first, count);
    }
    return err;
}

err_t catalog_load(struct catalog *catalog, diag_t *diag)
{
    struct loading loading = { .catalog = catalog, .arena = ARENA_INIT, .diag = diag };
    err_t err = partition_folders(catalog->store, &loading.arena, &loading.folders, &loading.folder_count);
    if (err != ERR_OK)
        (void)diag_fail(diag, err, store_options(catalog->store)->folder, "cannot be listed: %s", err_text(err));
    if (err == ERR_OK && loading.folder_count > 1)
        qsort(loading.folders, loading.folder_count, sizeof loading.folders[0], folder_order);
    if (err == ERR_OK)
        err = catalog_topic_open(&loading);
    if (err == ERR_OK)
        err = producer_ids_load(catalog, diag);
    if (err == ERR_OK)
        err = settings_load(catalog, diag);
    if (err == ERR_OK)
        err = rows_open(&loading);
    if (err == ERR_OK)
        err = folders_adopt(&loading);
    arena_free(&loading.arena);
    return err;
}
