// SPDX-License-Identifier: Apache-2.0
// eddy produce TOPIC
#pragma once

#include "cli/cli.h"

enum cli_exit cli_produce(int count, const char *const *texts);
