// SPDX-License-Identifier: Apache-2.0
// How topics change. A change runs on the catalog's loop as a chain of steps, each of which ends in a callback:
//   create     row, folders, copies          grow   row, folders of the new partitions, copies
//   configure  row, copies                   delete row marked, copies, folders renamed, row removed
// The row comes first, so that a crash at any point leaves something that the next start finishes. Changes of one name,
// and of names that differ only in '.' and '_', wait for each other.
#include "store/catalog_impl.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/topic_name.h"
#include "io/file.h"
#include "io/random.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FLUSH_TOGETHER_MIN = 4 };

struct apply {
    struct message message;
    struct change *change;
    size_t loop_index;
    const struct topic *old;
};

struct removal {
    struct log_op op;
    struct change *change;
};

struct change {
    struct map_node node;
    struct list_node unfinished;                  // in catalog->unfinished until the first turn
    bytes_t folded;                               // in arena
    struct message *waiters_first, *waiters_last; // topic_op.message
    struct catalog *catalog;
    struct topic_op *op; // NULL: nobody asked, it is carried on from before the start
    struct arena arena;
    const struct topic *old; // what there was; one reference
    const struct topic *made;
    struct topic_def def; // what shall be
    struct topic_config config;
    struct topic_life *life;  // of the topic; one reference
    struct topic_life *added; // new partitions, until all of them are there
    struct slice value;
    struct table_op put;
    struct partition_create_op *creations;
    struct disk_job flush; // of all new folders at once
    err_t flush_err;
    struct removal *removals;
    struct leftover leftover;
    struct apply *applies;
    bool unremoved; // a folder is still there
    size_t left;    // of creations, removals or applies
    err_t err;
    void (*next)(struct change *change);
};

static bytes_t change_name(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct change, node)->folded;
}

void catalog_changes_init(struct catalog *catalog)
{
    catalog->changes = MAP_INIT(change_name);
    list_init(&catalog->unfinished);
}

static void change_free(struct change *change)
{
    list_remove(&change->unfinished);
    topic_unref(change->old);
    topic_unref(change->made);
    topic_life_unref(change->life);
    topic_life_unref(change->added);
    slice_free(&change->value);
    free(change->creations);
    free(change->removals);
    free(change->applies);
    arena_free(&change->arena);
    free(change);
}

void catalog_changes_free(struct catalog *catalog)
{
    struct map_node *node = map_next(&catalog->changes, NULL);
    while (node != NULL) {
        struct change *change = CONTAINER_OF(node, struct change, node);
        node = map_next(&catalog->changes, node);
        map_remove(&catalog->changes, &change->node);
        change_free(change);
    }
    map_free(&catalog->changes);
}

static bytes_t fold(struct arena *arena, bytes_t name)
{
    uint8_t *folded = arena_alloc(arena, name.size + 1);
    for (size_t i = 0; i < name.size; i++)
        folded[i] = name.data[i] == '.' ? '_' : name.data[i];
    return bytes_of(folded, name.size);
}

// --- the ends

static void on_answer(struct message *message)
{
    struct topic_op *op = CONTAINER_OF(message, struct topic_op, message);
    op->on_done(op);
}

static void answer(struct topic_op *op, err_t err)
{
    op->err = err;
    op->message.on_message = on_answer;
    loop_post(op->from, &op->message);
}

static void change_finish(struct change *change)
{
    struct catalog *catalog = change->catalog;
    struct topic_op *op = change->op;
    struct message *waiter = change->waiters_first;
    map_remove(&catalog->changes, &change->node);
    if (op != NULL) {
        op->topic = change->err == ERR_OK && change->made != NULL ? topic_ref(change->made) : NULL;
        if (change->err != ERR_OK && op->diag.text[0] == '\0')
            (void)diag_fail(&op->diag, change->err, "topic", "%s", err_text(change->err));
        answer(op, change->err);
    }
    change_free(change);
    // Each begins anew: the first becomes the next change, the others wait for it.
    while (waiter != NULL) {
        struct message *next = waiter->next;
        waiter->on_message(waiter);
        waiter = next;
    }
    catalog_stop_try(catalog);
}

