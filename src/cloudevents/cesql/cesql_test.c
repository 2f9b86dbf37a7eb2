// SPDX-License-Identifier: Apache-2.0
// What expressions give, what refuses them, and what is said about them. The event of all cases stands in `attributes`.
#include "cloudevents/cesql/cesql.h"

#include "base/test.h"

#include <ctype.h>

#define STRING(content)                                                                                                \
    {                                                                                                                  \
        .type = CESQL_STRING, .text = {(const uint8_t *)(content), sizeof(content) - 1 }                               \
    }

static const struct {
    const char *name;
    struct cesql_value value;
} attributes[] = {
    { "specversion", STRING("1.0") },
    { "id", STRING("A-1") },
    { "source", STRING("/shop/cart") },
    { "type", STRING("com.shop.order.created") },
    { "subject", STRING("Größe 😀 %_\\") },
    { "hop", STRING("5") },
    { "ttl", STRING("10") },
    { "empty", { .type = CESQL_STRING } },
    { "yes", STRING("TRUE") },
    { "flag", { .type = CESQL_BOOLEAN, .boolean = true } },
    { "count", { .type = CESQL_INTEGER, .integer = 42 } },
    { "least", { .type = CESQL_INTEGER, .integer = INT32_MIN } },
    { "broken", STRING("a\xff\xc3") },
    { "2nd", STRING("second") },
};

static bool get(const void *context, bytes_t name, struct cesql_value *ret_value)
{
    (void)context;
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (bytes_is(name, attributes[i].name)) {
            *ret_value = attributes[i].value;
            return true;
        }
    }
    return false;
}

static const struct cesql_event event = { get, NULL };

#define NONE        CESQL_ERROR_NONE
#define MATH        CESQL_ERROR_MATH
#define CAST        CESQL_ERROR_CAST
#define MISSING     CESQL_ERROR_MISSING_ATTRIBUTE
#define NO_FUNCTION CESQL_ERROR_MISSING_FUNCTION
#define EVALUATION  CESQL_ERROR_FUNCTION_EVALUATION

