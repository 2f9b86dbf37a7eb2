// SPDX-License-Identifier: Apache-2.0
// JSONPath templates of printer columns and of `eddy get` (kube/table/json_path.h): the first line is the template, the
// rest the document. What compiles is evaluated both ways and printed; what is found is of the tree or of the path.
#include "kube/table/json_path.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

static void evaluate(const struct json_path *path, const struct json_value *root, bool allow_missing)
{
    struct arena arena = ARENA_INIT;
    struct json_path_found found;
    diag_t diag = { 0 };
    err_t err = json_path_find(path, root, allow_missing, &arena, &found, &diag);
    if (err == ERR_OK) {
        struct writer out = WRITER_INIT;
        out.limit = 1 << 22;
        for (size_t i = 0; i < found.count; i++) {
            for (size_t j = 0; j < found.groups[i].count; j++)
                ASSERT(found.groups[i].values[j] != NULL);
            json_path_print(&found.groups[i], &out);
        }
        writer_free(&out);
    } else {
        ASSERT(err == ERR_INVALID || err == ERR_LIMIT);
        ASSERT(diag.where[0] != '\0' && diag.text[0] != '\0');
    }
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_limits limits = { .size = 1 << 14, .values = 1024 };
    const uint8_t *line_end = size == 0 ? NULL : memchr(data, '\n', size);
    if (line_end == NULL)
        return 0;
    size_t path_size = (size_t)(line_end - data);
    struct arena arena = ARENA_INIT;
    const struct json_path *path;
    struct json_value *root;
    diag_t diag = { 0 };
    err_t err = json_path_compile(bytes_of(data, path_size), &arena, &path, &diag);
    if (err != ERR_OK)
        ASSERT(diag.where[0] != '\0' && diag.text[0] != '\0');
    if (err == ERR_OK &&
        json_parse(bytes_of(line_end + 1, size - path_size - 1), &limits, &arena, &root, NULL) == ERR_OK) {
        evaluate(path, root, true);
        evaluate(path, root, false);
    }
    arena_free(&arena);
    return 0;
}
