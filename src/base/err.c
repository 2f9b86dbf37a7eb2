// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *text;
} errs[ERR_COUNT] = {
#define ERR_ROW(name, text) { #name, text },
    ERR_TABLE(ERR_ROW)
#undef ERR_ROW
};

const char *err_name(err_t err)
{
    return (unsigned)err < ERR_COUNT ? errs[err].name : "UNKNOWN";
}

const char *err_text(err_t err)
{
    return (unsigned)err < ERR_COUNT ? errs[err].text : "an unknown error";
}

err_t diag_fail(diag_t *diag, err_t err, const char *where, const char *format, ...)
{
    if (diag == NULL)
        return err;
    va_list args;
    va_start(args, format);
    (void)snprintf(diag->where, sizeof diag->where, "%s", where);
    (void)vsnprintf(diag->text, sizeof diag->text, format, args);
    va_end(args);
    return err;
}
