// SPDX-License-Identifier: Apache-2.0
#include "nats/config/config_file.h"

#include "base/buf.h"
#include "io/file.h"

static err_t read_file(void *owner, const char *path, struct arena *arena, bytes_t *ret_text, diag_t *diag)
{
    (void)owner;
    struct buf *buf = NULL;
    err_t err = file_read_whole(path, CONF_SIZE_MAX, &buf);
    if (err != ERR_OK)
        return diag_fail(diag, err, path, "cannot read the file: %s", err_text(err));
    *ret_text = arena_copy(arena, bytes_of(buf->data, buf->capacity));
    buf_unref(buf);
    return ERR_OK;
}

static const char *find_variable(void *owner, const char *name)
{
    size_t size = strlen(name);
    for (const char *const *at = owner; *at != NULL; at++)
        if (strncmp(*at, name, size) == 0 && (*at)[size] == '=')
            return *at + size + 1;
    return NULL;
}

err_t nats_config_load(const char *path, const char *const *environment, struct arena *arena,
                       struct nats_config *config, bytes_t *ret_text, diag_t *diag)
{
    struct conf_source source = { read_file, find_variable, (void *)(uintptr_t)environment };
    struct conf_value *root;
    bytes_t text = BYTES_NULL;
    err_t err = read_file(NULL, path, arena, &text, diag);
    if (err == ERR_OK)
        err = conf_parse(&source, text, path, arena, &root, diag);
    if (err == ERR_OK)
        err = nats_config_read(root, arena, config, diag);
    if (err == ERR_OK && ret_text != NULL)
        *ret_text = text;
    return err;
}
