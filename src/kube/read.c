// SPDX-License-Identifier: Apache-2.0
// get and list.
#include "kube/rest.h"

#include "base/base64.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/select.h"
#include "kube/shape.h"

void rest_get(struct request *request)
{
    struct table_row row;
    int64_t marked;
    bytes_t key = resources_key(&request->arena, request->kind, request->name_space, request->name);
    if (resources_get(&request->kube->resources, key, &row, &marked) != ERR_OK) {
        problem_not_found(&request->problem, request->kind, request->name);
        answer_problem(request);
        return;
    }
    answer_object(request, 200, row.value, row.version);
}

// --- which version of the list

struct list {
    struct request *request;
    struct selection selection;
    struct resources_walk walk;
    int64_t version; // that it shows
    bytes_t after;   // where it goes on: the last key of the page before
};

// Continue tokens: base64url of "VERSION KEY". Whoever changes one gets another page or an error, nothing that a list
// would not show.
static bool continue_read(struct list *list, bytes_t token)
{
    struct request *request = list->request;
    uint8_t *text = arena_alloc(&request->arena, token.size + 2);
    size_t size;
    if (!base64_decode(BASE64_URL, token, text, &size))
        return false;
    const uint8_t *space = memchr(text, ' ', size);
    if (space == NULL || !bytes_to_int64(bytes_of(text, (size_t)(space - text)), &list->version))
        return false;
    list->after = bytes_of(space + 1, size - (size_t)(space + 1 - text));
    bytes_t prefix = request->kind->prefix;
    return list->version > 0 && list->after.size > prefix.size && bytes_starts_with(list->after, prefix);
}

static bytes_t continue_write(const struct list *list)
{
    struct arena *arena = &list->request->arena;
    bytes_t plain =
        bytes_of_text(arena_format(arena, "%lld %.*s", (long long)list->version, BYTES_ARG(list->walk.after)));
    char *token = arena_alloc(arena, BASE64_SIZE(plain.size));
    return bytes_of(token, base64_encode(BASE64_URL, plain, token));
}

static bool refuse(struct list *list, enum problem_reason reason, const char *text)
{
    problem_set(&list->request->problem, reason, "%s", text);
    return false;
}

static bool expired(struct list *list)
{
    return refuse(
        list, PROBLEM_EXPIRED,
        list->after.data != NULL
            ? "The provided continue parameter is too old to display a consistent list result. You must start "
              "a new list without the continue parameter."
            : "The resourceVersion for the provided list is too old.");
}

static bool version_read(struct list *list)
{
    struct request *request = list->request;
    const struct parameters *parameters = &request->parameters;
    bytes_t match = parameters->resource_version_match, version = parameters->resource_version;
    int64_t wanted = 0;
    if (version.size > 0 && (!bytes_to_int64(version, &wanted) || wanted < 0))
        return refuse(list, PROBLEM_BAD_REQUEST, "Invalid value: resourceVersion has to be a number");
    if (match.size > 0 && (version.size == 0 || parameters->continue_token.size > 0))
        return refuse(list, PROBLEM_BAD_REQUEST,
                      "resourceVersionMatch is forbidden unless resourceVersion is provided, and with continue");
    if (match.size > 0 && !bytes_is(match, "Exact") && !bytes_is(match, "NotOlderThan"))
        return refuse(list, PROBLEM_BAD_REQUEST, "resourceVersionMatch has to be Exact or NotOlderThan");
    if (bytes_is(match, "Exact") && wanted == 0)
        return refuse(list, PROBLEM_BAD_REQUEST,
                      "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
    if (wanted > resources_version(&request->kube->resources)) {
        problem_set(&request->problem, PROBLEM_TIMEOUT, "Too large resource version: %lld, current: %lld",
                    (long long)wanted, (long long)resources_version(&request->kube->resources));
        problem_cause(&request->problem, "ResourceVersionTooLarge", BYTES_LITERAL(""), "Too large resource version");
        request->problem.retry_after_s = 1;
        return false;
    }
    if (parameters->continue_token.size > 0)
        return continue_read(list, parameters->continue_token) ||
               refuse(list, PROBLEM_BAD_REQUEST, "continue key is not valid: it has to be the one of the page before");
    list->version = bytes_is(match, "Exact") ? wanted : resources_version(&request->kube->resources);
    return true;
}

static bool list_start(struct list *list)
{
    struct request *request = list->request;
    if (!version_read(list) || !selection_read(&list->selection, request))
        return false;
    return resources_walk_start(&list->walk, &request->kube->resources, request->kind, request->name_space,
                                list->version, list->after, &request->arena) == ERR_OK ||
           expired(list);
}

// --- the page

// A list without selectors tells how much follows (meta/v1 ListMeta remainingItemCount).
static int64_t rest_count(struct list *list)
{
    struct table_row row;
    int64_t count = 0;
    struct resources_walk rest = list->walk;
    while (resources_walk_next(&rest, &row))
        count++;
    return count;
}

static bool page_fill(struct list *list, struct shape_page *page, bool *ret_more)
{
    struct request *request = list->request;
    int64_t limit = request->parameters.limit;
    size_t size = 0, size_max = (size_t)request->kube->options.list_size_max;
    struct table_row row;
    for (;;) {
        struct resources_walk before = list->walk;
        if (!resources_walk_next(&list->walk, &row))
            return true;
        if (!selection_matches(&list->selection, &row))
            continue;
        if (limit > 0 && (int64_t)page->count == limit) {
            list->walk = before;
            *ret_more = true;
            return true;
        }
        shape_page_add(page, &row);
        size += row.value.size;
        if (size > size_max)
            return refuse(list, PROBLEM_TOO_LARGE,
                          "the list is larger than one answer may be: ask for pages with limit");
    }
}

void rest_list(struct request *request)
{
    struct list list = { .request = request };
    struct shape_page page = { 0 };
    bool more = false;
    if (!list_start(&list) || !page_fill(&list, &page, &more)) {
        shape_page_free(&page);
        answer_problem(request);
        return;
    }
    page.version = list.version;
    page.continue_token = more ? continue_write(&list) : BYTES_NULL;
    page.rest_count = more && !selection_is_some(&list.selection) ? rest_count(&list) : 0;
    struct writer text = WRITER_INIT;
    shape_page_write(request, &page, &text);
    shape_page_free(&page);
    answer_text(request, 200, &text);
}
