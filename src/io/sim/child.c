// SPDX-License-Identifier: Apache-2.0
// The twin starts no processes: every child ends at once with ERR_UNSUPPORTED.
#include "io/child.h"

#include "base/mem.h"
#include "io/sim/loop_sim.h"

#include <stdlib.h>

struct child {
    struct message message;
    const struct child_ops *ops;
    void *owner;
};

err_t child_keeper_start(void)
{
    return ERR_OK;
}

void child_keeper_stop(void)
{
}

static void on_refused(struct message *message)
{
    struct child *child = CONTAINER_OF(message, struct child, message);
    child->ops->on_exit(child, ERR_UNSUPPORTED, 0);
    free(child);
}

struct child *child_spawn(struct loop *loop, const struct child_spec *spec, const struct child_ops *ops, void *owner)
{
    ASSERT(spec->argv[0] != NULL);
    struct child *child = mem_zalloc(1, sizeof(*child));
    child->message.on_message = on_refused;
    child->ops = ops;
    child->owner = owner;
    loop_post(loop, &child->message);
    return child;
}

void *child_owner(const struct child *child)
{
    return child->owner;
}

void child_signal(struct child *child, int signal_number)
{
    (void)child;
    (void)signal_number;
}
