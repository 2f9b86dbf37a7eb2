// SPDX-License-Identifier: Apache-2.0
// Service: a name for what several pods serve. eddy gives no addresses and forwards nothing.
#include "base/assert.h"
#include "kube/builtin/builtin.h"
#include "kube/builtin/text.h"
#include "kube/embed.h"
#include "kube/schema/field_error.h"
#include "kube/table/table.h"

EMBED(service_definition, "service");

enum { PORT_MAX = 65535 };

static bool is_type(const struct json_value *spec, const char *type)
{
    return bytes_is(json_text_at(spec, "type"), type);
}

// The port of the pods is the one of the service unless it is named.
static void fill(struct arena *arena, struct json_value *object, const struct json_value *live)
{
    const struct json_value *ports = json_get(json_get(object, "spec"), "ports");
    if (live == NULL)
        json_set(json_set_object(object, arena, "status"), BYTES_LITERAL("loadBalancer"), json_new(arena, JSON_OBJECT));
    for (struct json_value *port = first_of(ports); port != NULL; port = port->next) {
        const struct json_value *target = json_get(port, "targetPort");
        int64_t number = int_at(port, "port");
        bool is_missing = target == NULL || target->type == JSON_NULL || bytes_is(target->text, "0") ||
                          (target->type == JSON_STRING && target->text.size == 0);
        if (port->type == JSON_OBJECT && is_missing && number != 0)
            json_set_int(port, arena, "targetPort", number);
    }
}

// --- checks

static void range_check(struct field_errors *errors, const struct json_value *port, size_t index, const char *name)
{
    const struct json_value *value = json_get(port, name);
    int64_t number = 0;
    if (!json_get_int(value, &number) || (number >= 1 && number <= PORT_MAX))
        return;
    const char *field = arena_format(errors->arena, "spec.ports[%zu].%s", index, name);
    field_error_add(errors, FIELD_INVALID, bytes_of_text(field), value->text,
                    BYTES_LITERAL("must be between 1 and 65535, inclusive"));
}

static void duplicate_check(struct field_errors *errors, const struct json_value *ports, const struct json_value *port,
                            size_t index)
{
    bytes_t name = json_text_at(port, "name");
    for (const struct json_value *other = ports->first; other != port; other = other->next) {
        if (name.size > 0 && bytes_equal(json_text_at(other, "name"), name))
            field_error_add(errors, FIELD_DUPLICATE,
                            bytes_of_text(arena_format(errors->arena, "spec.ports[%zu].name", index)),
                            field_quoted(errors->arena, name), BYTES_LITERAL(""));
        if (int_at(other, "port") == int_at(port, "port") &&
            bytes_equal(json_text_at(other, "protocol"), json_text_at(port, "protocol")))
            field_error_add(errors, FIELD_DUPLICATE,
                            bytes_of_text(arena_format(errors->arena, "spec.ports[%zu]", index)),
                            bytes_of_text(arena_format(errors->arena, "%lld/%.*s", (long long)int_at(port, "port"),
                                                       BYTES_ARG(json_text_at(port, "protocol")))),
                            BYTES_LITERAL(""));
    }
}

static void ports_check(struct field_errors *errors, const struct json_value *ports)
{
    size_t index = 0;
    for (const struct json_value *port = first_of(ports); port != NULL; port = port->next, index++) {
        range_check(errors, port, index, "port");
        range_check(errors, port, index, "targetPort");
        if (ports->count > 1 && json_text_at(port, "name").size == 0)
            field_error_add(errors, FIELD_REQUIRED,
                            bytes_of_text(arena_format(errors->arena, "spec.ports[%zu].name", index)), BYTES_NULL,
                            BYTES_LITERAL(""));
        duplicate_check(errors, ports, port, index);
    }
}

static void check(struct field_errors *errors, const struct json_value *object, const struct json_value *live)
{
    const struct json_value *spec = json_get(object, "spec"), *ports = json_get(spec, "ports");
    bool is_external = is_type(spec, "ExternalName"), is_headless = bytes_is(json_text_at(spec, "clusterIP"), "None");
    (void)live;
    if (!is_external && !is_headless && first_of(ports) == NULL)
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.ports"), BYTES_NULL, BYTES_LITERAL(""));
    if (is_external && json_text_at(spec, "externalName").size == 0)
        field_error_add(errors, FIELD_REQUIRED, BYTES_LITERAL("spec.externalName"), BYTES_NULL, BYTES_LITERAL(""));
    ports_check(errors, ports);
}

// --- cells

static void cluster_ip_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *spec = json_get(object, "spec");
    (void)now_ms;
    write_or_none(to, json_text_at(spec, "clusterIP"));
}

static void texts_write(struct writer *to, const struct json_value *list, size_t *count)
{
    for (const struct json_value *item = first_of(list); item != NULL; item = item->next)
        writer_format(to, "%s%.*s", (*count)++ == 0 ? "" : ",", BYTES_ARG(item->text));
}

static void external_ip_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *spec = json_get(object, "spec");
    (void)now_ms;
    size_t count = 0;
    if (is_type(spec, "ExternalName")) {
        writer_bytes(to, json_text_at(spec, "externalName"));
        return;
    }
    const struct json_value *ingress = json_get(json_get(json_get(object, "status"), "loadBalancer"), "ingress");
    for (const struct json_value *item = first_of(ingress); item != NULL; item = item->next) {
        bytes_t ip = json_text_at(item, "ip"), host = json_text_at(item, "hostname");
        writer_format(to, "%s%.*s", count++ == 0 ? "" : ",", BYTES_ARG(ip.size > 0 ? ip : host));
    }
    texts_write(to, json_get(spec, "externalIPs"), &count);
    if (count == 0)
        writer_text(to, is_type(spec, "LoadBalancer") ? "<pending>" : "<none>");
}

static void ports_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *spec = json_get(object, "spec");
    (void)now_ms;
    size_t count = 0;
    for (const struct json_value *port = first_of(json_get(spec, "ports")); port != NULL; port = port->next) {
        int64_t of_node = int_at(port, "nodePort");
        writer_format(to, "%s%lld", count++ == 0 ? "" : ",", (long long)int_at(port, "port"));
        if (of_node != 0)
            writer_format(to, ":%lld", (long long)of_node);
        writer_format(to, "/%.*s", BYTES_ARG(json_text_at(port, "protocol")));
    }
    if (count == 0)
        writer_text(to, "<none>");
}

static void selector_cell(const struct json_value *object, int64_t now_ms, struct writer *to)
{
    const struct json_value *spec = json_get(object, "spec");
    (void)now_ms;
    size_t count = 0;
    for (const struct json_value *label = first_of(json_get(spec, "selector")); label != NULL; label = label->next)
        writer_format(to, "%s%.*s=%.*s", count++ == 0 ? "" : ",", BYTES_ARG(label->name), BYTES_ARG(label->text));
    if (count == 0)
        writer_text(to, "<none>");
}

static const struct table_cell cells[] = {
    { "Cluster-IP", cluster_ip_cell },
    { "External-IP", external_ip_cell },
    { "Port(s)", ports_cell },
    { "Selector", selector_cell },
    { NULL, NULL },
};

const struct kind_rules service_rules = {
    .definition = service_definition,
    .fill = fill,
    .check = check,
    .cells = cells,
    .no_generation = true,
    .name_rule = NAME_DNS_1035_LABEL,
};
