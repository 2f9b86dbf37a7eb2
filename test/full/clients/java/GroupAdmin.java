// SPDX-License-Identifier: Apache-2.0
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.ClassicGroupDescription;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.MemberDescription;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.GroupSubscribedToTopicException;
import org.apache.kafka.common.errors.UnknownMemberIdException;

/** AdminClient and groups: listed, described, their offsets read and changed, members removed, deleted. */
final class GroupAdmin {
    /** A member that has everything and has read it. */
    private static Member stable(Setup setup, int partitions, String... settings) throws Exception {
        setup.create(partitions);
        setup.produce("v", 2 * partitions, partitions);
        Member member = setup.member(settings);
        Setup.waitUntil(() -> Member.share(partitions, partitions, member) && member.values.size() == 2 * partitions,
            () -> Member.show(member));
        return member;
    }

    /** A group without members that has committed 2 in each partition. */
    private static void committed(Setup setup, int partitions) throws Exception {
        setup.create(partitions);
        setup.produce("v", 2 * partitions, partitions);
        try (KafkaConsumer<String, String> consumer = setup.consumer()) {
            consumer.subscribe(List.of(setup.topic));
            Setup.read(consumer, 2 * partitions);
            consumer.commitSync();
        }
    }

    private static ConsumerGroupDescription described(Setup setup) throws Exception {
        return Setup.get(setup.admin().describeConsumerGroups(List.of(setup.group)).all()).get(setup.group);
    }

    private static Map<TopicPartition, OffsetAndMetadata> offsets(Setup setup) throws Exception {
        return Setup.get(setup.admin().listConsumerGroupOffsets(setup.group).partitionsToOffsetAndMetadata());
    }

    private static Set<String> listed(Setup setup, ListGroupsOptions options) throws Exception {
        Collection<GroupListing> groups = Setup.get(setup.admin().listGroups(options).all());
        return groups.stream().map(GroupListing::groupId).collect(Collectors.toSet());
    }

    static void lists_groups_by_state_and_type(Setup setup) throws Exception {
        Member member = stable(setup, 2);
        Collection<GroupListing> all = Setup.get(setup.admin().listGroups().all());
        GroupListing found = all.stream().filter(one -> one.groupId().equals(setup.group)).findFirst().orElseThrow();
        Setup.equal(GroupType.CLASSIC, found.type().orElseThrow());
        Setup.equal(GroupState.STABLE, found.groupState().orElseThrow());
        Setup.equal("consumer", found.protocol());
        for (GroupState state : new GroupState[] {GroupState.STABLE, GroupState.EMPTY}) {
            Set<String> some = listed(setup, new ListGroupsOptions().inGroupStates(Set.of(state)));
            Setup.equal(state == GroupState.STABLE, some.contains(setup.group));
        }
        Setup.check(listed(setup, ListGroupsOptions.forConsumerGroups()).contains(setup.group), "not listed");
        Setup.check(!listed(setup, ListGroupsOptions.forShareGroups()).contains(setup.group), "it shares");
        member.stop();
        Setup.equal(GroupState.EMPTY, described(setup).groupState());
    }

    @SuppressWarnings("removal")
    static void lists_consumer_groups(Setup setup) throws Exception {
        stable(setup, 1);
        Setup.check(Setup.get(setup.admin().listConsumerGroups().all()).stream().anyMatch(
            one -> one.groupId().equals(setup.group) && !one.isSimpleConsumerGroup()), "not listed");
    }

    static void describes_a_group_and_its_members(Setup setup) throws Exception {
        Member member = stable(setup, 3, "client.id", "reader", "group.instance.id", "first");
        ConsumerGroupDescription found = described(setup);
        Setup.equal(GroupState.STABLE, found.groupState());
        Setup.equal(GroupType.CLASSIC, found.type());
        Setup.equal("range", found.partitionAssignor());
        Setup.equal(false, found.isSimpleConsumerGroup());
        Setup.equal(Setup.get(setup.admin().describeCluster().nodes()).iterator().next(), found.coordinator());
        Setup.equal(1, found.members().size());
        MemberDescription described = found.members().iterator().next();
        Setup.equal("reader", described.clientId());
        Setup.equal("/127.0.0.1", described.host());
        Setup.equal("first", described.groupInstanceId().orElseThrow());
        Setup.check(described.consumerId().startsWith("first-"), described.consumerId());
        Setup.equal(Set.of(setup.place(0), setup.place(1), setup.place(2)), described.assignment().topicPartitions());
        ClassicGroupDescription classic = Setup.get(setup.admin().describeClassicGroups(List.of(setup.group)).all()).get(setup.group);
        Setup.equal("consumer range", classic.protocol() + " " + classic.protocolData());
        member.stop();
        Setup.refused(GroupIdNotFoundException.class,
            () -> Setup.get(setup.admin().describeConsumerGroups(List.of("no-such-" + setup.group)).all()));
    }

