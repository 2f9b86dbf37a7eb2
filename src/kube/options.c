// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "kube/kube.h"

#define AT(member) .at = offsetof(struct kube_options, member)
#define GROUP      .group = "Kubernetes API"
#define MB         (INT64_C(1024) * 1024)

// clang-format off
const struct option_row kube_option_rows[] = {
    { .name = "apply", .flag = "--apply", .env = "EDDY_APPLY", GROUP, .type = OPTION_PATH, .value_name = "FILE|DIR",
      .help = "manifests that are applied, and followed: what changes there is applied, what goes there is deleted", AT(apply) },
    { .name = "kube.tls", .flag = "--kube-tls", .env = "EDDY_KUBE_TLS", GROUP, .type = OPTION_BOOL, .default_text = "true",
      .help = "speak TLS, with an authority that is made at the first start; kubectl sends no token without it", AT(uses_tls) },
    { .name = "kube.body", .env = "EDDY_KUBE_BODY", GROUP, .type = OPTION_SIZE, .default_text = "3MB", .min = 1024, .max = 64 * MB,
      .help = "largest request body; larger: 413", .limit_reason = "as kube-apiserver; a record of the log holds at most 8 MB", AT(body_size) },
    { .name = "kube.history", .env = "EDDY_KUBE_HISTORY", GROUP, .type = OPTION_INT, .default_text = "10000", .min = 10, .max = 10000000,
      .help = "changes that watches and pages of lists can go back to; older: 410",
      .limit_reason = "they are kept in memory", AT(history_count) },
    { .name = "kube.history-size", .env = "EDDY_KUBE_HISTORY_SIZE", GROUP, .type = OPTION_SIZE, .default_text = "16MB", .min = MB, .max = 16384 * MB,
      .help = "memory for them", AT(history_size) },
    { .name = "kube.watches", .env = "EDDY_KUBE_WATCHES", GROUP, .type = OPTION_INT, .default_text = "10000", .min = 1, .max = 1000000,
      .help = "open watches; more: 429", .limit_reason = "each takes a connection and about 11 KB, 26 KB with TLS", AT(watches_max) },
    { .name = "kube.list-size", .env = "EDDY_KUBE_LIST_SIZE", GROUP, .type = OPTION_SIZE, .default_text = "256MB", .min = MB, .max = 2047 * MB,
      .help = "largest answer to a list without limit; larger: 413", .limit_reason = "it is made in memory as one piece", AT(list_size_max) },
    { .name = "kube.resync", .env = "EDDY_KUBE_RESYNC", GROUP, .type = OPTION_DURATION, .default_text = "60s", .min = 100, .max = INT32_MAX,
      .help = "how often controllers look at what others may have changed, such as the topics of KafkaTopics", AT(resync_ms) },
    { .name = "kube.events-ttl", .env = "EDDY_KUBE_EVENTS_TTL", GROUP, .type = OPTION_DURATION, .default_text = "1h", .min = 1000, .max = INT64_C(365) * 86400000,
      .help = "how long an Event stays after it happened last", .limit_reason = "nobody deletes them; as kube-apiserver", AT(events_ttl_ms) },
};
// clang-format on
const size_t kube_option_row_count = ARRAY_COUNT(kube_option_rows);