static void change_fail(struct change *change, err_t err)
{
    if (change->err == ERR_OK)
        change->err = err;
}

// The change of OP, or NULL when the operation is answered or waits.
static struct change *change_begin(struct topic_op *op)
{
    struct catalog *catalog = op->private_state;
    op->diag = (diag_t){ 0 };
    op->topic = NULL;
    if (catalog->stopping) {
        answer(op, ERR_CLOSED);
        return NULL;
    }
    struct change *change = mem_zalloc(1, sizeof *change);
    change->catalog = catalog;
    change->op = op;
    change->folded = fold(&change->arena, op->name);
    struct map_node *node = map_find(&catalog->changes, change->folded);
    if (node != NULL) {
        struct change *other = CONTAINER_OF(node, struct change, node);
        change_free(change);
        op->message.next = NULL;
        if (other->waiters_first == NULL)
            other->waiters_first = &op->message;
        else
            other->waiters_last->next = &op->message;
        other->waiters_last = &op->message;
        return NULL;
    }
    map_insert(&catalog->changes, &change->node);
    change->old = catalog_copy_find(catalog_copy_here(catalog), op->name);
    if (change->old != NULL) {
        topic_ref(change->old);
        change->life = topic_life_ref(topic_life_of(change->old));
        change->def = topic_def_of(change->old);
        change->config = change->old->config;
    }
    return change;
}

static void change_end(struct change *change, err_t err)
{
    change->err = err;
    change_finish(change);
}

static err_t not_there(struct change *change)
{
    return diag_fail(&change->op->diag, ERR_NOT_FOUND, "topic", "The topic '%.*s' does not exist.",
                     BYTES_ARG(change->op->name));
}

// --- step: the row

static void on_put(struct table_op *put)
{
    struct change *change = CONTAINER_OF(put, struct change, put);
    change_fail(change, put->err);
    change->next(change);
}

static void change_put(struct change *change, bytes_t value, void (*next)(struct change *change))
{
    change->next = next;
    change->put = (struct table_op){ .table = change->catalog->topics,
                                     .on_done = on_put,
                                     .key = change->def.name,
                                     .value = value,
                                     .expected_version = TABLE_ANY };
    table_put(&change->put);
}

static void change_put_def(struct change *change, const struct topic_def *def, void (*next)(struct change *change))
{
    slice_free(&change->value);
    change->value = topic_def_encode(def);
    change_put(change, change->value.bytes, next);
}

// --- step: the copies

static void on_applied(struct message *message)
{
    struct change *change = CONTAINER_OF(message, struct apply, message)->change;
    if (--change->left == 0)
        change->next(change);
}

// A later turn than the one that replaced it: nobody borrows it any more.
static void on_forget(struct message *message)
{
    struct apply *apply = CONTAINER_OF(message, struct apply, message);
    topic_unref(apply->old);
    message->on_message = on_applied;
    loop_post(apply->change->catalog->loop, message);
}

static void configure_own(const struct topic *topic)
{
    for (int32_t i = 0; i < topic->partition_count; i++) {
        if (partition_loop(topic->partitions[i]) == loop_current())
            partition_configure(topic->partitions[i], &topic->config);
    }
}

static void on_apply(struct message *message)
{
    struct apply *apply = CONTAINER_OF(message, struct apply, message);
    struct change *change = apply->change;
    struct catalog *catalog = change->catalog;
    if (change->made != NULL)
        configure_own(change->made);
    apply->old = catalog_copy_set(&catalog->copies[apply->loop_index], change->def.name, change->made);
    message->on_message = on_forget;
    loop_post(loop_current(), message);
}

// MADE NULL: the topic is taken away.
static void change_publish(struct change *change, void (*next)(struct change *change))
{
    struct catalog *catalog = change->catalog;
    change->next = next;
    change->left = catalog->loop_count;
    change->applies = mem_zalloc(catalog->loop_count, sizeof *change->applies);
    for (size_t i = 0; i < catalog->loop_count; i++) {
        struct apply *apply = &change->applies[i];
        *apply = (struct apply){ .message.on_message = on_apply, .change = change, .loop_index = i };
        loop_post(store_loop(catalog->store, i), &apply->message);
    }
}

