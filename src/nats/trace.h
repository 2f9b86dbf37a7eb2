// SPDX-License-Identifier: Apache-2.0
// What clients say, line by line in the log, at its level "trace", as nats-server -V writes it. What CONNECT holds is
// not shown: there are credentials in it.
#pragma once

#include "nats/session.h"

// "127.0.0.1:5123 - cid:5 - <<- [SUB foo 1]"; of a message its payload, too. Call it only when log_enabled(LOG_TRACE).
void nats_trace_command(const struct nats_session *session, const struct nats_command *command);
// "127.0.0.1:5123 - cid:5 - Client connection created", at the level "debug".
void nats_trace_note(const struct nats_session *session, const char *text);
