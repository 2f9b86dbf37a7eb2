// SPDX-License-Identifier: Apache-2.0
// Passwords and tokens, as they are stored: plain, or a bcrypt hash ("$2a$", "$2b$", "$2y$" and a two-digit cost),
// which is how NATS tells them apart. Pure functions, any thread.
#pragma once

#include "base/bytes.h"
#include "base/err.h"

enum {
    PASSWORD_COST_MAX = 15, // of bcrypt, 2 to the power of it: a few seconds, longer than any client waits
};

// Takes as long for any two values of the same sizes, wherever they differ.
bool secret_equal(bytes_t a, bytes_t b);
// STORED is a bcrypt hash by its first characters: it is not compared as text.
bool password_is_hash(bytes_t stored);
// What an operator stored can be verified. ERR_INVALID with a sentence in DIAG (never the value), at WHERE.
err_t password_check(bytes_t stored, const char *where, diag_t *diag) MUST_CHECK;
// GIVEN is the password that is stored. A hash is slow by design (50 ms at cost 10, twice that for each step): on a
// thread for such work, never on a loop. Only the first 72 bytes count for a hash (bcrypt).
bool password_verify(bytes_t stored, bytes_t given);
// Overwrites a secret that is no longer needed; the compiler does not take it away.
void secret_wipe(void *secret, size_t size);
