// SPDX-License-Identifier: Apache-2.0
// NATS subjects: tokens with a dot between them. `*` alone in a token stands for any one token, `>` alone in the last
// one for one or more. Pure.
#pragma once

#include "base/bytes.h"

// What may be subscribed to: no empty token, `>` only at the end. (Bytes that no subject should have are left alone, as
// nats-server does: UTF-8 is allowed, and a token such as `a*` is a plain one.)
bool nats_subject_is_valid(bytes_t subject);
// What may be published to: no empty token, none that is `*` or `>`.
bool nats_subject_is_literal(bytes_t subject);
// A valid subject holds a token `*` or `>`.
bool nats_subject_has_wildcard(bytes_t subject);
size_t nats_subject_token_count(bytes_t subject);
// SUBJECT is taken as it is, also where it holds `*`. Both are valid; an empty token matches nothing.
bool nats_subject_matches(bytes_t pattern, bytes_t subject);

// One token after the other, until it returns false. An empty subject has one empty token.
struct nats_tokens {
    bytes_t rest;
    bool is_over;
};
static inline struct nats_tokens nats_tokens_of(bytes_t subject)
{
    return (struct nats_tokens){ subject, false };
}
bool nats_tokens_next(struct nats_tokens *tokens, bytes_t *ret_token);

static inline bool nats_token_is(bytes_t token, char c)
{
    return token.size == 1 && token.data[0] == (uint8_t)c;
}
