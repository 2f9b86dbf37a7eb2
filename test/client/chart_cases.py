# SPDX-License-Identifier: Apache-2.0
"""Manifests of the kinds in charts/eddy/crds: what is good, and what is wrong where (test_kube_charts.py)."""

import copy

import yaml

GOOD = """
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: bare}
---
apiVersion: eventing.knative.dev/v1
kind: Broker
metadata: {name: full, annotations: {eventing.knative.dev/broker.class: Kafka}}
spec:
  config: {apiVersion: v1, kind: ConfigMap, name: kafka-broker-config, namespace: knative-eventing}
  delivery:
    retry: 5
    backoffPolicy: exponential
    backoffDelay: PT0.2S
    timeout: PT1M30S
    retryAfterMax: PT0S
    format: json
    deadLetterSink: {ref: {apiVersion: v1, kind: Service, name: letters}, uri: /dead, CACerts: pem, audience: them}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: bare}
spec: {subscriber: {uri: "http://127.0.0.1:9/x"}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: full}
spec:
  broker: default
  filter: {attributes: {type: com.example.made, source: ""}}
  filters:
  - exact: {type: com.example.made}
  - prefix: {source: /shop}
  - suffix: {subject: .jpg}
  - all: [{exact: {a: b}}, {not: {any: [{prefix: {c: d}}, {cesql: "TRUE"}]}}]
  - not: {suffix: {subject: .png}}
  - cesql: type = 'x' AND EXISTS y
  subscriber: {ref: {apiVersion: v1, kind: Service, name: shop, namespace: elsewhere}, uri: /path}
  delivery: {retry: 0, backoffDelay: P1DT1H, deadLetterSink: {uri: "https://dead.example.org"}}
---
apiVersion: eventing.knative.dev/v1
kind: Trigger
metadata: {name: referring}
spec:
  brokerRef: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default, namespace: other}
  filter: {}
  subscriber: {uri: "http://127.0.0.1:9/x"}
---
apiVersion: sources.knative.dev/v1
kind: PingSource
metadata: {name: bare}
spec: {sink: {uri: "http://127.0.0.1:9/x"}}
---
apiVersion: sources.knative.dev/v1beta2
kind: PingSource
metadata: {name: full}
spec:
  schedule: "*/5 * * * *"
  timezone: Europe/Paris
  contentType: application/json
  data: '{"a": 1}'
  ceOverrides: {extensions: {colour: red}}
  sink: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default}}
---
apiVersion: sources.knative.dev/v1beta1
kind: KafkaSource
metadata: {name: bare}
spec: {bootstrapServers: ["kafka:9092"], topics: [events], sink: {uri: "http://127.0.0.1:9/x"}}
---
apiVersion: sources.knative.dev/v1
kind: KafkaSource
metadata: {name: full}
spec:
  bootstrapServers: ["a:9092", "b:9092"]
  topics: [one, two]
  consumerGroup: readers
  consumers: 0
  initialOffset: "2026-01-31T12:00:00Z"
  ordering: unordered
  net:
    sasl:
      enable: true
      user: {secretKeyRef: {name: kafka, key: user}}
      password: {secretKeyRef: {name: kafka, key: password}}
      type: {secretKeyRef: {name: kafka, key: type, optional: true}}
    tls: {enable: true, caCert: {secretKeyRef: {name: kafka, key: ca.crt}}}
  ceOverrides: {extensions: {colour: red}}
  sink: {ref: {group: eventing.knative.dev, kind: Broker, name: default, address: http}}
  delivery: {retry: 3, backoffPolicy: linear, backoffDelay: PT1S, timeout: PT5S}
---
apiVersion: eventing.knative.dev/v1alpha1
kind: KafkaSink
metadata: {name: full}
spec:
  topic: events
  bootstrapServers: ["kafka:9092"]
  numPartitions: 3
  replicationFactor: 1
  contentMode: structured
  auth: {secret: {ref: {name: kafka}}}
---
apiVersion: messaging.knative.dev/v1
kind: Channel
metadata: {name: full}
spec:
  channelTemplate: {apiVersion: messaging.knative.dev/v1, kind: InMemoryChannel, spec: {whatever: 1}}
  delivery: {retry: 1}
---
apiVersion: messaging.knative.dev/v1
kind: InMemoryChannel
metadata: {name: full}
spec:
  delivery: {retry: 1}
  subscribers: [{uid: u, generation: 1, subscriberUri: "http://127.0.0.1:9/x"}, {uid: v, replyUri: "http://127.0.0.1:9/x"}]
---
apiVersion: messaging.knative.dev/v1
kind: KafkaChannel
metadata: {name: full}
spec: {numPartitions: 3, replicationFactor: 1, retentionDuration: P7D, delivery: {retry: 1}}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {name: full}
spec:
  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c}
  subscriber: {ref: {apiVersion: v1, kind: Service, name: shop}}
  reply: {ref: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default}}
  delivery: {retry: 1}
---
apiVersion: messaging.knative.dev/v1
kind: Subscription
metadata: {name: no-reply}
spec:
  channel: {apiVersion: messaging.knative.dev/v1, kind: Channel, name: c}
  subscriber: {uri: "http://127.0.0.1:9/x"}
  reply: {}
---
apiVersion: flows.knative.dev/v1
kind: Sequence
metadata: {name: full}
spec:
  channelTemplate: {apiVersion: messaging.knative.dev/v1, kind: KafkaChannel}
  steps: [{ref: {apiVersion: v1, kind: Service, name: one}, delivery: {retry: 1}}, {uri: "http://127.0.0.1:9/x"}]
  reply: {uri: "http://127.0.0.1:9/x"}
---
apiVersion: flows.knative.dev/v1
kind: Parallel
metadata: {name: full}
spec:
  branches:
  - {filter: {uri: "http://127.0.0.1:9/f"}, subscriber: {uri: "http://127.0.0.1:9/x"}, reply: {uri: "http://127.0.0.1:9/r"}}
  - {subscriber: {ref: {apiVersion: v1, kind: Service, name: two}}, delivery: {retry: 1}}
  reply: {uri: "http://127.0.0.1:9/x"}
---
apiVersion: eventing.knative.dev/v1beta2
kind: EventType
metadata: {name: full}
spec:
  type: com.example.made
  source: /shop
  schema: https://example.org/made.json
  description: Something was made.
  reference: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default}
---
apiVersion: eventing.knative.dev/v1beta3
kind: EventType
metadata: {name: newer}
spec:
  attributes:
  - {name: type, value: com.example.made, required: true}
  - {name: source, value: "/shop/{part}", required: true}
  - {name: specversion, value: "1.0", required: true}
  - {name: id, required: true}
  description: Something was made.
  reference: {apiVersion: eventing.knative.dev/v1, kind: Broker, name: default}
"""

