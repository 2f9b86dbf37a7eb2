// SPDX-License-Identifier: Apache-2.0
// The server's identity and its INFO line.
#pragma once

#include "base/writer.h"

enum { NATS_SERVER_ID_SIZE = 56 };

// A new public key of a server as nkeys write it: base32 of a prefix byte, 32 bytes and their CRC-16; begins with N.
void nats_server_id_make(const uint8_t key[32], char ret_id[NATS_SERVER_ID_SIZE + 1]);

struct nats_info {
    const char *server_id, *server_name, *host;
    uint16_t port;
    int64_t max_payload;
    uint64_t client_id;
    bytes_t client_ip;
    bytes_t account; // of the answer to the first PING; BYTES_NULL: of the first line
    bool is_auth_required, is_tls_required, is_tls_available, is_tls_verified;
    const char *nonce; // "": none
    bool is_lame_duck, no_headers;
};

// "INFO {...} \r\n"
void nats_info_write(const struct nats_info *info, struct writer *out);
