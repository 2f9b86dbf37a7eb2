// SPDX-License-Identifier: Apache-2.0
// Every option of `eddy serve`: one table, one struct. Doors bring their own rows.
#pragma once

#include "base/option.h"
#include "http/request.h"
#include "kafka/kafka.h"
#include "kube/kube.h"
#include "nats/nats.h"
#include "store/store.h"

struct app_config {
    const char *file; // --config
    const char *data;
    bool insecure;
    const char *kafka_address, *nats_address, *nats_monitor_address, *kube_address, *events_address,
        *console_address; // "off" closes the door
    int64_t events_body, events_drain_ms;
    const char *console_hosts; // comma separated; NULL: none
    int log_format, log_level; // enum log_format, enum log_level
    int64_t loops;             // 0: by the number of CPUs
    int64_t flush_threads, read_threads, background_threads;
    int flush; // enum flush_mode
    int64_t flush_interval_ms;
    int64_t memory_size, journal_size, direct_flush_size, direct_read_size;
    bool direct_io;
    int64_t checkpoint_interval_ms, retention_interval_ms, producer_expiration_ms;
    int64_t open_segments, reserve_size;
    int64_t topic_retention_ms, topic_retention_size, topic_segment_size, topic_message_max;
    int64_t http_line_size, http_header_count, http_header_size, http_body_size;
    int64_t http_header_timeout_ms, http_body_timeout_ms, http_idle_timeout_ms, http_connections;
    struct kafka_options kafka;
    struct nats_options nats;
    struct kube_options kube;
    struct nats_access *nats_access; // of nats.auth; NULL: everybody may come in to the NATS door
};

// All rows; made once, on the thread that starts the program.
struct option_table app_option_table(void);

// Defaults, then flags, environment and the file that --config or EDDY_CONFIG names; then it is checked that all of
// them together make a server. RET_REST as in option_set_flags, may be NULL. Both are freed by app_config_free.
err_t app_config_read(struct option_set *set, struct app_config *config, int count, const char *const *arguments,
                      const char **ret_rest, int *ret_rest_count, diag_t *diag) MUST_CHECK;

void app_config_free(struct option_set *set, struct app_config *config);

// Names the EDDY_ variables that no command of eddy knows (option_env_strays).
void app_env_strays(option_stray_fn *on_stray, void *owner);

// Copies the values that apply live from FRESH, where they differ; calls ON_CHANGE for each row that differs, with
// whether it needs a restart. SET keeps its own texts.
void app_config_merge(struct option_set *set, const struct option_set *fresh,
                      void (*on_change)(const struct option_row *row, bool needs_restart));

void app_http_limits(const struct app_config *config, struct http_limits *ret_limits);
void app_store_options(const struct app_config *config, struct store_options *ret_options);
