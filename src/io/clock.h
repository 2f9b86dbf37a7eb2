// SPDX-License-Identifier: Apache-2.0
// Time. Timers and durations use monotonic time, records and logs use wall time. In the twin both are virtual.
#pragma once

#include <stdint.h>

// Nanoseconds since an arbitrary moment; never goes back. Any thread.
int64_t clock_mono_ns(void);
// Unix milliseconds; may jump either way. Any thread.
int64_t clock_wall_ms(void);
// That moment as the clocks on the wall show it here: what the UTC calendar makes of the result is local time.
int64_t clock_local_ms(int64_t wall_ms);
