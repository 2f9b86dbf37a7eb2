// SPDX-License-Identifier: Apache-2.0
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** A member of a group: polls on its own thread, and counts the partitions that it is given, and that are taken from it. */
final class Member implements ConsumerRebalanceListener {
    final Set<Integer> assigned = new ConcurrentSkipListSet<>();
    final List<String> values = new CopyOnWriteArrayList<>();
    final AtomicInteger given = new AtomicInteger();
    final AtomicInteger taken = new AtomicInteger();
    final AtomicInteger lost = new AtomicInteger();
    volatile Exception error;

    private final KafkaConsumer<String, String> consumer;
    private final Thread thread = new Thread(this::run);
    private volatile boolean isStopping;

    Member(KafkaConsumer<String, String> consumer) {
        this.consumer = consumer;
        thread.setDaemon(true);
    }

    void start(String topic) {
        consumer.subscribe(List.of(topic), this);
        thread.start();
    }

    void start(Pattern topics) {
        consumer.subscribe(topics, this);
        thread.start();
    }

    private void run() {
        try (consumer) {
            while (!isStopping) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100)))
                    values.add(record.value());
            }
        } catch (Exception e) {
            error = e;
        }
    }

    /** Leaves the group, unless the member is a static one. */
    void stop() throws InterruptedException {
        isStopping = true;
        thread.join(Setup.WAIT_SECONDS * 1000L);
        Setup.check(!thread.isAlive(), "the member does not stop");
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> places) {
        given.addAndGet(places.size());
        places.forEach(place -> assigned.add(place.partition()));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> places) {
        taken.addAndGet(places.size());
        places.forEach(place -> assigned.remove(place.partition()));
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> places) {
        lost.addAndGet(places.size());
        places.forEach(place -> assigned.remove(place.partition()));
    }

    /** Whether MEMBERS together have all of 0 ... PARTITIONS - 1, none of them twice, and each at least AT_LEAST. */
    static boolean share(int partitions, int atLeast, Member... members) {
        Set<Integer> all = new TreeSet<>();
        int sum = 0;
        for (Member member : members) {
            if (member.assigned.size() < atLeast)
                return false;
            sum += member.assigned.size();
            all.addAll(member.assigned);
        }
        return sum == partitions && all.size() == partitions;
    }

    static String show(Member... members) {
        StringBuilder text = new StringBuilder();
        for (Member member : members) {
            text.append(member.assigned).append(" given ").append(member.given).append(" taken ").append(member.taken);
            text.append(" lost ").append(member.lost).append(" read ").append(member.values.size());
            text.append(" error ").append(member.error).append("; ");
        }
        return text.toString();
    }
}
