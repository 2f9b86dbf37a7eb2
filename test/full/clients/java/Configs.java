// SPDX-License-Identifier: Apache-2.0
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.AlterConfigsOptions;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** AdminClient and configurations, of topics and of the broker. */
final class Configs {
    private static Config described(Setup setup, ConfigResource resource) throws Exception {
        DescribeConfigsOptions all = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
        return Setup.get(setup.admin().describeConfigs(List.of(resource), all).all()).get(resource);
    }

    private static AlterConfigOp set(String name, String value, OpType operation) {
        return new AlterConfigOp(new ConfigEntry(name, value), operation);
    }

    private static void change(Setup setup, ConfigResource resource, AlterConfigOp... changes) throws Exception {
        Setup.get(setup.admin().incrementalAlterConfigs(Map.of(resource, Arrays.asList(changes))).all());
    }

    private static ConfigResource broker(Setup setup) throws Exception {
        int id = Setup.get(setup.admin().describeCluster().nodes()).iterator().next().id();
        return new ConfigResource(ConfigResource.Type.BROKER, String.valueOf(id));
    }

    private static List<String> synonyms(ConfigEntry entry) {
        return entry.synonyms().stream().map(one -> one.source() + ":" + one.name() + "=" + one.value()).toList();
    }

    static void of_a_topic_come_with_synonyms_and_documentation(Setup setup) throws Exception {
        setup.create(1, "retention.ms", "1000");
        Config found = described(setup, setup.resource());
        ConfigEntry set = found.get("retention.ms"), unset = found.get("segment.bytes");
        Setup.equal("1000", set.value());
        Setup.equal(ConfigSource.DYNAMIC_TOPIC_CONFIG, set.source());
        Setup.equal(List.of("DYNAMIC_TOPIC_CONFIG:retention.ms=1000"), synonyms(set));
        Setup.equal(ConfigEntry.ConfigType.LONG, set.type());
        Setup.equal(ConfigSource.DEFAULT_CONFIG, unset.source());
        Setup.equal(List.of("DEFAULT_CONFIG:log.segment.bytes=1073741824"), synonyms(unset));
        Setup.equal(ConfigEntry.ConfigType.INT, unset.type());
        Setup.equal(ConfigEntry.ConfigType.LIST, found.get("cleanup.policy").type());
        for (ConfigEntry entry : found.entries())
            Setup.check(!entry.documentation().isBlank(), entry.name() + " has no documentation");
    }

    static void of_a_topic_change_one_by_one(Setup setup) throws Exception {
        setup.create(1, "retention.ms", "1000", "segment.ms", "5000");
        Setup.get(setup.admin().incrementalAlterConfigs(Map.of(setup.resource(), List.of(set("retention.ms", "9", OpType.SET))),
            new AlterConfigsOptions().validateOnly(true)).all());
        Setup.equal("1000", described(setup, setup.resource()).get("retention.ms").value());
        change(setup, setup.resource(), set("retention.ms", "2000", OpType.SET), set("cleanup.policy", "compact", OpType.APPEND));
        Setup.waitUntil(() -> described(setup, setup.resource()).get("retention.ms").value().equals("2000"), () -> "not set");
        Config found = described(setup, setup.resource());
        Setup.equal(Set.of("compact", "delete"), Set.of(found.get("cleanup.policy").value().split(",")));
        Setup.equal("5000", found.get("segment.ms").value());
        change(setup, setup.resource(), set("retention.ms", null, OpType.DELETE), set("cleanup.policy", "delete", OpType.SUBTRACT));
        Setup.waitUntil(() -> described(setup, setup.resource()).get("retention.ms").isDefault(), () -> "not deleted");
        found = described(setup, setup.resource());
        Setup.equal("604800000", found.get("retention.ms").value());
        Setup.equal("compact", found.get("cleanup.policy").value());
    }

