// SPDX-License-Identifier: Apache-2.0
#include "kube/account.h"

#include "io/clock.h"
#include "kube/admission.h"
#include "kube/answer.h"
#include "kube/api.h"
#include "kube/body.h"
#include "kube/token.h"

enum { EXPIRATION_MIN_S = 600, EXPIRATION_DEFAULT_S = 3600 };
#define EXPIRATION_MAX_S (INT64_C(1) << 32) // as kube-apiserver

// The account as it is now; NULL: it is gone, or going.
static const struct json_value *account_find(const struct kube *kube, bytes_t name_space, bytes_t name,
                                             struct arena *arena)
{
    const struct resources *resources = &kube->resources;
    struct kind *kind = kinds_find(&resources->kinds, BYTES_LITERAL(""), BYTES_LITERAL("serviceaccounts"));
    struct table_row row;
    struct json_value *object;
    int64_t marked;
    bytes_t key = resources_key(arena, kind, name_space, name);
    if (resources_get(resources, key, &row, &marked) != ERR_OK ||
        object_decode(row.value, kind, kind->storage, row.version, arena, &object) != ERR_OK ||
        object_is_deleting(object))
        return NULL;
    return object;
}

// --- who it is

const struct user *account_user(const struct kube *kube, bytes_t token, struct arena *arena)
{
    const char *key = kube->options.token_key;
    struct token read;
    if (key == NULL || !kube->is_ready ||
        token_verify(bytes_of_text(key), token, clock_wall_ms() / 1000, arena, &read) != ERR_OK)
        return NULL;
    const struct json_value *account = account_find(kube, read.name_space, read.name, arena);
    // Another account of that name has another uid: its tokens are not those of the one before.
    if (account == NULL || !bytes_equal(object_meta_text(account, "uid"), read.uid))
        return NULL;
    const char **groups = arena_array(arena, 4, sizeof *groups);
    groups[0] = "system:serviceaccounts";
    groups[1] = arena_format(arena, "system:serviceaccounts:%.*s", BYTES_ARG(read.name_space));
    groups[2] = "system:authenticated";
    struct user *user = arena_alloc(arena, sizeof *user);
    *user = (struct user){
        .name =
            arena_format(arena, "system:serviceaccount:%.*s:%.*s", BYTES_ARG(read.name_space), BYTES_ARG(read.name)),
        .groups = groups,
        .is_read_only = true,
    };
    return user;
}

// --- a new token

static bool refuse(struct request *request, enum problem_reason reason, const char *text)
{
    problem_set(&request->problem, reason, "%s", text);
    return false;
}

static bool audiences_read(struct request *request, const struct json_value *list, struct token *token)
{
    static const bytes_t ours[] = { { (const uint8_t *)TOKEN_AUDIENCE, sizeof TOKEN_AUDIENCE - 1 } };
    *token = (struct token){ .audiences = ours, .audience_count = 1 };
    if (list == NULL || list->type != JSON_ARRAY || list->count == 0)
        return list == NULL || list->type == JSON_ARRAY || list->type == JSON_NULL ||
               refuse(request, PROBLEM_BAD_REQUEST, "spec.audiences has to be a list of texts");
    if (list->count > TOKEN_AUDIENCES_MAX)
        return refuse(request, PROBLEM_BAD_REQUEST, "spec.audiences: at most 16 are possible");
    bytes_t *audiences = arena_array(&request->arena, list->count, sizeof *audiences);
    token->audience_count = 0;
    token->audiences = audiences;
    for (const struct json_value *item = list->first; item != NULL; item = item->next) {
        if (!json_get_text(item, &audiences[token->audience_count++]) || item->text.size > 256)
            return refuse(request, PROBLEM_BAD_REQUEST,
                          "spec.audiences has to be a list of texts of at most 256 bytes");
    }
    return true;
}

static bool expiration_read(struct request *request, const struct json_value *value, int64_t *ret_s)
{
    *ret_s = EXPIRATION_DEFAULT_S;
    if (value != NULL && value->type != JSON_NULL && !json_get_int(value, ret_s))
        return refuse(request, PROBLEM_BAD_REQUEST, "spec.expirationSeconds has to be a number");
    if (*ret_s < EXPIRATION_MIN_S)
        return refuse(
            request, PROBLEM_INVALID,
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: may not "
            "specify a duration less than 10 minutes");
    return *ret_s <= EXPIRATION_MAX_S || refuse(request, PROBLEM_INVALID,
                                                "TokenRequest.authentication.k8s.io \"\" is invalid: "
                                                "spec.expirationSeconds: Too long: may not specify a "
                                                "duration larger than 2^32 seconds");
}

static bool spec_read(struct request *request, const struct json_value *body, struct token *token, int64_t *ret_s)
{
    const struct json_value *spec = json_get(body, "spec"), *bound = json_get(spec, "boundObjectRef");
    if (bound != NULL && bound->type != JSON_NULL)
        return refuse(request, PROBLEM_BAD_REQUEST,
                      "spec.boundObjectRef is not supported: the token is bound to the service account alone");
    return audiences_read(request, json_get(spec, "audiences"), token) &&
           expiration_read(request, json_get(spec, "expirationSeconds"), ret_s);
}

static void token_answer(struct request *request, const struct token *token)
{
    struct arena *arena = &request->arena;
    struct json_value *answer = json_new(arena, JSON_OBJECT), *audiences = json_new(arena, JSON_ARRAY);
    json_set_text(answer, arena, "kind", "TokenRequest");
    json_set_text(answer, arena, "apiVersion", "authentication.k8s.io/v1");
    struct json_value *metadata = json_set_object(answer, arena, "metadata");
    json_set_bytes(metadata, arena, "name", token->name);
    json_set_bytes(metadata, arena, "namespace", token->name_space);
    json_set_bytes(metadata, arena, "creationTimestamp", time_text(arena, token->issued_s * 1000));
    struct json_value *spec = json_set_object(answer, arena, "spec");
    for (size_t i = 0; i < token->audience_count; i++)
        json_append(audiences, json_new_bytes(arena, token->audiences[i]));
    json_set(spec, BYTES_LITERAL("audiences"), audiences);
    json_set_int(spec, arena, "expirationSeconds", token->expires_s - token->issued_s);
    struct json_value *status = json_set_object(answer, arena, "status");
    json_set_bytes(status, arena, "token", token_sign(bytes_of_text(request->kube->options.token_key), token, arena));
    json_set_bytes(status, arena, "expirationTimestamp", time_text(arena, token->expires_s * 1000));
    answer_tree(request, 201, answer);
}

void account_token_create(struct request *request)
{
    struct json_value *body = NULL;
    struct token token;
    int64_t lasts_s = 0;
    const struct json_value *account = account_find(request->kube, request->name_space, request->name, &request->arena);
    bool good = account != NULL;
    if (!good)
        problem_not_found(&request->problem, request->kind, request->name);
    good = good && body_read(request, &body) && spec_read(request, body, &token, &lasts_s);
    if (good && request->kube->options.token_key == NULL)
        good = refuse(request, PROBLEM_UNAVAILABLE, "this server has no key to sign tokens with");
    if (!good) {
        answer_problem(request);
        return;
    }
    token.name_space = request->name_space;
    token.name = request->name;
    token.uid = object_meta_text(account, "uid");
    token.issued_s = clock_wall_ms() / 1000;
    token.expires_s = token.issued_s + lasts_s;
    token_answer(request, &token);
}
