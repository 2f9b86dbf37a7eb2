// SPDX-License-Identifier: Apache-2.0
#include "store/table_snapshot.h"

#include "base/assert.h"
#include "base/crc32c.h"
#include "base/mem.h"
#include "base/reader.h"
#include "base/writer.h"
#include "io/file.h"

#include <stdlib.h>

#define SNAPSHOT_NAME  "table.snapshot"
#define SNAPSHOT_MAGIC BYTES_LITERAL("EDDYTBL")

enum {
    SNAPSHOT_VERSION = 1,
    HEADER_SIZE = 7 + 1 + TOPIC_ID_SIZE + 8 + 8 + 4,
    BLOCK_HEADER_SIZE = 8,
    BLOCK_SIZE = 64 * 1024,            // a block is closed at this size
    BLOCK_SIZE_MAX = 64 * 1024 * 1024, // one row of any size the log takes fits
};

static void header_write(struct writer *w, const struct topic_id *id, int64_t covered, size_t row_count)
{
    writer_bytes(w, SNAPSHOT_MAGIC);
    writer_u8(w, SNAPSHOT_VERSION);
    writer_bytes(w, bytes_of(id->bytes, TOPIC_ID_SIZE));
    writer_i64(w, covered);
    writer_u64(w, row_count);
    writer_u32(w, crc32c(0, writer_view(w)));
}

static void row_write(struct writer *w, const struct row *row)
{
    writer_uvarlong(w, (uint64_t)row->version);
    writer_uvarint(w, row->key_size);
    writer_bytes(w, row_key(row));
    writer_uvarint(w, row->value_size);
    writer_bytes(w, row_value(row));
}

static err_t block_flush(struct file *file, uint64_t *at, struct writer *w)
{
    bytes_t payload = writer_view(w);
    uint8_t header[BLOCK_HEADER_SIZE];
    put_u32(header, (uint32_t)payload.size);
    put_u32(header + 4, crc32c(0, payload));
    const bytes_t parts[] = { bytes_of(header, sizeof header), payload };
    err_t err = file_write_at(file, *at, parts, ARRAY_COUNT(parts));
    *at += sizeof header + payload.size;
    writer_reset(w);
    return err;
}

static err_t rows_write(struct file *file, const struct topic_id *id, int64_t covered, const struct row *const *rows,
                        size_t row_count)
{
    struct writer w = WRITER_INIT;
    header_write(&w, id, covered, row_count);
    const bytes_t header = writer_view(&w);
    err_t err = file_write_at(file, 0, &header, 1);
    uint64_t at = HEADER_SIZE;
    writer_reset(&w);
    for (size_t i = 0; err == ERR_OK && i < row_count; i++) {
        row_write(&w, rows[i]);
        if (w.size >= BLOCK_SIZE || i + 1 == row_count)
            err = block_flush(file, &at, &w);
    }
    if (err == ERR_OK)
        err = file_sync(file);
    writer_free(&w);
    return err;
}

err_t table_snapshot_write(const char *folder, const struct topic_id *id, int64_t covered,
                           const struct row *const *rows, size_t row_count)
{
    char *path = mem_format("%s/" SNAPSHOT_NAME, folder);
    char *temporary = mem_format("%s/" SNAPSHOT_NAME ".tmp", folder);
    struct file *file;
    err_t err = file_open(temporary, FILE_WRITE | FILE_CREATE | FILE_TRUNCATE, &file);
    if (err == ERR_OK) {
        err = rows_write(file, id, covered, rows, row_count);
        file_close(file);
    }
    if (err == ERR_OK)
        err = file_rename(temporary, path);
    if (err == ERR_OK)
        err = dir_sync(folder);
    free(temporary);
    free(path);
    return err;
}

static err_t header_read(struct file *file, const struct topic_id *id, int64_t *ret_covered, uint64_t *ret_row_count)
{
    uint8_t bytes[HEADER_SIZE];
    size_t size;
    err_t err = file_read_at(file, 0, bytes, sizeof bytes, &size);
    if (err != ERR_OK)
        return err;
    if (size < sizeof bytes || memcmp(bytes, SNAPSHOT_MAGIC.data, SNAPSHOT_MAGIC.size) != 0)
        return ERR_CORRUPT;
    if (bytes[7] > SNAPSHOT_VERSION)
        return ERR_UNSUPPORTED;
    if (get_u32(bytes + HEADER_SIZE - 4) != crc32c(0, bytes_of(bytes, HEADER_SIZE - 4)) ||
        memcmp(bytes + 8, id->bytes, TOPIC_ID_SIZE) != 0)
        return ERR_CORRUPT;
    *ret_covered = (int64_t)get_u64(bytes + 24);
    *ret_row_count = get_u64(bytes + 32);
    return *ret_covered >= 0 ? ERR_OK : ERR_CORRUPT;
}

