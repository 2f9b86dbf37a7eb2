// SPDX-License-Identifier: Apache-2.0
#include "base/mem.h"
#include "nats/config/config_read.h"

#include <stddef.h>
#include <stdlib.h>
#include <strings.h>

// Sections are read into the struct that the table's rows have their places in.
#define PERMISSIONS_AT(field) offsetof(struct nats_permissions_config, field)
#define AUTH_AT(field)        offsetof(struct nats_authorization_config, field)

static const char ACCOUNT_GLOBAL[] = "$G";

static err_t read_rules(struct config_reader *reader, const struct conf_value *value, struct nats_rules *rules)
{
    rules->given = true;
    return config_list(reader, value, &rules->items, &rules->count);
}

struct sides {
    struct nats_rules *allow, *deny;
};

static err_t read_allow(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return read_rules(reader, value, ((struct sides *)into)->allow);
}

static err_t read_deny(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return read_rules(reader, value, ((struct sides *)into)->deny);
}

static const struct config_row sides_rows[] = {
    { "allow", CONFIG_SECTION, 0, 0, 0, read_allow, NULL },
    { "deny", CONFIG_SECTION, 0, 0, 0, read_deny, NULL },
};

// Subjects that are allowed, or a map of those that are allowed and denied.
static err_t read_sides(struct config_reader *reader, const struct conf_value *value, struct sides sides)
{
    if (value->type == CONF_MAP)
        return config_read_map(reader, value, CONFIG_TABLE("permissions", sides_rows), &sides);
    return read_rules(reader, value, sides.allow);
}

static err_t read_publish(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_permissions_config *permissions = into;
    return read_sides(reader, value, (struct sides){ &permissions->publish_allow, &permissions->publish_deny });
}

static err_t read_subscribe(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_permissions_config *permissions = into;
    return read_sides(reader, value, (struct sides){ &permissions->subscribe_allow, &permissions->subscribe_deny });
}

static err_t read_expires(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_permissions_config *permissions = into;
    if (value->type != CONF_STRING || !nats_duration_parse(value->text, &permissions->responses_expire_ms))
        return config_expected(reader, value, "a duration such as \"2m\"");
    return ERR_OK;
}

static const struct config_row responses_rows[] = {
    { "max max_msgs max_messages max_responses", CONFIG_INTEGER, PERMISSIONS_AT(responses_max), 0, 0, NULL, NULL },
    { "expires expiration ttl", CONFIG_SECTION, 0, 0, 0, read_expires, NULL },
};

static err_t read_responses(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_permissions_config *permissions = into;
    permissions->allow_responses = value->type != CONF_BOOL || value->is_true;
    if (value->type == CONF_BOOL)
        return ERR_OK;
    return config_read_map(reader, value, CONFIG_TABLE("allow_responses", responses_rows), permissions);
}

static const struct config_row permissions_rows[] = {
    { "publish pub import", CONFIG_SECTION, 0, 0, 0, read_publish, NULL },
    { "subscribe sub export", CONFIG_SECTION, 0, 0, 0, read_subscribe, NULL },
    { "allow_responses publish_allow_responses", CONFIG_SECTION, 0, 0, 0, read_responses, NULL },
};

static err_t read_permissions(struct config_reader *reader, const struct conf_value *value,
                              const struct nats_permissions_config **ret_permissions)
{
    struct nats_permissions_config *permissions = arena_alloc(reader->arena, sizeof *permissions);
    *ret_permissions = permissions;
    return config_read_map(reader, value, CONFIG_TABLE("permissions", permissions_rows), permissions);
}

static err_t read_user_name(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return config_text(reader, value, &((struct nats_user_config *)into)->name);
}

static err_t read_user_password(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return config_secret(reader, value, &((struct nats_user_config *)into)->password);
}

static err_t read_user_nkey(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return config_text(reader, value, &((struct nats_user_config *)into)->nkey);
}

static err_t read_user_permissions(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return read_permissions(reader, value, &((struct nats_user_config *)into)->permissions);
}

