// SPDX-License-Identifier: Apache-2.0
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreatePartitionsOptions;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** AdminClient and topics: made, described, grown, cut and deleted. */
final class Topics {
    private static NewTopic topic(Setup setup, int partitions) {
        return new NewTopic(setup.topic, Optional.of(partitions), Optional.empty());
    }

    private static Set<String> names(Setup setup) throws Exception {
        return Setup.get(setup.admin().listTopics().names());
    }

    private static TopicDescription described(Setup setup) throws Exception {
        return Setup.get(setup.admin().describeTopics(List.of(setup.topic)).allTopicNames()).get(setup.topic);
    }

    private static void entry(Config config, String name, String value, ConfigEntry.ConfigSource source) {
        Setup.equal(value, config.get(name).value());
        Setup.equal(source, config.get(name).source());
    }

    static void are_created_and_answered_with_their_configurations(Setup setup) throws Exception {
        NewTopic wanted = topic(setup, 3).configs(Map.of("retention.ms", "1000", "cleanup.policy", "compact"));
        CreateTopicsResult made = setup.admin().createTopics(List.of(wanted));
        Setup.equal(3, Setup.get(made.numPartitions(setup.topic)));
        Setup.equal(1, Setup.get(made.replicationFactor(setup.topic)));
        Config config = Setup.get(made.config(setup.topic));
        entry(config, "retention.ms", "1000", ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
        entry(config, "cleanup.policy", "compact", ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
        entry(config, "segment.bytes", "1073741824", ConfigEntry.ConfigSource.DEFAULT_CONFIG);
        entry(config, "max.message.bytes", "1048588", ConfigEntry.ConfigSource.DEFAULT_CONFIG);
        for (ConfigEntry one : config.entries())
            Setup.check(!one.isReadOnly() && !one.isSensitive(), one.toString());
        Setup.waitUntil(() -> described(setup).topicId().equals(Setup.get(made.topicId(setup.topic))), () -> "another id");
        Setup.refused(TopicExistsException.class, () -> Setup.get(setup.admin().createTopics(List.of(wanted)).all()));
    }

    static void are_checked_without_being_created(Setup setup) throws Exception {
        CreateTopicsOptions only = new CreateTopicsOptions().validateOnly(true);
        CreateTopicsResult checked = setup.admin().createTopics(List.of(topic(setup, 5)), only);
        Setup.equal(5, Setup.get(checked.numPartitions(setup.topic)));
        Setup.equal("604800000", Setup.get(checked.config(setup.topic)).get("retention.ms").value());
        Setup.check(!names(setup).contains(setup.topic), "it was made");
        Setup.refused(InvalidPartitionsException.class,
            () -> Setup.get(setup.admin().createTopics(List.of(topic(setup, 0)), only).all()));
        Setup.refused(InvalidTopicException.class,
            () -> Setup.get(setup.admin().createTopics(List.of(new NewTopic("no spaces", 1, (short) 1)), only).all()));
        String words = Setup.refused(InvalidConfigurationException.class, () -> Setup.get(
            setup.admin().createTopics(List.of(topic(setup, 1).configs(Map.of("retention.ms", "soon"))), only).all()));
        Setup.check(words.contains("retention.ms"), words);
    }

    static void may_say_where_their_partitions_live(Setup setup) throws Exception {
        int broker = Setup.get(setup.admin().describeCluster().nodes()).iterator().next().id();
        NewTopic wanted = new NewTopic(setup.topic, Map.of(0, List.of(broker), 1, List.of(broker)));
        Setup.get(setup.admin().createTopics(List.of(wanted)).all());
        Setup.waitUntil(() -> described(setup).partitions().size() == 2, () -> "not made");
        Setup.refused(InvalidReplicaAssignmentException.class, () -> Setup.get(
            setup.admin().createTopics(List.of(new NewTopic(setup.topic + "x", Map.of(0, List.of(broker + 7))))).all()));
    }

    static void are_described_by_name_and_by_id(Setup setup) throws Exception {
        setup.create(4);
        TopicDescription found = described(setup);
        Setup.equal(IntStream.range(0, 4).boxed().toList(), found.partitions().stream().map(one -> one.partition()).toList());
        found.partitions().forEach(one -> {
            Setup.equal(List.of(one.leader()), one.replicas());
            Setup.equal(List.of(one.leader()), one.isr());
        });
        Setup.check(!found.isInternal(), "an internal topic");
        Map<Uuid, TopicDescription> byId =
            Setup.get(setup.admin().describeTopics(TopicCollection.ofTopicIds(List.of(found.topicId()))).allTopicIds());
        Setup.equal(setup.topic, byId.get(found.topicId()).name());
        Setup.refused(UnknownTopicOrPartitionException.class,
            () -> Setup.get(setup.admin().describeTopics(List.of("no-such-topic")).allTopicNames()));
        Setup.refused(UnknownTopicIdException.class, () -> Setup.get(
            setup.admin().describeTopics(TopicCollection.ofTopicIds(List.of(Uuid.randomUuid()))).allTopicIds()));
    }

    static void are_deleted_by_name_and_by_id(Setup setup) throws Exception {
        setup.create(2);
        Setup.get(setup.admin().deleteTopics(List.of(setup.topic)).all());
        Setup.waitUntil(() -> !names(setup).contains(setup.topic), () -> "still there");
        setup.create(2); // under the same name, with another id
        Uuid id = described(setup).topicId();
        Setup.get(setup.admin().deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
        Setup.waitUntil(() -> !names(setup).contains(setup.topic), () -> "still there");
        Setup.refused(UnknownTopicOrPartitionException.class,
            () -> Setup.get(setup.admin().deleteTopics(List.of(setup.topic)).all()));
        Setup.refused(UnknownTopicIdException.class,
            () -> Setup.get(setup.admin().deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all()));
    }

    static void get_more_partitions(Setup setup) throws Exception {
        setup.create(1);
        Setup.get(setup.admin().createPartitions(Map.of(setup.topic, NewPartitions.increaseTo(3)),
            new CreatePartitionsOptions().validateOnly(true)).all());
        Setup.equal(1, described(setup).partitions().size());
        Setup.get(setup.admin().createPartitions(Map.of(setup.topic, NewPartitions.increaseTo(3))).all());
        Setup.waitUntil(() -> described(setup).partitions().size() == 3, () -> "no new partitions");
        KafkaProducer<String, String> producer = setup.producer();
        Setup.equal(0L, Setup.get(producer.send(new ProducerRecord<>(setup.topic, 2, "k", "v"))).offset());
        for (int count : new int[] {3, 2})
            Setup.refused(InvalidPartitionsException.class,
                () -> Setup.get(setup.admin().createPartitions(Map.of(setup.topic, NewPartitions.increaseTo(count))).all()));
    }

    static void lose_their_first_records(Setup setup) throws Exception {
        setup.create(1);
        setup.produce("v", 10, 1);
        Setup.equal(4L, Setup.get(setup.admin().deleteRecords(Map.of(setup.place(0), RecordsToDelete.beforeOffset(4)))
            .lowWatermarks().get(setup.place(0))).lowWatermark());
        Setup.refused(OffsetOutOfRangeException.class,
            () -> Setup.get(setup.admin().deleteRecords(Map.of(setup.place(0), RecordsToDelete.beforeOffset(11))).all()));
        Setup.equal(10L, Setup.get(setup.admin().deleteRecords(Map.of(setup.place(0), RecordsToDelete.beforeOffset(-1)))
            .lowWatermarks().get(setup.place(0))).lowWatermark());
    }

    static void keep_their_records_where_they_are_compacted(Setup setup) throws Exception {
        setup.create(1, "cleanup.policy", "compact");
        setup.produce("v", 2, 1);
        Setup.refused(PolicyViolationException.class,
            () -> Setup.get(setup.admin().deleteRecords(Map.of(setup.place(0), RecordsToDelete.beforeOffset(1))).all()));
    }

    private static ListOffsetsResultInfo offset(Setup setup, OffsetSpec spec) throws Exception {
        return Setup.get(setup.admin().listOffsets(Map.of(setup.place(0), spec)).partitionResult(setup.place(0)));
    }

    static void tell_their_offsets(Setup setup) throws Exception {
        setup.create(1);
        long now = System.currentTimeMillis();
        KafkaProducer<String, String> producer = setup.producer();
        for (long time : new long[] {now - 5000, now, now - 3000})
            Setup.get(producer.send(new ProducerRecord<>(setup.topic, 0, time, "k", "v")));
        Setup.equal(0L, offset(setup, OffsetSpec.earliest()).offset());
        Setup.equal(3L, offset(setup, OffsetSpec.latest()).offset());
        Setup.equal(1L, offset(setup, OffsetSpec.maxTimestamp()).offset());
        Setup.equal(now, offset(setup, OffsetSpec.maxTimestamp()).timestamp());
        Setup.equal(1L, offset(setup, OffsetSpec.forTimestamp(now - 4000)).offset());
        Setup.equal(-1L, offset(setup, OffsetSpec.forTimestamp(now + 1)).offset());
        Setup.equal(0L, offset(setup, OffsetSpec.earliestLocal()).offset());
        Setup.equal(-1L, offset(setup, OffsetSpec.latestTiered()).offset());
        Setup.equal(Optional.of(0), offset(setup, OffsetSpec.latest()).leaderEpoch());
    }
}
