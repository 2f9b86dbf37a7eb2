// SPDX-License-Identifier: Apache-2.0
// NATS subjects: tokens that '.' separates. In a pattern the token '*' stands for any one token, and '>' as the last
// one for one or more; anywhere else in a token both are ordinary characters. Pure views of bytes: nothing is copied,
// nothing is kept. Spec: docs.nats.io, "Subject-Based Messaging"; ADR-6.
#pragma once

#include "base/bytes.h"

// What may be subscribed to: no token is empty, and '>' is last. (Bytes that no subject should have are left alone,
// white space and NUL among them, as nats-server does.) The functions below want such subjects; others never make them
// read outside.
bool subject_is_valid(bytes_t subject);
// No token is empty or a wildcard: a message can have this subject.
bool subject_is_literal(bytes_t subject);
// Some token is a wildcard.
bool subject_has_wildcard(bytes_t subject);
// Takes the first token off *REST and returns true; false when there is none left. Start with the whole subject; an
// empty subject has one empty token. *REST is null behind the last one.
bool subject_next(bytes_t *rest, bytes_t *ret_token);
size_t subject_token_count(bytes_t subject);
// "*", and ">".
bool subject_token_is_one(bytes_t token);
bool subject_token_is_rest(bytes_t token);

// SUBJECT, taken as it is, also where it holds a `*`, is one of those that PATTERN stands for; an empty token is none.
bool subject_matches(bytes_t subject, bytes_t pattern);
// Every subject that SUBSET stands for is one that PATTERN stands for; true when they are equal.
bool subject_is_subset(bytes_t subset, bytes_t pattern);
// At least one subject is one that both A and B stand for.
bool subject_overlaps(bytes_t a, bytes_t b);
