// SPDX-License-Identifier: Apache-2.0
// Assertions that stay in every build. For programmer errors only: never on bytes from network, disk or users.
#pragma once

#include <stddef.h>

_Noreturn void assert_failed(const char *file, int line, const char *condition);

#define ASSERT(condition) ((condition) ? (void)0 : assert_failed(__FILE__, __LINE__, #condition))

// The struct that embeds MEMBER at POINTER.
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define CONTAINER_OF_CONST(pointer, type, member)                                                                      \
    ((const type *)(const void *)((const char *)(pointer)-offsetof(type, member)))
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
