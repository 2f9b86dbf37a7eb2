// SPDX-License-Identifier: Apache-2.0
// Producer ids: the end of a block is durable before the first of it is given out.
#include "store/catalog_impl.h"

#include "base/endian.h"

#define PRODUCER_ID_KEY BYTES_LITERAL("/producer-id")

enum {
    BLOCK_COUNT = 1000,
    PRODUCER_ID_FORM = 1, // version byte of the row
};
// Far above what a Kafka cluster has given out, so that the producers of an adopted log are not taken for new ones.
static const int64_t FIRST_ID = (int64_t)1 << 32;

err_t producer_ids_load(struct catalog *catalog, diag_t *diag)
{
    struct table_row row;
    catalog->next_producer_id = catalog->end_producer_id = FIRST_ID;
    if (table_get(catalog->topics, PRODUCER_ID_KEY, &row) != ERR_OK)
        return ERR_OK;
    if (row.value.size > 0 && row.value.data[0] > PRODUCER_ID_FORM)
        return diag_fail(diag, ERR_UNSUPPORTED, TOPIC_CATALOG,
                         "a newer eddy wrote the producer ids: start the newer version");
    if (row.value.size != sizeof catalog->producer_value)
        return diag_fail(diag, ERR_MALFORMED, TOPIC_CATALOG, "the row of the producer ids is damaged");
    catalog->next_producer_id = catalog->end_producer_id = (int64_t)get_u64(row.value.data + 1);
    return ERR_OK;
}

bool producer_ids_idle(const struct catalog *catalog)
{
    return catalog->producer_first == NULL;
}

static void on_answer(struct message *message)
{
    struct producer_id_op *op = CONTAINER_OF(message, struct producer_id_op, message);
    op->on_done(op);
}

static void answer(struct producer_id_op *op, err_t err, int64_t producer_id)
{
    op->err = err;
    op->producer_id = producer_id;
    op->message.on_message = on_answer;
    loop_post(op->from, &op->message);
}

static void answer_waiting(struct catalog *catalog, err_t err)
{
    while (catalog->producer_first != NULL) {
        struct message *message = catalog->producer_first;
        if (err == ERR_OK && catalog->next_producer_id == catalog->end_producer_id)
            return;
        catalog->producer_first = message->next;
        struct producer_id_op *op = CONTAINER_OF(message, struct producer_id_op, message);
        answer(op, err, err == ERR_OK ? catalog->next_producer_id++ : -1);
    }
}

static void on_block_durable(struct table_op *put);

static void block_ask(struct catalog *catalog)
{
    catalog->producer_value[0] = PRODUCER_ID_FORM;
    put_u64(catalog->producer_value + 1, (uint64_t)(catalog->end_producer_id + BLOCK_COUNT));
    catalog->producer_put =
        (struct table_op){ .table = catalog->topics,
                           .on_done = on_block_durable,
                           .key = PRODUCER_ID_KEY,
                           .value = bytes_of(catalog->producer_value, sizeof catalog->producer_value),
                           .expected_version = TABLE_ANY };
    table_put(&catalog->producer_put);
}

static void on_block_durable(struct table_op *put)
{
    struct catalog *catalog = CONTAINER_OF(put, struct catalog, producer_put);
    if (put->err == ERR_OK)
        catalog->end_producer_id += BLOCK_COUNT;
    answer_waiting(catalog, put->err);
    if (catalog->producer_first != NULL)
        block_ask(catalog);
    catalog_stop_try(catalog);
}

static void on_allocate(struct message *message)
{
    struct producer_id_op *op = CONTAINER_OF(message, struct producer_id_op, message);
    struct catalog *catalog = op->private_state;
    if (catalog->stopping) {
        answer(op, ERR_CLOSED, -1);
        return;
    }
    if (catalog->next_producer_id < catalog->end_producer_id) {
        answer(op, ERR_OK, catalog->next_producer_id++);
        return;
    }
    bool first = catalog->producer_first == NULL;
    message->next = NULL;
    if (first)
        catalog->producer_first = message;
    else
        catalog->producer_last->next = message;
    catalog->producer_last = message;
    if (first)
        block_ask(catalog);
}

void producer_id_allocate(struct store *store, struct producer_id_op *op)
{
    struct catalog *catalog = catalog_of(store);
    struct loop *current = loop_current();
    op->private_state = catalog;
    op->from = current == NULL ? catalog->loop : current;
    op->message.on_message = on_allocate;
    loop_post(catalog->loop, &op->message);
}