// Strings are written with quotes.
static const struct {
    const char *expression, *value;
    enum cesql_error error;
} cases[] = {
    // Literals.
    { "7", "7", NONE },
    { "007", "7", NONE },
    { "+7", "7", NONE },
    { "- 7", "-7", NONE },
    { "2147483647", "2147483647", NONE },
    { "-2147483648", "-2147483648", NONE },
    { "''", "''", NONE },
    { "\"\"", "''", NONE },
    { "'it\\'s'", "'it's'", NONE },
    { "\"say \\\"yes\\\"\"", "'say \"yes\"'", NONE },
    { "'\\\"'", "'\\\"'", NONE },
    { "'a\\\\'", "'a\\\\'", NONE },
    { "'\\n'", "'\\n'", NONE },
    { "'größe'", "'größe'", NONE },
    { " \t\r\n1 \n", "1", NONE },
    { "fAlSe", "false", NONE },
    // Attributes.
    { "id", "'A-1'", NONE },
    { "ID", "'A-1'", NONE },
    { "2nd", "'second'", NONE },
    { "empty", "''", NONE },
    { "count", "42", NONE },
    { "flag", "true", NONE },
    { "nothere", "false", MISSING },
    { "(nothere)", "false", MISSING },
    { "EXISTS id", "true", NONE },
    { "exists EMPTY", "true", NONE },
    { "EXISTS nothere", "false", NONE },
    { "NOT EXISTS nothere", "true", NONE },
    { "EXISTS 2nd AND EXISTS count", "true", NONE },
    { "EXISTS nothere = FALSE", "true", NONE },
    // Arithmetic.
    { "1 + 2 * 3", "7", NONE },
    { "(1 + 2) * 3", "9", NONE },
    { "10 - 3 - 2", "5", NONE },
    { "10-3", "7", NONE },
    { "2 * 7 / 4", "3", NONE },
    { "7 / 4 * 2", "2", NONE },
    { "-7 / 2", "-3", NONE },
    { "7 / -2", "-3", NONE },
    { "-7 % 3", "-1", NONE },
    { "7 % -3", "1", NONE },
    { "1 / 0", "0", MATH },
    { "1 % 0", "0", MATH },
    { "0 / 0", "0", MATH },
    { "2147483647 + 1", "0", MATH },
    { "-2147483648 - 1", "0", MATH },
    { "2147483647 * 2", "0", MATH },
    { "-2147483648 / -1", "0", MATH },
    { "-2147483648 % -1", "0", NONE },
    { "2147483647 + -2147483648", "-1", NONE },
    { "-(-2147483648)", "0", MATH },
    { "-least", "0", MATH },
    { "46341 * 46341", "0", MATH },
    { "65536 * -32768", "-2147483648", NONE },
    { "hop + ttl", "15", NONE },
    { "hop * count", "210", NONE },
    { "'0x10' + 1", "0", CAST },
    { "'' + 1", "0", CAST },
    { "' 1' + 1", "0", CAST },
    { "'-' + 1", "0", CAST },
    { "'+3' + 1", "4", NONE },
    { "'2147483648' + 0", "0", CAST },
    { "'-2147483648' + 0", "-2147483648", NONE },
    { "'99999999999999999999' + 0", "0", CAST },
    { "flag + flag", "2", NONE },
    { "id + 1", "0", CAST },
    { "nothere + 1", "0", MISSING },
    { "1 + nothere", "0", MISSING },
    { "id + nothere", "0", MISSING },
    { "---5", "-5", NONE },
    { "-hop", "-5", NONE },
    { "-id", "0", CAST },
    { "1 - -1", "2", NONE },
    { "1 - +1", "0", NONE },
    // Comparisons.
    { "hop = 5", "true", NONE },
    { "5 = hop", "true", NONE },
    { "hop = '05'", "false", NONE },
    { "hop = 05", "true", NONE },
    { "id = 5", "false", CAST },
    { "id != 5", "false", CAST },
    { "5 = id", "false", NONE },
    { "5 != id", "true", NONE },
    { "id = 'a-1'", "false", NONE },
    { "id <> 'a-1'", "true", NONE },
    { "yes = TRUE", "true", NONE },
    { "TRUE = yes", "false", NONE },
    { "yes = 'TRUE'", "true", NONE },
    { "1 = TRUE", "true", NONE },
    { "2 = TRUE", "true", NONE },
    { "TRUE = 1", "true", NONE },
    { "TRUE = 2", "false", NONE },
    { "flag = 'true'", "true", NONE },
    { "count = '42'", "true", NONE },
    { "empty = ''", "true", NONE },
    { "nothere = nothere", "false", MISSING },
    { "nothere != 'x'", "false", MISSING },
    { "'x' = nothere", "false", MISSING },
    { "hop < ttl", "true", NONE },
    { "ttl < hop", "false", NONE },
    { "hop <= '5'", "true", NONE },
    { "hop >= 6", "false", NONE },
    { "flag > FALSE", "true", NONE },
    { "id < 1", "false", CAST },
    { "1 < id", "false", CAST },
    { "1 > nothere", "false", MISSING },
    { "1 + 1 = 2", "true", NONE },
    { "2 = 1 + 1", "true", NONE },
    { "1 < 2 = TRUE", "true", NONE },
    { "3 > 2 > 1", "false", NONE },
    // Logic.
    { "TRUE AND TRUE AND FALSE", "false", NONE },
    { "FALSE AND nothere", "false", NONE },
    { "nothere AND FALSE", "false", MISSING },
    { "TRUE OR nothere", "true", NONE },
    { "nothere OR TRUE", "false", MISSING },
    { "FALSE OR nothere", "false", MISSING },
    { "EXISTS nothere AND nothere = 'x'", "false", NONE },
    { "NOT EXISTS nothere OR nothere = 'x'", "true", NONE },
    { "TRUE OR TRUE AND FALSE", "false", NONE },
    { "TRUE OR (TRUE AND FALSE)", "true", NONE },
    { "FALSE AND FALSE OR TRUE", "true", NONE },
    { "TRUE XOR TRUE XOR TRUE", "true", NONE },
    { "nothere XOR TRUE", "false", MISSING },
    { "yes AND flag", "true", NONE },
    { "count AND 1", "true", NONE },
    { "0 OR 0", "false", NONE },
    { "id AND TRUE", "false", CAST },
    { "TRUE AND id", "false", CAST },
    { "FALSE OR id", "false", CAST },
    { "id XOR TRUE", "false", CAST },
    { "NOT FALSE", "true", NONE },
    { "NOT NOT TRUE", "true", NONE },
    { "NOT yes", "false", NONE },
    { "NOT id", "true", CAST },
    { "NOT count", "true", CAST },
    { "NOT 0", "true", CAST },
    { "NOT (id = 'A-1')", "false", NONE },
    { "NOT nothere", "false", MISSING },
    { "NOT (1 / 0 = 1)", "false", MATH },
    { "TRUE AND NOT FALSE", "true", NONE },
    { "hop = 5 AND ttl = 10 AND flag AND id = 'A-1' AND count = 42", "true", NONE },
    { "hop = 1 OR hop = 2 OR hop = 3 OR hop = 4 OR hop = 5", "true", NONE },
    // LIKE; more in like_test.c.
    { "type LIKE 'com.shop.%'", "true", NONE },
    { "type like '%.created'", "true", NONE },
    { "type LIKE '%.order.%'", "true", NONE },
    { "type LIKE 'com.shop'", "false", NONE },
    { "type NOT LIKE 'com.shop'", "true", NONE },
    { "type NOT LIKE '%'", "false", NONE },
    { "empty LIKE '%'", "true", NONE },
    { "empty LIKE ''", "true", NONE },
    { "empty LIKE '_'", "false", NONE },
    { "subject LIKE 'Gr__e _ \\%\\_%'", "true", NONE },
    { "count LIKE '4_'", "true", NONE },
    { "flag LIKE 'tru_'", "true", NONE },
    { "nothere NOT LIKE 'x'", "false", MISSING },
    { "'it\\'s' LIKE 'it\\'_'", "true", NONE },
    { "id LIKE 'A%' = TRUE", "true", NONE },
    { "1 + 1 LIKE '1'", "2", NONE },
    { "(1 + 1) LIKE '2'", "true", NONE },
    { "-1 LIKE '-_'", "true", NONE },
    // IN.
    { "hop IN (1, 3, 5)", "true", NONE },
    { "hop NOT IN (1, 3, 5)", "false", NONE },
    { "hop IN ('05')", "false", NONE },
    { "count IN ('41', '42')", "true", NONE },
    { "count IN ('x', 42)", "false", CAST },
    { "count IN (42, 'x')", "true", NONE },
    { "id IN (nothere, 'A-1')", "false", MISSING },
    { "id IN ('A-1', nothere)", "true", NONE },
    { "nothere IN ('x')", "false", MISSING },
    { "nothere NOT IN ('x')", "false", MISSING },
    { "flag IN (1, 0)", "true", NONE },
    { "id IN (CONCAT('A', '-', 1))", "true", NONE },
    { "1 IN (1) IN (TRUE)", "true", NONE },
    { "hop IN (hop + 1, ttl - 5)", "true", NONE },
    // Functions.
    { "LENGTH(subject)", "11", NONE },
    { "length('😀')", "1", NONE },
    { "LENGTH(broken)", "3", NONE },
    { "LENGTH(count)", "2", NONE },
    { "LENGTH(nothere)", "0", MISSING },
    { "CONCAT()", "''", NONE },
    { "CONCAT('a', 1, TRUE)", "'a1true'", NONE },
    { "CONCAT('', empty, '')", "''", NONE },
    { "CONCAT(nothere)", "''", MISSING },
    { "CONCAT_WS('-', 1, 2, 3)", "'1-2-3'", NONE },
    { "CONCAT_WS('', 1, 2)", "'12'", NONE },
    { "CONCAT_WS(', ', '', '')", "', '", NONE },
    { "LOWER('GRÖẞE ΑΒΓ ЖЯ')", "'größe αβγ жя'", NONE },
    { "UPPER('größe αβγ жя')", "'GRÖßE ΑΒΓ ЖЯ'", NONE },
    { "UPPER(2nd)", "'SECOND'", NONE },
    { "UPPER(broken)", "'A\\xff\\xc3'", NONE },
    { "LOWER(TRUE)", "'true'", NONE },
    { "TRIM('\\t')", "'\\t'", NONE },
    { "TRIM(' \t\r\n x y \t')", "'x y'", NONE },
    { "TRIM('\u00a0\u2003\u3000x\u2029\xc2\x85')", "'x'", NONE },
    { "TRIM('\u200bx')", "'\u200bx'", NONE },
    { "TRIM('\x01x')", "'\\x01x'", NONE },
    { "TRIM('   ')", "''", NONE },
    { "LEFT(subject, 3)", "'Grö'", NONE },
    { "LEFT(subject, 0)", "''", NONE },
    { "LEFT('abc', '2')", "'ab'", NONE },
    { "LEFT('abc', 'x')", "''", CAST },
    { "LEFT(12345, 2)", "'12'", NONE },
    { "RIGHT('größe', 3)", "'öße'", NONE },
    { "RIGHT('😀😀', 1)", "'😀'", NONE },
    { "RIGHT('abc', 0)", "''", NONE },
    { "RIGHT('abc', -1)", "'abc'", EVALUATION },
    { "SUBSTRING('größe', 3)", "'öße'", NONE },
    { "SUBSTRING('größe', 3, 1)", "'ö'", NONE },
    { "SUBSTRING('größe', -2, 9)", "'ße'", NONE },
    { "SUBSTRING('größe', 2, 0)", "''", NONE },
    { "SUBSTRING('größe', 5)", "'e'", NONE },
    { "SUBSTRING('größe', 6)", "''", EVALUATION },
    { "SUBSTRING('größe', -5)", "'größe'", NONE },
    { "SUBSTRING('größe', -6)", "''", EVALUATION },
    { "SUBSTRING('abc', 1, -1)", "''", EVALUATION },
    { "SUBSTRING('abc', 0, -1)", "''", EVALUATION },
    { "SUBSTRING('', 0)", "''", NONE },
    { "SUBSTRING('abc', -2147483648, 2147483647)", "''", EVALUATION },
    { "SUBSTRING('abc', 2, 2147483647)", "'bc'", NONE },
    { "ABS(-5)", "5", NONE },
    { "ABS('-5')", "5", NONE },
    { "ABS(least)", "2147483647", MATH },
    { "ABS(id)", "0", CAST },
    { "INT(hop)", "5", NONE },
    { "INT('5.0')", "0", CAST },
    { "INT(flag)", "1", NONE },
    { "BOOL(yes)", "true", NONE },
    { "BOOL('tRuE')", "true", NONE },
    { "BOOL('1')", "false", CAST },
    { "BOOL(count)", "true", NONE },
    { "STRING(least)", "'-2147483648'", NONE },
    { "STRING(nothere)", "''", MISSING },
    { "IS_INT(hop)", "true", NONE },
    { "IS_INT(id)", "false", NONE },
    { "IS_INT(flag)", "true", NONE },
    { "is_bool(yes)", "true", NONE },
    { "IS_BOOL(hop)", "false", NONE },
    { "IS_BOOL(5)", "true", NONE },
    { "IS_INT(nothere)", "false", MISSING },
    { "NOPE(1)", "false", NO_FUNCTION },
    { "LENGTH()", "false", NO_FUNCTION },
    { "LENGTH('a', 'b')", "false", NO_FUNCTION },
    { "SUBSTRING('a')", "false", NO_FUNCTION },
    { "NOPE(nothere)", "false", NO_FUNCTION },
    { "TRUE OR NOPE()", "true", NONE },
    { "1 + NOPE()", "0", NO_FUNCTION },
    { "LENGTH(CONCAT(id, hop, ttl)) * 2", "12", NONE },
    { "LOWER(CONCAT_WS('/', TRIM(' X '), UPPER(id)))", "'x/a-1'", NONE },
};

