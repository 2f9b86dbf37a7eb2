// SPDX-License-Identifier: Apache-2.0
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;

/** Who has which partitions: every assignor, static members, members that die or are too slow. */
final class Groups {
    private static String[] with(String assignor, String... more) {
        List<String> settings = new ArrayList<>(List.of(more));
        settings.add("partition.assignment.strategy");
        settings.add("org.apache.kafka.clients.consumer." + assignor);
        return settings.toArray(new String[0]);
    }

    private static String[] instance(String id) {
        return new String[] {"group.instance.id", id, "session.timeout.ms", "30000"};
    }

    /** One member has everything; two share; nothing is read twice or left out; when one leaves, the other has everything. */
    private static void share(Setup setup, String assignor) throws Exception {
        setup.create(6);
        String[] settings = with(assignor, "enable.auto.commit", "true");
        Member one = setup.member(settings);
        Setup.waitUntil(() -> Member.share(6, 6, one), () -> Member.show(one));
        Member two = setup.member(settings);
        Setup.waitUntil(() -> Member.share(6, 3, one, two), () -> Member.show(one, two));
        Set<String> wanted = new TreeSet<>(setup.produce("a", 120, 6));
        Setup.waitUntil(() -> one.values.size() + two.values.size() >= 120, () -> Member.show(one, two));
        Setup.equal(60, two.values.size());
        two.stop();
        Setup.waitUntil(() -> Member.share(6, 6, one), () -> Member.show(one));
        wanted.addAll(setup.produce("b", 60, 6));
        Setup.waitUntil(() -> one.values.size() + two.values.size() >= 180, () -> Member.show(one, two));
        one.stop();
        List<String> found = new ArrayList<>(one.values);
        found.addAll(two.values);
        Setup.equal(180, found.size());
        Setup.equal(wanted, new TreeSet<>(found));
        Setup.equal(null, one.error);
        Setup.equal(null, two.error);
    }

    static void shares_with_range(Setup setup) throws Exception {
        share(setup, "RangeAssignor");
    }

    static void shares_with_roundrobin(Setup setup) throws Exception {
        share(setup, "RoundRobinAssignor");
    }

    static void shares_with_sticky(Setup setup) throws Exception {
        share(setup, "StickyAssignor");
    }

    static void shares_with_cooperative_sticky(Setup setup) throws Exception {
        share(setup, "CooperativeStickyAssignor");
    }

    /** Two members of six partitions, then a third: whoever was there keeps two of his three. */
    private static Member[] three(Setup setup, String assignor) throws Exception {
        setup.create(6);
        Member[] members = new Member[3];
        List<Set<Integer>> before = new ArrayList<>();
        members[0] = setup.member(with(assignor));
        members[1] = setup.member(with(assignor));
        Setup.waitUntil(() -> Member.share(6, 3, members[0], members[1]), () -> Member.show(members[0], members[1]));
        for (int i = 0; i < 2; i++) {
            before.add(new TreeSet<>(members[i].assigned));
            members[i].given.set(0);
            members[i].taken.set(0);
        }
        members[2] = setup.member(with(assignor));
        Setup.waitUntil(() -> Member.share(6, 2, members), () -> Member.show(members));
        for (int i = 0; i < 2; i++)
            Setup.check(before.get(i).containsAll(members[i].assigned), "had " + before.get(i) + ": " + Member.show(members));
        return members;
    }

    static void sticky_keeps_what_it_can(Setup setup) throws Exception {
        Member[] members = three(setup, "StickyAssignor");
        Setup.equal(3, members[0].taken.get()); // all of them for a moment: this protocol stops the world
        Setup.equal(2, members[0].given.get());
    }

    static void cooperative_sticky_takes_only_what_moves(Setup setup) throws Exception {
        Member[] members = three(setup, "CooperativeStickyAssignor");
        for (int i = 0; i < 2; i++) {
            Setup.equal(1, members[i].taken.get());
            Setup.equal(0, members[i].given.get());
        }
    }

    static void refuses_a_member_with_another_assignor(Setup setup) throws Exception {
        setup.create(2);
        Member one = setup.member(with("RangeAssignor"));
        Setup.waitUntil(() -> Member.share(2, 2, one), () -> Member.show(one));
        Member other = setup.member(with("RoundRobinAssignor"));
        Setup.waitUntil(() -> other.error != null, () -> Member.show(one, other));
        Setup.check(other.error instanceof InconsistentGroupProtocolException, Member.show(other));
        Setup.check(Member.share(2, 2, one), Member.show(one));
    }

    static void subscribes_to_a_pattern(Setup setup) throws Exception {
        setup.create(2);
        Member member = new Member(setup.consumer("metadata.max.age.ms", "300"));
        member.start(Pattern.compile(setup.topic + ".*"));
        Setup.waitUntil(() -> member.given.get() == 2, () -> Member.show(member));
        Setup.get(setup.admin().createTopics(List.of(new NewTopic(setup.topic + "-more", 3, (short) 1))).all());
        Setup.waitUntil(() -> member.given.get() - member.taken.get() == 5, () -> Member.show(member));
        member.stop();
    }

