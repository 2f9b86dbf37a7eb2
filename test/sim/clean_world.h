// SPDX-License-Identifier: Apache-2.0
// One seed of the cleaning simulation: a world, the store in it, and what must be true of it. clean_sim.c drives;
// clean_work.c asks for operations; clean_check.c compares.
#pragma once

#include "clean_model.h"
#include "io/sim/sim.h"
#include "store/log.h"
#include "store/store.h"
#include "store/table.h"
#include "store/topic.h"

enum { LOOPS = 2, TOPICS = 9, LOGS = 3, OPS_MAX = 48, PRODUCERS = 3 };

// The first LOGS topics are written to and never deleted: compacted, limited by size, cut by DeleteRecords.
enum { LOG_COMPACTED, LOG_SIZED, LOG_CUT };
enum { SIZED_RETENTION = 12000, SEGMENT_SIZE = 4096 };

struct topic_state {
    char name[16];
    bool exists;
    int32_t partition_count;
    struct topic_id id;
    // What is under way, whose end a fault may hide.
    bool busy;
    bool may_exist, may_be_absent;
    int32_t may_have_count; // 0: no other count
};

// A producer of transactions on the compacted log; its id is its place.
struct sim_producer {
    bool busy; // a transaction is under way
    bool open; // there may be one without an end: the next thing is to abort it, as a coordinator does
    int16_t epoch;
};

struct clean_world {
    struct sim *sim;
    uint64_t seed;
    bool verbose;
    int generation;
    int cuts; // generations that a fault ended
    struct loop *loops[LOOPS];
    struct store *store;
    struct table *table;
    bool store_failed;
    bool stopped;
    size_t ops;     // asked for and not answered
    uint64_t acked; // of all generations
    int64_t next_serial;
    struct act *acts; // of all generations, freed with the world
    struct model_key rows[MODEL_KEYS];
    int64_t row_versions[MODEL_KEYS];
    struct model_key keys[MODEL_KEYS]; // of the compacted log
    struct model_log logs[LOGS];
    uint64_t sized_bytes; // acknowledged to the log that is limited by size
    struct topic_state topics[TOPICS];
    struct sim_producer producers[PRODUCERS];
};

_Noreturn void clean_fail(const struct clean_world *world, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

// clean_work.c: asks for one operation of a kind that the world's random numbers choose.
void clean_work_step(struct clean_world *world);
// The topics that the logs need, if they are not there.
void clean_work_topics(struct clean_world *world);
void clean_work_free(struct clean_world *world);

// Lets time pass until DONE; false after a crash or when the store failed. Fails the run when it takes a minute.
bool clean_wait(struct clean_world *world, bool (*done)(void *owner), void *owner);

// clean_check.c: after a start, and before a stop. False when the run was cut short by a fault.
bool clean_check_all(struct clean_world *world, bool is_start);
// No file of the log that DeleteRecords cut lies below its log start; true when it is not there at all.
bool clean_cut_is_freed(void *world);
// The folders on the disk are those of the catalog; between generations.
void clean_check_folders(struct clean_world *world);
