// SPDX-License-Identifier: Apache-2.0
// Makes objects that belong to others, in namespaces that come and go, and deletes them in every way. In the end
// nothing may be left that has lost its owner, waits for its dependents, or stands in a namespace that has gone, and
// nothing may have gone that had a reason to stay.
#include "kube_run.h"

#include "base/mem.h"

enum { PLANT_NAMES = 10, PLANT_PAUSE_MS = 40 };

static void on_step(struct timer *timer);

void gardener_begin(struct gardener *gardener)
{
    if (gardener->run->is_closing)
        return;
    timer_init(&gardener->timer, gardener->run->loops[LOOPS], on_step);
    timer_start(&gardener->timer, (int64_t)choose(gardener->run, PLANT_PAUSE_MS));
}

static void on_answered(struct call *call)
{
    gardener_begin(CONTAINER_OF(call, struct gardener, call));
}

// --- planting

static void on_planted(struct call *call)
{
    struct gardener *gardener = CONTAINER_OF(call, struct gardener, call);
    struct plant *plant = &gardener->run->plants[gardener->plant];
    const struct json_value *tree = call_tree(call, call_body(call));
    bytes_t uid = json_text_at(json_get(tree, "metadata"), "uid");
    if (call->status == 201 && uid.size > 0) {
        plant->state = GROWN;
        snprintf(plant->uid, sizeof plant->uid, "%.*s", BYTES_ARG(uid));
        totals.planted++;
    } else {
        plant->state = FAILED;
        if (call->status != 0 && call->status != 201 && call->status != 404 && call->status != 409 &&
            call->status != 403 && call->status < 500)
            FAIL(gardener->run, "planting is answered with %d: %.*s", call->status, BYTES_ARG(call_body(call)));
    }
    gardener_begin(gardener);
}

static size_t owner_choose(struct run *run, int space)
{
    for (int i = 0; i < 10 && run->plant_count > 0; i++) {
        size_t recent = run->plant_count < 20 ? run->plant_count : 20;
        size_t at = run->plant_count - 1 - choose(run, recent);
        if (run->plants[at].state == GROWN && run->plants[at].space == space)
            return at;
    }
    return SIZE_MAX;
}

static void owners_choose(struct run *run, struct plant *plant, char *text, size_t size)
{
    size_t used = 0;
    *text = '\0';
    for (uint64_t wanted = choose(run, 3); wanted > 0; wanted--) {
        size_t owner = owner_choose(run, plant->space);
        if (owner == SIZE_MAX || (plant->owner_count > 0 && plant->owners[0] == owner))
            continue;
        plant->owners[plant->owner_count++] = owner;
        used += (size_t)snprintf(text + used, size - used,
                                 "%s{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"p%d\",\"uid\":\"%s\","
                                 "\"blockOwnerDeletion\":%s}",
                                 used > 0 ? "," : "", run->plants[owner].name, run->plants[owner].uid,
                                 choose(run, 2) == 0 ? "true" : "false");
    }
}

static void plant_make(struct gardener *gardener)
{
    struct run *run = gardener->run;
    char target[100], owners[500], body[800];
    struct plant plant = { .space = (int)choose(run, SPACES), .name = (int)choose(run, PLANT_NAMES) };
    plant.is_doomed = run->is_space_doomed[plant.space];
    owners_choose(run, &plant, owners, sizeof owners);
    MEM_GROW(run->plants, run->plant_count, run->plant_capacity);
    gardener->plant = run->plant_count;
    run->plants[run->plant_count++] = plant;
    snprintf(target, sizeof target, "/api/v1/namespaces/g%d/configmaps", plant.space);
    snprintf(body, sizeof body, "{\"metadata\":{\"name\":\"p%d\",\"ownerReferences\":[%s]}}", plant.name, owners);
    call_prepare(run, &gardener->call, on_planted);
    call_start(&gardener->call, "POST", target, "application/json", body);
}

// --- taking away

static void on_orphaned(struct call *call)
{
    struct gardener *gardener = CONTAINER_OF(call, struct gardener, call);
    struct plant *plant = &gardener->run->plants[gardener->plant];
    if (call->status != 200)
        plant->is_orphaner = false; // it may have happened, or not
    gardener_begin(gardener);
}

static void orphans_mark(struct run *run, size_t owner)
{
    for (size_t i = 0; i < run->plant_count; i++) {
        struct plant *plant = &run->plants[i];
        for (int k = 0; k < plant->owner_count; k++)
            plant->is_orphan[k] |= plant->state == GROWN && plant->owners[k] == owner;
    }
}

static void plant_take(struct gardener *gardener)
{
    static const char *const policies[] = { "Background", "Foreground", "Orphan" };
    struct run *run = gardener->run;
    int space = (int)choose(run, SPACES);
    size_t at = owner_choose(run, space), policy = choose(run, 3);
    char target[100], body[200];
    if (at == SIZE_MAX) {
        gardener_begin(gardener);
        return;
    }
    struct plant *plant = &run->plants[at];
    plant->is_orphaner = policy == 2 && !plant->is_asked;
    plant->is_asked = true;
    if (plant->is_orphaner)
        orphans_mark(run, at);
    gardener->plant = at;
    snprintf(target, sizeof target, "/api/v1/namespaces/g%d/configmaps/p%d", space, plant->name);
    snprintf(body, sizeof body, "{\"propagationPolicy\":\"%s\",\"preconditions\":{\"uid\":\"%s\"}}", policies[policy],
             plant->uid);
    call_prepare(run, &gardener->call, plant->is_orphaner ? on_orphaned : on_answered);
    call_start(&gardener->call, "DELETE", target, "application/json", body);
}

