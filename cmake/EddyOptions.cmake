# SPDX-License-Identifier: Apache-2.0
# Warnings, sanitizers and build switches, shared by every room.
option(EDDY_WERROR "Treat warnings as errors" ON)
option(EDDY_TESTS "Build the unit tests and simulations" ON)
option(EDDY_FUZZ "Build the libFuzzer targets (clang only)" OFF)
set(EDDY_SANITIZE "" CACHE STRING "Comma separated list for -fsanitize")
# Three switches that break a promise on purpose, so that the simulation can show that it notices.
option(EDDY_BREAK_FLUSH "Tests only: acknowledge without flushing" OFF)
option(EDDY_BREAK_CRC "Tests only: skip CRC verification at recovery" OFF)
option(EDDY_BREAK_TAIL "Tests only: keep a torn tail at recovery" OFF)

add_library(eddy_options INTERFACE)
target_include_directories(eddy_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(eddy_options INTERFACE _GNU_SOURCE)
target_compile_options(eddy_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wcast-qual -Wwrite-strings -Wvla -Wswitch-enum -Wformat=2 -fno-common)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT EDDY_SANITIZE)
  target_compile_options(eddy_options INTERFACE -Wnull-dereference)
endif()
if(EDDY_WERROR)
  target_compile_options(eddy_options INTERFACE -Werror)
endif()
if(EDDY_SANITIZE)
  target_compile_options(eddy_options INTERFACE -fsanitize=${EDDY_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(eddy_options INTERFACE -fsanitize=${EDDY_SANITIZE})
endif()
foreach(switch EDDY_BREAK_FLUSH EDDY_BREAK_CRC EDDY_BREAK_TAIL)
  if(${switch})
    target_compile_definitions(eddy_options INTERFACE ${switch}=1)
  endif()
endforeach()
