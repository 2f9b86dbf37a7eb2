// SPDX-License-Identifier: Apache-2.0
#include "store/meta.h"

#include "base/topic_name.h"
#include "io/file.h"
#include "io/random.h"

#include <stdio.h>

enum { META_FILE_MAX = 64 << 10, META_PATH_MAX = 1024 };

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void meta_id_format(const struct topic_id *id, char to[META_ID_TEXT_SIZE + 1])
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;
    for (size_t i = 0; i < TOPIC_ID_SIZE; i++) {
        bits = bits << 8 | id->bytes[i];
        for (count += 8; count >= 6; count -= 6)
            to[at++] = ALPHABET[bits >> (count - 6) & 63];
    }
    to[at++] = ALPHABET[bits << (6 - count) & 63];
    to[at] = 0;
}

bool meta_id_parse(bytes_t text, struct topic_id *ret_id)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;
    struct topic_id id;
    if (text.size != META_ID_TEXT_SIZE)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        const char *found = text.data[i] == 0 ? NULL : strchr(ALPHABET, text.data[i]);
        if (found == NULL)
            return false;
        bits = bits << 6 | (uint32_t)(found - ALPHABET);
        count += 6;
        if (count >= 8 && at < TOPIC_ID_SIZE) {
            count -= 8;
            id.bytes[at++] = (uint8_t)(bits >> count);
        }
    }
    *ret_id = id;
    return true;
}

static void meta_path(const char *folder, const char *name, char to[META_PATH_MAX])
{
    int length = snprintf(to, META_PATH_MAX, "%s/%s", folder, name);
    ASSERT(length > 0 && length < META_PATH_MAX);
}

// The value behind NAME and SEPARATOR in a text of lines.
static bool text_value(bytes_t text, const char *name, bytes_t *ret_value)
{
    size_t size = strlen(name);
    while (text.size > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t line = end == NULL ? text.size : (size_t)(end - text.data);
        if (line >= size && memcmp(text.data, name, size) == 0) {
            *ret_value = bytes_of(text.data + size, line - size);
            return true;
        }
        size_t skip = end == NULL ? line : line + 1;
        text = bytes_of(text.data + skip, text.size - skip);
    }
    return false;
}

err_t meta_format_open(const char *folder, diag_t *diag)
{
    char path[META_PATH_MAX];
    meta_path(folder, "format", path);
    struct buf *buf;
    err_t err = file_read_whole(path, META_FILE_MAX, &buf);
    if (err == ERR_NOT_FOUND) {
        err = file_replace(path, BYTES_LITERAL("eddy 1\n"));
        return err == ERR_OK ? err : diag_fail(diag, err, path, "cannot be written: %s", err_text(err));
    }
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "cannot be read: %s", err_text(err));
    bytes_t value;
    int64_t version = -1;
    bool known = text_value(bytes_of(buf->data, buf->capacity), "eddy ", &value) && bytes_to_int64(value, &version);
    buf_unref(buf);
    if (!known)
        return diag_fail(diag, ERR_UNSUPPORTED, path, "this is not a data folder of eddy: choose another with --data");
    if (version > META_FORMAT_VERSION)
        return diag_fail(diag, ERR_UNSUPPORTED, path,
                         "a newer eddy wrote this folder (format %d, this one knows %d): start the newer version",
                         (int)version, META_FORMAT_VERSION);
    return ERR_OK;
}

err_t meta_cluster_open(const char *folder, char *ret_cluster_id, size_t size, diag_t *diag)
{
    char path[META_PATH_MAX];
    meta_path(folder, "meta.properties", path);
    struct buf *buf;
    err_t err = file_read_whole(path, META_FILE_MAX, &buf);
    if (err == ERR_OK) {
        bytes_t value;
        bool found = text_value(bytes_of(buf->data, buf->capacity), "cluster.id=", &value) && value.size > 0 &&
                     value.size < size;
        if (found)
            snprintf(ret_cluster_id, size, "%.*s", BYTES_ARG(value));
        buf_unref(buf);
        return found ? ERR_OK : diag_fail(diag, ERR_MALFORMED, path, "has no cluster.id: restore it from a backup");
    }
    if (err != ERR_NOT_FOUND)
        return diag_fail(diag, err, path, "cannot be read: %s", err_text(err));
    struct topic_id cluster, directory;
    random_bytes(cluster.bytes, sizeof cluster.bytes);
    random_bytes(directory.bytes, sizeof directory.bytes);
    char text[META_ID_TEXT_SIZE + 1];
    meta_id_format(&cluster, ret_cluster_id);
    meta_id_format(&directory, text);
    struct writer content = WRITER_INIT;
    writer_format(&content, "version=1\ncluster.id=%s\nnode.id=1\ndirectory.id=%s\n", ret_cluster_id, text);
    err = file_replace(path, writer_view(&content));
    writer_free(&content);
    return err == ERR_OK ? err : diag_fail(diag, err, path, "cannot be written: %s", err_text(err));
}

err_t meta_partition_read(const char *folder, struct topic_id *ret_id)
{
    char path[META_PATH_MAX];
    meta_path(folder, "partition.metadata", path);
    struct buf *buf;
    err_t err = file_read_whole(path, META_FILE_MAX, &buf);
    if (err != ERR_OK)
        return err == ERR_TOO_LARGE ? ERR_MALFORMED : err;
    bytes_t value;
    bool found = text_value(bytes_of(buf->data, buf->capacity), "topic_id: ", &value) && meta_id_parse(value, ret_id);
    buf_unref(buf);
    return found ? ERR_OK : ERR_MALFORMED;
}

static void partition_text(const struct topic_id *id, struct writer *to)
{
    char text[META_ID_TEXT_SIZE + 1];
    meta_id_format(id, text);
    writer_format(to, "version: 0\ntopic_id: %s", text);
}

err_t meta_partition_write_new(const char *folder, const struct topic_id *id, bool sync)
{
    char path[META_PATH_MAX];
    meta_path(folder, "partition.metadata", path);
    struct writer content = WRITER_INIT;
    struct file *file;
    partition_text(id, &content);
    bytes_t part = writer_view(&content);
    // Not truncated first: the same may stand there already.
    err_t err = file_open(path, FILE_WRITE | FILE_CREATE, &file);
    if (err == ERR_OK) {
        err = file_write_at(file, 0, &part, 1);
        if (err == ERR_OK)
            err = file_truncate(file, part.size);
        if (err == ERR_OK && sync)
            err = file_sync(file);
        file_close(file);
    }
    writer_free(&content);
    return err == ERR_OK && sync ? dir_sync(folder) : err;
}

static bool is_topic_text(bytes_t topic)
{
    for (size_t i = 0; i < topic.size; i++) {
        if (topic.data[i] == 0 || strchr(ALPHABET, topic.data[i]) == NULL) {
            if (topic.data[i] != '.')
                return false;
        }
    }
    return topic.size > 0 && topic.size <= TOPIC_NAME_MAX;
}

bool meta_partition_name(bytes_t name, bytes_t *ret_topic, int32_t *ret_number)
{
    size_t dash = name.size;
    while (dash > 0 && name.data[dash - 1] != '-')
        dash--;
    int64_t number;
    if (dash < 2 || !bytes_to_int64(bytes_of(name.data + dash, name.size - dash), &number) || number < 0 ||
        number > INT32_MAX)
        return false;
    bytes_t topic = bytes_of(name.data, dash - 1);
    if (!is_topic_text(topic))
        return false;
    *ret_topic = topic;
    *ret_number = (int32_t)number;
    return true;
}
