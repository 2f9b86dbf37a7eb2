// SPDX-License-Identifier: Apache-2.0
// Who may come in: accounts, their users and what proves each of them. Filled from configuration, sealed, and immutable
// from then on, so that loops may share it. A changed configuration makes a new directory; whoever made one frees it
// when no session or login uses its principals any more. All texts are copied. Source: docs.nats.io, "Accounts",
// "Authentication".
#pragma once

#include "auth/principal.h"

struct directory;

#define ACCOUNT_DEFAULT "$G"
#define ACCOUNT_SYSTEM  "$SYS"

enum {
    ACCOUNTS_MAX = 65536,
    USERS_MAX = 1 << 20,
    NAME_SIZE_MAX = 1024, // of an account or a user; distinguished names are long
};

// With the accounts "$G" and "$SYS", which is the system account.
struct directory *directory_new(void);
// Accepts NULL.
void directory_free(struct directory *directory);

// The functions that fill it: ERR_INVALID, ERR_EXISTS, ERR_NOT_FOUND, ERR_LIMIT, each with a sentence in DIAG (never
// with a secret in it).
err_t directory_add_account(struct directory *directory, bytes_t name, diag_t *diag) MUST_CHECK;
// Another account than "$SYS" gets the server's events.
err_t directory_set_system_account(struct directory *directory, bytes_t name, diag_t *diag) MUST_CHECK;

struct user_config {
    bytes_t account; // empty: "$G"
    bytes_t name;    // a user, or
    bytes_t nkey;    // the public key of one ("U...")
    // Plain or a bcrypt hash. Null: comes by certificate only, or as no_auth_user. Empty: whoever says the name is let
    // in, which is what nats-server makes of a user without a password.
    bytes_t password;
    const struct permission_config *permissions; // NULL: everything
};
err_t directory_add_user(struct directory *directory, const struct user_config *config, diag_t *diag) MUST_CHECK;
// One secret for all, plain or a bcrypt hash, in "$G".
err_t directory_set_token(struct directory *directory, bytes_t token, diag_t *diag) MUST_CHECK;
// Whose rights a client has that shows nothing: a user, or an nkey, which needs no signature then.
err_t directory_set_no_auth_user(struct directory *directory, bytes_t name, diag_t *diag) MUST_CHECK;
// Nothing is added behind it. Checks what concerns more than one of the above.
err_t directory_seal(struct directory *directory, diag_t *diag) MUST_CHECK;

// The rest wants a sealed directory; any thread.

// Whom a client is that shows nothing; NULL: it has to show something. Where only users of the system account are
// known, others come into "$G".
const struct principal *directory_anonymous(const struct directory *directory);
// Something is checked: users, nkeys or a token are known.
bool directory_checks(const struct directory *directory);
// Somebody has a name. Where nobody has, it does not count what name a client says.
bool directory_has_users(const struct directory *directory);
// There are nkeys: sessions need a nonce.
bool directory_has_nkeys(const struct directory *directory);
const struct principal *directory_server(const struct directory *directory);
// NULL if there is none.
const struct account *directory_account(const struct directory *directory, bytes_t name);
const struct account *directory_account_at(const struct directory *directory, size_t index);
size_t directory_account_count(const struct directory *directory);

// What login.c looks up: the principal, and the stored secret that has to be matched (null: none).
struct identity {
    const struct principal *principal; // NULL: nobody
    bytes_t secret;
};
struct identity directory_user(const struct directory *directory, bytes_t name);
struct identity directory_nkey(const struct directory *directory, bytes_t text);
struct identity directory_token(const struct directory *directory);
// The user whose name is this distinguished name (RFC 2253): in the same order first, else in any order.
struct identity directory_user_by_dn(const struct directory *directory, bytes_t dn);
