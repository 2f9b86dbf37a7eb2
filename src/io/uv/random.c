// SPDX-License-Identifier: Apache-2.0
// The system's generator, taken in blocks per thread: a system call for 64 numbers instead of one for each.
#include "io/random.h"

#include "base/assert.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum {
    POOL_SIZE = 512,
};

static _Thread_local uint8_t pool[POOL_SIZE];
static _Thread_local size_t pool_left;

static void from_system(uint8_t *to, size_t size)
{
    while (size > 0) {
        ssize_t got = getrandom(to, size, 0);
        ASSERT(got > 0 || errno == EINTR);
        if (got <= 0)
            continue;
        to += got;
        size -= (size_t)got;
    }
}

void random_bytes(void *to, size_t size)
{
    if (size > POOL_SIZE / 4) {
        from_system(to, size);
        return;
    }
    if (pool_left < size) {
        from_system(pool, POOL_SIZE);
        pool_left = POOL_SIZE;
    }
    pool_left -= size;
    memcpy(to, pool + pool_left, size);
    memset(pool + pool_left, 0, size); // what was handed out as a secret does not stay here
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof(value));
    return value;
}

uint64_t random_below(uint64_t bound)
{
    ASSERT(bound > 0);
    // The first (2^64 mod bound) values would make small results more likely.
    uint64_t skip = (0 - bound) % bound;
    uint64_t value;
    do
        value = random_u64();
    while (value < skip);
    return value % bound;
}
