// SPDX-License-Identifier: Apache-2.0
// Text broken into lines between words, and indented, as `kubectl explain` shows descriptions (go-wordwrap). Pure.
#pragma once

#include "base/writer.h"

// Lines of at most WIDTH characters where words allow it, each behind INDENT spaces, the one behind a last line break
// as well. What others wrote cannot steer a terminal.
void wrap_text(bytes_t text, size_t width, size_t indent, struct writer *out);