    static void reads_and_changes_offsets(Setup setup) throws Exception {
        committed(setup, 2);
        Setup.equal(Map.of(setup.place(0), 2L, setup.place(1), 2L), offsets(setup).entrySet().stream().collect(
            Collectors.toMap(Map.Entry::getKey, one -> one.getValue().offset())));
        OffsetAndMetadata back = new OffsetAndMetadata(1, "by hand");
        Setup.get(setup.admin().alterConsumerGroupOffsets(setup.group, Map.of(setup.place(1), back)).all());
        Setup.equal(back, offsets(setup).get(setup.place(1)));
        ListConsumerGroupOffsetsSpec one = new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(setup.place(1)));
        String other = "other-" + setup.group;
        ListConsumerGroupOffsetsSpec nobody = new ListConsumerGroupOffsetsSpec().topicPartitions(List.of(setup.place(0)));
        Map<String, Map<TopicPartition, OffsetAndMetadata>> both =
            Setup.get(setup.admin().listConsumerGroupOffsets(Map.of(setup.group, one, other, nobody)).all());
        Setup.equal(Map.of(setup.place(1), back), both.get(setup.group));
        Setup.equal(null, both.get(other).get(setup.place(0)));
        try (KafkaConsumer<String, String> consumer = setup.consumer()) {
            consumer.subscribe(List.of(setup.topic));
            Setup.equal(List.of("v3"), Setup.readValues(consumer, 1));
        }
    }

    static void keeps_its_hands_off_groups_in_use(Setup setup) throws Exception {
        Member member = stable(setup, 2);
        Setup.refused(UnknownMemberIdException.class, () -> Setup.get(
            setup.admin().alterConsumerGroupOffsets(setup.group, Map.of(setup.place(0), new OffsetAndMetadata(1))).all()));
        Setup.refused(GroupSubscribedToTopicException.class,
            () -> Setup.get(setup.admin().deleteConsumerGroupOffsets(setup.group, Set.of(setup.place(0))).all()));
        Setup.refused(GroupNotEmptyException.class, () -> Setup.get(setup.admin().deleteConsumerGroups(List.of(setup.group)).all()));
        Setup.check(Member.share(2, 2, member), Member.show(member));
    }

    static void deletes_offsets(Setup setup) throws Exception {
        committed(setup, 2);
        Setup.get(setup.admin().deleteConsumerGroupOffsets(setup.group, Set.of(setup.place(0))).all());
        Setup.equal(Set.of(setup.place(1)), offsets(setup).keySet());
        Setup.refused(GroupIdNotFoundException.class,
            () -> Setup.get(setup.admin().deleteConsumerGroupOffsets("no-such-" + setup.group, Set.of(setup.place(0))).all()));
    }

    static void removes_all_members(Setup setup) throws Exception {
        Member member = stable(setup, 2);
        int given = member.given.get();
        Setup.get(setup.admin().removeMembersFromConsumerGroup(setup.group, new RemoveMembersFromConsumerGroupOptions()).all());
        Setup.waitUntil(() -> member.lost.get() == 2 && member.given.get() == given + 2, () -> Member.show(member)); // it joins again
    }

    static void deletes_groups(Setup setup) throws Exception {
        committed(setup, 2);
        Setup.get(setup.admin().deleteConsumerGroups(List.of(setup.group)).all());
        Setup.check(!listed(setup, new ListGroupsOptions()).contains(setup.group), "still listed");
        Setup.equal(Map.of(), offsets(setup));
        Setup.refused(GroupIdNotFoundException.class, () -> Setup.get(setup.admin().deleteConsumerGroups(List.of(setup.group)).all()));
    }
}
