// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml/number.h"

#include "base/assert.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// digits[0].digits[1]... * 10^exponent
struct decimal {
    bool negative;
    char digits[20];
    int count;
    int exponent;
};

static struct decimal decimal_of(double value, bool is_float)
{
    char text[40];
    int most = is_float ? 9 : 17;
    for (int count = 1; count <= most; count++) {
        (void)snprintf(text, sizeof text, "%.*e", count - 1, value);
        bool same = is_float ? strtof(text, NULL) == (float)value : strtod(text, NULL) == value;
        if (same)
            break;
    }
    struct decimal decimal = { .negative = text[0] == '-' };
    const char *at = text + (decimal.negative ? 1 : 0);
    for (; *at != 'e'; at++) {
        if (*at != '.') // of any locale
            decimal.digits[decimal.count++] = *at;
    }
    decimal.exponent = (int)strtol(at + 1, NULL, 10);
    return decimal;
}

static char *put_exponent(const struct decimal *decimal, enum number_layout layout, char *at)
{
    *at++ = decimal->digits[0];
    if (decimal->count > 1) {
        *at++ = '.';
        memcpy(at, decimal->digits + 1, (size_t)decimal->count - 1);
        at += decimal->count - 1;
    }
    if (layout == NUMBER_JSON)
        return at + snprintf(at, 8, "e%+d", decimal->exponent);
    return at + snprintf(at, 8, "e%+03d", decimal->exponent);
}

static char *put_plain(const struct decimal *decimal, char *at)
{
    if (decimal->exponent < 0) {
        *at++ = '0';
        *at++ = '.';
        for (int zeros = decimal->exponent + 1; zeros < 0; zeros++)
            *at++ = '0';
    }
    for (int i = 0; i < decimal->count || i <= decimal->exponent; i++) {
        if (i > 0 && i == decimal->exponent + 1)
            *at++ = '.';
        *at++ = i < decimal->count ? decimal->digits[i] : '0';
    }
    return at;
}

static const char *decimal_text(const struct decimal *decimal, enum number_layout layout, char *ret_text)
{
    int low = layout == NUMBER_JSON ? -6 : -4, high = layout == NUMBER_JSON ? 21 : 6;
    char *at = ret_text;
    if (decimal->negative)
        *at++ = '-';
    bool is_zero = decimal->digits[0] == '0';
    if (!is_zero && (decimal->exponent < low || decimal->exponent >= high))
        at = put_exponent(decimal, layout, at);
    else
        at = put_plain(decimal, at);
    *at = '\0';
    return ret_text;
}

const char *number_text(double value, enum number_layout layout, char ret_text[NUMBER_TEXT_SIZE])
{
    ASSERT(isfinite(value));
    struct decimal decimal = decimal_of(value, false);
    return decimal_text(&decimal, layout, ret_text);
}

const char *number_text_of_float(float value, char ret_text[NUMBER_TEXT_SIZE])
{
    ASSERT(isfinite(value));
    struct decimal decimal = decimal_of((double)value, true);
    return decimal_text(&decimal, NUMBER_SHORT, ret_text);
}
