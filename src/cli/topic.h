// SPDX-License-Identifier: Apache-2.0
// eddy topic list | create | describe | delete
#pragma once

#include "cli/cli.h"

enum cli_exit cli_topic(int count, const char *const *arguments);
