// SPDX-License-Identifier: Apache-2.0
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * {@code Steady BOOTSTRAP COUNT} writes COUNT records, one each few milliseconds, and reads them as a member of a group,
 * while the server is killed and started again. It says {@code begins}, and {@code ok} when each record was stored once,
 * in order, and was read so, by a member that never lost its partition.
 */
final class Steady {
    public static void main(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[1]);
        try (Setup setup = new Setup(arguments[0])) {
            setup.create(1);
            // Where a client finds no server it would forget its metadata (KIP-1102), and join again because of that.
            Member member = setup.member("session.timeout.ms", "30000", "metadata.recovery.strategy", "none");
            Setup.waitUntil(() -> Member.share(1, 1, member), () -> Member.show(member));
            KafkaProducer<String, String> producer = setup.producer("batch.size", "400", "reconnect.backoff.max.ms", "200");
            System.out.println("begins");
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            List<String> wanted = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                sent.add(producer.send(new ProducerRecord<>(setup.topic, 0, "k", "v" + i)));
                wanted.add("v" + i);
                Thread.sleep(2);
            }
            for (int i = 0; i < count; i++)
                Setup.equal((long) i, Setup.get(sent.get(i)).offset());
            Setup.waitUntil(() -> member.values.size() >= count, () -> Member.show(member));
            Setup.equal("given 1 taken 0 lost 0", "given " + member.given + " taken " + member.taken + " lost " + member.lost);
            for (int i = 0; i < count; i++)
                Setup.equal(i + ": " + wanted.get(i), i + ": " + member.values.get(i));
            Setup.equal(count, member.values.size());
            System.out.println("ok");
        } catch (Throwable e) {
            System.out.println(Setup.text(e));
            System.exit(1);
        }
    }
}