static void space_change(struct gardener *gardener)
{
    struct run *run = gardener->run;
    int space = (int)choose(run, SPACES);
    char target[100], body[100];
    call_prepare(run, &gardener->call, on_answered);
    if (space == 0 || choose(run, 4) > 0) { // the first one stays
        snprintf(body, sizeof body, "{\"metadata\":{\"name\":\"g%d\"}}", space);
        call_start(&gardener->call, "POST", "/api/v1/namespaces", "application/json", body);
        return;
    }
    run->is_space_doomed[space] = true; // from now on nobody knows which one of that name is meant
    for (size_t i = 0; i < run->plant_count; i++)
        run->plants[i].is_doomed |= run->plants[i].space == space;
    snprintf(target, sizeof target, "/api/v1/namespaces/g%d", space);
    call_start(&gardener->call, "DELETE", target, NULL, NULL);
}

static void on_step(struct timer *timer)
{
    struct gardener *gardener = CONTAINER_OF(timer, struct gardener, timer);
    if (gardener->run->is_quiet)
        return;
    uint64_t what = choose(gardener->run, 30);
    if (what < 3)
        space_change(gardener);
    else if (what < 19)
        plant_make(gardener);
    else
        plant_take(gardener);
}

// --- what is left

static const struct json_value *find(const struct json_value *maps, bytes_t space, bytes_t name)
{
    const struct json_value *items = json_get(maps, "items");
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next) {
        const struct json_value *metadata = json_get(item, "metadata");
        if (bytes_equal(json_text_at(metadata, "name"), name) &&
            bytes_equal(json_text_at(metadata, "namespace"), space))
            return metadata;
    }
    return NULL;
}

static bool plant_is_tidy(const struct json_value *maps, const struct json_value *metadata, char why[200])
{
    bytes_t name = json_text_at(metadata, "name"), space = json_text_at(metadata, "namespace");
    const struct json_value *owners = json_get(metadata, "ownerReferences");
    if (json_get(metadata, "deletionTimestamp") != NULL || json_get(metadata, "finalizers") != NULL) {
        snprintf(why, 200, "%.*s/%.*s waits for something", BYTES_ARG(space), BYTES_ARG(name));
        return false;
    }
    for (const struct json_value *owner = owners == NULL ? NULL : owners->first; owner != NULL; owner = owner->next) {
        const struct json_value *there = find(maps, space, json_text_at(owner, "name"));
        if (there == NULL || !bytes_equal(json_text_at(there, "uid"), json_text_at(owner, "uid"))) {
            snprintf(why, 200, "%.*s/%.*s names an owner that is gone", BYTES_ARG(space), BYTES_ARG(name));
            return false;
        }
    }
    return true;
}

static bool space_is(const struct json_value *spaces, bytes_t name)
{
    const struct json_value *items = json_get(spaces, "items");
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next) {
        if (bytes_equal(json_text_at(json_get(item, "metadata"), "name"), name))
            return true;
    }
    return false;
}

bool garden_is_tidy(struct run *run, const struct json_value *maps, const struct json_value *spaces, char why[200])
{
    const struct json_value *items = json_get(spaces, "items");
    (void)run;
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next) {
        if (json_get(json_get(item, "metadata"), "deletionTimestamp") != NULL) {
            snprintf(why, 200, "namespace %.*s is still there",
                     BYTES_ARG(json_text_at(json_get(item, "metadata"), "name")));
            return false;
        }
    }
    items = json_get(maps, "items");
    for (const struct json_value *item = items == NULL ? NULL : items->first; item != NULL; item = item->next) {
        const struct json_value *metadata = json_get(item, "metadata");
        if (!space_is(spaces, json_text_at(metadata, "namespace"))) {
            snprintf(why, 200, "%.*s stands in a namespace that is gone", BYTES_ARG(json_text_at(metadata, "name")));
            return false;
        }
        if (!plant_is_tidy(maps, metadata, why))
            return false;
    }
    return true;
}

// Nothing took it away before somebody asked for it, if somebody did. STOOD says that of those before it.
static bool stood_until_asked(const struct run *run, const struct plant *plant, const bool *stood)
{
    bool has_owner = false, is_free = true; // an owner is there; each that is not let go of it
    for (int i = 0; i < plant->owner_count; i++) {
        const struct plant *owner = &run->plants[plant->owners[i]];
        bool is_good = stood[plant->owners[i]];
        has_owner |= is_good && !owner->is_asked;
        is_free &= is_good && owner->is_orphaner && plant->is_orphan[i];
    }
    return (has_owner || is_free) && plant->state == GROWN && !plant->is_doomed;
}

void garden_check(struct run *run, const struct json_value *maps)
{
    bool *stood = mem_zalloc(run->plant_count + 1, sizeof *stood);
    for (size_t i = 0; i < run->plant_count; i++) {
        const struct plant *plant = &run->plants[i];
        char space[8], name[16];
        snprintf(space, sizeof space, "g%d", plant->space);
        snprintf(name, sizeof name, "p%d", plant->name);
        const struct json_value *there = find(maps, bytes_of_text(space), bytes_of_text(name));
        bool is_there = there != NULL && bytes_is(json_text_at(there, "uid"), plant->uid);
        stood[i] = stood_until_asked(run, plant, stood);
        totals.collected += plant->state == GROWN && !is_there;
        if (!is_there && !plant->is_asked && stood[i])
            FAIL(run, "%s/%s (plant %zu) is gone, and nobody asked for that", space, name, i);
    }
    free(stood);
}