static err_t read_connection_types(struct config_reader *reader, const struct conf_value *value, void *into)
{
    (void)into;
    const bytes_t *types;
    size_t count;
    err_t err = config_list(reader, value, &types, &count);
    bool is_served = err == ERR_OK && count == 0;
    for (size_t i = 0; err == ERR_OK && i < count; i++)
        is_served = is_served || (types[i].size == 8 && strncasecmp((const char *)types[i].data, "STANDARD", 8) == 0);
    if (err == ERR_OK && !is_served)
        return conf_fail(reader->diag, ERR_UNSUPPORTED, &value->place,
                         "this user could not connect: only connections of the type STANDARD are served");
    return err;
}

static const char PROXIES[] = "trusted proxies are not known here";

static const struct config_row user_rows[] = {
    { "user username", CONFIG_SECTION, 0, 0, 0, read_user_name, NULL },
    { "password pass", CONFIG_SECTION, 0, 0, 0, read_user_password, NULL },
    { "nkey", CONFIG_SECTION, 0, 0, 0, read_user_nkey, NULL },
    { "permissions permission authorization", CONFIG_SECTION, 0, 0, 0, read_user_permissions, NULL },
    { "allowed_connection_types connection_types clients", CONFIG_SECTION, 0, 0, 0, read_connection_types, NULL },
    { "proxy_required", CONFIG_REFUSED, 0, 0, 0, NULL, PROXIES },
};

// The place of the next user of a list, so that a long one is not walked for each.
struct user_end {
    struct nats_user_config **at;
};

static err_t read_user(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct user_end *end = into;
    struct nats_user_config *user = arena_alloc(reader->arena, sizeof *user);
    user->place = value->place;
    err_t err = config_read_map(reader, value, CONFIG_TABLE("a user", user_rows), user);
    if (err != ERR_OK)
        return err;
    if (user->name.size == 0 && user->nkey.size == 0)
        return conf_fail(reader->diag, ERR_INVALID, &value->place, "a user has a user name or an nkey");
    if (user->nkey.size > 0 && (user->name.size > 0 || user->password.size > 0))
        return conf_fail(reader->diag, ERR_INVALID, &value->place, "a user with an nkey has no name and no password");
    *end->at = user;
    end->at = &user->next;
    return ERR_OK;
}

static err_t read_users(struct config_reader *reader, const struct conf_value *value, struct nats_user_config **list)
{
    while (*list != NULL) // `users` and `Users` are two entries
        list = &(*list)->next;
    struct user_end end = { list };
    return config_each(reader, value, read_user, &end);
}

static void give_default(struct nats_user_config *users, const struct nats_permissions_config *permissions)
{
    for (; users != NULL; users = users->next)
        if (users->permissions == NULL)
            users->permissions = permissions;
}

static err_t read_authorization_users(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_authorization_config *authorization = into;
    authorization->has_users = true;
    return read_users(reader, value, &authorization->users);
}

static err_t read_authorization_permissions(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return read_permissions(reader, value, &((struct nats_authorization_config *)into)->default_permissions);
}

static const struct config_row authorization_rows[] = {
    { "user username", CONFIG_TEXT, AUTH_AT(user), 0, 0, NULL, NULL },
    { "password pass", CONFIG_SECRET, AUTH_AT(password), 0, 0, NULL, NULL },
    { "token", CONFIG_SECRET, AUTH_AT(token), 0, 0, NULL, NULL },
    { "timeout", CONFIG_TIMEOUT, AUTH_AT(timeout_ms), 0, 0, NULL, NULL },
    { "users", CONFIG_SECTION, 0, 0, 0, read_authorization_users, NULL },
    { "default_permissions default_permission permissions", CONFIG_SECTION, 0, 0, 0, read_authorization_permissions,
      NULL },
    { "auth_callout auth_hook", CONFIG_REFUSED, 0, 0, 0, NULL, "nobody is asked who users are: name them here" },
    { "proxy_required", CONFIG_REFUSED, 0, 0, 0, NULL, PROXIES },
};

