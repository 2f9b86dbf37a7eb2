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
