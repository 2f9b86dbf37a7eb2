// SPDX-License-Identifier: Apache-2.0
// nats-server's command line. Flags are read first, for they name the configuration file, and applied behind it, for
// they are stronger. As Go reads them: -x, --x, -x=v and -x v are one, and what is no flag ends them.
#pragma once

#include "base/writer.h"
#include "nats/config/config.h"

enum nats_action {
    NATS_RUN,
    NATS_SHOW_HELP,
    NATS_SHOW_HELP_TLS,
    NATS_SHOW_VERSION,
    NATS_TEST,        // the configuration file is read and not used
    NATS_SEND_SIGNAL, // to another process
};

struct nats_flag_value; // a flag and what was given to it

struct nats_flags {
    enum nats_action action;
    const char *config_file;   // NULL: none
    const char *signal;        // "ldm", "stop", "quit", "term", "reopen" or "reload"
    const char *signal_target; // a process id or the path of a file that holds one; NULL: whoever runs
    const struct nats_flag_value *values;
};

// COUNT arguments, without the program's name; texts are views of them. ERR_MALFORMED: nats-server says DIAG's text,
// shows its help and ends with 0. ERR_INVALID, ERR_UNSUPPORTED: it ends with 1.
err_t nats_flags_parse(int count, const char *const *arguments, struct arena *arena, struct nats_flags *flags,
                       diag_t *diag) MUST_CHECK;
// Over what CONFIG has from the file; nats_config_check comes behind it. Adds notes.
void nats_flags_apply(const struct nats_flags *flags, struct arena *arena, struct nats_config *config);

void nats_flags_write_help(struct writer *out);
void nats_flags_write_help_tls(struct writer *out);
