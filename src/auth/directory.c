// SPDX-License-Identifier: Apache-2.0
#include "auth/directory.h"

#include "auth/dn.h"
#include "auth/nkey.h"
#include "auth/password.h"
#include "base/assert.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

struct account_row {
    struct map_node node;
    struct account account;
};

struct user {
    struct map_node node; // in users or nkeys, by the principal's name
    struct principal principal;
    bytes_t password;
    struct user *next;
    struct dn dn; // what the name says as a distinguished name
    struct user *next_dn;
};

struct directory {
    struct arena arena;
    struct map accounts, users, nkeys;
    struct account_row **rows; // by index
    size_t row_count, row_capacity;
    struct user *first, **last;
    struct user *first_dn, **last_dn; // those whose name is a distinguished name
    struct account *system;
    bytes_t token;
    bytes_t no_auth_user;
    struct principal by_token, server, open;
    const struct principal *anonymous;
    bool sealed;
};

static bytes_t account_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct account_row, node)->account.name;
}

static bytes_t user_key(const struct map_node *node)
{
    return CONTAINER_OF_CONST(node, struct user, node)->principal.name;
}

static struct account_row *find_account(const struct directory *directory, bytes_t name)
{
    struct map_node *node = map_find(&directory->accounts, name);
    return node == NULL ? NULL : CONTAINER_OF(node, struct account_row, node);
}

static struct account *add_account(struct directory *directory, bytes_t name)
{
    struct account_row *row = arena_alloc(&directory->arena, sizeof(*row));
    row->account = (struct account){ .name = arena_copy(&directory->arena, name), .index = directory->row_count };
    map_insert(&directory->accounts, &row->node);
    MEM_GROW(directory->rows, directory->row_count, directory->row_capacity);
    directory->rows[directory->row_count++] = row;
    return &row->account;
}

struct directory *directory_new(void)
{
    struct directory *directory = mem_zalloc(1, sizeof(*directory));
    directory->accounts = MAP_INIT(account_key);
    directory->users = MAP_INIT(user_key);
    directory->nkeys = MAP_INIT(user_key);
    directory->last = &directory->first;
    directory->last_dn = &directory->first_dn;
    add_account(directory, BYTES_LITERAL(ACCOUNT_DEFAULT));
    directory->system = add_account(directory, BYTES_LITERAL(ACCOUNT_SYSTEM));
    return directory;
}

void directory_free(struct directory *directory)
{
    if (directory == NULL)
        return;
    for (const struct user *user = directory->first; user != NULL; user = user->next)
        if (user->password.data != NULL)
            secret_wipe((void *)(uintptr_t)user->password.data, user->password.size);
    if (directory->token.data != NULL)
        secret_wipe((void *)(uintptr_t)directory->token.data, directory->token.size);
    map_free(&directory->accounts);
    map_free(&directory->users);
    map_free(&directory->nkeys);
    free(directory->rows);
    arena_free(&directory->arena);
    free(directory);
}

// Empty, too long, or with white space and control characters, which no line of the protocol or of a log can carry.
static err_t check_name(bytes_t name, const char *what, bool spaces, diag_t *diag)
{
    if (name.size == 0)
        return diag_fail(diag, ERR_INVALID, what, "the name is empty");
    if (name.size > NAME_SIZE_MAX)
        return diag_fail(diag, ERR_INVALID, what, "the name has %zu bytes, the limit is %d", name.size, NAME_SIZE_MAX);
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < ' ' || name.data[i] == 0x7f || (name.data[i] == ' ' && !spaces))
            return diag_fail(diag, ERR_INVALID, what, "the name has %s in it",
                             name.data[i] == ' ' ? "a space" : "a control character");
    return ERR_OK;
}

err_t directory_add_account(struct directory *directory, bytes_t name, diag_t *diag)
{
    ASSERT(!directory->sealed);
    err_t err = check_name(name, "accounts", false, diag);
    if (err != ERR_OK)
        return err;
    if (bytes_is(name, ACCOUNT_DEFAULT) || bytes_is(name, ACCOUNT_SYSTEM))
        return ERR_OK; // is there already
    if (find_account(directory, name) != NULL)
        return diag_fail(diag, ERR_EXISTS, "accounts", "the account \"%.*s\" is there twice", BYTES_ARG(name));
    if (directory->row_count == ACCOUNTS_MAX)
        return diag_fail(diag, ERR_LIMIT, "accounts", "there are more than %d accounts", ACCOUNTS_MAX);
    add_account(directory, name);
    return ERR_OK;
}