err_t config_read_authorization(struct config_reader *reader, const struct conf_value *value, void *into)
{
    struct nats_authorization_config *authorization = &((struct nats_config *)into)->authorization;
    *authorization = (struct nats_authorization_config){ 0 };
    err_t err = config_read_map(reader, value, CONFIG_TABLE("authorization", authorization_rows), authorization);
    if (err != ERR_OK)
        return err;
    bool has_user = authorization->user != NULL || authorization->password != NULL;
    if (authorization->token != NULL && (has_user || authorization->has_users))
        return conf_fail(reader->diag, ERR_INVALID, &value->place, "a token stands alone: there are users too");
    if (authorization->user != NULL && authorization->has_users)
        return conf_fail(reader->diag, ERR_INVALID, &value->place, "one user, or a list of users, not both");
    give_default(authorization->users, authorization->default_permissions);
    return ERR_OK;
}

static err_t read_account_users(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return read_users(reader, value, &((struct nats_account_config *)into)->users);
}

static err_t read_account_permissions(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return read_permissions(reader, value, &((struct nats_account_config *)into)->default_permissions);
}

#define ACCOUNT_AT(field) offsetof(struct nats_account_config, field)

static const struct config_row limits_rows[] = {
    { "max_connections max_conn", CONFIG_INTEGER, ACCOUNT_AT(max_connections), 0, 0, NULL, NULL },
    { "max_subscriptions max_subs", CONFIG_INTEGER, ACCOUNT_AT(max_subscriptions), 0, 0, NULL, NULL },
    { "max_payload max_pay", CONFIG_INTEGER, ACCOUNT_AT(max_payload), 0, 0, NULL, NULL },
    { "max_leafnodes max_leafs", CONFIG_NOTED, 0, 0, 0, NULL, "changes nothing: leaf nodes are not served" },
};

static err_t read_limits(struct config_reader *reader, const struct conf_value *value, void *into)
{
    return config_read_map(reader, value, CONFIG_TABLE("limits", limits_rows), into);
}

static const struct config_row account_rows[] = {
    { "users", CONFIG_SECTION, 0, 0, 0, read_account_users, NULL },
    { "default_permissions", CONFIG_SECTION, 0, 0, 0, read_account_permissions, NULL },
    { "limits", CONFIG_SECTION, 0, 0, 0, read_limits, NULL },
    { "nkey", CONFIG_NOTED, 0, 0, 0, NULL, "changes nothing: accounts are known by their names" },
    { "imports", CONFIG_REFUSED, 0, 0, 0, NULL, "accounts cannot share subjects yet" },
    { "exports", CONFIG_REFUSED, 0, 0, 0, NULL, "accounts cannot share subjects yet" },
    { "mappings maps", CONFIG_REFUSED, 0, 0, 0, NULL, "subjects cannot be mapped yet" },
    { "jetstream", CONFIG_REFUSED, 0, 0, 0, NULL, "JetStream is not served yet" },
    { "msg_trace trace_dest", CONFIG_REFUSED, 0, 0, 0, NULL, "messages cannot be traced yet" },
};

static err_t check_twice(struct config_reader *reader, bytes_t name, const struct conf_value *value)
{
    for (const struct nats_account_config *other = reader->config->accounts; other != NULL; other = other->next)
        if (bytes_equal(other->name, name))
            return conf_fail(reader->diag, ERR_INVALID, &value->place, "the account \"%.*s\" is there twice",
                             BYTES_ARG(name));
    return ERR_OK;
}

// Puts it at END, the place of the next one. Whether it is there twice is asked elsewhere.
static err_t add_account(struct config_reader *reader, bytes_t name, const struct conf_value *value,
                         struct nats_account_config ***end)
{
    if (name.size == 0 || bytes_is(name, ACCOUNT_GLOBAL))
        return conf_fail(reader->diag, ERR_INVALID, &value->place,
                         "\"%.*s\" is not a name that an account can be given", BYTES_ARG(name));
    struct nats_account_config *account = arena_alloc(reader->arena, sizeof *account);
    account->name = name;
    account->place = value->place;
    **end = account;
    *end = &account->next;
    return ERR_OK;
}

