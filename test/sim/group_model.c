// SPDX-License-Identifier: Apache-2.0
#include "group_model.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void group_sim_failed(uint64_t seed, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "seed %llu: ", (unsigned long long)seed);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    exit(1);
}

struct group_model *group_model_new(uint64_t seed)
{
    struct group_model *model = mem_zalloc(1, sizeof *model);
    model->seed = seed;
    for (size_t i = 0; i < MODEL_PARTITIONS; i++)
        model->acked[i] = -1;
    return model;
}

void group_model_free(struct group_model *model)
{
    for (size_t i = 0; i < MODEL_GENERATIONS; i++)
        free(model->generations[i].members);
    free(model);
}

static struct model_generation *generation_of(struct group_model *model, int32_t generation)
{
    if (generation <= 0 || generation >= MODEL_GENERATIONS)
        group_sim_failed(model->seed, "a member is told of generation %d", (int)generation);
    return &model->generations[generation];
}

void group_model_joined(struct group_model *model, int32_t generation, const uint64_t *members, size_t count)
{
    struct model_generation *now = generation_of(model, generation);
    now->is_seen = true;
    model->joins++;
    if (generation > model->newest)
        model->newest = generation;
    if (count == 0)
        return;
    free(now->members);
    now->members = mem_alloc(count * sizeof *members);
    memcpy(now->members, members, count * sizeof *members);
    now->member_count = count;
}

void group_model_synced(struct group_model *model, int32_t generation, uint64_t who, uint64_t mask)
{
    struct model_generation *now = generation_of(model, generation);
    now->is_durable = true;
    model->syncs++;
    for (unsigned i = 0; i < MODEL_PARTITIONS; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        if (now->owners[i] != 0 && now->owners[i] != who)
            group_sim_failed(model->seed, "partition %u has two owners in generation %d", i, (int)generation);
        now->owners[i] = who;
    }
}

int64_t group_model_ask(struct group_model *model)
{
    return ++model->asked;
}

static bool is_member(const struct model_generation *now, uint64_t who)
{
    for (size_t i = 0; i < now->member_count; i++)
        if (now->members[i] == who)
            return true;
    return false;
}

void group_model_committed(struct group_model *model, int32_t generation, uint64_t who, unsigned partition,
                           int64_t offset, int32_t newest)
{
    const struct model_generation *now = generation_of(model, generation);
    if (generation < newest)
        group_sim_failed(model->seed, "a commit of generation %d is accepted after %d began", (int)generation,
                         (int)newest);
    if (!is_member(now, who))
        group_sim_failed(model->seed, "a commit of somebody who is not in generation %d is accepted", (int)generation);
    model->commits++;
    if (offset > model->acked[partition])
        model->acked[partition] = offset;
}

void group_model_crashed(struct group_model *model)
{
    model->newest = 0;
    for (int32_t i = 1; i < MODEL_GENERATIONS; i++)
        if (model->generations[i].is_durable)
            model->newest = i;
}

void group_model_found(const struct group_model *model, unsigned partition, int64_t offset)
{
    if (offset < model->acked[partition])
        group_sim_failed(model->seed, "offset %lld of partition %u was acknowledged, %lld is there after a restart",
                         (long long)model->acked[partition], partition, (long long)offset);
    if (offset > model->asked)
        group_sim_failed(model->seed, "partition %u has offset %lld, which nobody committed", partition,
                         (long long)offset);
}
