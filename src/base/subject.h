// SPDX-License-Identifier: Apache-2.0
// NATS subjects: tokens that '.' separates. In a pattern the token '*' stands for any one token, and '>' as the last
// one for one or more; anywhere else in a token both are ordinary characters. Pure views of bytes: nothing is copied,
// nothing is kept. Spec: docs.nats.io, "Subject-Based Messaging"; ADR-6.
#pragma once

#include "base/bytes.h"

// A subject may be all of SUBJECT bytes: no token is empty, there is no white space and no NUL, and '>' is last.
// Patterns are valid too. The functions below want valid subjects; others never make them read outside.
bool subject_is_valid(bytes_t subject);
// No token is a wildcard: a message can have this subject.
bool subject_is_literal(bytes_t subject);
// Takes the first token off *REST and returns true; false when there is none left. Start with the whole subject; an
// empty subject has one empty token. *REST is null behind the last one.
bool subject_next(bytes_t *rest, bytes_t *ret_token);
size_t subject_token_count(bytes_t subject);
// "*", and ">".
bool subject_token_is_one(bytes_t token);
bool subject_token_is_rest(bytes_t token);

// The literal subject SUBJECT is one of those that PATTERN stands for.
bool subject_matches(bytes_t subject, bytes_t pattern);
// Every subject that SUBSET stands for is one that PATTERN stands for; true when they are equal.
bool subject_is_subset(bytes_t subset, bytes_t pattern);
// At least one subject is one that both A and B stand for.
bool subject_overlaps(bytes_t a, bytes_t b);