static void change_publish_made(struct change *change)
{
    change->made = topic_new(&change->def, &change->config, change->life);
    change_publish(change, change_finish);
}

// --- step: removing folders

static void on_removed(struct log_op *op)
{
    struct change *change = CONTAINER_OF(op, struct removal, op)->change;
    if (op->err != ERR_OK)
        log_line(LOG_ERROR, "a deleted partition's folder cannot be renamed",
                 LOG_FIELDS(log_text("partition", partition_name(op->partition)), log_err(op->err)));
    change->unremoved = change->unremoved || op->err != ERR_OK;
    change_fail(change, op->err);
    if (--change->left == 0)
        change->next(change);
}

static void change_remove(struct change *change, const struct topic_life *life, void (*next)(struct change *change))
{
    change->next = next;
    change->left = (size_t)life->count;
    if (change->left == 0) {
        next(change);
        return;
    }
    change->removals = mem_zalloc(change->left, sizeof *change->removals);
    for (int32_t i = 0; i < life->count; i++) {
        struct removal *removal = &change->removals[i];
        removal->change = change;
        removal->op = (struct log_op){ .partition = life->partitions[i], .on_done = on_removed };
        partition_delete(&removal->op);
    }
}

// --- step: making folders

// The mark of a deletion. While the row is there the next start removes the folders, and does not take them for some
// that came from elsewhere.
static void change_put_mark(struct change *change, void (*next)(struct change *change))
{
    struct topic_def marked = change->def;
    marked.deleting = true;
    change_put_def(change, &marked, next);
}

static void undo_removed(struct change *change)
{
    change->added->deleted = true;
    if (change->old == NULL && change->unremoved) {
        change_put_mark(change, change_finish);
        return;
    }
    if (change->old == NULL) {
        change_put(change, BYTES_NULL, change_finish);
        return;
    }
    change->life->leftover = change->life->leftover || change->unremoved;
    struct topic_def before = topic_def_of(change->old);
    change_put_def(change, &before, change_finish);
}

static void folders_made(struct change *change)
{
    if (change->err != ERR_OK) {
        change_remove(change, change->added, undo_removed);
        return;
    }
    for (int32_t i = 0; i < change->added->count; i++)
        topic_life_add(change->life, change->added->partitions[i]);
    change->added->count = 0;
    change_publish_made(change);
}

// Many folders are flushed with one call for the whole file system.
static void flush_run(struct disk_job *job)
{
    struct change *change = CONTAINER_OF(job, struct change, flush);
    char *path = mem_format("%s/format", store_options(change->catalog->store)->folder);
    struct file *file;
    change->flush_err = file_open(path, 0, &file);
    if (change->flush_err == ERR_OK) {
        change->flush_err = file_sync_system(file);
        file_close(file);
    }
    free(path);
}

static void flush_on_done(struct disk_job *job)
{
    struct change *change = CONTAINER_OF(job, struct change, flush);
    change_fail(change, change->flush_err);
    folders_made(change);
}

static void on_folder_made(struct partition_create_op *op)
{
    struct change *change = op->owner;
    bool unsynced = op->unsynced;
    change->unremoved = change->unremoved || op->unremoved;
    change_fail(change, op->err);
    if (--change->left > 0)
        return;
    int32_t count = change->def.partition_count - change->life->count;
    for (int32_t i = 0; i < count; i++) {
        if (change->creations[i].err == ERR_OK)
            topic_life_add(change->added, change->creations[i].partition);
    }
    if (!unsynced || change->err != ERR_OK) {
        folders_made(change);
        return;
    }
    change->flush = (struct disk_job){ .loop = change->catalog->loop, .run = flush_run, .on_done = flush_on_done };
    disk_submit(DISK_FLUSH, &change->flush);
}

