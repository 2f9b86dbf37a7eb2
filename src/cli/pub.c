// SPDX-License-Identifier: Apache-2.0
// eddy pub SUBJECT [TEXT]: publishes the text, or each line of standard input.
#include "cli/pub.h"

#include "cli/link.h"
#include "io/system.h"

enum { READ_SIZE = 64 * 1024 };

struct config {
    struct link_options link;
    const char *reply;
    int64_t count;
};

static const struct option_row rows[] = {
    { .flag = "--reply",
      .group = "Message",
      .type = OPTION_TEXT,
      .value_name = "SUBJECT",
      .help = "where answers are to go",
      .at = offsetof(struct config, reply) },
    { .flag = "--count",
      .letter = 'n',
      .group = "Message",
      .type = OPTION_INT,
      .default_text = "1",
      .min = 1,
      .max = INT64_MAX,
      .help = "how often TEXT is published",
      .at = offsetof(struct config, count) },
    LINK_ROWS(struct config),
};

struct publisher {
    struct link *link;
    bytes_t subject, reply;
    int64_t sent;
    diag_t *diag;
};

static err_t publish(struct publisher *publisher, bytes_t payload)
{
    err_t err = link_publish(publisher->link, publisher->subject, publisher->reply, payload, publisher->diag);
    publisher->sent += err == ERR_OK;
    return err;
}

// Publishes the lines that have ended, keeps the rest of the text.
static err_t publish_lines(struct publisher *publisher, struct writer *text)
{
    bytes_t rest = writer_view(text);
    const uint8_t *lf;
    err_t err = ERR_OK;
    while (err == ERR_OK && rest.size > 0 && (lf = memchr(rest.data, '\n', rest.size)) != NULL) {
        bytes_t line = bytes_of(rest.data, (size_t)(lf - rest.data));
        rest = bytes_of(lf + 1, rest.size - line.size - 1);
        err = publish(publisher, line);
    }
    memmove(text->buf->data, rest.data, rest.size);
    text->size = rest.size;
    return err;
}

// What was read at once has arrived before more is read.
static err_t publish_input(struct publisher *publisher)
{
    struct writer text = WRITER_INIT;
    size_t size = 1;
    err_t err = ERR_OK;
    while (err == ERR_OK && size > 0) {
        err = system_read_in(writer_reserve(&text, READ_SIZE), READ_SIZE, &size);
        if (err != ERR_OK) {
            err = diag_fail(publisher->diag, err, "standard input", "%s", err_text(err));
            break;
        }
        writer_advance(&text, size);
        err = publish_lines(publisher, &text);
        if (err == ERR_OK && size == 0 && text.size > 0)
            err = publish(publisher, writer_view(&text));
        if (err == ERR_OK)
            err = link_sync(publisher->link, publisher->diag);
    }
    writer_free(&text);
    return err;
}

static err_t check(const struct link_options *options, diag_t *diag)
{
    const struct config *config = (const struct config *)options;
    return config->reply == NULL ? ERR_OK : link_subject_check(config->reply, false, diag);
}

static void print_count(int64_t sent)
{
    struct writer out = WRITER_INIT;
    writer_format(&out, "{\"published\":%lld}\n", (long long)sent);
    (void)cli_print(&out);
    writer_free(&out);
}

static err_t run(struct link *link, const struct link_options *options, const char *subject, const char *text,
                 diag_t *diag)
{
    const struct config *config = (const struct config *)options;
    struct publisher publisher = { .link = link, .subject = bytes_of_text(subject), .diag = diag };
    err_t err = ERR_OK;
    if (config->reply != NULL)
        publisher.reply = bytes_of_text(config->reply);
    if (text == NULL)
        err = publish_input(&publisher);
    for (int64_t i = 0; text != NULL && i < config->count && err == ERR_OK; i++)
        err = publish(&publisher, bytes_of_text(text));
    if (err == ERR_OK && text != NULL)
        err = link_sync(link, diag);
    if (err == ERR_OK && options->json)
        print_count(publisher.sent);
    return err;
}

static const struct link_command command = {
    .usage = { "pub", "SUBJECT [TEXT] [options]",
               "Publishes TEXT, or each line of standard input, to whoever is subscribed on a NATS server.\n\n"
               "  eddy pub updates \"Hello from NATS!\"\n"
               "  tail -f log | eddy pub logs.web",
               1, 2 },
    .table = { rows, ARRAY_COUNT(rows) },
    .check = check,
    .run = run,
};

enum cli_exit cli_pub(int count, const char *const *texts)
{
    struct config config;
    return link_command_run(&command, &config.link, count, texts);
}
