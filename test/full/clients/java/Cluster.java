// SPDX-License-Identifier: Apache-2.0
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.QuorumInfo;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ElectionNotNeededException;
import org.apache.kafka.common.errors.InvalidReplicaAssignmentException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** AdminClient and the cluster, which is one node: it has every role, and nothing of it ever moves. */
final class Cluster {
    private static Node node(Setup setup) throws Exception {
        return Setup.get(setup.admin().describeCluster().nodes()).iterator().next();
    }

    static void is_described(Setup setup) throws Exception {
        DescribeClusterResult found = setup.admin().describeCluster();
        Collection<Node> nodes = Setup.get(found.nodes());
        Setup.equal(1, nodes.size());
        Node node = nodes.iterator().next();
        Setup.equal(setup.bootstrap, node.host() + ":" + node.port());
        Setup.equal(node, Setup.get(found.controller()));
        Setup.equal(22, Setup.get(found.clusterId()).length());
        Setup.equal(false, node.isFenced());
    }

    static void has_a_quorum_of_one(Setup setup) throws Exception {
        QuorumInfo found = Setup.get(setup.admin().describeMetadataQuorum().quorumInfo());
        int id = node(setup).id();
        Setup.equal(id, found.leaderId());
        Setup.equal(List.of(id), found.voters().stream().map(QuorumInfo.ReplicaState::replicaId).toList());
        Setup.equal(List.of(), found.observers());
        Setup.check(found.highWatermark() >= 0 && found.leaderEpoch() >= 0, found.toString());
    }

    static void tells_the_size_of_its_logs(Setup setup) throws Exception {
        setup.create(2);
        setup.produce("v".repeat(500), 20, 1);
        int id = node(setup).id();
        Map<String, LogDirDescription> folders = Setup.get(setup.admin().describeLogDirs(List.of(id)).allDescriptions()).get(id);
        Setup.equal(1, folders.size());
        LogDirDescription folder = folders.values().iterator().next();
        Setup.equal(null, folder.error());
        ReplicaInfo full = folder.replicaInfos().get(setup.place(0)), empty = folder.replicaInfos().get(setup.place(1));
        Setup.check(full.size() >= 20 * 500 && empty.size() == 0, full + " " + empty);
        Setup.equal(0L, full.offsetLag());
        Setup.equal(false, full.isFuture());
        OptionalLong total = folder.totalBytes(), usable = folder.usableBytes();
        Setup.check(total.getAsLong() > usable.getAsLong() && usable.getAsLong() > 0, total + " " + usable);
    }

    /** Without a transaction there is no offset at which one began, and no coordinator has written a marker. */
    static void describes_producers(Setup setup) throws Exception {
        setup.create(1);
        KafkaProducer<String, String> producer = setup.producer();
        for (int i = 0; i < 3; i++)
            Setup.get(producer.send(new ProducerRecord<>(setup.topic, 0, "k", "v" + i)));
        List<ProducerState> found =
            Setup.get(setup.admin().describeProducers(List.of(setup.place(0))).partitionResult(setup.place(0))).activeProducers();
        Setup.equal(1, found.size());
        ProducerState state = found.get(0);
        Setup.check(state.producerId() >= 0 && state.lastTimestamp() > 0, state.toString());
        Setup.equal(0, state.producerEpoch());
        Setup.equal(2, state.lastSequence());
        Setup.equal(OptionalInt.empty(), state.coordinatorEpoch());
        Setup.equal(OptionalLong.empty(), state.currentTransactionStartOffset());
    }

    static void needs_no_election(Setup setup) throws Exception {
        setup.create(1);
        for (ElectionType type : ElectionType.values()) {
            Map<TopicPartition, Optional<Throwable>> found =
                Setup.get(setup.admin().electLeaders(type, Set.of(setup.place(0), setup.place(5))).partitions());
            Setup.check(found.get(setup.place(0)).orElseThrow() instanceof ElectionNotNeededException, found.toString());
            Setup.check(found.get(setup.place(5)).orElseThrow() instanceof UnknownTopicOrPartitionException, found.toString());
        }
    }

    static void moves_nothing(Setup setup) throws Exception {
        setup.create(2);
        int id = node(setup).id();
        Setup.get(setup.admin().alterPartitionReassignments(
            Map.of(setup.place(0), Optional.of(new NewPartitionReassignment(List.of(id))))).all());
        Setup.refused(InvalidReplicaAssignmentException.class, () -> Setup.get(setup.admin().alterPartitionReassignments(
            Map.of(setup.place(0), Optional.of(new NewPartitionReassignment(List.of(id + 7))))).all()));
        Setup.equal(Map.of(), Setup.get(setup.admin().listPartitionReassignments().reassignments()));
        Setup.equal(Map.of(), Setup.get(setup.admin().listPartitionReassignments(Set.of(setup.place(1))).reassignments()));
    }
}
