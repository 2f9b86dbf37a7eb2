// SPDX-License-Identifier: Apache-2.0
// How topics of events are called: as Knative's Kafka broker and channel name theirs. The controllers make them, the
// command line finds them.
#pragma once

#define TOPIC_OF_BROKERS  "knative-broker-"    // NAMESPACE-NAME
#define TOPIC_OF_CHANNELS "knative-messaging-" // memory or kafka, .NAMESPACE.NAME
#define TOPIC_OF_SOURCES  "knative-source-"    // NAMESPACE-NAME, and
#define DEAD_LETTERS      "-dead-letters"      // behind the name of the topic whose events nobody took
