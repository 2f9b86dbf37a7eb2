// SPDX-License-Identifier: Apache-2.0
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What a scenario is given: the server, names that no other scenario uses, clients that are closed when it is over. */
final class Setup implements AutoCloseable {
    static final int WAIT_SECONDS = 30;

    final String bootstrap;
    final String topic = "java-" + UUID.randomUUID().toString().substring(0, 8);
    final String group = "g-" + topic;
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private Admin admin;

    /** Something that may throw. */
    interface Action {
        void run() throws Exception;
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    Setup(String bootstrap) {
        this.bootstrap = bootstrap;
    }

    @Override
    public void close() {
        while (!opened.isEmpty()) {
            try {
                opened.pop().close();
            } catch (Exception e) {
                System.err.println("while closing: " + e); // what the scenario found counts, not how it was cleaned up
            }
        }
    }

    <T extends AutoCloseable> T opened(T client) {
        opened.push(client);
        return client;
    }

    // --- clients

    /** SETTINGS: name, value, name, value ... on top of those that every client of this scenario has. */
    private Map<String, Object> with(Map<String, Object> defaults, String... settings) {
        Map<String, Object> all = new HashMap<>(defaults);
        all.put("bootstrap.servers", bootstrap);
        for (int i = 0; i < settings.length; i += 2)
            all.put(settings[i], settings[i + 1]);
        return all;
    }

    Admin admin() {
        if (admin == null)
            admin = opened(Admin.create(with(Map.of("request.timeout.ms", "20000", "default.api.timeout.ms", "20000"))));
        return admin;
    }

    KafkaProducer<String, String> producer(String... settings) {
        return opened(new KafkaProducer<>(with(Map.of(), settings), new StringSerializer(), new StringSerializer()));
    }

    /** Reads the group from the beginning and commits nothing by itself. */
    KafkaConsumer<String, String> consumer(String... settings) {
        Map<String, Object> defaults = new HashMap<>();
        defaults.put("group.id", group);
        defaults.put("auto.offset.reset", "earliest");
        defaults.put("enable.auto.commit", "false");
        defaults.put("session.timeout.ms", "6000");
        defaults.put("heartbeat.interval.ms", "300");
        return opened(new KafkaConsumer<>(with(defaults, settings), new StringDeserializer(), new StringDeserializer()));
    }

    /** A consumer that subscribed to the topic and polls on a thread of its own. */
    Member member(String... settings) {
        Member member = new Member(consumer(settings));
        opened.push(member::stop);
        member.start(topic);
        return member;
    }

    // --- topics and records

    /** CONFIGS: name, value, name, value ... */
    void create(int partitions, String... configs) throws Exception {
        Map<String, String> settings = new HashMap<>();
        for (int i = 0; i < configs.length; i += 2)
            settings.put(configs[i], configs[i + 1]);
        get(admin().createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(settings))).all());
        // Kafka tells its controller first, and the clients a moment later.
        waitUntil(() -> get(admin().describeTopics(List.of(topic)).allTopicNames()).get(topic).partitions().size() == partitions,
            () -> "the topic is not there");
    }

    TopicPartition place(int partition) {
        return new TopicPartition(topic, partition);
    }

    ConfigResource resource() {
        return new ConfigResource(ConfigResource.Type.TOPIC, topic);
    }

    /** COUNT records with the values PREFIX0, PREFIX1 ... in turn to each of PARTITIONS. */
    List<String> produce(String prefix, int count, int partitions) throws Exception {
        List<String> values = new ArrayList<>();
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(with(Map.of()), new StringSerializer(), new StringSerializer())) {
            List<Future<?>> sent = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                values.add(prefix + i);
                sent.add(producer.send(new ProducerRecord<>(topic, i % partitions, "k" + i, prefix + i)));
            }
            for (Future<?> one : sent)
                get(one);
        }
        return values;
    }

    /** Polls until COUNT records came. */
    static List<ConsumerRecord<String, String>> read(KafkaConsumer<String, String> consumer, int count) {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        while (records.size() < count) {
            check(System.nanoTime() < deadline, "only " + records.size() + " of " + count + " records came");
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
        }
        return records;
    }

    static List<String> values(Collection<ConsumerRecord<String, String>> records) {
        return records.stream().map(ConsumerRecord::value).toList();
    }

    /** The values of the next COUNT records. */
    static List<String> readValues(KafkaConsumer<String, String> consumer, int count) {
        return values(read(consumer, count));
    }

    // --- what must hold

    static <T> T get(Future<T> future) throws Exception {
        return future.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    static void check(boolean condition, String otherwise) {
        if (!condition)
            throw new AssertionError(otherwise);
    }

    static void equal(Object wanted, Object found) {
        if (!Objects.equals(wanted, found))
            throw new AssertionError("wanted " + wanted + "\nfound  " + found);
    }

    /** Waits until CONDITION holds, or tells what was found instead. */
    static void waitUntil(Condition condition, Supplier<String> otherwise) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_SECONDS);
        for (;;) {
            Exception refusal = null;
            try {
                if (condition.holds())
                    return;
            } catch (ExecutionException e) {
                refusal = e; // what was just made may not be known everywhere yet
            }
            if (System.nanoTime() > deadline)
                throw new AssertionError(otherwise.get(), refusal);
            Thread.sleep(50);
        }
    }

    /** ACTION must end with a TYPE, which a future wraps into an ExecutionException; its message is returned. */
    static String refused(Class<? extends Throwable> type, Action action) throws Exception {
        try {
            action.run();
        } catch (Exception e) {
            Throwable found = e instanceof ExecutionException ? e.getCause() : e;
            if (!type.isInstance(found))
                throw new AssertionError("wanted " + type.getSimpleName() + ", found " + found, found);
            return String.valueOf(found.getMessage());
        }
        throw new AssertionError("wanted " + type.getSimpleName() + ", but it was done");
    }

    static String text(Throwable error) {
        StringWriter text = new StringWriter();
        error.printStackTrace(new PrintWriter(text));
        return text.toString();
    }
}