err_t directory_set_system_account(struct directory *directory, bytes_t name, diag_t *diag)
{
    ASSERT(!directory->sealed);
    struct account_row *row = find_account(directory, name);
    if (row == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, "system_account", "there is no account \"%.*s\"", BYTES_ARG(name));
    if (row->account.index == 0)
        return diag_fail(diag, ERR_INVALID, "system_account", "\"%s\" is for clients; name another account",
                         ACCOUNT_DEFAULT);
    directory->system = &row->account;
    return ERR_OK;
}

static err_t check_user(const struct directory *directory, const struct user_config *config, diag_t *diag)
{
    bytes_t name = config->name.size > 0 ? config->name : config->nkey;
    if ((config->name.size > 0) == (config->nkey.size > 0))
        return diag_fail(diag, ERR_INVALID, "users", "a user has a name or an nkey, and not both");
    err_t err = check_name(name, "users", true, diag);
    if (err != ERR_OK)
        return err;
    struct nkey key;
    if (config->nkey.size > 0) {
        err = nkey_parse(config->nkey, &key);
        // What is no public key may be a seed in the wrong place: it is not repeated.
        if (err != ERR_OK || key.kind != NKEY_USER)
            return diag_fail(diag, ERR_INVALID, "users",
                             "an nkey is no public key of a user: that has %d characters and "
                             "starts with \"U\"; a seed (\"SU...\") stays with the client",
                             NKEY_TEXT_SIZE);
        if (config->password.data != NULL)
            return diag_fail(diag, ERR_INVALID, "users", "the nkey %.*s has a password too", BYTES_ARG(config->nkey));
    }
    if (map_find(config->nkey.size > 0 ? &directory->nkeys : &directory->users, name) != NULL)
        return diag_fail(diag, ERR_EXISTS, "users", "the user \"%.*s\" is there twice", BYTES_ARG(name));
    if (directory->users.count + directory->nkeys.count == USERS_MAX)
        return diag_fail(diag, ERR_LIMIT, "users", "there are more than %d users", USERS_MAX);
    char where[160];
    snprintf(where, sizeof(where), "the password of \"%.*s\"", BYTES_ARG(name));
    return password_check(config->password, where, diag);
}

err_t directory_add_user(struct directory *directory, const struct user_config *config, diag_t *diag)
{
    ASSERT(!directory->sealed);
    bytes_t account = config->account.size > 0 ? config->account : BYTES_LITERAL(ACCOUNT_DEFAULT);
    struct account_row *row = find_account(directory, account);
    if (row == NULL)
        return diag_fail(diag, ERR_NOT_FOUND, "users", "there is no account \"%.*s\"", BYTES_ARG(account));
    err_t err = check_user(directory, config, diag);
    if (err != ERR_OK)
        return err;
    struct permissions *permissions = NULL;
    bool is_nkey = config->nkey.size > 0;
    diag_t found;
    if (config->permissions != NULL)
        err = permissions_new(&directory->arena, config->permissions, &permissions, &found);
    if (err != ERR_OK)
        return diag_fail(diag, err, found.where, "%s (user \"%.*s\")", found.text,
                         BYTES_ARG(is_nkey ? config->nkey : config->name));
    struct user *user = arena_alloc(&directory->arena, sizeof(*user));
    user->principal = (struct principal){ .kind = is_nkey ? PRINCIPAL_NKEY : PRINCIPAL_USER,
                                          .name = arena_copy(&directory->arena, is_nkey ? config->nkey : config->name),
                                          .account = &row->account,
                                          .permissions = permissions };
    user->password = arena_copy(&directory->arena, config->password);
    map_insert(is_nkey ? &directory->nkeys : &directory->users, &user->node);
    *directory->last = user;
    directory->last = &user->next;
    if (!is_nkey && dn_parse(&directory->arena, user->principal.name, &user->dn) == ERR_OK) {
        *directory->last_dn = user;
        directory->last_dn = &user->next_dn;
    }
    return ERR_OK;
}

err_t directory_set_token(struct directory *directory, bytes_t token, diag_t *diag)
{
    ASSERT(!directory->sealed);
    if (token.size == 0)
        return diag_fail(diag, ERR_INVALID, "token", "the token is empty");
    err_t err = password_check(token, "token", diag);
    if (err == ERR_OK)
        directory->token = arena_copy(&directory->arena, token);
    return err;
}

