// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void assert_failed(const char *file, int line, const char *condition)
{
    fprintf(stderr, "eddy: a program error: %s at %s:%d\n", condition, file, line);
    abort();
}
