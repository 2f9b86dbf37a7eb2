// SPDX-License-Identifier: Apache-2.0
// What a server that goes by the name of nats-server is told: its flags and its configuration file, read together, and
// turned into the options of the NATS door.
#pragma once

#include "auth/digest.h"
#include "nats/access.h"
#include "nats/config/flags.h"
#include "nats/nats.h"

struct nats_settings {
    struct arena arena; // of everything below but what the flags hold
    struct nats_config config;
    struct nats_access *access;    // who may come in
    char digest[DIGEST_TEXT_SIZE]; // SHA-256 of the configuration file, in hex; empty without one
};

// Flags are stronger than the file; both have to make sense together, and to ask only for what eddy serves. FLAGS
// outlive the settings. On failure nothing is left to free. ERR_INVALID, ERR_UNSUPPORTED, or what reading the file did.
err_t nats_settings_read(const struct nats_flags *flags, struct nats_settings *settings, diag_t *diag) MUST_CHECK;
void nats_settings_free(struct nats_settings *settings);
// The options live as long as the settings.
void nats_settings_options(const struct nats_settings *settings, struct nats_options *ret_options);
// What cannot change while the server runs: a name of it that differs between the two, or NULL.
const char *nats_settings_fixed(const struct nats_settings *from, const struct nats_settings *to);