// INTO: the place of the next account. In an array, unlike in a map, a name can stand twice.
static err_t read_account_name(struct config_reader *reader, const struct conf_value *value, void *into)
{
    bytes_t name;
    err_t err = config_text(reader, value, &name);
    if (err == ERR_OK)
        err = check_twice(reader, name, value);
    return err == ERR_OK ? add_account(reader, name, value, into) : err;
}

err_t config_read_accounts(struct config_reader *reader, const struct conf_value *value, void *into)
{
    (void)into;
    struct nats_account_config **end = &reader->config->accounts;
    bool is_first = *end == NULL; // `accounts` and `Accounts` are two entries
    while (*end != NULL)
        end = &(*end)->next;
    if (value->type == CONF_ARRAY)
        return config_each(reader, value, read_account_name, &end);
    if (value->type != CONF_MAP)
        return config_expected(reader, value, "a map of accounts, or an array of their names");
    err_t err = ERR_OK;
    for (const struct conf_value *entry = value->first; entry != NULL && err == ERR_OK; entry = entry->next) {
        if (entry->type != CONF_MAP && entry->is_variable)
            continue;
        struct nats_account_config **place = end, *account;
        err = is_first ? ERR_OK : check_twice(reader, entry->name, entry);
        if (err == ERR_OK)
            err = add_account(reader, entry->name, entry, &end);
        account = *place;
        if (err == ERR_OK)
            err = config_read_map(reader, entry, CONFIG_TABLE("an account", account_rows), account);
        if (err == ERR_OK)
            give_default(account->users, account->default_permissions);
    }
    return err;
}

static bytes_t user_key(const struct nats_user_config *user)
{
    return user->nkey.size > 0 ? user->nkey : user->name;
}

static int by_key(const void *a, const void *b)
{
    return bytes_compare(user_key(*(struct nats_user_config *const *)a),
                         user_key(*(struct nats_user_config *const *)b));
}

struct user_list {
    const struct nats_user_config **items;
    size_t count, capacity;
};

static void collect(struct user_list *list, const struct nats_user_config *user)
{
    for (; user != NULL; user = user->next) {
        MEM_GROW(list->items, list->count, list->capacity);
        list->items[list->count++] = user;
    }
}

// A user is in one place only, and no_auth_user is one of them.
err_t config_check_users(const struct nats_config *config, diag_t *diag)
{
    struct user_list users = { 0 };
    collect(&users, config->authorization.users);
    for (const struct nats_account_config *account = config->accounts; account != NULL; account = account->next)
        collect(&users, account->users);
    if (users.count > 1)
        qsort(users.items, users.count, sizeof users.items[0], by_key);
    const char *wanted = config->no_auth_user;
    bool is_there = wanted == NULL;
    err_t err = ERR_OK;
    for (size_t i = 0; i < users.count && err == ERR_OK; i++) {
        bytes_t key = user_key(users.items[i]);
        is_there = is_there || bytes_is(key, wanted);
        if (i > 0 && bytes_equal(user_key(users.items[i - 1]), key))
            err = conf_fail(diag, ERR_INVALID, &users.items[i]->place, "the user \"%.*s\" is there twice",
                            BYTES_ARG(key));
    }
    if (err == ERR_OK && config->authorization.user != NULL && config->authorization.token != NULL)
        err = diag_fail(diag, ERR_INVALID, "authorization", "a token stands alone: there is a user too");
    if (err == ERR_OK && users.count > 0 && config->authorization.user != NULL)
        err = diag_fail(diag, ERR_INVALID, "authorization", "one user, or users in accounts, not both");
    if (err == ERR_OK && users.count > 0 && config->authorization.token != NULL)
        err = diag_fail(diag, ERR_INVALID, "authorization", "a token stands alone: accounts have users");
    if (err == ERR_OK && !is_there)
        err = diag_fail(diag, ERR_INVALID, "no_auth_user", "there is no user \"%s\"", wanted);
    free(users.items);
    return err;
}
