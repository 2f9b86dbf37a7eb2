// SPDX-License-Identifier: Apache-2.0
#include "store/journal.h"

struct journal_place journal_place(const struct store *store)
{
    (void)store;
    return (struct journal_place){ 0 };
}

void journal_release(struct store *store, const struct journal_place *place)
{
    (void)store;
    (void)place;
}

void journal_write(struct journal_group *group)
{
    group->on_done(group);
}
