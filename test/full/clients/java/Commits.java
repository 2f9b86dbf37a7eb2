// SPDX-License-Identifier: Apache-2.0
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.OffsetMetadataTooLarge;
import org.apache.kafka.common.errors.RebalanceInProgressException;

/** Commits: what they keep, who goes on from them, and whose are refused. */
final class Commits {
    private static OffsetAndMetadata committed(KafkaConsumer<String, String> consumer, TopicPartition place) {
        return consumer.committed(Set.of(place)).get(place);
    }

    private static KafkaConsumer<String, String> subscribed(Setup setup, String... settings) {
        KafkaConsumer<String, String> consumer = setup.consumer(settings);
        consumer.subscribe(List.of(setup.topic));
        return consumer;
    }

    static void commits_with_metadata_and_goes_on_from_there(Setup setup) throws Exception {
        setup.create(1);
        List<String> values = setup.produce("v", 20, 1);
        KafkaConsumer<String, String> first = subscribed(setup);
        Setup.equal(values, Setup.readValues(first, 20));
        Setup.equal(null, committed(first, setup.place(0)));
        OffsetAndMetadata wanted = new OffsetAndMetadata(7, Optional.of(0), "where I was");
        first.commitSync(Map.of(setup.place(0), wanted));
        Setup.equal(wanted, committed(first, setup.place(0)));
        first.close();
        KafkaConsumer<String, String> second = subscribed(setup);
        Setup.equal(values.subList(7, 20), Setup.readValues(second, 13));
        second.commitSync();
        Setup.equal(20L, committed(second, setup.place(0)).offset());
        Setup.equal("", committed(second, setup.place(0)).metadata());
    }

    static void commits_in_the_background_in_order(Setup setup) throws Exception {
        setup.create(1);
        setup.produce("v", 10, 1);
        KafkaConsumer<String, String> consumer = subscribed(setup);
        Setup.read(consumer, 10);
        List<Object> answers = Collections.synchronizedList(new ArrayList<>());
        List<Object> wanted = new ArrayList<>();
        for (long offset = 1; offset <= 10; offset++) {
            Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(setup.place(0), new OffsetAndMetadata(offset, "m" + offset));
            consumer.commitAsync(offsets, (done, error) -> answers.add(error == null ? done : error));
            wanted.add(offsets);
        }
        Setup.waitUntil(() -> {
            consumer.poll(Duration.ofMillis(50));
            return answers.size() == 10;
        }, answers::toString);
        Setup.equal(wanted, answers);
        Setup.equal(new OffsetAndMetadata(10, "m10"), committed(consumer, setup.place(0)));
    }

    static void commits_by_itself(Setup setup) throws Exception {
        setup.create(2);
        setup.produce("v", 20, 2);
        KafkaConsumer<String, String> consumer = subscribed(setup, "enable.auto.commit", "true", "auto.commit.interval.ms", "200");
        Setup.read(consumer, 20);
        Setup.waitUntil(() -> {
            consumer.poll(Duration.ofMillis(50));
            Map<TopicPartition, OffsetAndMetadata> found = consumer.committed(Set.of(setup.place(0), setup.place(1)));
            return found.values().stream().allMatch(one -> one != null && one.offset() == 10);
        }, () -> "not committed");
        setup.produce("w", 2, 2);
        Setup.read(consumer, 2);
        consumer.close(); // which commits what was read last
        KafkaConsumer<String, String> next = subscribed(setup);
        setup.produce("x", 2, 2);
        Setup.equal(Set.of("x0", "x1"), Set.copyOf(Setup.readValues(next, 2)));
    }

    static void a_group_without_members_keeps_offsets_too(Setup setup) throws Exception {
        setup.create(2);
        List<String> values = setup.produce("v", 10, 1);
        KafkaConsumer<String, String> first = setup.consumer();
        first.assign(List.of(setup.place(0)));
        Setup.read(first, 10);
        first.commitSync(Map.of(setup.place(0), new OffsetAndMetadata(4)));
        first.close();
        KafkaConsumer<String, String> second = setup.consumer();
        second.assign(List.of(setup.place(0)));
        Setup.equal(values.subList(4, 10), Setup.readValues(second, 6));
    }