static const char *show(const struct cesql_value *value, char text[256])
{
    size_t at = 0;
    if (value->type == CESQL_BOOLEAN)
        return value->boolean ? "true" : "false";
    if (value->type == CESQL_INTEGER) {
        (void)snprintf(text, 256, "%d", value->integer);
        return text;
    }
    text[at++] = '\'';
    for (size_t i = 0; i < value->text.size; i++) {
        uint8_t c = value->text.data[i];
        bool is_shown = c >= 0x20 && (c < 0x80 || bytes_is_utf8(value->text));
        at += (size_t)snprintf(text + at, 256 - at, is_shown ? "%c" : "\\x%02x", c);
    }
    text[at++] = '\'';
    text[at] = '\0';
    return text;
}

static void compile(const char *expression, struct arena *arena, struct cesql *cesql)
{
    diag_t diag = { 0 };
    if (cesql_compile(bytes_of_text(expression), arena, cesql, &diag) != ERR_OK)
        fail_msg("%s: %s: %s", expression, diag.where, diag.text);
}

static void expressions_give_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena = ARENA_INIT, scratch = ARENA_INIT;
        struct cesql cesql;
        struct cesql_value value;
        char text[256];
        compile(cases[i].expression, &arena, &cesql);
        enum cesql_error error = cesql_evaluate(&cesql, &event, &scratch, &value);
        if (error != cases[i].error || strcmp(show(&value, text), cases[i].value) != 0)
            fail_msg("%s: %s, %s", cases[i].expression, show(&value, text), cesql_error_name(error));
        arena_free(&scratch);
        arena_free(&arena);
    }
}

