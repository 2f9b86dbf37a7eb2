// SPDX-License-Identifier: Apache-2.0
// Status codes that eddy sends and their reason phrases (RFC 9110 15).
#pragma once

// "Not Found"; "" for a code that is not in the table.
const char *http_status_text(int status);
