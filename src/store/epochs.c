// SPDX-License-Identifier: Apache-2.0
#include "store/epochs.h"

#include "base/mem.h"
#include "store/lines.h"

#include <inttypes.h>
#include <stdlib.h>

void epochs_note(struct partition *partition, int32_t epoch, int64_t offset)
{
    if (partition->epoch_count > 0 && partition->epochs[partition->epoch_count - 1].epoch >= epoch)
        return;
    partition->epochs = mem_realloc(partition->epochs, (partition->epoch_count + 1) * sizeof *partition->epochs);
    partition->epochs[partition->epoch_count++] = (struct epoch_start){ epoch, offset };
    partition->epochs_changed = true;
}

void epochs_cut(struct partition *partition, int64_t offset)
{
    while (partition->epoch_count > 0 && partition->epochs[partition->epoch_count - 1].offset >= offset) {
        partition->epoch_count--;
        partition->epochs_changed = true;
    }
}

void epochs_trim(struct partition *partition, int64_t offset)
{
    uint32_t gone = 0;
    while (gone + 1 < partition->epoch_count && partition->epochs[gone + 1].offset <= offset)
        gone++;
    if (partition->epoch_count > 0 && partition->epochs[gone].offset < offset) {
        partition->epochs[gone].offset = offset;
        partition->epochs_changed = true;
    }
    if (gone == 0)
        return;
    partition->epoch_count -= gone;
    memmove(partition->epochs, partition->epochs + gone, partition->epoch_count * sizeof *partition->epochs);
}

int32_t epochs_at(const struct partition *partition, int64_t offset)
{
    for (uint32_t i = partition->epoch_count; i > 0; i--) {
        if (partition->epochs[i - 1].offset <= offset)
            return partition->epochs[i - 1].epoch;
    }
    return -1;
}

void epochs_end(const struct partition *partition, int32_t epoch, int32_t *ret_epoch, int64_t *ret_end_offset)
{
    *ret_epoch = -1;
    *ret_end_offset = -1;
    int64_t end = partition->end;
    for (uint32_t i = partition->epoch_count; i > 0; i--) {
        if (partition->epochs[i - 1].epoch <= epoch) {
            *ret_epoch = partition->epochs[i - 1].epoch;
            *ret_end_offset = end;
            return;
        }
        end = partition->epochs[i - 1].offset;
    }
}

void epochs_encode(const struct epoch_start *epochs, uint32_t count, struct writer *to)
{
    writer_format(to, "0\n%u\n", count);
    for (uint32_t i = 0; i < count; i++)
        writer_format(to, "%" PRId32 " %" PRId64 "\n", epochs[i].epoch, epochs[i].offset);
}

err_t epochs_decode(bytes_t text, struct epoch_start **ret_epochs, uint32_t *ret_count)
{
    struct lines lines;
    int64_t count;
    err_t err = lines_begin(&lines, text, &count);
    if (err != ERR_OK)
        return err;
    struct epoch_start *epochs = mem_zalloc((size_t)count + 1, sizeof *epochs);
    for (int64_t i = 0; i < count; i++) {
        bytes_t words[2];
        int64_t epoch = -1;
        if (!lines_words(&lines, words, 2) || !bytes_to_int64(words[0], &epoch) || epoch < 0 || epoch > INT32_MAX ||
            !bytes_to_int64(words[1], &epochs[i].offset)) {
            free(epochs);
            return ERR_MALFORMED;
        }
        epochs[i].epoch = (int32_t)epoch;
    }
    *ret_epochs = epochs;
    *ret_count = (uint32_t)count;
    return ERR_OK;
}
