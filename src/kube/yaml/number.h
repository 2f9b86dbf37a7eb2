// SPDX-License-Identifier: Apache-2.0
// Floating point numbers as Go writes them, which is what people see of them through kubectl: the shortest digits that
// read back as the same number, in one of two layouts.
#pragma once

enum number_layout {
    NUMBER_JSON,  // encoding/json: an exponent below 1e-6 and from 1e21 on, without leading zeros ("1e-7", "1e+21")
    NUMBER_SHORT, // strconv 'g': an exponent below 1e-4 and from 1e6 on, of two digits at least ("1e-05", "1e+06")
};

enum { NUMBER_TEXT_SIZE = 48 };
// VALUE is finite. Terminated. Returns RET_TEXT.
const char *number_text(double value, enum number_layout layout, char ret_text[NUMBER_TEXT_SIZE]);
// The same in the short layout for a number of 32 bits.
const char *number_text_of_float(float value, char ret_text[NUMBER_TEXT_SIZE]);
