// SPDX-License-Identifier: Apache-2.0
// librdkafka as people use it: acks=all, default batching. Prints one JSON object.
//   rdkafka_load produce|consume HOST:PORT --topic T --records N [--size BYTES]
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static long acknowledged, refused;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void on_delivery(rd_kafka_t *client, const rd_kafka_message_t *message, void *owner)
{
    (void)client;
    (void)owner;
    if (message->err)
        refused++;
    else
        acknowledged++;
}

static rd_kafka_t *client_new(rd_kafka_type_t type, const char *address, const char *const *settings)
{
    char error[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", address, error, sizeof(error));
    for (; *settings != NULL; settings += 2)
        rd_kafka_conf_set(conf, settings[0], settings[1], error, sizeof(error));
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    rd_kafka_t *client = rd_kafka_new(type, conf, error, sizeof(error));
    if (client == NULL) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    return client;
}

static void produce(const char *address, const char *topic, long records, size_t size)
{
    static const char *const settings[] = { "acks",   "all", "linger.ms", "10", "queue.buffering.max.messages",
                                            "200000", NULL };
    rd_kafka_t *client = client_new(RD_KAFKA_PRODUCER, address, settings);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client, topic, NULL);
    char *value = malloc(size);
    memset(value, 'x', size);
    double start = now_s();
    for (long i = 0; i < records; i++) {
        while (rd_kafka_produce(handle, 0, RD_KAFKA_MSG_F_COPY, value, size, NULL, 0, NULL) != 0)
            rd_kafka_poll(client, 10);
        if (i % 1000 == 0)
            rd_kafka_poll(client, 0);
    }
    rd_kafka_flush(client, 120000);
    double took = now_s() - start;
    if (acknowledged != records) {
        fprintf(stderr, "rdkafka_load: %ld of %ld acknowledged, %ld refused\n", acknowledged, records, refused);
        exit(1);
    }
    double megabytes = (double)records * (double)size / 1e6;
    printf(
        "{\"mode\":\"produce\",\"seconds\":%.3f,\"records_per_s\":%.0f,\"megabytes\":%.1f,\"megabytes_per_s\":%.1f}\n",
        took, (double)records / took, megabytes, megabytes / took);
    free(value);
    rd_kafka_topic_destroy(handle);
    rd_kafka_destroy(client);
}

static void consume(const char *address, const char *topic, long records)
{
    static const char *const settings[] = { "group.id", "bench", "enable.auto.commit", "false", NULL };
    rd_kafka_t *client = client_new(RD_KAFKA_CONSUMER, address, settings);
    rd_kafka_poll_set_consumer(client);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(client, list);
    rd_kafka_topic_partition_list_destroy(list);
    double start = now_s(), bytes = 0;
    long count = 0;
    while (count < records) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 10000);
        if (message == NULL) {
            fprintf(stderr, "rdkafka_load: nothing for 10 s after %ld records\n", count);
            exit(1);
        }
        if (message->err == 0) {
            count++;
            bytes += (double)message->len;
        }
        rd_kafka_message_destroy(message);
    }
    double took = now_s() - start;
    printf(
        "{\"mode\":\"consume\",\"seconds\":%.3f,\"records_per_s\":%.0f,\"megabytes\":%.1f,\"megabytes_per_s\":%.1f}\n",
        took, (double)count / took, bytes / 1e6, bytes / 1e6 / took);
    rd_kafka_consumer_close(client);
    rd_kafka_destroy(client);
}

int main(int argc, char **argv)
{
    const char *topic = "bench";
    long records = 100000, size = 1024;
    for (int i = 3; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--topic") == 0)
            topic = argv[i + 1];
        else if (strcmp(argv[i], "--records") == 0)
            records = atol(argv[i + 1]);
        else if (strcmp(argv[i], "--size") == 0)
            size = atol(argv[i + 1]);
    }
    if (argc < 3)
        return 2;
    if (strcmp(argv[1], "produce") == 0)
        produce(argv[2], topic, records, (size_t)size);
    else
        consume(argv[2], topic, records);
    return 0;
}
