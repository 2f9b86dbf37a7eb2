// SPDX-License-Identifier: Apache-2.0
// What is true of a consumer group, whatever its members do: in one generation a partition belongs to one member, no
// commit is accepted from a member or a generation that is over, and an acknowledged commit is kept.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MODEL_PARTITIONS = 48, MODEL_GENERATIONS = 4096 };

struct model_generation {
    bool is_seen, is_durable;          // a join was answered with it; a sync was
    uint64_t owners[MODEL_PARTITIONS]; // who was told that it has the partition; 0: nobody
    uint64_t *members;                 // as the leader heard them
    size_t member_count;
};

struct group_model {
    uint64_t seed;
    struct model_generation generations[MODEL_GENERATIONS];
    int32_t newest;                  // the newest generation that anybody heard of
    int64_t asked;                   // the newest offset that anybody asked to commit; they are all different
    int64_t acked[MODEL_PARTITIONS]; // the newest one that was acknowledged; -1: none
    uint64_t joins, syncs, commits, refused_commits, stale_refusals;
};

struct group_model *group_model_new(uint64_t seed);
void group_model_free(struct group_model *model);
// The leader's answer names the members of the generation; everybody else's only the generation.
void group_model_joined(struct group_model *model, int32_t generation, const uint64_t *members, size_t count);
// WHO is told that it has the partitions of MASK.
void group_model_synced(struct group_model *model, int32_t generation, uint64_t who, uint64_t mask);
int64_t group_model_ask(struct group_model *model);
// A commit was acknowledged that was asked for when NEWEST was the newest generation.
void group_model_committed(struct group_model *model, int32_t generation, uint64_t who, unsigned partition,
                           int64_t offset, int32_t newest);
// After a crash: what no member was assigned in may never have happened.
void group_model_crashed(struct group_model *model);
// What the coordinator has for a partition after a restart, -1 for nothing.
void group_model_found(const struct group_model *model, unsigned partition, int64_t offset);

// Says what is wrong and for which seed, and ends the program.
_Noreturn void group_sim_failed(uint64_t seed, const char *format, ...) __attribute__((format(printf, 2, 3)));
