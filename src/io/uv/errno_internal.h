// SPDX-License-Identifier: Apache-2.0
// The one translation of errno for files and folders, and the one for sockets.
#pragma once

#include "base/err.h"

err_t err_of_file(int number);
err_t err_of_socket(int number);
