// SPDX-License-Identifier: Apache-2.0
// The YAML file of `eddy serve --config` (base/option.h with the program's own table). What is accepted must be within
// the limits of its rows, and must read back the same from what the program prints.
#include "app/config.h"
#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

static void check_limits(const struct option_set *set, const struct app_config *config)
{
    for (size_t i = 0; i < set->table.count; i++) {
        const struct option_row *row = &set->table.rows[i];
        bool is_number = row->type == OPTION_INT || row->type == OPTION_SIZE || row->type == OPTION_DURATION;
        if (!is_number || (row->min == 0 && row->max == 0))
            continue;
        int64_t value;
        memcpy(&value, (const char *)config + row->at, sizeof value);
        ASSERT(value >= row->min && value <= row->max);
    }
}

// Each value, printed, sets the same value again.
static void check_round_trip(const struct option_set *set)
{
    struct app_config config = { 0 };
    struct option_set again;
    option_set_init(&again, set->table, &config);
    for (size_t i = 0; i < set->table.count; i++) {
        const struct option_row *row = &set->table.rows[i];
        if (row->name == NULL || set->sources[i] != OPTION_FROM_FILE)
            continue;
        struct writer first = WRITER_INIT, second = WRITER_INIT;
        option_write_value(set, row, &first);
        diag_t diag = { 0 };
        err_t err =
            option_set_value(&again, bytes_of_text(row->name), writer_view(&first), OPTION_FROM_FILE, "", &diag);
        ASSERT(err == ERR_OK);
        option_write_value(&again, row, &second);
        ASSERT(bytes_equal(writer_view(&first), writer_view(&second)));
        writer_free(&first);
        writer_free(&second);
    }
    option_set_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct app_config config = { 0 };
    struct option_set set;
    diag_t diag = { 0 };
    option_set_init(&set, app_option_table(), &config);
    err_t err = option_set_file(&set, bytes_of(data, size), "fuzz.yaml", &diag);
    if (err == ERR_OK) {
        check_limits(&set, &config);
        check_round_trip(&set);
    } else {
        ASSERT(diag.text[0] != '\0');
    }
    option_set_free(&set);
    return 0;
}
