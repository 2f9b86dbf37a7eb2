// SPDX-License-Identifier: Apache-2.0
#include "nats/info.h"

#include "base/assert.h"
#include "base/json_write.h"
#include "base/version.h"
#include "nats/nats.h"

enum {
    NKEY_SERVER = 13 << 3, // the letter N of base32
    KEY_SIZE = 32,
    CRC_POLYNOMIAL = 0x1021, // CRC-16/XMODEM
};

void nats_server_id_make(const uint8_t key[32], char ret_id[NATS_SERVER_ID_SIZE + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t raw[KEY_SIZE + 3] = { NKEY_SERVER };
    memcpy(raw + 1, key, KEY_SIZE);
    uint32_t crc = 0;
    for (size_t i = 0; i <= KEY_SIZE; i++) {
        crc ^= (uint32_t)raw[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 0x8000) != 0 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1;
    }
    raw[KEY_SIZE + 1] = (uint8_t)crc;
    raw[KEY_SIZE + 2] = (uint8_t)(crc >> 8);
    uint32_t bits = 0;
    unsigned have = 0;
    size_t at = 0;
    for (size_t i = 0; i < sizeof(raw); i++) {
        bits = bits << 8 | raw[i];
        for (have += 8; have >= 5; have -= 5)
            ret_id[at++] = letters[bits >> (have - 5) & 31];
    }
    ret_id[at] = '\0'; // 35 bytes are 56 letters exactly
}

void nats_info_write(const struct nats_info *info, struct writer *out)
{
    writer_text(out, "INFO ");
    struct json_writer json = json_writer_of(out);
    json_object_begin(&json);
    json_field_text(&json, "server_id", info->server_id);
    json_field_text(&json, "server_name", info->server_name);
    json_field_text(&json, "version", NATS_VERSION);
    json_field_text(&json, "eddy", EDDY_VERSION);
    json_field_int(&json, "proto", 1);
    json_field_text(&json, "go", "none"); // clients expect the member
    json_field_text(&json, "host", info->host);
    json_field_int(&json, "port", info->port);
    json_field_bool(&json, "headers", !info->no_headers);
    json_field_int(&json, "max_payload", info->max_payload);
    json_field_int(&json, "client_id", (int64_t)info->client_id);
    json_field_bytes(&json, "client_ip", info->client_ip);
    if (info->is_lame_duck)
        json_field_bool(&json, "ldm", true);
    // Members that say false are left out.
    const struct {
        const char *name;
        bool is_true;
    } flags[] = {
        { "auth_required", info->is_auth_required },
        { "tls_required", info->is_tls_required },
        { "tls_available", info->is_tls_available },
        { "tls_verify", info->is_tls_verified },
    };
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
        if (flags[i].is_true)
            json_field_bool(&json, flags[i].name, true);
    if (info->nonce != NULL && info->nonce[0] != '\0')
        json_field_text(&json, "nonce", info->nonce);
    if (info->account.data != NULL) {
        json_field_bool(&json, "connect_info", true);
        json_field_bytes(&json, "remote_account", info->account);
        if (bytes_is(info->account, NATS_ACCOUNT_SYSTEM))
            json_field_bool(&json, "acc_is_sys", true);
    }
    json_object_end(&json);
    writer_text(out, " \r\n");
}
