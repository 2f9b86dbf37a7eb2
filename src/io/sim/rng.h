// SPDX-License-Identifier: Apache-2.0
// splitmix64 (Steele, Lea, Flood 2014): one word of state for each thing that draws, so that they do not disturb each
// other.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sim_rng {
    uint64_t state;
};

static inline uint64_t sim_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t sim_rng_next(struct sim_rng *rng)
{
    rng->state += 0x9e3779b97f4a7c15u;
    return sim_mix(rng->state);
}

// In [0, bound); 0 for bound 0. The bias of the remainder does not matter for a simulation.
static inline uint64_t sim_rng_below(struct sim_rng *rng, uint64_t bound)
{
    uint64_t value = sim_rng_next(rng);
    return bound == 0 ? 0 : value % bound;
}

// Draws nothing when the chance is zero, so that a fault that is off does not move the others.
static inline bool sim_rng_chance(struct sim_rng *rng, uint32_t ppm)
{
    return ppm != 0 && sim_rng_below(rng, 1000000) < ppm;
}
