// SPDX-License-Identifier: Apache-2.0
// Letting a client in: what CONNECT says becomes a principal, or the end of the connection; and what that principal may
// do afterwards. Parts of a session (session.h), on its loop.
#pragma once

#include "base/bytes.h"
#include "nats/errors.h"

struct nats_command;
struct nats_session;

enum { NATS_NONCE_SIZE = 15 }; // 11 random bytes in base64

// Nobody has said anything yet: whoever need not prove anything is let in as such.
void nats_admission_init(struct nats_session *session);
// Stops a login that is under way, and forgets the answers that were expected.
void nats_admission_stop(struct nats_session *session);
// A command that is not CONNECT comes first, while CONNECT is expected. False: the session is closed.
bool nats_admission_unnamed(struct nats_session *session);
void nats_admission_connect(struct nats_session *session, const struct nats_command *command);

struct directory;
// There are other users (site->access), and the old ones are about to go: whoever is not among them in the same account
// and with the same secret is closed, and so is whoever is not done with CONNECT. The others have their permissions
// from there, and lose the subscriptions that those do not allow.
void nats_admission_again(struct nats_session *session, const struct directory *old);

bool nats_admission_may_publish(struct nats_session *session, bytes_t subject);
bool nats_admission_may_subscribe(struct nats_session *session, bytes_t subject, bytes_t queue);
// A message is about to be delivered to a session that is watched (`is_watched`), by QUEUE or (empty) by none: false
// keeps it away. REPLY may be answered from here on, if answers are allowed.
bool nats_admission_may_get(struct nats_session *session, bytes_t subject, bytes_t queue, bytes_t reply);
