// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_config.h"

#include "base/base64.h"
#include "kube/yaml/yaml_read.h"

static const struct yaml_limits limits = { .size = 16 << 20, .values = 200000, .repeated = 10000, .documents = 1 };

struct reader {
    const struct kube_config_file *files;
    struct json_value **trees; // one for each file; NULL: it is empty
    size_t count;
    struct arena *arena;
    diag_t *diag;
};

static err_t trees_read(struct reader *reader)
{
    reader->trees = arena_array(reader->arena, reader->count, sizeof(struct json_value *));
    for (size_t i = 0; i < reader->count; i++) {
        struct yaml_stream stream = { 0 };
        diag_t place = { 0 };
        err_t err = yaml_read(reader->files[i].text, &limits, reader->arena, &stream, &place);
        if (err != ERR_OK)
            return diag_fail(reader->diag, ERR_MALFORMED, reader->files[i].path, "is no kubeconfig: %s: %s",
                             place.where, place.text);
        reader->trees[i] = stream.count == 0 ? NULL : stream.documents[0];
    }
    return ERR_OK;
}

// NAME in LIST ("clusters"), and the file that has it.
static const struct json_value *find_in(const struct json_value *tree, const char *list, bytes_t name)
{
    const struct json_value *items = json_get(tree, list);
    const struct json_value *item = items != NULL && items->type == JSON_ARRAY ? items->first : NULL;
    while (item != NULL && !bytes_equal(json_text_at(item, "name"), name))
        item = item->next;
    return item;
}

// RET_VALUE is what it is, the member WHAT ("cluster"); RET_FILE the index of its file.
static err_t find(struct reader *reader, const char *list, const char *what, bytes_t name,
                  const struct json_value **ret_value, size_t *ret_file)
{
    for (size_t i = 0; i < reader->count; i++) {
        const struct json_value *item = find_in(reader->trees[i], list, name);
        if (item == NULL)
            continue;
        *ret_value = json_get(item, what);
        *ret_file = i;
        return ERR_OK;
    }
    const char *path = reader->count == 0 ? "kubeconfig" : reader->files[0].path;
    return diag_fail(reader->diag, ERR_NOT_FOUND, path, "there is no %s \"%.*s\" in it", what, BYTES_ARG(name));
}

static bytes_t current_context(const struct reader *reader)
{
    bytes_t name = bytes_of_text("");
    for (size_t i = 0; i < reader->count && name.size == 0; i++)
        name = json_text_at(reader->trees[i], "current-context");
    return name;
}

static const char *text_or_null(struct reader *reader, const struct json_value *object, const char *name)
{
    bytes_t text = json_text_at(object, name);
    return text.size == 0 ? NULL : arena_text(reader->arena, text);
}

static const char *path_beside(struct reader *reader, size_t file, bytes_t path)
{
    const char *config = reader->files[file].path, *slash = strrchr(config, '/');
    if (path.data[0] == '/' || slash == NULL)
        return arena_text(reader->arena, path);
    return arena_format(reader->arena, "%.*s/%.*s", (int)(slash - config), config, BYTES_ARG(path));
}

// The member NAME-data, in base64, or NAME, a path.
static err_t credential_read(struct reader *reader, const struct json_value *object, size_t file, const char *name,
                             struct kube_credential *to)
{
    const char *data_name = arena_format(reader->arena, "%s-data", name);
    bytes_t data = json_text_at(object, data_name), path = json_text_at(object, name);
    if (data.size > 0) {
        uint8_t *bytes = arena_alloc(reader->arena, data.size + 2);
        size_t size;
        if (!base64_decode(BASE64_STANDARD, data, bytes, &size))
            return diag_fail(reader->diag, ERR_MALFORMED, reader->files[file].path, "%s is no base64", data_name);
        to->data = bytes_of(bytes, size);
    } else if (path.size > 0) {
        to->path = path_beside(reader, file, path);
    }
    return ERR_OK;
}

static err_t cluster_read(struct reader *reader, bytes_t name, struct kube_config *config)
{
    const struct json_value *cluster = NULL;
    size_t file = 0;
    err_t err = find(reader, "clusters", "cluster", name, &cluster, &file);
    if (err != ERR_OK)
        return err;
    config->server = text_or_null(reader, cluster, "server");
    (void)json_get_bool(json_get(cluster, "insecure-skip-tls-verify"), &config->is_insecure);
    return credential_read(reader, cluster, file, "certificate-authority", &config->authority);
}

static err_t user_read(struct reader *reader, bytes_t name, struct kube_config *config)
{
    const struct json_value *user = NULL;
    size_t file = 0;
    err_t err = find(reader, "users", "user", name, &user, &file);
    if (err == ERR_OK)
        err = credential_read(reader, user, file, "client-certificate", &config->certificate);
    if (err == ERR_OK)
        err = credential_read(reader, user, file, "client-key", &config->key);
    if (err != ERR_OK)
        return err;
    bytes_t token_file = json_text_at(user, "tokenFile");
    config->token.data = json_text_at(user, "token");
    if (config->token.data.size == 0 && token_file.size > 0)
        config->token.path = path_beside(reader, file, token_file);
    bool is_made = json_get(user, "exec") != NULL || json_get(user, "auth-provider") != NULL;
    bool is_given = config->token.data.size > 0 || config->token.path != NULL;
    if (is_made && !is_given)
        return diag_fail(reader->diag, ERR_UNSUPPORTED, reader->files[file].path,
                         "the token of the user \"%.*s\" is made by another program, which eddy does not start; "
                         "--token gives one",
                         BYTES_ARG(name));
    return ERR_OK;
}

static err_t context_read(struct reader *reader, bytes_t name, struct kube_config *config)
{
    const struct json_value *context = NULL;
    size_t file = 0;
    err_t err = find(reader, "contexts", "context", name, &context, &file);
    if (err != ERR_OK)
        return err;
    bytes_t cluster = json_text_at(context, "cluster"), user = json_text_at(context, "user");
    config->name_space = text_or_null(reader, context, "namespace");
    err = cluster_read(reader, cluster, config);
    return err == ERR_OK && user.size > 0 ? user_read(reader, user, config) : err;
}

err_t kube_config_read(const struct kube_config_file *files, size_t count, const char *name, struct arena *arena,
                       struct kube_config *ret_config, diag_t *diag)
{
    struct reader reader = { .files = files, .count = count, .arena = arena, .diag = diag };
    struct kube_config config = { 0 };
    err_t err = trees_read(&reader);
    if (err != ERR_OK)
        return err;
    bytes_t wanted = name == NULL ? current_context(&reader) : bytes_of_text(name);
    if (wanted.size == 0)
        return diag_fail(diag, ERR_NOT_FOUND, count == 0 ? "kubeconfig" : files[0].path,
                         "names no current-context; --context NAME chooses one");
    err = context_read(&reader, wanted, &config);
    if (err == ERR_OK)
        *ret_config = config;
    return err;
}
