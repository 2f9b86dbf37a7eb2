// SPDX-License-Identifier: Apache-2.0
// What the files of the catalog share. The catalog itself lives on the loop of the table __eddy_topics; each loop has a
// copy for look-ups, which only messages change.
#pragma once

#include "base/map.h"
#include "store/cleaner.h"
#include "store/core.h"
#include "store/settings.h"
#include "store/table_impl.h"
#include "store/topic_impl.h"

// Keys that begin so are not topics: none can have such a name.
#define CATALOG_OWN_KEY '/'

enum {
    PARTITIONS_MAX = 100000, // of one topic, and so that a folder's name fits
};

struct catalog_entry {
    struct map_node by_name, by_id;
    const struct topic *topic;
};

// What is set for the server (settings.h), for each scope.
struct settings_copy {
    struct config_list lists[SETTINGS_SCOPES];
    struct arena arenas[SETTINGS_SCOPES];
};

// The changes of it: the first is under way, the others wait. On the catalog's loop.
struct settings {
    struct message *first, *last; // struct settings_op
    struct arena arena;
    struct topic_config defaults; // what shall be
    struct slice value;
    struct table_op put;
    struct publish *publishes;
    struct touch *touches;
    size_t publish_count, touch_count;
    size_t left;
};

// A loop's copy.
struct catalog_copy {
    struct settings_copy settings;
    struct map by_name, by_id;
    struct catalog_entry **sorted; // by name
    size_t count, capacity;
};

struct catalog {
    struct store *store;
    struct loop *loop;
    struct table *topics;
    struct cleaner *cleaner; // NULL until every partition is open
    struct list_node tables;
    struct list_node lives;      // struct topic_life
    struct catalog_copy *copies; // one per loop
    size_t loop_count;

    // On the catalog's loop.
    struct topic_config defaults; // of topics: the options of the start and the settings
    struct settings settings;
    struct map changes;          // struct change, by folded name: those under way
    struct list_node unfinished; // struct change: to be carried on with the first turn
    struct message begin;
    int64_t next_producer_id, end_producer_id;
    struct message *producer_first, *producer_last; // producer_id_op: wait for a block
    struct table_op producer_put;
    uint8_t producer_value[9];

    bool stopping;
    struct message stop;
    size_t tables_left; // to stop; on the first loop
};

// catalog.c
struct catalog *catalog_of(const struct store *store);
struct catalog_copy *catalog_copy_here(struct catalog *catalog);
// Goes on with the stop when no change is under way any more.
void catalog_stop_try(struct catalog *catalog);

// catalog_copy.c
void catalog_copy_init(struct catalog_copy *copy);
void catalog_copy_free(struct catalog_copy *copy);
const struct topic *catalog_copy_find(const struct catalog_copy *copy, bytes_t name);
// Replaces what has NAME by TOPIC (NULL: removes it); takes a reference of TOPIC and gives back the one of the old one.
const struct topic *catalog_copy_set(struct catalog_copy *copy, bytes_t name, const struct topic *topic);
// The topic behind NAME in the order of names; a null NAME is before all.
const struct topic *catalog_copy_after(const struct catalog_copy *copy, bytes_t name);

// catalog_open.c
err_t catalog_load(struct catalog *catalog, diag_t *diag) MUST_CHECK;

// catalog_change.c
void catalog_changes_init(struct catalog *catalog);
void catalog_changes_free(struct catalog *catalog);
// While opening: what a crash interrupted, or a folder that came from elsewhere, to be written with the first turn. The
// configuration that DEF sets is static.
void catalog_unfinished_write(struct catalog *catalog, const struct topic_def *def);
void catalog_unfinished_delete(struct catalog *catalog, const struct topic_def *def, struct topic_life *life);
void catalog_changes_begin(struct catalog *catalog);
void topic_id_random(struct topic_id *ret_id);

// catalog_leftover.c
struct leftover {
    struct disk_job job; // private
    struct store *store;
    bytes_t name; // until on_done
    struct topic_id id;
    err_t err; // out: what failed, and may not fail the next time
    void (*on_done)(struct leftover *leftover);
};
// On LOOP, ON_DONE there: moves the folders of this topic away, durably; their files go with the next start.
void leftover_remove(struct leftover *leftover, struct loop *loop);

// settings.c
err_t settings_load(struct catalog *catalog, diag_t *diag) MUST_CHECK;
bool settings_idle(const struct catalog *catalog);
void settings_free(struct settings *settings);
void settings_copy_free(struct settings_copy *copy);

// producer_id.c
err_t producer_ids_load(struct catalog *catalog, diag_t *diag) MUST_CHECK;
bool producer_ids_idle(const struct catalog *catalog);
