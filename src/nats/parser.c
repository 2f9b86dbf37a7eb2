// SPDX-License-Identifier: Apache-2.0
#include "nats/parser.h"

#include "base/endian.h"

enum {
    SIZE_DIGITS_MAX = 9,
    PUB_AND_SPACE = 'p' | 'u' << 8 | 'b' << 16 | ' ' << 24,
};

// What stands behind the verb.
enum form {
    FORM_NOTHING,   // whatever stands there is ignored
    FORM_TEXT,      // spaces, if there are any, then text
    FORM_ARGUMENTS, // a space, then arguments
};

static const struct {
    const char *text; // lower case
    size_t size;
    enum form form;
} verbs[NATS_VERB_COUNT] = {
    [NATS_PUB] = { "pub", 3, FORM_ARGUMENTS },    [NATS_HPUB] = { "hpub", 4, FORM_ARGUMENTS },
    [NATS_SUB] = { "sub", 3, FORM_ARGUMENTS },    [NATS_UNSUB] = { "unsub", 5, FORM_ARGUMENTS },
    [NATS_PING] = { "ping", 4, FORM_NOTHING },    [NATS_PONG] = { "pong", 4, FORM_NOTHING },
    [NATS_CONNECT] = { "connect", 7, FORM_TEXT }, [NATS_INFO] = { "info", 4, FORM_TEXT },
    [NATS_OK] = { "+ok", 3, FORM_NOTHING },       [NATS_ERR] = { "-err", 4, FORM_ARGUMENTS },
};

static inline bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static size_t common_size(bytes_t input, const char *text, size_t size)
{
    size_t at = 0;
    for (; at < size && at < input.size; at++) {
        uint8_t c = input.data[at];
        if (c >= 'A' && c <= 'Z')
            c |= 0x20;
        if (c != (uint8_t)text[at])
            break;
    }
    return at;
}

static enum nats_parse find_verb(bytes_t input, enum nats_verb *ret_verb)
{
    bool may_be_one = false;
    for (unsigned i = 0; i < NATS_VERB_COUNT; i++) {
        size_t common = common_size(input, verbs[i].text, verbs[i].size);
        if (common == verbs[i].size) {
            *ret_verb = (enum nats_verb)i;
            return NATS_PARSE_DONE;
        }
        may_be_one = may_be_one || common == input.size;
    }
    return may_be_one ? NATS_PARSE_MORE : NATS_PARSE_UNKNOWN;
}

int64_t nats_parse_size(bytes_t digits)
{
    if (digits.size == 0 || digits.size > SIZE_DIGITS_MAX)
        return -1;
    int64_t size = 0;
    for (size_t i = 0; i < digits.size; i++) {
        unsigned digit = digits.data[i] - (unsigned)'0';
        if (digit > 9)
            return -1;
        size = size * 10 + digit;
    }
    return size;
}

// True at the end of a line; a CR that no LF follows is an ordinary byte.
static inline bool line_ends(const uint8_t *at, const uint8_t *end)
{
    return *at == '\n' || (*at == '\r' && end - at > 1 && at[1] == '\n');
}

// Cuts the arguments from AT on. Returns where the line ends (at its LF or CR), NULL when it does not yet. Counts all
// of them, keeps the first.
static const uint8_t *cut_line(const uint8_t *at, const uint8_t *end, struct nats_command *command)
{
    size_t count = 0;
    for (;;) {
        while (at < end && is_space(*at))
            at++;
        if (at == end)
            return NULL;
        if (line_ends(at, end))
            break;
        const uint8_t *start = at;
        do {
            at++;
            while (at<end && * at> ' ')
                at++;
            if (at == end)
                return NULL;
        } while (!is_space(*at) && !line_ends(at, end));
        if (count < NATS_ARGUMENTS_MAX)
            command->arguments[count] = bytes_of(start, (size_t)(at - start));
        count++;
    }
    command->count = count;
    return at;
}

static const uint8_t *find_line_end(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *lf = at == end ? NULL : memchr(at, '\n', (size_t)(end - at));
    return lf != NULL && lf > at && lf[-1] == '\r' ? lf - 1 : lf;
}

// --- the fast way: what clients send nearly always

// The first byte from AT on that is no more than a space, looked for eight bytes at a time; END when there is none.
static inline const uint8_t *find_gap(const uint8_t *at, const uint8_t *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    for (; end - at >= 8; at += 8) {
        uint64_t word = get_u64le(at);
        // The highest bit of each byte below 0x21; above the first one found there may be false ones.
        uint64_t gaps = (word - ones * 0x21) & ~word & (ones << 7);
        if (gaps != 0)
            return at + ((unsigned)__builtin_ctzll(gaps) >> 3);
    }
    while (at<end && * at> ' ')
        at++;
    return at;
}

// Arguments with one space between them and CR LF behind: returns where the CR is, NULL when it is anything else.
static inline const uint8_t *cut_plain(const uint8_t *at, const uint8_t *end, struct nats_command *command)
{
    for (size_t count = 0; count < NATS_ARGUMENTS_MAX;) {
        const uint8_t *gap = find_gap(at, end);
        if (gap == at || end - gap < 2)
            return NULL;
        command->arguments[count++] = bytes_of(at, (size_t)(gap - at));
        if (*gap == '\r' && gap[1] == '\n') {
            command->count = count;
            return gap;
        }
        if (*gap != ' ')
            return NULL;
        at = gap + 1;
    }
    return NULL;
}

