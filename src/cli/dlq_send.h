// SPDX-License-Identifier: Apache-2.0
// Sends dead letters on their way again: marks that it begins, appends the event, marks that it is done. So whatever
// interrupts it, the next command knows what was sent, or that it may have been.
#pragma once

#include "cli/dlq.h"
#include "cli/dlq_addressee.h"

enum { DLQ_SEND_MAX = 100 }; // letters at a time: so many are uncertain when something interrupts

struct dlq_send {
    struct dlq *dlq;
    const char *topic; // where to; NULL: where each was delivered from
    bool is_for_all;   // for everybody who wants it, not for the one who failed
    bool is_edited;
    struct dlq_addressees addressees;
    // Each letter that was sent, with its mark. May be NULL.
    void (*on_sent)(struct dlq_send *send, const struct dlq_letter *letter, const struct dlq_mark *mark);
    void *owner;
    size_t sent, taken; // taken: another command was at it
    bytes_t *shared;    // topics that letters go into which are not eddy's own
    size_t shared_count, shared_capacity;
};

// "trigger", "broker", "topic:NAME"; NULL: trigger. ERR_INVALID with DIAG.
err_t dlq_send_to(const char *to, struct dlq_send *send, diag_t *diag) MUST_CHECK;
// For the letters of DLQ.
err_t dlq_send_open(struct dlq_send *send, struct dlq *dlq, diag_t *diag) MUST_CHECK;
void dlq_send_close(struct dlq_send *send);
// ", into orders, which its other consumers read as well", of what was checked; nothing if all topics are eddy's own.
void dlq_send_tell_shared(const struct dlq_send *send, struct writer *out);
// Whether there is somewhere to send the letters to, and somebody who gets them. ERR_NOT_FOUND: of one there is not.
err_t dlq_send_check(struct dlq_send *send, const struct dlq_letter *letters, size_t count, diag_t *diag) MUST_CHECK;
// Up to DLQ_SEND_MAX letters. ERR_NOT_FOUND: dlq_send_check's; nothing was sent of this call then. ERR_RESET,
// ERR_CLOSED, ERR_TIMEOUT: some of them are uncertain from here on.
err_t dlq_send(struct dlq_send *send, const struct dlq_letter *letters, size_t count, diag_t *diag) MUST_CHECK;
