// SPDX-License-Identifier: Apache-2.0
// The wire format of protocol buffers (protobuf.dev, "Encoding"): fields one behind the other, each with its number.
#pragma once

#include "base/reader.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t integer; // of all but WIRE_BYTES
    bytes_t bytes;    // of WIRE_BYTES
};

// The next field of a message. False at its end, or after an error: the reader's err tells. Groups, which nobody uses
// any more, are ERR_UNSUPPORTED.
bool wire_next(struct reader *reader, struct wire_field *ret_field);