MISSING = object()

# (kind, what is set in the last good manifest of that kind, its value; MISSING takes it out), and the field that is refused.
BAD = [
    ("Broker", "spec.config.kind", MISSING, "spec.config.kind"),
    ("Broker", "spec.config.name", "", "spec.config.name"),
    ("Broker", "spec.delivery.retry", -1, "spec.delivery.retry"),
    ("Broker", "spec.delivery.retry", "3", "spec.delivery.retry"),
    ("Broker", "spec.delivery.backoffPolicy", "quadratic", "spec.delivery.backoffPolicy"),
    ("Broker", "spec.delivery.backoffDelay", "0.2s", "spec.delivery.backoffDelay"),
    ("Broker", "spec.delivery.backoffDelay", "P", "spec.delivery.backoffDelay"),
    ("Broker", "spec.delivery.backoffDelay", "PT", "spec.delivery.backoffDelay"),
    ("Broker", "spec.delivery.timeout", "PT0S", "spec.delivery.timeout"),
    ("Broker", "spec.delivery.retryAfterMax", "-PT1S", "spec.delivery.retryAfterMax"),
    ("Broker", "spec.delivery.format", "xml", "spec.delivery.format"),
    ("Broker", "spec.delivery.deadLetterSink", {}, "spec.delivery.deadLetterSink"),
    ("Broker", "spec.delivery.deadLetterSink", {"uri": "/relative"}, "spec.delivery.deadLetterSink"),
    ("Broker", "spec.delivery.deadLetterSink.ref.apiVersion", MISSING, "spec.delivery.deadLetterSink.ref.apiVersion"),
    ("Trigger", "spec", MISSING, "spec"),
    ("Trigger", "spec.subscriber", MISSING, "spec.subscriber"),
    ("Trigger", "spec.subscriber", {"audience": "them"}, "spec.subscriber"),
    ("Trigger", "spec.brokerRef.name", MISSING, "spec.brokerRef.name"),
    ("Trigger", "spec.filter.attributes", {"type": 1}, "spec.filter.attributes.type"),
    ("Trigger", "spec.filters", [{"exact": {"a": "b"}, "prefix": {"a": "b"}}], "spec.filters[0]"),
    ("Trigger", "spec.filters", [{"all": [{"exact": {"a": "b"}, "not": {}}]}], "spec.filters[0].all[0]"),
    ("Trigger", "spec.filters", [{"suffix": {"a": ""}}], "spec.filters[0].suffix.a"),
    ("PingSource", "spec.sink", MISSING, "spec.sink"),
    ("PingSource", "spec.sink", {"uri": "shop"}, "spec.sink"),
    ("PingSource", "spec.ceOverrides.extensions", {"n": 1}, "spec.ceOverrides.extensions.n"),
    ("KafkaSource", "spec.bootstrapServers", MISSING, "spec.bootstrapServers"),
    ("KafkaSource", "spec.bootstrapServers", [], "spec.bootstrapServers"),
    ("KafkaSource", "spec.topics", [], "spec.topics"),
    ("KafkaSource", "spec.sink", MISSING, "spec.sink"),
    ("KafkaSource", "spec.sink.ref", {"kind": "Broker", "name": "default"}, "spec.sink.ref"),
    ("KafkaSource", "spec.consumers", -1, "spec.consumers"),
    ("KafkaSource", "spec.initialOffset", "first", "spec.initialOffset"),
    ("KafkaSource", "spec.ordering", "some", "spec.ordering"),
    ("KafkaSource", "spec.net.sasl.user.secretKeyRef.key", MISSING, "spec.net.sasl.user.secretKeyRef.key"),
    ("KafkaSink", "spec.topic", MISSING, "spec.topic"),
    ("KafkaSink", "spec.bootstrapServers", [], "spec.bootstrapServers"),
    ("KafkaSink", "spec.contentMode", "batched", "spec.contentMode"),
    ("KafkaSink", "spec.numPartitions", 0, "spec.numPartitions"),
    ("KafkaSink", "spec.replicationFactor", 32768, "spec.replicationFactor"),
    ("KafkaSink", "spec.auth.secret.ref.name", MISSING, "spec.auth.secret.ref.name"),
    ("Channel", "spec.channelTemplate.kind", MISSING, "spec.channelTemplate.kind"),
    ("Channel", "spec.delivery.retry", -1, "spec.delivery.retry"),
    ("InMemoryChannel", "spec.subscribers", [{"uid": "u"}], "spec.subscribers[0]"),
    ("InMemoryChannel", "spec.delivery.retry", -1, "spec.delivery.retry"),
    ("KafkaChannel", "spec.numPartitions", 0, "spec.numPartitions"),
    ("KafkaChannel", "spec.retentionDuration", "7d", "spec.retentionDuration"),
    ("Subscription", "spec.channel", MISSING, "spec.channel"),
    ("Subscription", "spec.channel.namespace", "other", "spec.channel.namespace"),
    ("Subscription", "spec.reply", {"audience": "them"}, "spec.reply"),
    ("Sequence", "spec.steps", [], "spec.steps"),
    ("Sequence", "spec.steps", [{"delivery": {"retry": 1}}], "spec.steps[0]"),
    ("Sequence", "spec.channelTemplate.apiVersion", MISSING, "spec.channelTemplate.apiVersion"),
    ("Parallel", "spec.branches", [], "spec.branches"),
    ("Parallel", "spec.branches", [{"filter": {"uri": "http://127.0.0.1:9/f"}}], "spec.branches[0].subscriber"),
    ("Parallel", "spec.reply", {}, "spec.reply"),
    ("EventType", "spec.attributes", MISSING, "spec.type"),
    ("EventType", "spec.attributes", [{"value": "x"}], "spec.attributes[0].name"),
]

READY = {"type": "Ready", "status": "False", "reason": "NotYet", "message": "Wait.", "lastTransitionTime": "2026-01-31T12:00:00Z"}
# Of any kind; each takes what it knows.
STATUS = {
    "conditions": [{"type": "Addressable", "status": "True", "lastTransitionTime": "2026-01-31T12:00:00Z"}, READY],
    "observedGeneration": 1,
    "annotations": {"a": "b"},
    "address": {"name": "http", "url": "http://127.0.0.1:9/space/name"},
    "sinkUri": "http://127.0.0.1:9/sink",
    "subscriberUri": "http://127.0.0.1:9/subscriber",
    "consumers": 2,
    "selector": "a=b",
}


def good():
    return list(yaml.safe_load_all(GOOD))


def good_of(kind):
    """The last one: changes of BAD start from it."""
    return [tree for tree in good() if tree["kind"] == kind][-1]


def changed(tree, path, value):
    """A copy of TREE with another VALUE at the dotted PATH."""
    tree = copy.deepcopy(tree)
    *way, last = path.split(".")
    at = tree
    for step in way:
        at = at.setdefault(step, {})
    if value is MISSING:
        del at[last]
    else:
        at[last] = value
    return tree
