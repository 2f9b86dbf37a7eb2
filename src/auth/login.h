// SPDX-License-Identifier: Apache-2.0
// What a client shows becomes a principal, or a reason why not. All on one loop.
#pragma once

#include "auth/directory.h"

struct loop;
struct verifier;
struct login;
struct tls_peer;

// Why somebody stays outside. The text is for logs; clients hear only that they may not come in.
// clang-format off
#define DENIAL_TABLE(X) \
    X(NONE,                "let in") \
    X(NO_CREDENTIALS,      "no credentials were shown") \
    X(UNKNOWN_USER,        "there is no such user") \
    X(WRONG_PASSWORD,      "the password is wrong") \
    X(NO_PASSWORD,         "the user has no password: it comes with a certificate only") \
    X(WRONG_TOKEN,         "the token is wrong") \
    X(UNKNOWN_NKEY,        "there is no such nkey") \
    X(NO_SIGNATURE,        "the nonce was not signed") \
    X(WRONG_SIGNATURE,     "the signature of the nonce is wrong") \
    X(NO_CERTIFICATE,      "no certificate was shown") \
    X(UNKNOWN_CERTIFICATE, "no user has a name of the certificate") \
    X(BUSY,                "too many passwords wait to be checked")
// clang-format on

enum denial {
#define DENIAL_ENUM(name, text) DENIAL_##name,
    DENIAL_TABLE(DENIAL_ENUM)
#undef DENIAL_ENUM
        DENIAL_COUNT
};
const char *denial_text(enum denial denial);

// Views; absent is empty. Names are compared as they are, byte by byte.
struct credentials {
    bytes_t user, password;
    bytes_t token;
    bytes_t nkey, signature;            // the public key, and in base64 what it made of
    bytes_t nonce;                      // this, which the session was given
    bool by_certificate;                // the listener maps certificates to users (verify_and_map): nothing else counts
    const struct tls_peer *certificate; // verified; NULL: none was shown
};
// `user "alice", a password`: what was shown, for a log line; never a secret. Terminated, cut at SIZE.
void credentials_describe(const struct credentials *credentials, char *to, size_t size);

struct verdict {
    const struct principal *principal; // NULL: denied
    enum denial denial;
};

enum {
    VERIFIER_WAITING_MAX = 1000, // logins of one loop whose bcrypt hash is not yet looked at; one takes about 50 ms
};

// Checks passwords on the threads of DISK_COMPUTE (io/disk.h), one at a time for each loop, so that a flood of logins
// occupies neither a loop nor all of the machine.
struct verifier *verifier_new(struct loop *loop);
// Logins end without a word. What is under way on a thread is waited for by disk_stop, and its memory is free when the
// loop has run once more.
void verifier_free(struct verifier *verifier);

typedef void on_login_fn(void *owner, struct verdict verdict);

// Decides whether the credentials are right. What is cheap is decided at once: NULL is returned and *RET_VERDICT is
// filled (an nkey costs 0.1 ms). A bcrypt hash is not: then ON_LOGIN comes, in a later turn, unless login_cancel is
// called before. The directory lives until then; the credentials need not outlive the call.
struct login *login_start(struct verifier *verifier, const struct directory *directory,
                          const struct credentials *credentials, on_login_fn *on_login, void *owner,
                          struct verdict *ret_verdict);
// The session is gone, or took too long: ON_LOGIN does not come. The login must not be used again.
void login_cancel(struct login *login);
