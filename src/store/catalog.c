// SPDX-License-Identifier: Apache-2.0
// The catalog as a part of the store: opened after recovery, stopped before the last flush. It stops its own changes
// first, then all tables.
#include "store/catalog_impl.h"

#include "base/mem.h"

#include <stdlib.h>

struct catalog *catalog_of(const struct store *store)
{
    return store_part_state(store);
}

struct list_node *catalog_tables(struct store *store)
{
    return &catalog_of(store)->tables;
}

struct catalog_copy *catalog_copy_here(struct catalog *catalog)
{
    const struct loop *current = loop_current();
    for (size_t i = 1; i < catalog->loop_count; i++) {
        if (store_loop(catalog->store, i) == current)
            return &catalog->copies[i];
    }
    return &catalog->copies[0]; // the first loop, or none while opening: then all are the same
}

static void on_begin(struct message *message)
{
    catalog_changes_begin(CONTAINER_OF(message, struct catalog, begin));
}

static err_t catalog_open(struct store *store, diag_t *diag)
{
    struct catalog *catalog = mem_zalloc(1, sizeof *catalog);
    catalog->store = store;
    catalog->loop = partition_loop_of(store, BYTES_LITERAL(TOPIC_CATALOG), 0);
    catalog->loop_count = store_loop_count(store);
    catalog->copies = mem_zalloc(catalog->loop_count, sizeof *catalog->copies);
    for (size_t i = 0; i < catalog->loop_count; i++)
        catalog_copy_init(&catalog->copies[i]);
    list_init(&catalog->tables);
    list_init(&catalog->lives);
    catalog_changes_init(catalog);
    store_part_set(store, catalog);
    err_t err = catalog_load(catalog, diag);
    if (err == ERR_OK)
        catalog->cleaner = cleaner_new(store);
    if (err == ERR_OK && !list_empty(&catalog->unfinished)) {
        catalog->begin.on_message = on_begin;
        loop_post(catalog->loop, &catalog->begin);
    }
    return err;
}

// --- stopping

static void on_table_stopped(struct table *table, void *owner)
{
    struct catalog *catalog = owner;
    (void)table;
    if (--catalog->tables_left == 0)
        store_part_stopped(catalog->store);
}

static void on_changes_stopped(struct message *message)
{
    struct catalog *catalog = CONTAINER_OF(message, struct catalog, stop);
    LIST_EACH(&catalog->tables, node)
    catalog->tables_left++;
    LIST_EACH(&catalog->tables, node)
    table_stop(LIST_ITEM(node, struct table, node), on_table_stopped, catalog);
}

void catalog_stop_try(struct catalog *catalog)
{
    if (!catalog->stopping || catalog->changes.count > 0 || !producer_ids_idle(catalog) || !settings_idle(catalog) ||
        catalog->stop.on_message == on_changes_stopped)
        return;
    catalog->stop.on_message = on_changes_stopped;
    loop_post(store_loop(catalog->store, 0), &catalog->stop);
}

static void on_stop(struct message *message)
{
    struct catalog *catalog = CONTAINER_OF(message, struct catalog, stop);
    catalog->stopping = true;
    catalog_stop_try(catalog);
}

// On the first loop.
static void on_cleaner_stopped(void *owner)
{
    struct catalog *catalog = owner;
    catalog->stop.on_message = on_stop;
    loop_post(catalog->loop, &catalog->stop);
}

static void catalog_stop(struct store *store)
{
    struct catalog *catalog = catalog_of(store);
    cleaner_stop(catalog->cleaner, on_cleaner_stopped, catalog);
}

static void catalog_free(struct store *store)
{
    struct catalog *catalog = catalog_of(store);
    if (catalog == NULL)
        return;
    cleaner_free(catalog->cleaner);
    catalog_changes_free(catalog);
    settings_free(&catalog->settings);
    LIST_EACH(&catalog->tables, node)
    table_free(LIST_ITEM(node, struct table, node));
    for (size_t i = 0; i < catalog->loop_count; i++)
        catalog_copy_free(&catalog->copies[i]);
    topic_lives_free(&catalog->lives);
    free(catalog->copies);
    free(catalog);
    store_part_set(store, NULL);
}

const struct store_part catalog_part = { .open = catalog_open, .stop = catalog_stop, .free = catalog_free };