// --- PUB and HPUB

// One space between the arguments and CR LF behind them: it may go out as it came.
static bool is_plain(const struct nats_command *command, const uint8_t *line_end)
{
    const uint8_t *at = command->arguments[0].data;
    for (size_t i = 0; i < command->count; i++) {
        if (command->arguments[i].data != at)
            return false;
        at += command->arguments[i].size;
        if (i + 1 < command->count && *at++ != ' ')
            return false;
    }
    return at == line_end && *line_end == '\r';
}

// PUB subject [reply] size, HPUB subject [reply] header-size size. A call of it is 2 to 4 ns of the 26 that a small
// message costs, and the compiler does not see that.
__attribute__((always_inline)) static inline enum nats_parse
take_publish(const struct nats_parse_limits *limits, bytes_t input, const uint8_t *line_end, bool is_known_plain,
             struct nats_command *command, size_t *ret_size)
{
    const bytes_t *arguments = command->arguments;
    size_t sizes = command->verb == NATS_HPUB ? 2 : 1, count = command->count;
    if (count != sizes + 1 && count != sizes + 2)
        return NATS_PARSE_BAD;
    int64_t header_size = sizes == 2 ? nats_parse_size(arguments[count - 2]) : 0;
    int64_t size = nats_parse_size(arguments[count - 1]);
    if (size < 0 || header_size < 0 || header_size > size || (sizes == 2 && !limits->headers))
        return NATS_PARSE_BAD;
    if ((size_t)size > limits->payload_size)
        return NATS_PARSE_PAYLOAD_TOO_LARGE;
    const uint8_t *body = line_end + (*line_end == '\r' ? 2 : 1), *body_end = body + size;
    const uint8_t *end = input.data + input.size;
    if ((body_end < end && *body_end != '\r') || (body_end + 1 < end && body_end[1] != '\n'))
        return NATS_PARSE_UNKNOWN;
    *ret_size = (size_t)(body_end - input.data) + 2;
    if (*ret_size > input.size)
        return NATS_PARSE_MORE;
    command->subject = arguments[0];
    command->reply = count == sizes + 2 ? arguments[1] : BYTES_NULL;
    command->header_size = (size_t)header_size;
    command->body = bytes_of(body, (size_t)size);
    const uint8_t *behind = arguments[0].data + arguments[0].size;
    bool is_stripped = command->verb == NATS_HPUB && header_size == 0; // goes out as MSG
    bool may_go_out = is_known_plain || (!is_stripped && is_plain(command, line_end));
    command->tail = may_go_out ? bytes_of(behind, (size_t)(body_end + 2 - behind)) : BYTES_NULL;
    return NATS_PARSE_DONE;
}

static enum nats_parse take_line(const struct nats_parse_limits *limits, bytes_t input, const uint8_t *at,
                                 struct nats_command *command, size_t *ret_size)
{
    const uint8_t *end = input.data + input.size;
    bool is_cut = verbs[command->verb].form == FORM_ARGUMENTS;
    const uint8_t *line_end = is_cut ? cut_line(at, end, command) : find_line_end(at, end);
    while (at < end && is_space(*at))
        at++;
    const uint8_t *shown_end = line_end == NULL ? end : line_end;
    if (line_end == NULL && end[-1] == '\r')
        shown_end--; // perhaps it is the line's end
    if (shown_end > at && (size_t)(shown_end - at) > limits->line_size)
        return NATS_PARSE_LINE_TOO_LONG;
    if (line_end == NULL) {
        *ret_size = input.size + 1;
        return NATS_PARSE_MORE;
    }
    if (command->verb <= NATS_HPUB)
        return take_publish(limits, input, line_end, false, command, ret_size);
    command->line = shown_end > at ? bytes_of(at, (size_t)(shown_end - at)) : bytes_of(line_end, 0);
    *ret_size = (size_t)(line_end - input.data) + (*line_end == '\r' ? 2 : 1);
    return NATS_PARSE_DONE;
}

enum nats_parse nats_parse(const struct nats_parse_limits *limits, bytes_t input, struct nats_command *ret_command,
                           size_t *ret_size)
{
    *ret_size = input.size + 1;
    if (input.size >= 8 && ((uint32_t)get_u64le(input.data) | 0x202020) == PUB_AND_SPACE) {
        const uint8_t *at = input.data + 4, *line_end = cut_plain(at, input.data + input.size, ret_command);
        if (line_end != NULL && (size_t)(line_end - at) <= limits->line_size) {
            ret_command->verb = NATS_PUB;
            return take_publish(limits, input, line_end, true, ret_command, ret_size);
        }
    }
    if (input.size == 0)
        return NATS_PARSE_MORE;
    enum nats_parse result = find_verb(input, &ret_command->verb);
    if (result != NATS_PARSE_DONE)
        return result;
    size_t size = verbs[ret_command->verb].size;
    if (verbs[ret_command->verb].form == FORM_ARGUMENTS) {
        if (input.size == size)
            return NATS_PARSE_MORE;
        if (!is_space(input.data[size]))
            return NATS_PARSE_UNKNOWN;
    }
    return take_line(limits, input, input.data + size, ret_command, ret_size);
}
