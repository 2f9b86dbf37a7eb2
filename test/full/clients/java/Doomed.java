// SPDX-License-Identifier: Apache-2.0
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** A process that is a member of a group until it is killed: {@code Doomed BOOTSTRAP TOPIC GROUP}. */
final class Doomed {
    public static void main(String[] arguments) {
        Map<String, Object> settings = Map.of("bootstrap.servers", arguments[0], "group.id", arguments[2],
            "session.timeout.ms", "6000", "heartbeat.interval.ms", "300");
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(2); // should nobody kill it
        try (KafkaConsumer<String, String> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            consumer.subscribe(List.of(arguments[1]));
            while (System.nanoTime() < deadline)
                consumer.poll(Duration.ofMillis(100));
        }
    }
}
