// SPDX-License-Identifier: Apache-2.0
// NATS subjects (base/subject.h, nats/sublist.h). Each line of the input is subscribed to, those that begin with `-`
// are taken away again, those with `?` are published to: the table and the trie must find what matching each
// subscription by itself finds.
#include "nats/sublist.h"

#include "base/assert.h"

#include <stddef.h>
#include <stdint.h>

enum { SUBS_MAX = 64 };

struct entry {
    struct nats_sub sub;
    bytes_t subject;
};

static void publish(const struct nats_sublist *list, const struct entry *entries, size_t count, bytes_t subject)
{
    struct nats_matches matches = { 0 };
    nats_sublist_match(list, subject, &matches);
    size_t found = 0, expected = 0;
    for (size_t i = 0; i < matches.count; i++) {
        found += matches.items[i]->subs.count;
        for (const struct nats_queue *queue = matches.items[i]->queues; queue != NULL; queue = queue->next)
            found += queue->subs.count;
    }
    for (size_t i = 0; i < count; i++)
        expected += entries[i].sub.place != NULL && subject_matches(subject, entries[i].subject);
    ASSERT(found == expected);
    nats_matches_free(&matches);
}

static void unsubscribe(struct nats_sublist *list, struct entry *entries, size_t count, bytes_t subject)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].sub.place != NULL && bytes_equal(entries[i].subject, subject)) {
            nats_sublist_remove(list, &entries[i].sub);
            return;
        }
    }
}

static void check(bytes_t subject)
{
    bool valid = subject_is_valid(subject);
    ASSERT(subject_is_literal(subject) == (valid && !subject_has_wildcard(subject)));
    ASSERT(!valid || subject_matches(subject, subject));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct entry entries[SUBS_MAX];
    struct nats_sublist list = NATS_SUBLIST_INIT;
    size_t count = 0;
    while (size > 0) {
        const uint8_t *lf = memchr(data, '\n', size);
        bytes_t line = bytes_of(data, lf == NULL ? size : (size_t)(lf - data));
        size_t used = line.size + (lf == NULL ? 0 : 1);
        data += used;
        size -= used;
        uint8_t mark = line.size > 0 ? line.data[0] : 0;
        bytes_t rest = line.size > 0 ? bytes_of(line.data + 1, line.size - 1) : line;
        check(line);
        if (mark == '?') {
            publish(&list, entries, count, rest);
        } else if (mark == '-') {
            unsubscribe(&list, entries, count, rest);
        } else if (count < SUBS_MAX && subject_is_valid(line)) {
            entries[count] = (struct entry){ .subject = line };
            nats_sublist_insert(&list, &entries[count].sub, line, count % 3 == 0 ? BYTES_LITERAL("q") : BYTES_NULL);
            count++;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (entries[i].sub.place != NULL)
            nats_sublist_remove(&list, &entries[i].sub);
    nats_sublist_free(&list);
    return 0;
}