// The same in parentheses, with spaces, and of other case where no text is in it.
static void spelling_does_not_matter(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct cesql cesql;
        struct cesql_value value;
        char text[256], *expression = arena_format(&arena, "\n( (%s)\t)", cases[i].expression);
        bool has_text = strpbrk(expression, "'\"") != NULL;
        for (char *c = expression; !has_text && *c != '\0'; c++)
            *c = (char)((c - expression) % 2 == 0 ? tolower(*c) : toupper(*c));
        compile(expression, &arena, &cesql);
        assert_int_equal(cesql_evaluate(&cesql, &event, &arena, &value), cases[i].error);
        assert_string_equal(show(&value, text), cases[i].value);
        arena_free(&arena);
    }
}

static const struct {
    const char *expression, *where, *text;
} refused[] = {
    { "", "line 1, column 1", "expected an attribute, a value, a function or NOT, but the expression ends here" },
    { "type =", "line 1, column 7", "expected an attribute, a value, a function or NOT, but the expression ends here" },
    { "type 'x'", "line 1, column 6", "expected an operator or the end of the expression, found 'x'" },
    { "type = 'x", "line 1, column 8", "the text that starts here has no end" },
    { "type = \"x'", "line 1, column 8", "the text that starts here has no end" },
    { "type = 'x\\'", "line 1, column 8", "the text that starts here has no end" },
    { "type == 'x'", "line 1, column 6", "equality is written with one =" },
    { "a && b", "line 1, column 3", "write AND instead of &&" },
    { "a || b", "line 1, column 3", "write OR instead of ||, or CONCAT(a, b) to join texts" },
    { "!a", "line 1, column 1", "write NOT instead of !" },
    { "data.x = 1", "line 1, column 5", "attributes have no fields, and the data of an event cannot be looked at" },
    { "my_attr = 1", "line 1, column 1", "names of attributes have letters and digits only" },
    { "EXISTS my_attr", "line 1, column 8", "names of attributes have letters and digits only" },
    { "EXISTS 'type'", "line 1, column 8", "expected the name of an attribute behind EXISTS, found 'type'" },
    { "EXISTS", "line 1, column 7", "expected the name of an attribute behind EXISTS, but the expression ends here" },
    { "type LIKE subject", "line 1, column 11", "expected a pattern in quotes behind LIKE, found subject" },
    { "type LIKE 5", "line 1, column 11", "expected a pattern in quotes behind LIKE, found 5" },
    { "type LIKE ('x')", "line 1, column 11", "expected a pattern in quotes behind LIKE, found (" },
    { "type NOT = 'x'", "line 1, column 10", "expected LIKE or IN behind NOT, found =" },
    { "type IN 'x'", "line 1, column 9", "expected a list in parentheses behind IN, found 'x'" },
    { "type IN ()", "line 1, column 10", "expected an attribute, a value, a function or NOT, found )" },
    { "type IN ('x'", "line 1, column 13",
      "expected a comma or a closing parenthesis in the list, but the expression ends here" },
    { "type IN ('x',)", "line 1, column 14", "expected an attribute, a value, a function or NOT, found )" },
    { "(type = 'x'", "line 1, column 12",
      "expected an operator or a closing parenthesis, but the expression ends here" },
    { "type = 'x')", "line 1, column 11", "expected an operator or the end of the expression, found )" },
    { "LENGTH('x'", "line 1, column 11",
      "expected a comma or a closing parenthesis behind an argument, but the expression ends here" },
    { "LENGTH('x',)", "line 1, column 12", "expected an attribute, a value, a function or NOT, found )" },
    { "type = 'größe' AND\n  subject = =", "line 2, column 13",
      "expected an attribute, a value, a function or NOT, found =" },
    { "subject = 'größe' type", "line 1, column 19", "expected an operator or the end of the expression, found type" },
    { "'it''s'", "line 1, column 5", "a quote inside a text is written with a backslash before it" },
    { "2147483648", "line 1, column 1", "integers are from -2147483648 to 2147483647" },
    { "1 = -2147483649", "line 1, column 5", "integers are from -2147483648 to 2147483647" },
    { "99999999999999999999", "line 1, column 1", "integers are from -2147483648 to 2147483647" },
    { "+type", "line 1, column 2", "expected an integer behind +, found type" },
    { "type = 'x';", "line 1, column 11", "an expression has no ; at its end" },
    { "a # b", "line 1, column 3", "no part of an expression starts with this character" },
    { "a AND AND b", "line 1, column 7", "expected an attribute, a value, a function or NOT, found AND" },
    { "a b23456789012345678901234567890123456789012345", "line 1, column 3",
      "expected an operator or the end of the expression, found b234567890123456789012345678901234567890..." },
};

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct cesql cesql = { .root = NULL };
        diag_t diag = { 0 };
        assert_int_equal(cesql_compile(bytes_of_text(refused[i].expression), &arena, &cesql, &diag), ERR_MALFORMED);
        assert_string_equal(diag.text, refused[i].text);
        assert_string_equal(diag.where, refused[i].where);
        assert_null(cesql.root);
        arena_free(&arena);
    }
}

