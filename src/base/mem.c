// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"

#include "base/assert.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOLES_MIN = 8 << 20 };

static void *checked(void *memory)
{
    if (memory == NULL) {
        fputs("eddy: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *mem_alloc(size_t size)
{
    return checked(malloc(size == 0 ? 1 : size));
}

void *mem_zalloc(size_t count, size_t size)
{
    return checked(count == 0 || size == 0 ? calloc(1, 1) : calloc(count, size));
}

void *mem_realloc(void *old, size_t size)
{
    return checked(realloc(old, size == 0 ? 1 : size));
}

char *mem_text(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(mem_alloc(size), text, size);
}

char *mem_format(const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    ASSERT(size >= 0);
    char *text = mem_alloc((size_t)size + 1);
    (void)vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    return text;
}

void mem_give_back(size_t limit)
{
    struct mallinfo2 info = mallinfo2();
    if (info.arena + info.hblkhd > limit && info.fordblks > HOLES_MIN)
        malloc_trim(0);
}
