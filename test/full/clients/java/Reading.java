// SPDX-License-Identifier: Apache-2.0
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Where a consumer reads: by offset, by time, from either end, and not at all. */
final class Reading {
    private static final long HOUR = 3_600_000;

    private static KafkaConsumer<String, String> assigned(Setup setup, String... settings) {
        KafkaConsumer<String, String> consumer = setup.consumer(settings);
        consumer.assign(List.of(setup.place(0)));
        return consumer;
    }

    /** One record an hour, the first of them COUNT hours ago; returns its time. */
    private static long produceHourly(Setup setup, int count) throws Exception {
        long start = System.currentTimeMillis() - count * HOUR;
        KafkaProducer<String, String> producer = setup.producer();
        for (int i = 0; i < count; i++)
            Setup.get(producer.send(new ProducerRecord<>(setup.topic, 0, start + i * HOUR, "k", "h" + i)));
        return start;
    }

    static void seeks_by_offset(Setup setup) throws Exception {
        setup.create(1);
        List<String> values = setup.produce("v", 100, 1);
        KafkaConsumer<String, String> consumer = assigned(setup);
        Setup.equal(values, Setup.readValues(consumer, 100));
        for (int offset : new int[] {0, 99, 42, 7}) {
            consumer.seek(setup.place(0), offset);
            Setup.equal((long) offset, consumer.position(setup.place(0)));
            Setup.equal(values.subList(offset, 100), Setup.readValues(consumer, 100 - offset));
        }
        consumer.seekToBeginning(List.of(setup.place(0)));
        Setup.equal(0L, consumer.position(setup.place(0)));
        consumer.seekToEnd(List.of(setup.place(0)));
        Setup.equal(100L, consumer.position(setup.place(0)));
    }

    static void seeks_by_time(Setup setup) throws Exception {
        setup.create(1);
        TopicPartition place = setup.place(0);
        long start = produceHourly(setup, 6);
        KafkaConsumer<String, String> consumer = assigned(setup);
        OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(place, start + 2 * HOUR - 1)).get(place);
        Setup.equal(2L, found.offset());
        Setup.equal(start + 2 * HOUR, found.timestamp());
        consumer.seek(place, found.offset());
        Setup.equal(List.of("h2", "h3", "h4", "h5"), Setup.readValues(consumer, 4));
        Setup.equal(0L, consumer.offsetsForTimes(Map.of(place, 0L)).get(place).offset());
        Setup.equal(null, consumer.offsetsForTimes(Map.of(place, start + 5 * HOUR + 1)).get(place));
    }

    static void tells_beginning_end_and_lag(Setup setup) throws Exception {
        setup.create(2);
        setup.produce("v", 10, 1);
        KafkaConsumer<String, String> consumer = assigned(setup, "max.poll.records", "4");
        List<TopicPartition> both = List.of(setup.place(0), setup.place(1));
        Setup.equal(Map.of(both.get(0), 0L, both.get(1), 0L), consumer.beginningOffsets(both));
        Setup.equal(Map.of(both.get(0), 10L, both.get(1), 0L), consumer.endOffsets(both));
        Setup.equal(4, Setup.read(consumer, 4).size());
        Setup.equal(OptionalLong.of(6), consumer.currentLag(setup.place(0)));
        Setup.get(setup.admin().deleteRecords(Map.of(setup.place(0), RecordsToDelete.beforeOffset(3))).all());
        Setup.equal(3L, consumer.beginningOffsets(both).get(setup.place(0)));
        Setup.equal(2, consumer.partitionsFor(setup.topic).size());
        Setup.check(consumer.listTopics().containsKey(setup.topic), "the topic is not listed");
    }

    static void pauses_and_resumes(Setup setup) throws Exception {
        setup.create(2);
        KafkaConsumer<String, String> consumer = setup.consumer();
        consumer.assign(List.of(setup.place(0), setup.place(1)));
        consumer.pause(List.of(setup.place(1)));
        setup.produce("v", 20, 2);
        for (ConsumerRecord<String, String> record : Setup.read(consumer, 10))
            Setup.equal(0, record.partition());
        Setup.check(consumer.poll(Duration.ofMillis(500)).isEmpty(), "a paused partition was read");
        Setup.equal(Set.of(setup.place(1)), consumer.paused());
        consumer.resume(consumer.paused());
        for (ConsumerRecord<String, String> record : Setup.read(consumer, 10))
            Setup.equal(1, record.partition());
    }

    static void starts_where_it_is_told_to(Setup setup) throws Exception {
        setup.create(1);
        produceHourly(setup, 5);
        Setup.equal(List.of("h0", "h1"), Setup.readValues(assigned(setup, "max.poll.records", "2"), 2));
        KafkaConsumer<String, String> latest = assigned(setup, "auto.offset.reset", "latest");
        Setup.equal(5L, latest.position(setup.place(0)));
        KafkaConsumer<String, String> byTime = assigned(setup, "auto.offset.reset", "by_duration:PT2H30M"); // KIP-1106
        Setup.equal(List.of("h3", "h4"), Setup.readValues(byTime, 2));
        KafkaConsumer<String, String> nowhere = assigned(setup, "auto.offset.reset", "none");
        Setup.refused(NoOffsetForPartitionException.class, () -> nowhere.poll(Duration.ofSeconds(10)));
    }

    static void says_when_an_offset_is_not_there(Setup setup) throws Exception {
        setup.create(1);
        List<String> values = setup.produce("v", 10, 1);
        KafkaConsumer<String, String> strict = assigned(setup, "auto.offset.reset", "none");
        strict.seek(setup.place(0), 11);
        Setup.refused(OffsetOutOfRangeException.class, () -> {
            for (int i = 0; i < 50; i++)
                strict.poll(Duration.ofMillis(200));
        });
        Setup.get(setup.admin().deleteRecords(Map.of(setup.place(0), RecordsToDelete.beforeOffset(6))).all());
        KafkaConsumer<String, String> lenient = assigned(setup);
        lenient.seek(setup.place(0), 2);
        Setup.equal(values.subList(6, 10), Setup.readValues(lenient, 4));
    }

    static void waits_for_what_comes(Setup setup) throws Exception {
        setup.create(1);
        KafkaConsumer<String, String> consumer = assigned(setup, "fetch.max.wait.ms", "20000");
        Setup.check(consumer.poll(Duration.ofMillis(300)).isEmpty(), "there is nothing to read yet");
        long started = System.nanoTime();
        setup.produce("v", 1, 1);
        Setup.equal(List.of("v0"), Setup.readValues(consumer, 1));
        Setup.check(System.nanoTime() - started < 10_000_000_000L, "it waited although there was something to read");
    }
}
