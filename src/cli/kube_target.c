// SPDX-License-Identifier: Apache-2.0
#include "cli/kube_target.h"

#include "io/system.h"

struct reader {
    struct kube_session *session;
    struct kube_targets targets;
    size_t capacity;
    diag_t *diag;
};

static void add(struct reader *reader, const struct kube_kind *kind, const char *name)
{
    if (reader->targets.count == reader->capacity) {
        reader->capacity = reader->capacity == 0 ? 16 : reader->capacity * 2;
        struct kube_target *more = arena_array(&reader->session->arena, reader->capacity, sizeof *more);
        for (size_t i = 0; i < reader->targets.count; i++)
            more[i] = reader->targets.items[i];
        reader->targets.items = more;
    }
    reader->targets.items[reader->targets.count++] = (struct kube_target){ kind, name };
}

static err_t unknown(struct kube_session *session, bytes_t text, diag_t *diag)
{
    const char *nearest = kube_kinds_nearest(&session->kinds, text, &session->arena);
    const char *shown = cli_shown(&session->arena, text);
    if (nearest == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, shown, "the server has no such kind");
    return diag_fail(diag, ERR_NOT_FOUND, shown, "the server has no such kind; did you mean \"%s\"?", nearest);
}

err_t kube_kind_read(struct kube_session *session, bytes_t text, const struct kube_kind **ret_kind, diag_t *diag)
{
    const struct kube_kind *kind = kube_kinds_find(&session->kinds, text);
    if (kind == NULL)
        return unknown(session, text, diag);
    *ret_kind = kind;
    return ERR_OK;
}

// --- widgets,configmaps,all [NAME...]

static void add_names(struct reader *reader, const struct kube_kind *kind, const struct cli_arguments *arguments)
{
    if (arguments->rest_count == 1)
        add(reader, kind, NULL);
    for (int i = 1; i < arguments->rest_count; i++)
        add(reader, kind, arguments->rest[i]);
}

static err_t add_kind(struct reader *reader, bytes_t text, const struct cli_arguments *arguments)
{
    const struct kube_kinds *kinds = &reader->session->kinds;
    const struct kube_kind *kind = kube_kinds_find(kinds, text), *in = kube_kinds_in_category(kinds, text, NULL);
    if (kind == NULL && in == NULL)
        return unknown(reader->session, text, reader->diag);
    if (kind != NULL)
        add_names(reader, kind, arguments);
    for (; kind == NULL && in != NULL; in = kube_kinds_in_category(kinds, text, in))
        add_names(reader, in, arguments);
    return ERR_OK;
}

static err_t add_kinds(struct reader *reader, const struct cli_arguments *arguments)
{
    const char *list = arguments->rest[0];
    err_t err = ERR_OK;
    while (err == ERR_OK && *list != '\0') {
        size_t size = strcspn(list, ",");
        if (size > 0)
            err = add_kind(reader, bytes_of(list, size), arguments);
        list += size + (list[size] == ',');
    }
    return err;
}

// --- widget/one configmap/c

static err_t add_pair(struct reader *reader, const char *pair)
{
    const char *slash = strchr(pair, '/');
    if (slash == NULL)
        return diag_fail(reader->diag, ERR_INVALID, pair, "all arguments are KIND/NAME, or none is");
    if (slash == pair || slash[1] == '\0' || strchr(slash + 1, '/') != NULL ||
        memchr(pair, ',', (size_t)(slash - pair)))
        return diag_fail(reader->diag, ERR_INVALID, pair, "is not of the form KIND/NAME");
    const struct kube_kind *kind = NULL;
    err_t err = kube_kind_read(reader->session, bytes_of(pair, (size_t)(slash - pair)), &kind, reader->diag);
    if (err == ERR_OK)
        add(reader, kind, slash + 1);
    return err;
}

// Those of one kind next to each other, in the order in which the kinds came.
static void gather_kinds(struct reader *reader)
{
    struct kube_targets *targets = &reader->targets;
    struct kube_target *gathered = arena_array(&reader->session->arena, targets->count, sizeof *gathered);
    size_t count = 0;
    for (size_t i = 0; i < targets->count; i++) {
        const struct kube_kind *kind = targets->items[i].kind;
        for (size_t j = i; kind != NULL && j < targets->count; j++) {
            if (targets->items[j].kind != kind)
                continue;
            gathered[count++] = targets->items[j];
            targets->items[j].kind = NULL;
        }
    }
    targets->items = gathered;
}

err_t kube_targets_read(struct kube_session *session, const struct cli_arguments *arguments,
                        struct kube_targets *ret_targets, diag_t *diag)
{
    struct reader reader = { .session = session, .diag = diag };
    bool has_pairs = false;
    for (int i = 0; i < arguments->rest_count; i++)
        has_pairs = has_pairs || strchr(arguments->rest[i], '/') != NULL;
    err_t err = ERR_OK;
    if (!has_pairs)
        err = add_kinds(&reader, arguments);
    for (int i = 0; has_pairs && err == ERR_OK && i < arguments->rest_count; i++)
        err = add_pair(&reader, arguments->rest[i]);
    if (err == ERR_OK && reader.targets.count == 0)
        err = diag_fail(diag, ERR_INVALID, "", "KIND is missing");
    if (err != ERR_OK)
        return err;
    gather_kinds(&reader);
    *ret_targets = reader.targets;
    return ERR_OK;
}

void kube_say_nothing_found(const struct kube_session *session, const struct kube_targets *targets, bool all_namespaces)
{
    bool are_namespaced = !all_namespaces;
    struct writer text = WRITER_INIT;
    for (size_t i = 0; i < targets->count; i++)
        are_namespaced = are_namespaced && targets->items[i].kind->is_namespaced;
    if (are_namespaced)
        writer_format(&text, "No resources found in %s namespace.\n", session->name_space);
    else
        writer_text(&text, "No resources found\n");
    (void)system_write_err(writer_view(&text));
    writer_free(&text);
}