err_t directory_set_no_auth_user(struct directory *directory, bytes_t name, diag_t *diag)
{
    ASSERT(!directory->sealed);
    err_t err = check_name(name, "no_auth_user", true, diag);
    if (err == ERR_OK)
        directory->no_auth_user = arena_copy(&directory->arena, name);
    return err;
}

// Only those of the system account need credentials: whoever has none is an ordinary client.
static bool only_system_users(const struct directory *directory)
{
    for (const struct user *user = directory->first; user != NULL; user = user->next)
        if (user->principal.account != directory->system)
            return false;
    return directory->token.data == NULL;
}

err_t directory_seal(struct directory *directory, diag_t *diag)
{
    ASSERT(!directory->sealed);
    const struct account *general = &directory->rows[0]->account;
    directory->open = (struct principal){ .kind = PRINCIPAL_ANONYMOUS, .account = general };
    directory->by_token = (struct principal){ .kind = PRINCIPAL_TOKEN, .account = general };
    directory->server = (struct principal){ .kind = PRINCIPAL_SERVER, .account = directory->system };
    if (directory->no_auth_user.data != NULL) {
        struct identity found = directory_user(directory, directory->no_auth_user);
        if (found.principal == NULL)
            found = directory_nkey(directory, directory->no_auth_user);
        if (found.principal == NULL)
            return diag_fail(diag, ERR_NOT_FOUND, "no_auth_user", "there is no user \"%.*s\"",
                             BYTES_ARG(directory->no_auth_user));
        directory->anonymous = found.principal;
    } else if (only_system_users(directory)) {
        directory->anonymous = &directory->open;
    }
    directory->system->is_system = true;
    directory->sealed = true;
    return ERR_OK;
}

const struct principal *directory_anonymous(const struct directory *directory)
{
    ASSERT(directory->sealed);
    return directory->anonymous;
}

bool directory_checks(const struct directory *directory)
{
    return directory->first != NULL || directory->token.data != NULL;
}

bool directory_has_users(const struct directory *directory)
{
    return directory->users.count > 0;
}

bool directory_has_nkeys(const struct directory *directory)
{
    return directory->nkeys.count > 0;
}

const struct principal *directory_server(const struct directory *directory)
{
    ASSERT(directory->sealed);
    return &directory->server;
}

const struct account *directory_account(const struct directory *directory, bytes_t name)
{
    const struct account_row *row = find_account(directory, name);
    return row == NULL ? NULL : &row->account;
}

const struct account *directory_account_at(const struct directory *directory, size_t index)
{
    ASSERT(index < directory->row_count);
    return &directory->rows[index]->account;
}

size_t directory_account_count(const struct directory *directory)
{
    return directory->row_count;
}

static struct identity identity_of(const struct user *user)
{
    return (struct identity){ &user->principal, user->password };
}

static struct identity find_user(const struct map *map, bytes_t name)
{
    const struct map_node *node = map_find(map, name);
    return node == NULL ? (struct identity){ 0 } : identity_of(CONTAINER_OF_CONST(node, struct user, node));
}

struct identity directory_user(const struct directory *directory, bytes_t name)
{
    return find_user(&directory->users, name);
}

struct identity directory_nkey(const struct directory *directory, bytes_t text)
{
    return find_user(&directory->nkeys, text);
}

struct identity directory_token(const struct directory *directory)
{
    return directory->token.data == NULL ? (struct identity){ 0 }
                                         : (struct identity){ &directory->by_token, directory->token };
}

struct identity directory_user_by_dn(const struct directory *directory, bytes_t dn)
{
    struct arena arena = ARENA_INIT;
    struct dn wanted;
    const struct user *same = NULL, *similar = NULL;
    if (dn_parse(&arena, dn, &wanted) == ERR_OK)
        for (const struct user *user = directory->first_dn; user != NULL && same == NULL; user = user->next_dn) {
            if (dn_equal(&wanted, &user->dn))
                same = user;
            else if (similar == NULL && dn_same_parts(&wanted, &user->dn))
                similar = user;
        }
    arena_free(&arena);
    const struct user *found = same != NULL ? same : similar;
    return found == NULL ? (struct identity){ 0 } : identity_of(found);
}
