// SPDX-License-Identifier: Apache-2.0
#include "http/date.h"

#include "base/civil.h"

#include <stdio.h>
#include <string.h>

static const char weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char months[12][4] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};

const char *http_date_at(struct http_date *date, int64_t unix_ms)
{
    int64_t second = unix_ms / 1000;
    if (second == date->second && date->text[0] != '\0')
        return date->text;
    struct civil c = civil_of_ms(unix_ms);
    char text[96];
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", weekdays[c.weekday], c.day, months[c.month - 1],
             c.year, c.hour, c.minute, c.second);
    memcpy(date->text, text, HTTP_DATE_SIZE - 1);
    date->text[HTTP_DATE_SIZE - 1] = '\0';
    date->second = second;
    return date->text;
}

// Two digits, or four; -1: they are none.
static int32_t number_at(bytes_t text, size_t at, size_t size)
{
    int32_t number = 0;
    for (size_t i = at; i < at + size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        number = number * 10 + (text.data[i] - '0');
    }
    return number;
}

err_t http_date_parse(bytes_t text, int64_t *ret_unix_ms)
{
    static const char form[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    if (text.size != HTTP_DATE_SIZE - 1)
        return ERR_MALFORMED;
    for (size_t i = 0; i < text.size; i++) { // what is neither a digit nor a name
        bool is_fixed = i < 17 ? form[i] == ',' || form[i] == ' ' : form[i] == ':' || i >= 25 || form[i] == ' ';
        if (is_fixed && text.data[i] != (uint8_t)form[i])
            return ERR_MALFORMED;
    }
    struct civil civil = { .year = number_at(text, 12, 4),
                           .day = number_at(text, 5, 2),
                           .hour = number_at(text, 17, 2),
                           .minute = number_at(text, 20, 2),
                           .second = number_at(text, 23, 2) };
    for (int32_t i = 0; i < 12; i++) {
        if (memcmp(text.data + 8, months[i], 3) == 0)
            civil.month = i + 1;
    }
    if (civil.month == 0 || civil.year < 0 || civil.day < 1 ||
        civil.day > civil_days_in_month(civil.year, civil.month) || civil.hour < 0 || civil.hour > 23 ||
        civil.minute < 0 || civil.minute > 59 || civil.second < 0 || civil.second > 60)
        return ERR_MALFORMED;
    civil.second -= civil.second == 60;
    *ret_unix_ms = civil_to_ms(&civil);
    return ERR_OK;
}