static void change_make_folders(struct change *change)
{
    if (change->err != ERR_OK) {
        change_finish(change);
        return;
    }
    int32_t first = change->life->count;
    change->added = topic_life_new(change->catalog->loop, &change->catalog->lives);
    change->left = (size_t)(change->def.partition_count - first);
    change->creations = mem_zalloc(change->left, sizeof *change->creations);
    size_t count = change->left;
    for (size_t i = 0; i < count; i++) {
        struct partition_create_op *op = &change->creations[i];
        *op = (struct partition_create_op){ .on_done = on_folder_made,
                                            .owner = change,
                                            .store = change->catalog->store,
                                            .unsynced = count >= FLUSH_TOGETHER_MIN,
                                            .spec = { .topic = change->def.name,
                                                      .number = first + (int32_t)i,
                                                      .id = change->def.id,
                                                      .internal = change->def.internal,
                                                      .config = &change->config } };
        partition_create(op);
    }
}

// --- create

static err_t check_collision(struct change *change)
{
    const struct catalog_copy *copy = catalog_copy_here(change->catalog);
    bytes_t name = change->op->name;
    if (memchr(name.data, '.', name.size) == NULL && memchr(name.data, '_', name.size) == NULL)
        return ERR_OK;
    const struct topic *topic = NULL;
    while ((topic = catalog_copy_after(copy, topic == NULL ? BYTES_NULL : topic->name)) != NULL) {
        if (topic->name.size != name.size)
            continue;
        size_t i = 0;
        while (i < name.size && (topic->name.data[i] == '.' ? '_' : topic->name.data[i]) == change->folded.data[i])
            i++;
        if (i == name.size)
            return diag_fail(&change->op->diag, ERR_CONFLICT, "topic",
                             "Topic '%.*s' collides with existing topic: %.*s", BYTES_ARG(name),
                             BYTES_ARG(topic->name));
    }
    return ERR_OK;
}

static err_t check_create(struct change *change)
{
    struct topic_op *op = change->op;
    diag_t *diag = &op->diag;
    if (change->old != NULL)
        return diag_fail(diag, ERR_EXISTS, "topic", "Topic '%.*s' already exists.", BYTES_ARG(op->name));
    err_t err = topic_name_check(op->name, diag);
    if (err == ERR_OK)
        err = check_collision(change);
    if (err != ERR_OK)
        return err;
    if (op->partition_count <= 0)
        return diag_fail(diag, ERR_INVALID, "partitions", "Number of partitions must be larger than 0.");
    if (op->partition_count > PARTITIONS_MAX)
        return diag_fail(diag, ERR_LIMIT, "partitions", "A topic may have at most %d partitions, not %" PRId32 ".",
                         PARTITIONS_MAX, op->partition_count);
    change->def = (struct topic_def){ .name = op->name,
                                      .partition_count = op->partition_count,
                                      .internal = op->internal,
                                      .set_names = op->config_names,
                                      .set_values = op->config_values,
                                      .set_count = op->config_count };
    return topic_def_config(&change->def, &change->catalog->defaults, &change->config, diag);
}

// UUID version 4, but none whose text begins with '-', as Kafka's Uuid.randomUuid: tools would take it for an option.
void topic_id_random(struct topic_id *ret_id)
{
    do {
        random_bytes(ret_id->bytes, TOPIC_ID_SIZE);
        ret_id->bytes[6] = (uint8_t)((ret_id->bytes[6] & 0x0f) | 0x40);
        ret_id->bytes[8] = (uint8_t)((ret_id->bytes[8] & 0x3f) | 0x80);
    } while (ret_id->bytes[0] >> 2 == 62);
}

static void on_leftover_removed(struct leftover *leftover)
{
    struct change *change = CONTAINER_OF(leftover, struct change, leftover);
    if (leftover->err == ERR_OK)
        change_put_def(change, &change->def, change_make_folders);
    else
        change_end(change, diag_fail(&change->op->diag, leftover->err, "topic",
                                     "A folder of the deleted topic '%.*s' cannot be removed: %s",
                                     BYTES_ARG(change->op->name), err_text(leftover->err)));
}

