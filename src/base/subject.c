// SPDX-License-Identifier: Apache-2.0
// One walk over two subjects side by side answers all three questions; what differs is which wildcard may meet what.
#include "base/subject.h"

bool subject_token_is_one(bytes_t token)
{
    return token.size == 1 && token.data[0] == '*';
}

bool subject_token_is_rest(bytes_t token)
{
    return token.size == 1 && token.data[0] == '>';
}

bool subject_next(bytes_t *rest, bytes_t *ret_token)
{
    if (rest->data == NULL)
        return false;
    const uint8_t *dot = rest->size == 0 ? NULL : memchr(rest->data, '.', rest->size);
    if (dot == NULL) {
        *ret_token = *rest;
        *rest = BYTES_NULL;
        return true;
    }
    size_t size = (size_t)(dot - rest->data);
    *ret_token = bytes_of(rest->data, size);
    *rest = bytes_of(dot + 1, rest->size - size - 1);
    return true;
}

size_t subject_token_count(bytes_t subject)
{
    bytes_t rest = subject, token;
    size_t count = 0;
    while (subject_next(&rest, &token))
        count++;
    return count;
}

bool subject_is_valid(bytes_t subject)
{
    if (subject.size == 0)
        return false;
    bytes_t rest = subject, token;
    while (subject_next(&rest, &token))
        if (token.size == 0 || (subject_token_is_rest(token) && rest.data != NULL))
            return false;
    return true;
}

bool subject_is_literal(bytes_t subject)
{
    bytes_t rest = subject, token;
    while (subject_next(&rest, &token))
        if (token.size == 0 || subject_token_is_one(token) || subject_token_is_rest(token))
            return false;
    return true;
}

bool subject_has_wildcard(bytes_t subject)
{
    bytes_t rest = subject, token;
    while (subject_next(&rest, &token))
        if (subject_token_is_one(token) || subject_token_is_rest(token))
            return true;
    return false;
}

static bool has_no_empty_token(bytes_t rest)
{
    bytes_t token;
    while (subject_next(&rest, &token))
        if (token.size == 0)
            return false;
    return true;
}

bool subject_matches(bytes_t subject, bytes_t pattern)
{
    bytes_t token, want;
    while (subject_next(&pattern, &want)) {
        if (!subject_next(&subject, &token) || token.size == 0)
            return false;
        if (subject_token_is_rest(want))
            return has_no_empty_token(subject);
        if (!subject_token_is_one(want) && !bytes_equal(token, want))
            return false;
    }
    return subject.data == NULL;
}

bool subject_is_subset(bytes_t subset, bytes_t pattern)
{
    bytes_t token, want;
    while (subject_next(&pattern, &want)) {
        if (!subject_next(&subset, &token))
            return false;
        if (subject_token_is_rest(want))
            return true;
        if (subject_token_is_rest(token))
            return false;
        if (!subject_token_is_one(want) && !bytes_equal(token, want))
            return false;
    }
    return subset.data == NULL;
}

bool subject_overlaps(bytes_t a, bytes_t b)
{
    bytes_t one, other;
    while (a.data != NULL && b.data != NULL) {
        (void)subject_next(&a, &one);
        (void)subject_next(&b, &other);
        if (subject_token_is_rest(one) || subject_token_is_rest(other))
            return true;
        if (!subject_token_is_one(one) && !subject_token_is_one(other) && !bytes_equal(one, other))
            return false;
    }
    return a.data == NULL && b.data == NULL;
}
