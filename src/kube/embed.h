// SPDX-License-Identifier: Apache-2.0
// Texts of the tree that are part of the program. CMake names their folder (EDDY_SOURCE_DIR) and rebuilds when they
// change.
#pragma once

// NAME is a terminated text of the bytes of both files: parts that several share stand first.
#define EMBED_BOTH(name, first, second)                                                                                \
    __asm__(".section .rodata\n"                                                                                       \
            ".global " #name "\n" #name ":\n"                                                                          \
            ".incbin \"" EDDY_SOURCE_DIR "/" first "\"\n"                                                              \
            ".incbin \"" EDDY_SOURCE_DIR "/" second "\"\n"                                                             \
            ".byte 0\n"                                                                                                \
            ".previous\n");                                                                                            \
    extern const char name[]

// NAME is a terminated text of the bytes of PATH, below the project's folder.
#define EMBED(name, path)                                                                                              \
    __asm__(".section .rodata\n"                                                                                       \
            ".global " #name "\n" #name ":\n"                                                                          \
            ".incbin \"" EDDY_SOURCE_DIR "/" path "\"\n"                                                               \
            ".byte 0\n"                                                                                                \
            ".previous\n");                                                                                            \
    extern const char name[]