static err_t compile_repeated(const char *before, const char *part, size_t count, const char *behind, diag_t *diag)
{
    struct arena arena = ARENA_INIT;
    struct writer text = WRITER_INIT;
    struct cesql cesql;
    writer_text(&text, before);
    for (size_t i = 0; i < count; i++)
        writer_text(&text, part);
    writer_text(&text, behind);
    err_t err = cesql_compile(writer_view(&text), &arena, &cesql, diag);
    writer_free(&text);
    arena_free(&arena);
    return err;
}

static void limits_are_kept(void **state)
{
    (void)state;
    diag_t diag = { 0 };
    assert_int_equal(compile_repeated("'", "x", CESQL_SIZE_MAX - 2, "'", &diag), ERR_OK);
    assert_int_equal(compile_repeated("'", "x", CESQL_SIZE_MAX - 1, "'", &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.text, "an expression has at most 4096 bytes");
    assert_int_equal(compile_repeated("", "-", CESQL_DEPTH_MAX - 1, "a", &diag), ERR_OK);
    assert_int_equal(compile_repeated("", "-", CESQL_DEPTH_MAX, "a", &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.text, "the expression is nested too deeply");
    assert_int_equal(compile_repeated("", "(", 4000, "", &diag), ERR_TOO_LARGE);
    assert_int_equal(compile_repeated("a", "+a", CESQL_DEPTH_MAX - 1, "", &diag), ERR_OK);
    assert_int_equal(compile_repeated("a", "+a", CESQL_DEPTH_MAX, "", &diag), ERR_TOO_LARGE);
    // Chains are not deep.
    assert_int_equal(compile_repeated("a", " OR a", 800, "", &diag), ERR_OK);
    assert_int_equal(compile_repeated("a IN (a", ",a", CESQL_NODES_MAX - 3, ")", &diag), ERR_OK);
    assert_int_equal(compile_repeated("a IN (a", ",a", CESQL_NODES_MAX - 2, ")", &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.text, "the expression has too many parts");
    assert_int_equal(compile_repeated("CONCAT(a", ",a", CESQL_ARGUMENTS_MAX - 1, ")", &diag), ERR_OK);
    assert_int_equal(compile_repeated("CONCAT(a", ",a", CESQL_ARGUMENTS_MAX, ")", &diag), ERR_TOO_LARGE);
    assert_string_equal(diag.text, "the function has too many arguments");
    assert_int_equal(compile_repeated("'\xff'", "", 0, "", &diag), ERR_MALFORMED);
    assert_string_equal(diag.text, "the expression is no UTF-8");
}

static bool get_large(const void *context, bytes_t name, struct cesql_value *ret_value)
{
    (void)name;
    *ret_value = (struct cesql_value){ .type = CESQL_STRING, .text = *(const bytes_t *)context };
    return true;
}

static void an_evaluation_makes_only_so_much_text(void **state)
{
    (void)state;
    static const char expression[] = "LENGTH(CONCAT(a, a)) + LENGTH(CONCAT(a, a))";
    static uint8_t memory[CESQL_SCRATCH_MAX / 4 + 1];
    struct arena arena = ARENA_INIT, scratch = ARENA_INIT;
    bytes_t text = bytes_of(memory, sizeof memory - 1);
    struct cesql_event large = { get_large, &text };
    struct cesql cesql;
    struct cesql_value value;
    compile(expression, &arena, &cesql);
    assert_int_equal(cesql_evaluate(&cesql, &large, &scratch, &value), CESQL_ERROR_NONE);
    assert_int_equal(value.integer, CESQL_SCRATCH_MAX);
    text.size += 1;
    assert_int_equal(cesql_evaluate(&cesql, &large, &scratch, &value), CESQL_ERROR_FUNCTION_EVALUATION);
    assert_int_equal(value.integer, 0);
    arena_free(&scratch);
    arena_free(&arena);
}

static void usual_filters_take_no_memory(void **state)
{
    (void)state;
    struct arena arena = ARENA_INIT, scratch = ARENA_INIT;
    struct cesql cesql;
    compile("type LIKE 'com.%' AND NOT (id = 'x') AND hop < ttl AND hop IN (1, '2', 5) AND LENGTH(TRIM(subject)) > 2",
            &arena, &cesql);
    assert_true(cesql_matches(&cesql, &event, &scratch));
    assert_int_equal(scratch.total, 0);
    arena_free(&arena);
}

static void only_true_matches(void **state)
{
    (void)state;
    static const struct {
        const char *expression;
        bool matches;
    } rows[] = {
        { "TRUE", true },     { "flag", true },         { "yes", false },       { "1", false },
        { "'true'", false },  { "BOOL(yes)", true },    { "FALSE", false },     { "NOT 10", false },
        { "nothere", false }, { "NOT nothere", false }, { "id = 'A-1'", true },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct cesql cesql;
        compile(rows[i].expression, &arena, &cesql);
        assert_int_equal(cesql_matches(&cesql, &event, &arena), rows[i].matches);
        arena_free(&arena);
    }
}

static void doubtful_expressions_are_told(void **state)
{
    (void)state;
    static const char mixture[] =
        "AND, OR and XOR bind equally and are taken from left to right; write parentheses to be clear";
    static const char early_not[] =
        "NOT binds tighter than what follows and takes the first operand only; write NOT (...)";
    static const struct {
        const char *expression, *where, *text; // NULL: none
    } rows[] = {
        { "a OR b AND c", "line 1, column 8", mixture },
        { "a AND b OR c", "line 1, column 9", mixture },
        { "a AND b AND c", NULL, NULL },
        { "a OR (b AND c)", NULL, NULL },
        { "(a OR b) AND c", NULL, NULL },
        { "(a OR b) OR c XOR d", "line 1, column 15", mixture },
        { "NOT a = 'x'", "line 1, column 1", early_not },
        { "a AND NOT b LIKE 'x'", "line 1, column 7", early_not },
        { "NOT a AND b", NULL, NULL },
        { "(NOT a) = b", NULL, NULL },
        { "NOT (a = b)", NULL, NULL },
        { "LENGHT(a) = 1", "line 1, column 1", "there is no function LENGHT; did you mean LENGTH" },
        { "QUUX(a)", "line 1, column 1", "there is no function QUUX" },
        { "LEFT(a)", "line 1, column 1", "LEFT takes 2 arguments, not 1" },
        { "a OR UPPER(a, b)", "line 1, column 6", "UPPER takes 1 argument, not 2" },
        { "SUBSTRING(a)", "line 1, column 1", "SUBSTRING takes 2 or 3 arguments, not 1" },
        { "CONCAT_WS()", "line 1, column 1", "CONCAT_WS takes 1 argument or more, not 0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct cesql cesql;
        compile(rows[i].expression, &arena, &cesql);
        assert_int_equal(cesql.doubt == NULL, rows[i].text == NULL);
        if (cesql.doubt != NULL) {
            assert_string_equal(cesql.doubt->text, rows[i].text);
            assert_string_equal(cesql.doubt->where, rows[i].where);
        }
        arena_free(&arena);
    }
}

static void explanations_name_what_decided(void **state)
{
    (void)state;
    static const struct {
        const char *expression, *text;
    } rows[] = {
        { "type = 'x'", "type = 'x' is false: type is 'com.shop.order.created'" },
        { "hop = 5 AND id = 'x' AND ttl = 1", "id = 'x' is false: id is 'A-1'" },
        { "hop = 1 OR ttl = 2", "hop = 1 is false: hop is '5'; ttl = 2 is false: ttl is '10'" },
        { "hop = 1 OR ttl = 10", "ttl = 10 is true: ttl is '10'" },
        { "ttl < hop", "ttl < hop is false: ttl is '10', hop is '5'" },
        { "LENGTH(id) + 1 > count", "LENGTH(id) + 1 > count is false: LENGTH(id) + 1 is 4, count is 42" },
        { "id LIKE 'B%'", "id LIKE 'B%' is false: id is 'A-1'" },
        { "hop NOT IN (1, ttl, 5)", "hop NOT IN (1, ttl, 5) is false: hop is '5', ttl is '10'" },
        { "NOT (id = 'A-1')", "NOT (id = 'A-1') is false: (id = 'A-1') is true" },
        { "NOT (flag AND hop = 5)", "flag is true; hop = 5 is true: hop is '5'" },
        { "EXISTS nothere", "EXISTS nothere is false" },
        { "1 = 2", "1 = 2 is always false" },
        { "nothere = 1", "nothere = 1 fails: the event has no attribute nothere" },
        { "flag AND NOT nothere", "nothere fails: the event has no attribute nothere" },
        { "flag AND LENGTH(nothere) > 1 AND id = 'x'",
          "LENGTH(nothere) > 1 fails: the event has no attribute nothere" },
        { "id + 1 = 2", "id + 1 = 2 fails: id is 'A-1', which is no Integer" },
        { "flag AND id", "flag AND id fails: id is 'A-1', which is no Boolean" },
        { "hop = 'x' + 1", "hop = 'x' + 1 fails: 'x' is no Integer" },
        { "1 / (hop - 5) = 1", "1 / (hop - 5) = 1 fails: 1 / (hop - 5) divides by zero or leaves 32 bits" },
        { "NOPE(1)", "NOPE(1) fails: there is no such function: NOPE(1)" },
        { "LEFT(id, -1) = 'x'", "LEFT(id, -1) = 'x' fails: LEFT(id, -1) is out of range or makes too long a text" },
        { "broken = 'x'", "broken = 'x' is false: broken is 'a\\xff\\xc3'" },
        { "type", "type is 'com.shop.order.created', of type String: only true, a Boolean, passes" },
        { "1 + 1", "1 + 1 is always 2, of type Integer: only true, a Boolean, passes" },
        { "flag", "flag is true" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena = ARENA_INIT;
        struct writer out = WRITER_INIT;
        struct cesql cesql;
        compile(rows[i].expression, &arena, &cesql);
        cesql_explain(&cesql, &event, &out);
        writer_u8(&out, 0);
        assert_string_equal((const char *)writer_view(&out).data, rows[i].text);
        writer_free(&out);
        arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_give_values),
        cmocka_unit_test(spelling_does_not_matter),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(an_evaluation_makes_only_so_much_text),
        cmocka_unit_test(usual_filters_take_no_memory),
        cmocka_unit_test(only_true_matches),
        cmocka_unit_test(doubtful_expressions_are_told),
        cmocka_unit_test(explanations_name_what_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
