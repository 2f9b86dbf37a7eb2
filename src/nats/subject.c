// SPDX-License-Identifier: Apache-2.0
#include "nats/subject.h"

bool nats_tokens_next(struct nats_tokens *tokens, bytes_t *ret_token)
{
    if (tokens->is_over)
        return false;
    bytes_t rest = tokens->rest;
    const uint8_t *dot = rest.size == 0 ? NULL : memchr(rest.data, '.', rest.size);
    if (dot == NULL) {
        *ret_token = rest;
        tokens->is_over = true;
        return true;
    }
    *ret_token = bytes_of(rest.data, (size_t)(dot - rest.data));
    tokens->rest = bytes_of(dot + 1, rest.size - ret_token->size - 1);
    return true;
}

bool nats_subject_is_valid(bytes_t subject)
{
    struct nats_tokens tokens = nats_tokens_of(subject);
    bytes_t token;
    while (nats_tokens_next(&tokens, &token)) {
        if (token.size == 0 || (nats_token_is(token, '>') && !tokens.is_over))
            return false;
    }
    return true;
}

bool nats_subject_is_literal(bytes_t subject)
{
    struct nats_tokens tokens = nats_tokens_of(subject);
    bytes_t token;
    while (nats_tokens_next(&tokens, &token)) {
        if (token.size == 0 || nats_token_is(token, '>') || nats_token_is(token, '*'))
            return false;
    }
    return true;
}

bool nats_subject_has_wildcard(bytes_t subject)
{
    struct nats_tokens tokens = nats_tokens_of(subject);
    bytes_t token;
    while (nats_tokens_next(&tokens, &token)) {
        if (nats_token_is(token, '>') || nats_token_is(token, '*'))
            return true;
    }
    return false;
}

size_t nats_subject_token_count(bytes_t subject)
{
    struct nats_tokens tokens = nats_tokens_of(subject);
    bytes_t token;
    size_t count = 0;
    while (nats_tokens_next(&tokens, &token))
        count++;
    return count;
}

bool nats_subject_matches(bytes_t pattern, bytes_t subject)
{
    struct nats_tokens wanted = nats_tokens_of(pattern), have = nats_tokens_of(subject);
    bytes_t a, b;
    while (nats_tokens_next(&wanted, &a)) {
        if (!nats_tokens_next(&have, &b) || b.size == 0)
            return false;
        if (nats_token_is(a, '>') && wanted.is_over) {
            while (nats_tokens_next(&have, &b)) {
                if (b.size == 0)
                    return false;
            }
            return true;
        }
        if (!nats_token_is(a, '*') && !bytes_equal(a, b))
            return false;
    }
    return have.is_over;
}