    static void refuses_metadata_that_is_too_large(Setup setup) throws Exception {
        setup.create(1);
        KafkaConsumer<String, String> consumer = setup.consumer();
        consumer.assign(List.of(setup.place(0)));
        consumer.commitSync(Map.of(setup.place(0), new OffsetAndMetadata(1, "m".repeat(4096))));
        Setup.refused(OffsetMetadataTooLarge.class,
            () -> consumer.commitSync(Map.of(setup.place(0), new OffsetAndMetadata(2, "m".repeat(4097)))));
        Setup.equal(1L, committed(consumer, setup.place(0)).offset());
    }

    /** It polls too rarely: its client leaves, somebody else takes over, and what it commits then is refused. */
    static void refuses_a_member_that_was_too_slow(Setup setup) throws Exception {
        setup.create(4);
        setup.produce("v", 4, 4);
        KafkaConsumer<String, String> slow = setup.consumer("max.poll.interval.ms", "1500", "max.poll.records", "1");
        Member places = new Member(slow);
        slow.subscribe(List.of(setup.topic), places);
        Setup.read(slow, 1);
        Setup.equal(4, places.assigned.size());
        Thread.sleep(2500);
        Member other = setup.member();
        Setup.waitUntil(() -> Member.share(4, 4, other), () -> Member.show(places, other));
        Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(setup.place(0), new OffsetAndMetadata(1));
        Setup.refused(CommitFailedException.class, () -> slow.commitSync(offsets));
        List<Exception> answers = Collections.synchronizedList(new ArrayList<>());
        slow.commitAsync(offsets, (done, error) -> answers.add(error));
        Setup.waitUntil(() -> {
            slow.poll(Duration.ofMillis(50));
            return places.assigned.size() == 2 && Member.share(4, 2, places, other);
        }, () -> Member.show(places, other));
        Setup.equal(4, places.lost.get());
        Setup.equal(1, answers.size());
        Setup.check(answers.get(0) instanceof CommitFailedException, String.valueOf(answers));
        Setup.equal(null, committed(slow, setup.place(0)));
    }

    static void refuses_commits_while_the_group_rebalances(Setup setup) throws Exception {
        setup.create(6);
        List<KafkaConsumer<String, String>> consumers = List.of(setup.consumer(), setup.consumer());
        List<Member> places = consumers.stream().map(Member::new).toList();
        for (int i = 0; i < 2; i++)
            consumers.get(i).subscribe(List.of(setup.topic), places.get(i));
        Setup.waitUntil(() -> {
            consumers.forEach(consumer -> consumer.poll(Duration.ofMillis(50)));
            return Member.share(6, 3, places.get(0), places.get(1));
        }, () -> Member.show(places.get(0), places.get(1)));
        int taken = places.get(0).taken.get();
        Member third = setup.member();
        Setup.waitUntil(() -> {
            consumers.get(0).poll(Duration.ofMillis(50));
            return places.get(0).taken.get() > taken;
        }, () -> Member.show(places.get(0), third));
        // It has asked to join again; the second, who does not poll, has not: the generation is not made yet.
        Setup.refused(RebalanceInProgressException.class,
            () -> consumers.get(0).commitSync(Map.of(setup.place(0), new OffsetAndMetadata(1))));
        Setup.waitUntil(() -> {
            consumers.forEach(consumer -> consumer.poll(Duration.ofMillis(50)));
            return Member.share(6, 2, places.get(0), places.get(1), third);
        }, () -> Member.show(places.get(0), places.get(1), third));
        int own = places.get(0).assigned.iterator().next();
        consumers.get(0).commitSync(Map.of(setup.place(own), new OffsetAndMetadata(0, "now")));
        Setup.equal("now", committed(consumers.get(0), setup.place(own)).metadata());
    }
}