static err_t block_rows_read(bytes_t payload, struct rows *rows)
{
    struct reader r = reader_of(payload);
    while (r.err == ERR_OK && reader_left(&r) > 0) {
        int64_t version = (int64_t)reader_uvarlong(&r);
        bytes_t key = reader_bytes(&r, reader_uvarint(&r));
        bytes_t value = reader_bytes(&r, reader_uvarint(&r));
        if (r.err != ERR_OK)
            break;
        struct row *old = rows_set(rows, row_new(key, value, version));
        if (old != NULL)
            reader_fail(&r, ERR_CORRUPT);
        free(old);
    }
    return r.err == ERR_OK ? ERR_OK : ERR_CORRUPT;
}

// Reads the block at *AT; the payload is in MEMORY, which grows as needed.
static err_t block_read(struct file *file, uint64_t *at, struct buf **memory, struct rows *rows)
{
    uint8_t header[BLOCK_HEADER_SIZE];
    size_t got;
    err_t err = file_read_at(file, *at, header, sizeof header, &got);
    if (err != ERR_OK)
        return err;
    uint32_t size = get_u32(header);
    if (got < sizeof header || size == 0 || size > BLOCK_SIZE_MAX)
        return ERR_CORRUPT;
    if (*memory == NULL || (*memory)->capacity < size) {
        buf_unref(*memory);
        *memory = buf_new(size < 2 * BLOCK_SIZE ? 2 * BLOCK_SIZE : size);
    }
    err = file_read_at(file, *at + sizeof header, (*memory)->data, size, &got);
    if (err != ERR_OK)
        return err;
    bytes_t payload = bytes_of((*memory)->data, got);
    if (got < size || crc32c(0, payload) != get_u32(header + 4))
        return ERR_CORRUPT;
    *at += sizeof header + size;
    return block_rows_read(payload, rows);
}

static err_t snapshot_read(struct file *file, const struct topic_id *id, struct rows *rows, int64_t *ret_covered)
{
    uint64_t row_count = 0, at = HEADER_SIZE, size = 0;
    int64_t covered = 0;
    struct buf *memory = NULL;
    err_t err = header_read(file, id, &covered, &row_count);
    while (err == ERR_OK && rows->count < row_count)
        err = block_read(file, &at, &memory, rows);
    buf_unref(memory);
    if (err == ERR_OK)
        err = file_size(file, &size);
    if (err == ERR_OK && (rows->count != row_count || size != at))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        *ret_covered = covered;
    return err;
}

err_t table_snapshot_read(const char *folder, const struct topic_id *id, struct rows *rows, int64_t *ret_covered)
{
    ASSERT(rows->count == 0);
    char *path = mem_format("%s/" SNAPSHOT_NAME, folder);
    struct file *file;
    err_t err = file_open(path, 0, &file);
    free(path);
    if (err != ERR_OK)
        return err;
    err = snapshot_read(file, id, rows, ret_covered);
    file_close(file);
    if (err != ERR_OK)
        rows_free(rows);
    return err;
}

err_t table_snapshot_covered(const char *folder, const struct topic_id *id, int64_t *ret_covered)
{
    char *path = mem_format("%s/" SNAPSHOT_NAME, folder);
    struct file *file;
    uint64_t row_count;
    err_t err = file_open(path, 0, &file);
    free(path);
    if (err != ERR_OK)
        return err;
    err = header_read(file, id, ret_covered, &row_count);
    file_close(file);
    return err;
}

err_t table_snapshot_remove(const char *folder)
{
    char *path = mem_format("%s/" SNAPSHOT_NAME, folder);
    err_t err = file_remove(path);
    free(path);
    if (err == ERR_NOT_FOUND)
        return ERR_OK;
    return err == ERR_OK ? dir_sync(folder) : err;
}
