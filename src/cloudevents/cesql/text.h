// SPDX-License-Identifier: Apache-2.0
// Texts as sequences of characters (code points in UTF-8). A byte that belongs to none counts as one character. Inside
// the folder.
#pragma once

#include "base/bytes.h"

enum { TEXT_BAD_CHARACTER = 0x110000 }; // and above: a byte that is in no character, plus its value

// At least one byte is left. Moves *AT behind the character.
uint32_t text_next(bytes_t text, size_t *at);
size_t text_length(bytes_t text);
// Where the character number COUNT (from 0) starts, or the end.
size_t text_offset(bytes_t text, size_t count);
// Without the white space (Unicode's White_Space) on both sides.
bytes_t text_trim(bytes_t text);

enum text_case { TEXT_LOWER, TEXT_UPPER };
// Characters may get longer: RET has room for this many bytes for each byte of the text.
enum { TEXT_CASE_GROWTH = 2 };
// Unicode's simple case mapping, one character for one. Returns the number of bytes.
size_t text_change_case(bytes_t text, enum text_case text_case, uint8_t *ret);
// One character (text_case.c).
uint32_t text_map_case(uint32_t character, enum text_case text_case);
