// SPDX-License-Identifier: Apache-2.0
// compression.type: a batch that came in another codec than its topic's is packed anew before it gets its place, at the
// level that compression.gzip.level and its like name. A batch in the topic's codec stays as it came, whatever its
// level, as in Kafka. Packing takes milliseconds, so a read thread does it: it never stands behind compaction, and
// flushing does not stand behind it. The batches of a partition are packed side by side and appended in the order in
// which they came.
#include "store/impl.h"

#include "base/mem.h"

#include <stdlib.h>

enum { RECORDS_SIZE_MAX = 64 << 20 }; // of one batch, unpacked: as much as a door opens to look for keys

struct packing {
    struct disk_job job;
    struct append_op *op;
    enum codec codec;
    int level;
    struct batch_header header;
    struct slice packed;
    err_t err;       // of the packing
    err_t abandoned; // the append was refused meanwhile
};

static void packing_run(struct disk_job *job)
{
    struct packing *packing = CONTAINER_OF(job, struct packing, job);
    packing->err = batch_recompress(packing->op->batch.bytes, &packing->header, packing->codec, packing->level,
                                    RECORDS_SIZE_MAX, &packing->packed);
}

static void packing_on_done(struct disk_job *job)
{
    struct packing *packing = CONTAINER_OF(job, struct packing, job);
    struct append_op *op = packing->op;
    struct partition *partition = op->op.partition;
    struct shard *shard = partition->shard;
    op->packing = NULL;
    op->is_packed = true;
    op->packing_err = packing->err;
    if (packing->err == ERR_OK) {
        slice_free(&op->batch);
        op->batch = packing->packed;
    }
    err_t abandoned = packing->abandoned;
    free(packing);
    shard->jobs--;
    if (abandoned != ERR_OK)
        append_refuse(op, abandoned);
    else
        partition_appends_resume(partition);
    shard_idle(shard);
}

bool packing_begin(struct append_op *op)
{
    struct partition *partition = op->op.partition;
    int8_t codec = partition->config.compression;
    struct batch_header header;
    op->packing = NULL;
    op->is_packed = false;
    op->packing_err = ERR_OK;
    if (codec < 0)
        return false;
    err_t err = batch_header_read(op->batch.bytes, &header);
    ASSERT(err == ERR_OK);
    if ((int)batch_codec(&header) == codec || (header.attributes & BATCH_CONTROL) != 0)
        return false;
    struct packing *packing = mem_zalloc(1, sizeof *packing);
    packing->op = op;
    packing->codec = (enum codec)codec;
    packing->level = (int)partition->config.level[codec];
    packing->header = header;
    packing->job = (struct disk_job){ .loop = partition->shard->loop, .run = packing_run, .on_done = packing_on_done };
    op->packing = packing;
    partition->shard->jobs++;
    disk_submit(DISK_READ, &packing->job);
    return true;
}

void packing_abandon(struct append_op *op, err_t err)
{
    op->packing->abandoned = err;
}
