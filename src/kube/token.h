// SPDX-License-Identifier: Apache-2.0
// Tokens of service accounts: JSON Web Tokens (RFC 7519) that are sealed with a key of this server (HS256, RFC 7518
// 3.2). Nobody else can make or check one. Pure; whether the account is still there is the caller's question.
#pragma once

#include "base/arena.h"
#include "base/err.h"

// Whom a token is for unless somebody else is named: this API.
#define TOKEN_AUDIENCE "https://kubernetes.default.svc"

struct token {
    bytes_t name_space, name, uid; // of the service account
    const bytes_t *audiences;
    size_t audience_count;
    int64_t issued_s, expires_s; // Unix time
};

enum { TOKEN_TEXT_MAX = 8192, TOKEN_AUDIENCES_MAX = 16 };

// In the arena. Names are UTF-8; KEY is not empty.
bytes_t token_sign(bytes_t key, const struct token *token, struct arena *arena);
// ERR_DENIED: not of this server, or changed, or not for this API; ERR_TIMEOUT: it has expired. RET_TOKEN's texts live
// in the arena.
err_t token_verify(bytes_t key, bytes_t text, int64_t now_s, struct arena *arena, struct token *ret_token) MUST_CHECK;