    static void that_are_wrong_are_refused_with_a_reason(Setup setup) throws Exception {
        setup.create(1);
        for (String[] wrong : new String[][] {
                {"no.such.config", "1", "no.such.config"}, {"retention.ms", "soon", "retention.ms"},
                {"compression.gzip.level", "0", "equal to -1"}, {"compression.gzip.level", "10", "equal to -1"},
                {"compression.lz4.level", "18", "no more than 17"}, {"compression.zstd.level", "23", "no more than 22"}}) {
            String words = Setup.refused(InvalidConfigurationException.class,
                () -> change(setup, setup.resource(), set(wrong[0], wrong[1], OpType.SET)));
            Setup.check(words.contains(wrong[2]), words);
        }
        ConfigResource nobody = new ConfigResource(ConfigResource.Type.TOPIC, "no-such-topic");
        Setup.refused(UnknownTopicOrPartitionException.class, () -> described(setup, nobody));
        Setup.refused(UnknownTopicOrPartitionException.class, () -> change(setup, nobody, set("retention.ms", "1", OpType.SET)));
    }

    static void of_the_broker(Setup setup) throws Exception {
        ConfigResource broker = broker(setup);
        Config found = described(setup, broker);
        Setup.check(found.entries().size() > 300, "only " + found.entries().size());
        Setup.equal(true, found.get("num.partitions").isReadOnly());
        Setup.equal(false, found.get("log.cleaner.backoff.ms").isReadOnly());
        Setup.equal(true, found.get("ssl.keystore.password").isSensitive());
        Setup.equal(ConfigEntry.ConfigType.PASSWORD, found.get("ssl.keystore.password").type());
        Setup.equal(null, found.get("ssl.keystore.password").value());
        Setup.refused(InvalidRequestException.class, () -> change(setup, broker, set("num.partitions", "3", OpType.SET)));
    }

    static void of_the_broker_are_layered(Setup setup) throws Exception {
        ConfigResource one = broker(setup), all = new ConfigResource(ConfigResource.Type.BROKER, "");
        String name = "log.index.interval.bytes";
        setup.create(1);
        try {
            change(setup, all, set(name, "4321", OpType.SET));
            Setup.waitUntil(() -> described(setup, setup.resource()).get("index.interval.bytes").value().equals("4321"),
                () -> "not set");
            change(setup, one, set(name, "5432", OpType.SET));
            Setup.waitUntil(() -> described(setup, one).get(name).value().equals("5432"), () -> "not set");
            ConfigEntry found = described(setup, one).get(name);
            Setup.equal(ConfigSource.DYNAMIC_BROKER_CONFIG, found.source());
            Setup.equal(List.of("DYNAMIC_BROKER_CONFIG:" + name + "=5432", "DYNAMIC_DEFAULT_BROKER_CONFIG:" + name + "=4321",
                "DEFAULT_CONFIG:" + name + "=4096"), synonyms(found));
            Setup.equal("5432", described(setup, setup.resource()).get("index.interval.bytes").value());
        } finally {
            change(setup, one, set(name, null, OpType.DELETE));
            change(setup, all, set(name, null, OpType.DELETE));
        }
        Setup.waitUntil(() -> described(setup, setup.resource()).get("index.interval.bytes").isDefault(), () -> "not deleted");
    }

    static void are_listed_by_what_has_them(Setup setup) throws Exception {
        setup.create(1);
        Collection<ConfigResource> topics = Setup.get(setup.admin()
            .listConfigResources(Set.of(ConfigResource.Type.TOPIC), new ListConfigResourcesOptions()).all());
        Setup.check(topics.contains(setup.resource()), topics.toString());
        Setup.equal(Set.of(ConfigResource.Type.TOPIC), topics.stream().map(ConfigResource::type).collect(Collectors.toSet()));
        Collection<ConfigResource> all = Setup.get(setup.admin().listConfigResources().all());
        Setup.check(all.contains(broker(setup)) && all.contains(setup.resource()), all.toString());
    }
}
