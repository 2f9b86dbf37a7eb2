// SPDX-License-Identifier: Apache-2.0
#include "nats/sublist.h"

#include "base/assert.h"
#include "base/mem.h"
#include "base/writer.h"

#include "base/test.h"

static size_t match_count(const struct nats_sublist *list, const char *subject, size_t *ret_queues)
{
    struct nats_matches matches = { 0 };
    nats_sublist_match(list, bytes_of_text(subject), &matches);
    size_t count = 0;
    *ret_queues = 0;
    for (size_t i = 0; i < matches.count; i++) {
        count += matches.items[i]->subs.count;
        for (const struct nats_queue *queue = matches.items[i]->queues; queue != NULL; queue = queue->next)
            ++*ret_queues;
    }
    nats_matches_free(&matches);
    return count;
}

static void assert_matches(const struct nats_sublist *list, const char *subject, size_t subs, size_t queues)
{
    size_t got_queues, got = match_count(list, subject, &got_queues);
    if (got != subs || got_queues != queues)
        fail_msg("%s: %zu subscriptions and %zu queues", subject, got, got_queues);
}

static void finds_literals_and_wildcards(void **state)
{
    (void)state;
    static const char *const subjects[] = {
        "foo.bar", "foo.bar", "foo.*", "foo.>", ">", "*.bar", "foo.*.x", "*", "*.>"
    };
    struct nats_sublist list = NATS_SUBLIST_INIT;
    struct nats_sub subs[ARRAY_COUNT(subjects) + 2] = { 0 };
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++)
        nats_sublist_insert(&list, &subs[i], bytes_of_text(subjects[i]), BYTES_NULL);
    nats_sublist_insert(&list, &subs[ARRAY_COUNT(subjects)], BYTES_LITERAL("foo.bar"), BYTES_LITERAL("q"));
    nats_sublist_insert(&list, &subs[ARRAY_COUNT(subjects) + 1], BYTES_LITERAL("foo.>"), BYTES_LITERAL("q"));
    struct writer text = WRITER_INIT;
    for (size_t i = 0; i < ARRAY_COUNT(subjects); i++) {
        writer_reset(&text);
        nats_sub_subject(&subs[i], &text);
        assert_true(bytes_is(writer_view(&text), subjects[i]));
    }
    writer_free(&text);
    assert_matches(&list, "foo.bar", 7, 2);
    assert_matches(&list, "foo", 2, 0);
    assert_matches(&list, "foo.x.x", 4, 1);
    assert_matches(&list, "bar.bar", 3, 0);
    assert_matches(&list, "foo.*", 4, 1); // not foo.bar
    assert_matches(&list, "foo.>", 4, 1);
    assert_matches(&list, "foo..bar", 0, 0);
    assert_matches(&list, "foo.", 0, 0);
    assert_matches(&list, ".foo", 0, 0);
    assert_matches(&list, "", 0, 0);
    for (size_t i = 0; i < ARRAY_COUNT(subs); i++)
        nats_sublist_remove(&list, &subs[i]);
    assert_null(list.root);
    nats_sublist_free(&list);
}

// Against subject_matches, with subscriptions that come and go.
static void agrees_with_matching_each_subscription(void **state)
{
    (void)state;
    static const char *const words[] = { "a", "b", "c", "*", ">" };
    enum { SUBS = 400, ROUNDS = 4000 };
    struct nats_sublist list = NATS_SUBLIST_INIT;
    struct nats_sub subs[SUBS] = { 0 };
    char texts[SUBS][16], subject[16];
    uint32_t random = 1;
    for (int round = 0; round < ROUNDS; round++) {
        size_t at = (random = random * 1664525 + 1013904223) >> 8 & 0xffff;
        at %= SUBS;
        if (subs[at].place != NULL) {
            nats_sublist_remove(&list, &subs[at]);
        } else {
            do {
                texts[at][0] = '\0';
                unsigned tokens = 1 + ((random = random * 1664525 + 1013904223) >> 16) % 4;
                for (unsigned i = 0; i < tokens; i++) {
                    random = random * 1664525 + 1013904223;
                    strcat(strcat(texts[at], i == 0 ? "" : "."), words[(random >> 16) % ARRAY_COUNT(words)]);
                }
            } while (!subject_is_valid(bytes_of_text(texts[at])));
            nats_sublist_insert(&list, &subs[at], bytes_of_text(texts[at]), BYTES_NULL);
        }
        subject[0] = '\0';
        random = random * 1664525 + 1013904223;
        for (unsigned i = 0, tokens = 1 + (random >> 16) % 4; i < tokens; i++) {
            random = random * 1664525 + 1013904223;
            strcat(strcat(subject, i == 0 ? "" : "."), words[(random >> 16) % 3]);
        }
        size_t expected = 0;
        for (size_t i = 0; i < SUBS; i++)
            expected += subs[i].place != NULL && subject_matches(bytes_of_text(subject), bytes_of_text(texts[i]));
        assert_matches(&list, subject, expected, 0);
    }
    for (size_t i = 0; i < SUBS; i++)
        if (subs[i].place != NULL)
            nats_sublist_remove(&list, &subs[i]);
    assert_int_equal(list.literals.count + list.nodes.count, 0);
    nats_sublist_free(&list);
}

static void a_subject_of_two_thousand_tokens_is_matched(void **state)
{
    (void)state;
    enum { TOKENS = 2000 };
    struct nats_sublist list = NATS_SUBLIST_INIT;
    struct nats_sub stars = { 0 }, rest[40] = { 0 };
    char pattern[2 * TOKENS + 2], subject[2 * TOKENS + 2];
    for (size_t i = 0; i < TOKENS; i++) {
        memcpy(pattern + 2 * i, "*.", 2);
        memcpy(subject + 2 * i, "x.", 2);
    }
    pattern[2 * TOKENS - 1] = subject[2 * TOKENS - 1] = '\0';
    nats_sublist_insert(&list, &stars, bytes_of_text(pattern), BYTES_NULL);
    // Ways that part at every token: x.x.x.>, *.x.x.> ...
    for (size_t i = 0; i < ARRAY_COUNT(rest); i++) {
        char text[2 * ARRAY_COUNT(rest) + 2];
        for (size_t k = 0; k < ARRAY_COUNT(rest); k++)
            memcpy(text + 2 * k, k == i ? "*." : "x.", 2);
        memcpy(text + 2 * ARRAY_COUNT(rest), ">", 2);
        nats_sublist_insert(&list, &rest[i], bytes_of_text(text), BYTES_NULL);
    }
    assert_matches(&list, subject, 1 + ARRAY_COUNT(rest), 0);
    nats_sublist_remove(&list, &stars);
    for (size_t i = 0; i < ARRAY_COUNT(rest); i++)
        nats_sublist_remove(&list, &rest[i]);
    nats_sublist_free(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_literals_and_wildcards),
        cmocka_unit_test(agrees_with_matching_each_subscription),
        cmocka_unit_test(a_subject_of_two_thousand_tokens_is_matched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