// The row of a topic whose deletion has not ended (there is no other that is not in the copies).
static void change_remove_leftover(struct change *change, const struct table_row *row)
{
    struct topic_def before;
    err_t err = topic_def_decode(row->key, row->value, &change->arena, &before, &change->op->diag);
    if (err != ERR_OK) {
        change_end(change, err);
        return;
    }
    change->leftover = (struct leftover){
        .store = change->catalog->store, .name = change->def.name, .id = before.id, .on_done = on_leftover_removed
    };
    leftover_remove(&change->leftover, change->catalog->loop);
}

static void on_create(struct message *message)
{
    struct topic_op *op = CONTAINER_OF(message, struct topic_op, message);
    struct change *change = change_begin(op);
    if (change == NULL)
        return;
    err_t err = check_create(change);
    if (err != ERR_OK || op->validate_only) {
        change_end(change, err);
        return;
    }
    topic_id_random(&change->def.id);
    change->life = topic_life_new(change->catalog->loop, &change->catalog->lives);
    struct table_row row;
    if (table_get(change->catalog->topics, op->name, &row) == ERR_OK)
        change_remove_leftover(change, &row);
    else
        change_put_def(change, &change->def, change_make_folders);
}

// --- grow, configure, delete

static err_t check_owned(struct change *change)
{
    if (change->old == NULL)
        return not_there(change);
    if (bytes_is(change->op->name, TOPIC_CATALOG))
        return diag_fail(&change->op->diag, ERR_INVALID, "topic", "The topic '%s' is the catalog itself.",
                         TOPIC_CATALOG);
    return ERR_OK;
}

static err_t check_grow(struct change *change)
{
    int32_t count = change->op->partition_count;
    err_t err = check_owned(change);
    if (err != ERR_OK || count == 0)
        return err;
    if (count <= change->old->partition_count)
        return diag_fail(&change->op->diag, ERR_INVALID, "partitions",
                         "The topic %.*s currently has %" PRId32 " partition(s); %" PRId32 " would not be an increase.",
                         BYTES_ARG(change->op->name), change->old->partition_count, count);
    if (count > PARTITIONS_MAX)
        return diag_fail(&change->op->diag, ERR_LIMIT, "partitions",
                         "A topic may have at most %d partitions, not %" PRId32 ".", PARTITIONS_MAX, count);
    change->def.partition_count = count;
    return ERR_OK;
}

static void on_grow(struct message *message)
{
    struct change *change = change_begin(CONTAINER_OF(message, struct topic_op, message));
    if (change == NULL)
        return;
    err_t err = check_grow(change);
    if (err != ERR_OK || change->op->partition_count == 0 || change->op->validate_only) {
        if (err == ERR_OK)
            change->made = topic_ref(change->old);
        change_end(change, err);
        return;
    }
    change_put_def(change, &change->def, change_make_folders);
}

static void configured(struct change *change)
{
    if (change->err != ERR_OK)
        change_finish(change);
    else
        change_publish_made(change);
}

// Goes on with the set configuration LIST, in place of the old one.
static void change_configure(struct change *change, struct config_list list)
{
    struct topic_op *op = change->op;
    struct config_list before = { change->old->set_names, change->old->set_values, change->old->set_count };
    change->def.set_names = list.names;
    change->def.set_values = list.values;
    change->def.set_count = list.count;
    err_t err = topic_def_config(&change->def, &change->catalog->defaults, &change->config, &op->diag);
    if (err != ERR_OK) {
        change_end(change, err);
        return;
    }
    bool is_same = config_list_equal(&list, &before);
    if (op->validate_only || (is_same && topic_config_equal(&change->config, &change->old->config))) {
        change->made = topic_ref(change->old);
        change_end(change, ERR_OK);
    } else if (is_same) {
        change_publish_made(change); // a default of the server changed: the row stays
    } else {
        change_put_def(change, &change->def, configured);
    }
}

static void on_configure(struct message *message)
{
    struct change *change = change_begin(CONTAINER_OF(message, struct topic_op, message));
    if (change == NULL)
        return;
    const struct topic_op *op = change->op;
    err_t err = check_owned(change);
    if (err != ERR_OK)
        change_end(change, err);
    else
        change_configure(change, (struct config_list){ op->config_names, op->config_values, op->config_count });
}