    static void a_static_member_comes_back_without_a_rebalance(Setup setup) throws Exception {
        setup.create(4);
        Member one = setup.member(instance("one"));
        Member two = setup.member(instance("two"));
        Setup.waitUntil(() -> Member.share(4, 2, one, two), () -> Member.show(one, two));
        Set<Integer> had = new TreeSet<>(two.assigned);
        int given = one.given.get(), taken = one.taken.get();
        two.stop(); // a static member does not leave its group
        Member again = setup.member(instance("two"));
        Setup.waitUntil(() -> again.assigned.size() == 2, () -> Member.show(one, again));
        Setup.equal(had, new TreeSet<>(again.assigned));
        Setup.equal(given, one.given.get());
        Setup.equal(taken, one.taken.get());
    }

    static void a_second_holder_of_an_instance_fences_the_first(Setup setup) throws Exception {
        setup.create(2);
        Member one = setup.member(instance("same"));
        Setup.waitUntil(() -> Member.share(2, 2, one), () -> Member.show(one));
        Member two = setup.member(instance("same"));
        Setup.waitUntil(() -> one.error != null && Member.share(2, 2, two), () -> Member.show(one, two));
        Setup.check(one.error instanceof FencedInstanceIdException, Member.show(one));
    }

    static void an_administrator_removes_static_members(Setup setup) throws Exception {
        setup.create(4);
        Member one = setup.member(instance("one"));
        Member two = setup.member(instance("two"));
        Setup.waitUntil(() -> Member.share(4, 2, one, two), () -> Member.show(one, two));
        two.stop();
        Setup.get(setup.admin().removeMembersFromConsumerGroup(setup.group,
            new RemoveMembersFromConsumerGroupOptions(List.of(new MemberToRemove("two")))).all());
        Setup.waitUntil(() -> Member.share(4, 4, one), () -> Member.show(one));
    }

    /** A process of its own, which is killed: nothing of the client runs any more. */
    static void a_member_that_crashes_is_replaced_after_its_session(Setup setup) throws Exception {
        setup.create(4);
        Member one = setup.member();
        Setup.waitUntil(() -> Member.share(4, 4, one), () -> Member.show(one));
        String java = System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
        String[] command = {java, "-Xmx64m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
            System.getProperty("java.class.path"), "Doomed", setup.bootstrap, setup.topic, setup.group};
        Process doomed = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
        try {
            Setup.waitUntil(() -> one.assigned.size() == 2, () -> Member.show(one));
            doomed.destroyForcibly().waitFor();
            long started = System.nanoTime();
            Setup.waitUntil(() -> Member.share(4, 4, one), () -> Member.show(one));
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - started);
            Setup.check(seconds >= 3 && seconds <= 15, "replaced after " + seconds + " s");
        } finally {
            doomed.destroyForcibly();
        }
    }

    /** KIP-1092: a member may go without leaving; its partitions wait for the end of its session. */
    static void a_member_may_go_and_remain_in_the_group(Setup setup) throws Exception {
        setup.create(2);
        KafkaConsumer<String, String> first = setup.consumer();
        Member places = new Member(first);
        first.subscribe(List.of(setup.topic), places);
        Setup.waitUntil(() -> {
            first.poll(Duration.ofMillis(100));
            return places.assigned.size() == 2;
        }, () -> Member.show(places));
        first.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.REMAIN_IN_GROUP));
        Setup.equal(1, Setup.get(setup.admin().describeConsumerGroups(List.of(setup.group)).all()).get(setup.group).members().size());
        Member next = setup.member();
        Setup.waitUntil(() -> Member.share(2, 2, next), () -> Member.show(next));
    }

    /** What each member was given holds for its generation only: no two members read the same partition at any time. */
    static void many_members_come_and_go(Setup setup) throws Exception {
        setup.create(8);
        Map<Integer, Member> members = new HashMap<>();
        String[] settings = with("CooperativeStickyAssignor", "enable.auto.commit", "true");
        for (int i = 0; i < 5; i++)
            members.put(i, setup.member(settings));
        Member[] all = members.values().toArray(new Member[0]);
        Setup.waitUntil(() -> Member.share(8, 1, all), () -> Member.show(all));
        List<String> found = new ArrayList<>();
        Set<String> wanted = new TreeSet<>();
        for (int i = 0; i < 4; i++) {
            wanted.addAll(setup.produce("r" + i + "-", 80, 8));
            Member leaver = members.remove(i);
            leaver.stop();
            Setup.equal(null, leaver.error);
            found.addAll(leaver.values);
        }
        Member last = members.get(4);
        Setup.waitUntil(() -> Member.share(8, 8, last) && found.size() + last.values.size() >= 320, () -> Member.show(last));
        last.stop();
        found.addAll(last.values);
        Setup.equal(wanted, new TreeSet<>(found));
        Setup.equal(320, found.size());
    }
}
