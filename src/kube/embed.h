// SPDX-License-Identifier: Apache-2.0
// Texts that are part of the program: YAML of the tree, as lines of JSON (kube/text/). CMake names their folder
// (EDDY_TEXT_DIR) and rebuilds when they change.
#pragma once

// NAME is the text of TEXT.json, terminated.
#define EMBED(name, text)                                                                                              \
    __asm__(".section .rodata\n"                                                                                       \
            ".global " #name "\n" #name ":\n"                                                                          \
            ".incbin \"" EDDY_TEXT_DIR "/" text ".json\"\n"                                                            \
            ".byte 0\n"                                                                                                \
            ".previous\n");                                                                                            \
    extern const char name[]
