// SPDX-License-Identifier: Apache-2.0
// The text of a label selector:
//   selector    = [ requirement *( "," requirement ) ]
//   requirement = [ "!" ] key / key ( "=" / "==" / "!=" / ">" / "<" ) [ value ] / key ( "in" / "notin" ) "(" values ")"
// "in" and "notin" are words like others where a key or a value stands.
#include "kube/select/label.h"

#include "kube/patch/shown.h"
#include "kube/select/label_requirement.h"
#include "kube/select/name.h"

enum token { END, WORD, IN, NOT_IN, EQUALS, DOUBLE_EQUALS, NOT_EQUALS, GREATER, LESS, NOT, COMMA, OPEN, CLOSE };

struct parser {
    struct arena *arena;
    bytes_t text;
    size_t at; // behind the token
    enum token token;
    bytes_t literal;   // of the token
    bool inside;       // of a requirement
    const char *wrong; // the sentence that says what is
};

// --- tokens

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_symbol(uint8_t c)
{
    return c != 0 && strchr("=!(),><", c) != NULL;
}

static enum token symbol_token(bytes_t literal)
{
    static const struct {
        const char *text;
        enum token token;
    } symbols[] = {
        { "==", DOUBLE_EQUALS }, { "!=", NOT_EQUALS }, { "=", EQUALS },  { "!", NOT },  { ",", COMMA },
        { "(", OPEN },           { ")", CLOSE },       { ">", GREATER }, { "<", LESS },
    };
    size_t row = 0;
    while (!bytes_is(literal, symbols[row].text))
        row++;
    return symbols[row].token;
}

static enum token word_token(bytes_t literal)
{
    return bytes_is(literal, "in") ? IN : bytes_is(literal, "notin") ? NOT_IN : WORD;
}

static void advance(struct parser *p)
{
    const uint8_t *text = p->text.data;
    size_t at = p->at, size = p->text.size;
    while (at < size && is_space(text[at]))
        at++;
    size_t start = at;
    if (at < size && is_symbol(text[at])) {
        bool two = (text[at] == '=' || text[at] == '!') && at + 1 < size && text[at + 1] == '=';
        at += two ? 2 : 1;
        p->literal = bytes_of(text + start, at - start);
        p->token = symbol_token(p->literal);
    } else {
        while (at < size && !is_space(text[at]) && !is_symbol(text[at]))
            at++;
        p->literal = bytes_of(text + start, at - start);
        p->token = at == start ? END : word_token(p->literal);
    }
    p->at = at;
}

static bool at_word(const struct parser *p)
{
    return p->token == WORD || p->token == IN || p->token == NOT_IN;
}

// EXPECTED follows what was found. Always false, as each function that reads says whether it can go on.
static bool fault(struct parser *p, const char *expected)
{
    p->wrong = arena_format(p->arena, "%sfound '%.*s'%s", p->inside ? "unable to parse requirement: " : "",
                            BYTES_ARG(p->literal), expected);
    return false;
}

// --- requirements

// Room for all values up to the next ')': each but the last has a ',' behind it.
static bytes_t *values_room(struct parser *p)
{
    size_t count = 2;
    for (size_t at = p->at; at < p->text.size && p->text.data[at] != ')'; at++)
        count += p->text.data[at] == ',';
    return arena_array(p->arena, count, sizeof(bytes_t));
}

// Words between commas; nothing between two commas, or beside one at an end, is the empty value.
static bool parse_list(struct parser *p, bytes_t *values, size_t *count)
{
    while (p->token != CLOSE) {
        if (at_word(p)) {
            values[(*count)++] = p->literal;
            advance(p);
            if (p->token != COMMA && p->token != CLOSE)
                return fault(p, ", expected: ',' or ')'");
            continue;
        }
        if (p->token != COMMA)
            return fault(p, ", expected: ',', or identifier");
        if (*count == 0)
            values[(*count)++] = BYTES_LITERAL("");
        advance(p);
        if (p->token == CLOSE || p->token == COMMA)
            values[(*count)++] = BYTES_LITERAL("");
        if (p->token != COMMA)
            continue;
        advance(p);
        if (p->token == CLOSE) // kube-apiserver takes "(a,)" and "(a,,b)", but not "(a,,)"
            return fault(p, ", expected: ',', or identifier");
    }
    return true;
}

