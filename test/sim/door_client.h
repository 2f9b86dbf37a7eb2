// SPDX-License-Identifier: Apache-2.0
// A Kafka client that does what a seed says: requests of all kinds, cut anywhere, in all versions; it stops reading,
// breaks off in the middle of a frame, comes back, or sends what is no request. It checks each answer: in the order of
// the requests, none lost or doubled while the connection lives, the right bytes at the right offset.
#pragma once

#include "base/writer.h"
#include "io/loop.h"
#include "io/net.h"
#include "io/sim/sim.h"
#include "kafka/api.h"
#include "kafka/framer.h"

#include <stdbool.h>

enum {
    SIM_PARTITIONS = 4,
    SIM_OFFSETS = 1024, // of one partition; every batch has one record
    SIM_IDS = 4096,     // batches that were ever sent
    SIM_PIPELINE = 64,
    SIM_LARGE_VALUE = 150000, // larger than what the door receives whatever else goes on
};

#define SIM_TOPIC "numbers"

// What all clients together know about the log.
struct truth {
    struct kafka_uuid topic_id;
    struct {
        int32_t partition;
        int64_t offset; // -1: not seen
        bool acked;
    } ids[SIM_IDS];
    uint32_t next_id;
    uint32_t at[SIM_PARTITIONS][SIM_OFFSETS]; // id + 1; 0: not seen
    int64_t end[SIM_PARTITIONS];              // at least so many
    bool disk_may_fail;                       // answers may say so
    uint64_t answers, checked_records, garbage;
};

enum client_kind {
    CLIENT_FILLER,  // makes the topic and some large batches
    CLIENT_MIXED,   // everything
    CLIENT_HOG,     // asks for much and does not read it for long
    CLIENT_GARBAGE, // ends with what is no request; the server has to hang up
    CLIENT_READER,  // reads all there is
};

struct expected {
    const struct kafka_api *api;
    int32_t correlation_id;
    int version;
    int32_t partition;
    uint32_t id; // Produce
    int64_t fetch_offset;
};

struct door_client {
    struct sim *sim;
    struct truth *truth;
    struct loop *loop;
    struct address address;
    enum client_kind kind;
    uint64_t seed; // for the failure's sentence

    struct conn *conn;
    bool is_open, is_done, is_leaving, is_garbage_sent, is_created;
    bool is_server_leaving; // set by the test: it may hang up
    bool was_cut;           // by us or by a fault: answers may be missing
    struct kafka_framer framer;
    struct writer out;
    size_t out_sent;
    struct expected expected[SIM_PIPELINE];
    size_t first, count;
    int32_t next_correlation_id;
    unsigned requests_left;
    int64_t next_offset[SIM_PARTITIONS]; // CLIENT_READER
    int64_t watermark[SIM_PARTITIONS];   // -1: not known
    int64_t silent_until_ms;
    struct timer step;
};

// Starts on LOOP. Frees nothing by itself: see door_client_deinit.
void door_client_init(struct door_client *client, struct sim *sim, struct truth *truth, enum client_kind kind,
                      struct loop *loop, const struct address *address, uint64_t seed);
// After is_done, or when its conn is gone.
void door_client_deinit(struct door_client *client);

// After a crash of the program: the connection died without a word.
void door_client_lost(struct door_client *client);

// Says what is wrong and for which seed, and ends the program.
_Noreturn void sim_failed(uint64_t seed, const char *format, ...) __attribute__((format(printf, 2, 3)));
