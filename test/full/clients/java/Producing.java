// SPDX-License-Identifier: Apache-2.0
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;

/** KafkaProducer, which is idempotent by itself. */
final class Producing {
    private static List<ConsumerRecord<String, String>> readAll(Setup setup, int count) {
        KafkaConsumer<String, String> consumer = setup.consumer();
        consumer.assign(List.of(setup.place(0)));
        return Setup.read(consumer, count);
    }

    /** COUNT records in small batches, of which five are on their way at a time: none twice, none missing, all in order. */
    private static void produceInOrder(Setup setup, int count, String... settings) throws Exception {
        setup.create(1);
        KafkaProducer<String, String> producer = setup.producer(settings);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < count; i++)
            sent.add(producer.send(new ProducerRecord<>(setup.topic, 0, "k", "v" + i + "-".repeat(50))));
        for (int i = 0; i < count; i++)
            Setup.equal((long) i, Setup.get(sent.get(i)).offset());
        List<ConsumerRecord<String, String>> records = readAll(setup, count);
        for (int i = 0; i < count; i++)
            Setup.equal("v" + i + "-".repeat(50), records.get(i).value());
    }

    static void is_idempotent(Setup setup) throws Exception {
        produceInOrder(setup, 20_000, "batch.size", "2000", "linger.ms", "1");
        Setup.equal(1, Setup.get(setup.admin().describeProducers(List.of(setup.place(0))).partitionResult(setup.place(0)))
            .activeProducers().size());
    }

    static void packs_with_gzip(Setup setup) throws Exception {
        produceInOrder(setup, 5000, "compression.type", "gzip");
    }

    static void packs_with_snappy(Setup setup) throws Exception {
        produceInOrder(setup, 5000, "compression.type", "snappy");
    }

    static void packs_with_lz4(Setup setup) throws Exception {
        produceInOrder(setup, 5000, "compression.type", "lz4");
    }

    static void packs_with_zstd(Setup setup) throws Exception {
        produceInOrder(setup, 5000, "compression.type", "zstd");
    }

    static void waits_for_one_or_for_nobody(Setup setup) throws Exception {
        setup.create(1);
        for (String acks : new String[] {"1", "0"}) {
            KafkaProducer<String, String> producer = setup.producer("acks", acks, "enable.idempotence", "false");
            RecordMetadata sent = Setup.get(producer.send(new ProducerRecord<>(setup.topic, 0, "k", acks)));
            Setup.equal(acks.equals("1"), sent.hasOffset());
        }
        Setup.equal(List.of("1", "0"), Setup.values(readAll(setup, 2)));
    }

    static void keeps_keys_headers_and_times(Setup setup) throws Exception {
        setup.create(1);
        long time = System.currentTimeMillis() - 12_345;
        ProducerRecord<String, String> full = new ProducerRecord<>(setup.topic, 0, time, "key", "value");
        full.headers().add("a", "1".getBytes(StandardCharsets.UTF_8)).add(new RecordHeader("b", (byte[]) null)).add("a", new byte[0]);
        KafkaProducer<String, String> producer = setup.producer();
        Setup.equal(time, Setup.get(producer.send(full)).timestamp());
        Setup.get(producer.send(new ProducerRecord<>(setup.topic, 0, null, null)));
        List<ConsumerRecord<String, String>> found = readAll(setup, 2);
        ConsumerRecord<String, String> first = found.get(0);
        Setup.equal("key value", first.key() + " " + first.value());
        Setup.equal(time, first.timestamp());
        Setup.equal(TimestampType.CREATE_TIME, first.timestampType());
        Setup.equal(full.headers(), first.headers());
        Setup.equal(null, found.get(1).key());
        Setup.equal(null, found.get(1).value());
    }

    static void is_told_the_time_of_the_append(Setup setup) throws Exception {
        setup.create(1, "message.timestamp.type", "LogAppendTime");
        long before = System.currentTimeMillis();
        long told = Setup.get(setup.producer().send(new ProducerRecord<>(setup.topic, 0, before - 1_000_000, "k", "v"))).timestamp();
        Setup.check(told >= before - 1000, "told " + told + ", sent at " + before);
        ConsumerRecord<String, String> record = readAll(setup, 1).get(0);
        Setup.equal(told, record.timestamp());
        Setup.equal(TimestampType.LOG_APPEND_TIME, record.timestampType());
    }

    static void is_told_what_is_refused(Setup setup) throws Exception {
        setup.create(1, "max.message.bytes", "1000", "message.timestamp.before.max.ms", "60000");
        KafkaProducer<String, String> producer = setup.producer();
        Setup.refused(RecordTooLargeException.class,
            () -> Setup.get(producer.send(new ProducerRecord<>(setup.topic, 0, "k", "v".repeat(2000)))));
        Setup.refused(InvalidTimestampException.class, () -> Setup.get(
            producer.send(new ProducerRecord<>(setup.topic, 0, System.currentTimeMillis() - 3_600_000, "k", "late"))));
        Setup.equal(0L, Setup.get(producer.send(new ProducerRecord<>(setup.topic, 0, "k", "fits"))).offset());
    }

    static void makes_topics_by_asking_for_them(Setup setup) throws Exception {
        RecordMetadata sent = Setup.get(setup.producer().send(new ProducerRecord<>(setup.topic, "k", "v")));
        Setup.equal(new TopicPartition(setup.topic, 0), new TopicPartition(sent.topic(), sent.partition()));
        Setup.equal(List.of("v"), Setup.values(readAll(setup, 1)));
    }
}
