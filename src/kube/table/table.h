// SPDX-License-Identifier: Apache-2.0
// The Table of meta.k8s.io that `kubectl get` asks for (Accept: application/json;as=Table;v=v1;g=meta.k8s.io): a kind's
// printer columns compiled once, and objects written as rows, one behind the other, without a tree of the whole.
// Cells are what kube-apiserver makes for custom resources: null where there is nothing, dates as ages.
#pragma once

#include "base/json.h"
#include "base/json_write.h"

struct table_columns;

// COLUMNS: additionalPrinterColumns of a CustomResourceDefinition's version (name, type, format, description, priority,
// jsonPath); NULL or an empty array: the age. Lives in ARENA, which also holds what it needs of COLUMNS. A path that
// cannot be compiled ends the columns, as in kube-apiserver: *RET_WRONG is a sentence for the log then, else NULL. The
// first column is the name, unless one of the format "name" (which only built-in kinds can have) stands elsewhere.
const struct table_columns *table_columns_compile(const struct json_value *columns, struct arena *arena,
                                                  const char **ret_wrong) __attribute__((returns_nonnull));

// includeObject: what of each object goes along.
enum table_include { TABLE_INCLUDE_METADATA, TABLE_INCLUDE_NONE, TABLE_INCLUDE_OBJECT };
// "", None, Metadata, Object. False: another word.
bool table_include_of(bytes_t text, enum table_include *ret_include);

// A column of a kind whose cells no JSONPath can say.
struct table_cell {
    const char *column; // its name; NULL ends a table
    void (*write)(const struct json_value *object, int64_t now_ms, struct writer *to);
};
// The row of the column, or NULL. OWN may be NULL.
const struct table_cell *table_cell_find(const struct table_cell *own, bytes_t column);

struct table_options {
    enum table_include include;
    bool no_headers;                // in watch events but the first: columnDefinitions is null
    const char *version;            // of meta.k8s.io: "v1" or "v1beta1"
    int64_t now_ms;                 // Unix time
    const struct table_cell *cells; // of the kind; NULL: the paths say everything
};

// A whole Table of an object, or of a list (it has items): one for each watch event, too.
void table_write(struct json_writer *json, const struct table_columns *columns, const struct table_options *options,
                 const struct json_value *value);

// The same in pieces. METADATA (resourceVersion, continue, remainingItemCount are taken) may be NULL. SCRATCH is reset
// with each row.
void table_begin(struct json_writer *json, const struct table_columns *columns, const struct table_options *options,
                 const struct json_value *metadata);
void table_row(struct json_writer *json, const struct table_columns *columns, const struct table_options *options,
               const struct json_value *object, struct arena *scratch);
void table_end(struct json_writer *json);

// PartialObjectMetadata of an object, PartialObjectMetadataList of a list, of meta.k8s.io/VERSION.
void partial_metadata_write(struct json_writer *json, const struct json_value *value, const char *version);
