// SPDX-License-Identifier: Apache-2.0
#include "nats/trace.h"

#include "base/json_write.h"
#include "base/log.h"

static const char *const verbs[NATS_VERB_COUNT] = {
    [NATS_PUB] = "PUB",   [NATS_HPUB] = "HPUB", [NATS_SUB] = "SUB",         [NATS_UNSUB] = "UNSUB",
    [NATS_PING] = "PING", [NATS_PONG] = "PONG", [NATS_CONNECT] = "CONNECT", [NATS_INFO] = "INFO",
    [NATS_OK] = "+OK",    [NATS_ERR] = "-ERR",
};

static void begin(const struct nats_session *session, struct writer *line)
{
    if (session->peer != NULL)
        writer_text(line, session->peer);
    else
        writer_bytes(line, session->peer_ip);
    writer_format(line, " - cid:%llu - ", (unsigned long long)session->id);
}

static void end(enum log_level level, struct writer *line)
{
    writer_u8(line, 0);
    log_line(level, (const char *)line->buf->data, LOG_NONE);
    writer_free(line);
}

static void trace_payload(const struct nats_session *session, const struct nats_command *command)
{
    const struct nats_options *options = session->site->options;
    struct writer line = WRITER_INIT;
    size_t skipped = options->trace_headers ? 0 : command->header_size;
    bytes_t shown = bytes_of(command->body.data + skipped, command->body.size - skipped);
    bool is_cut = options->trace_size > 0 && shown.size > (size_t)options->trace_size;
    if (is_cut)
        shown.size = (size_t)options->trace_size;
    begin(session, &line);
    writer_text(&line, "<<- MSG_PAYLOAD: [");
    struct json_writer quoted = json_writer_of(&line);
    json_bytes(&quoted, shown);
    writer_text(&line, is_cut ? "...]" : "]");
    end(LOG_TRACE, &line);
}

void nats_trace_command(const struct nats_session *session, const struct nats_command *command)
{
    struct writer line = WRITER_INIT;
    bool is_message = command->verb == NATS_PUB || command->verb == NATS_HPUB; // it has no line
    begin(session, &line);
    writer_format(&line, "<<- [%s", verbs[command->verb]);
    if (command->verb == NATS_CONNECT)
        writer_text(&line, " [REDACTED]");
    else if (is_message)
        for (size_t i = 0; i < command->count; i++)
            writer_format(&line, " %.*s", BYTES_ARG(command->arguments[i]));
    else if (command->line.size > 0)
        writer_format(&line, " %.*s", BYTES_ARG(command->line));
    writer_text(&line, "]");
    end(LOG_TRACE, &line);
    if (is_message)
        trace_payload(session, command);
}

void nats_trace_note(const struct nats_session *session, const char *text)
{
    struct writer line = WRITER_INIT;
    if (!log_enabled(LOG_DEBUG))
        return;
    begin(session, &line);
    writer_text(&line, text);
    end(LOG_DEBUG, &line);
}
