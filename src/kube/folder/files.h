// SPDX-License-Identifier: Apache-2.0
// The manifest files of a folder, or a single one, as they are looked at again and again. A look runs on a disk thread;
// between looks all of it belongs to the loop. The system's own notices are not used: they do not come from network
// file systems, nor for what a link leads to, and a look costs two microseconds for each file.
#pragma once

#include "io/file.h"
#include "kube/folder/manifest.h"

enum file_news {
    FILE_NEWS_NONE,
    FILE_NEWS_TEXT,   // fresh is what it says now
    FILE_NEWS_BROKEN, // place and diag tell why its text cannot be read
    FILE_NEWS_GONE,
};

struct folder_file {
    char *path;
    // of the looks
    struct file_stamp seen;
    unsigned looks;  // in a row that saw it so
    unsigned missed; // in a row that did not find it
    bool is_read;    // the text that belongs to SEEN
    bool is_found;
    // Of the last look; whoever takes the news sets FILE_NEWS_NONE.
    enum file_news news;
    struct manifests *fresh;
    struct yaml_place place; // line 0: all of it
    diag_t diag;
    // What it says, as whoever took the news has it.
    struct manifests *manifests; // of the last text that could be read; NULL: there was none yet
    bool is_broken;
    char *said; // the complaint that was logged; NULL: none
};

struct folder_files {
    const char *root; // as the user calls it
    struct folder_file **items;
    size_t count, capacity; // in the order of their paths
    bool was_looked;
    // Of the last look: something could not be looked at, so that files that were not found may be there.
    err_t err;
    char *err_path;
    bool is_unsettled; // something changes: look again soon
};

enum { FOLDER_LOOKS_SURE = 5 };

// *.yaml, *.yml and *.json in ROOT and below, without names that begin with a dot; or ROOT itself. A file is read when
// so many looks in a row saw it the same, and gone when so many did not see it: what is written in steps, or renamed
// and written again, is not taken for what it is not. The first look reads at once.
void folder_look(struct folder_files *files);
// Takes the file out of the list and frees it.
void folder_file_drop(struct folder_files *files, size_t index);
void folder_files_deinit(struct folder_files *files);
