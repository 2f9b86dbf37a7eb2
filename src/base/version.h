// SPDX-License-Identifier: Apache-2.0
// eddy's own version (semantic versioning); CMakeLists.txt and CHANGELOG.md say the same.
#pragma once

#define EDDY_VERSION "0.1.0"
