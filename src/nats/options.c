// SPDX-License-Identifier: Apache-2.0
#include "nats/nats.h"

#include "base/assert.h"
#include "io/net.h"

#include <stdlib.h>

#define AT(member) .at = offsetof(struct nats_options, member)
#define GROUP      .group = "NATS"
#define MB         (INT64_C(1024) * 1024)
#define DAY        (INT64_C(86400) * 1000)

// Defaults are nats-server's; in brackets stands its name for the option.
// clang-format off
const struct option_row nats_option_rows[] = {
    { .name = "nats.auth", .flag = "--nats-auth", .env = "EDDY_NATS_AUTH", GROUP, .type = OPTION_PATH, .value_name = "FILE",
      .help = "who may come in, in nats-server's syntax: authorization, accounts, no_auth_user, system_account, tls, allow_non_tls; "
              "what else is in FILE is not used. Default: everybody, to everything", AT(auth_file) },
    { .name = "nats.advertise", .flag = "--nats-advertise", .env = "EDDY_NATS_ADVERTISE", GROUP, .type = OPTION_TEXT,
      .value_name = "HOST:PORT", .help = "the address that NATS clients are told (client_advertise); default: the one that is listened on", AT(advertise) },
    { .name = "nats.server-name", .flag = "--nats-server-name", .env = "EDDY_NATS_SERVER_NAME", GROUP, .type = OPTION_TEXT,
      .value_name = "NAME", .help = "the name in INFO (server_name); default: the server's id, which is new at each start", AT(server_name) },
    { .name = "nats.max-payload", .env = "EDDY_NATS_MAX_PAYLOAD", GROUP, .type = OPTION_SIZE, .default_text = "1MB",
      .min = 1, .max = 64 * MB, .help = "largest message, headers and payload (max_payload)",
      .limit_reason = "a message is held in memory as one piece", AT(max_payload) },
    { .name = "nats.max-control-line", .env = "EDDY_NATS_MAX_CONTROL_LINE", GROUP, .type = OPTION_SIZE, .default_text = "4096",
      .min = 64, .max = 65536, .help = "longest line of arguments, CONNECT among them (max_control_line)",
      .limit_reason = "a line has to fit into what is read at once", AT(max_control_line) },
    { .name = "nats.max-pending", .env = "EDDY_NATS_MAX_PENDING", GROUP, .type = OPTION_SIZE, .default_text = "64MB",
      .min = 1024, .max = 16 * 1024 * MB, .help = "bytes that wait for one client, beyond which it is a slow consumer and closed (max_pending)", AT(max_pending) },
    { .name = "nats.max-connections", .env = "EDDY_NATS_MAX_CONNECTIONS", GROUP, .type = OPTION_INT, .default_text = "65536",
      .min = 1, .max = 10000000, .help = "open connections (max_connections)",
      .limit_reason = "each takes a file descriptor and about 2 KB", AT(max_connections) },
    { .name = "nats.max-subscriptions", .env = "EDDY_NATS_MAX_SUBSCRIPTIONS", GROUP, .type = OPTION_INT, .default_text = "0",
      .max = INT32_MAX, .help = "subscriptions of one connection (max_subscriptions); 0: no limit", AT(max_subscriptions) },
    { .name = "nats.max-subject-tokens", .env = "EDDY_NATS_MAX_SUBJECT_TOKENS", GROUP, .type = OPTION_INT, .default_text = "0",
      .max = 255, .help = "tokens of a subject that is subscribed to (max_sub_tokens); 0: no limit", AT(max_subject_tokens) },
    { .name = "nats.max-closed-clients", .env = "EDDY_NATS_MAX_CLOSED_CLIENTS", GROUP, .type = OPTION_INT, .default_text = "10000",
      .max = 1000000, .help = "closed connections that /connz?state=closed remembers of each loop (max_closed_clients)",
      .limit_reason = "each takes about 300 bytes, and up to 8 KB with long names and many subscriptions", AT(max_closed_clients) },
    { .name = "nats.ping-interval", .env = "EDDY_NATS_PING_INTERVAL", GROUP, .type = OPTION_DURATION, .default_text = "2m",
      .min = 10, .max = DAY, .help = "silence after which a client is pinged (ping_interval)", AT(ping_interval_ms) },
    { .name = "nats.ping-max", .env = "EDDY_NATS_PING_MAX", GROUP, .type = OPTION_INT, .default_text = "2",
      .min = 1, .max = 1000, .help = "unanswered pings after which a connection is stale and closed (ping_max)", AT(ping_max) },
    { .name = "nats.write-deadline", .env = "EDDY_NATS_WRITE_DEADLINE", GROUP, .type = OPTION_DURATION, .default_text = "10s",
      .min = 10, .max = DAY, .help = "time a client has to take what was sent to it; then it is a slow consumer and closed (write_deadline)", AT(write_deadline_ms) },
    { .name = "nats.producer-stall", .env = "EDDY_NATS_PRODUCER_STALL", GROUP, .type = OPTION_BOOL, .default_text = "true",
      .help = "slow down who publishes to a client that is three quarters on its way to max-pending (no_fast_producer_stall)", AT(producer_stall) },
    { .name = "nats.lame-duck-duration", .env = "EDDY_NATS_LAME_DUCK_DURATION", GROUP, .type = OPTION_DURATION, .default_text = "2m",
      .min = 1, .max = DAY, .help = "time over which clients are closed when the server is about to stop (lame_duck_duration)", AT(lame_duck_duration_ms) },
    { .name = "nats.lame-duck-grace", .env = "EDDY_NATS_LAME_DUCK_GRACE", GROUP, .type = OPTION_DURATION, .default_text = "10s",
      .max = DAY, .help = "time before the first of them is closed (lame_duck_grace_period)", AT(lame_duck_grace_ms) },
};
// clang-format on
const size_t nats_option_row_count = ARRAY_COUNT(nats_option_rows);

err_t nats_options_check(const struct nats_options *options, diag_t *diag)
{
    struct address address;
    if (options->max_payload > options->max_pending)
        return diag_fail(diag, ERR_INVALID, "nats.max-payload", "a message of that size is more than nats.max-pending");
    const char *text = options->advertise;
    if (text == NULL || text[0] == '\0')
        return ERR_OK;
    if (address_parse(text, 0, &address, NULL) != ERR_OK || address.port == 0 || text[0] == ':' ||
        strchr(text, ':') == NULL)
        return diag_fail(
            diag, ERR_INVALID, "--nats-advertise",
            "\"%s\" is not of the form HOST:PORT, as clients reach this server, such as nats.example.com:4222", text);
    return ERR_OK;
}

#undef AT
#define AT(member) .at = offsetof(struct nats_metrics, member)

// clang-format off
const struct metric_row nats_metric_rows[] = {
    { .name = "eddy_nats_bad_requests_total", .help = "Connections closed because of what they sent.", .type = METRIC_COUNTER, AT(bad_requests) },
};
// clang-format on
const size_t nats_metric_row_count = ARRAY_COUNT(nats_metric_rows);