static void on_reconfigure(struct message *message)
{
    struct change *change = change_begin(CONTAINER_OF(message, struct topic_op, message));
    if (change == NULL)
        return;
    const struct topic_op *op = change->op;
    err_t err = check_owned(change);
    if (err != ERR_OK) {
        change_end(change, err);
        return;
    }
    struct config_list before = { change->old->set_names, change->old->set_values, change->old->set_count };
    change_configure(change, config_list_change(&before, op->changes, op->change_count, &change->arena));
}

static void delete_folders_removed(struct change *change)
{
    if (change->err != ERR_OK) {
        change_finish(change); // the mark stays: the next start goes on
        return;
    }
    change->life->deleted = true;
    if (change->life->leftover) {
        change_finish(change);
        return;
    }
    change_put(change, BYTES_NULL, change_finish);
}

static void delete_unpublished(struct change *change)
{
    change_remove(change, change->life, delete_folders_removed);
}

static void delete_marked(struct change *change)
{
    if (change->err != ERR_OK)
        change_finish(change);
    else
        change_publish(change, delete_unpublished);
}

static void on_delete(struct message *message)
{
    struct change *change = change_begin(CONTAINER_OF(message, struct topic_op, message));
    if (change == NULL)
        return;
    err_t err = check_owned(change);
    if (err != ERR_OK) {
        change_end(change, err);
        return;
    }
    change_put_mark(change, delete_marked);
}

static void op_send(struct store *store, struct topic_op *op, void (*on_message)(struct message *message))
{
    struct catalog *catalog = catalog_of(store);
    struct loop *current = loop_current();
    op->private_state = catalog;
    op->from = current == NULL ? catalog->loop : current;
    op->message.on_message = on_message;
    loop_post(catalog->loop, &op->message);
}

void topic_create(struct store *store, struct topic_op *op)
{
    op_send(store, op, on_create);
}

void topic_grow(struct store *store, struct topic_op *op)
{
    op_send(store, op, on_grow);
}

void topic_configure(struct store *store, struct topic_op *op)
{
    op_send(store, op, on_configure);
}

void topic_reconfigure(struct store *store, struct topic_op *op)
{
    op_send(store, op, on_reconfigure);
}

void topic_delete(struct store *store, struct topic_op *op)
{
    op_send(store, op, on_delete);
}

// --- what was left from before the start

static struct change *unfinished_new(struct catalog *catalog, const struct topic_def *def)
{
    struct change *change = mem_zalloc(1, sizeof *change);
    change->catalog = catalog;
    change->def = (struct topic_def){ .name = arena_copy(&change->arena, def->name),
                                      .id = def->id,
                                      .partition_count = def->partition_count,
                                      .internal = def->internal };
    change->folded = fold(&change->arena, def->name);
    if (map_find(&catalog->changes, change->folded) != NULL) {
        change_free(change); // its name collides with that of another one: at the next start
        return NULL;
    }
    map_insert(&catalog->changes, &change->node);
    list_append(&catalog->unfinished, &change->unfinished);
    return change;
}

void catalog_unfinished_write(struct catalog *catalog, const struct topic_def *def)
{
    struct change *change = unfinished_new(catalog, def);
    if (change == NULL)
        return;
    change->def.set_names = def->set_names;
    change->def.set_values = def->set_values;
    change->def.set_count = def->set_count;
}

void catalog_unfinished_delete(struct catalog *catalog, const struct topic_def *def, struct topic_life *life)
{
    struct change *change = unfinished_new(catalog, def);
    if (change != NULL)
        change->life = topic_life_ref(life);
}

void catalog_changes_begin(struct catalog *catalog)
{
    LIST_EACH(&catalog->unfinished, node)
    {
        struct change *change = LIST_ITEM(node, struct change, unfinished);
        list_remove(&change->unfinished);
        if (change->life != NULL)
            change_remove(change, change->life, delete_folders_removed);
        else
            change_put_def(change, &change->def, change_finish);
    }
}
