// SPDX-License-Identifier: Apache-2.0
// Text with tabs to text with columns, as `kubectl describe` lays it out (Go's text/tabwriter with a padding of two): a
// cell is what a tab ends; cells that stand below each other in lines without a gap are one column, as wide as the
// widest of them. What follows the last tab of a line belongs to no column. Pure.
#pragma once

#include "base/writer.h"

void tabs_align(bytes_t text, struct writer *out);