static bool parse_set(struct parser *p, struct label_requirement *requirement)
{
    bytes_t *values = values_room(p);
    size_t count = 0;
    if (p->token != OPEN)
        return fault(p, " expected: '('");
    advance(p);
    if (p->token == CLOSE)
        values[count++] = BYTES_LITERAL("");
    else if (!at_word(p) && p->token != COMMA)
        return fault(p, ", expected: ',', ')' or identifier");
    if (!parse_list(p, values, &count))
        return false;
    advance(p);
    requirement->values = values;
    requirement->value_count = label_values_sort(values, count);
    return true;
}

static bool parse_exact(struct parser *p, struct label_requirement *requirement)
{
    bytes_t *value = arena_alloc(p->arena, sizeof *value);
    requirement->values = value;
    requirement->value_count = 1;
    if (p->token == END || p->token == COMMA)
        return true;
    if (!at_word(p))
        return fault(p, ", expected: identifier");
    *value = p->literal;
    advance(p);
    return true;
}

static bool parse_key(struct parser *p, struct label_requirement *requirement)
{
    if (!at_word(p))
        return fault(p, ", expected: identifier");
    requirement->key = p->literal;
    struct name_faults wrong = name_check(NAME_QUALIFIED, p->literal);
    if (wrong.count > 0)
        p->wrong = arena_format(p->arena, "unable to parse requirement: <nil>: Invalid value: %s: %s",
                                shown_quoted(p->arena, p->literal), name_faults_text(p->arena, &wrong));
    advance(p);
    return wrong.count == 0;
}

static bool parse_test(struct parser *p, struct label_requirement *requirement)
{
    static const struct {
        bool is_test, is_set;
        enum label_test test;
    } tests[] = {
        [IN] = { true, true, LABEL_IN },
        [NOT_IN] = { true, true, LABEL_NOT_IN },
        [EQUALS] = { true, false, LABEL_IN },
        [DOUBLE_EQUALS] = { true, false, LABEL_IN },
        [NOT_EQUALS] = { true, false, LABEL_NOT_IN },
        [GREATER] = { true, false, LABEL_GREATER },
        [LESS] = { true, false, LABEL_LESS },
        [CLOSE] = { .is_test = false },
    };
    enum token token = p->token;
    if (!tests[token].is_test)
        return fault(p, ", expected: in, notin, =, ==, !=, gt, lt");
    advance(p);
    requirement->test = tests[token].test;
    return tests[token].is_set ? parse_set(p, requirement) : parse_exact(p, requirement);
}

static bool parse_requirement(struct parser *p, struct label_requirement *requirement)
{
    bool negated = p->token == NOT;
    if (negated)
        advance(p);
    if (!parse_key(p, requirement))
        return false;
    requirement->test = negated ? LABEL_NOT_EXISTS : LABEL_EXISTS;
    if (!negated && p->token != END && p->token != COMMA && !parse_test(p, requirement))
        return false;
    const char *wrong = label_requirement_check(p->arena, requirement);
    if (wrong != NULL)
        p->wrong = arena_format(p->arena, "unable to parse requirement: %s", wrong);
    return wrong == NULL;
}

// False: the sentence is there.
static bool parse_requirements(struct parser *p, struct label_requirement *requirements, size_t *count)
{
    advance(p);
    if (p->token != END && p->token != NOT && !at_word(p))
        return fault(p, ", expected: !, identifier, or 'end of string'");
    while (p->token != END) {
        p->inside = true;
        if (!parse_requirement(p, &requirements[(*count)++]))
            return false;
        p->inside = false;
        if (p->token == END)
            return true;
        if (p->token != COMMA)
            return fault(p, ", expected: ',' or 'end of string'");
        advance(p);
        if (p->token != NOT && !at_word(p))
            return fault(p, ", expected: identifier after ','");
    }
    return true;
}

err_t label_selector_parse(struct arena *arena, bytes_t text, struct label_selector *ret_selector,
                           const char **ret_text)
{
    struct parser parser = { .arena = arena, .text = text.size == 0 ? BYTES_LITERAL("") : text };
    size_t commas = 0;
    for (size_t i = 0; i < text.size; i++)
        commas += text.data[i] == ',';
    struct label_requirement *requirements = arena_array(arena, commas + 1, sizeof *requirements);
    size_t count = 0;
    if (!parse_requirements(&parser, requirements, &count)) {
        *ret_text = parser.wrong;
        return ERR_INVALID;
    }
    *ret_selector = (struct label_selector){ requirements, count };
    return ERR_OK;
}
