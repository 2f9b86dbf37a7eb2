// SPDX-License-Identifier: Apache-2.0
// How often, how patiently and for how long an event is delivered: the `delivery` of brokers, triggers, subscriptions
// and sources (Knative's DeliverySpec), as numbers and rules. Pure.
#pragma once

#include "base/bytes.h"
#include "base/err.h"
#include "cloudevents/binding.h"

struct json_value;

enum backoff { BACKOFF_NONE, BACKOFF_LINEAR, BACKOFF_EXPONENTIAL };

// Knative has two of them. By the Go code (channels, MTChannelBasedBroker) the first retry is the delay away
// (exponential) or comes at once (linear); by the Java code (Kafka brokers, channels, sources) each is one step later.
enum backoff_flavour { BACKOFF_FROM_ZERO, BACKOFF_FROM_ONE };

struct delivery {
    int64_t retries; // after the first attempt
    enum backoff backoff;
    enum backoff_flavour flavour;
    int64_t delay_ms;
    int64_t timeout_ms;         // of an attempt
    int64_t retry_after_max_ms; // -1: what the sink says about when to come again is not heard
    enum cloudevent_mode mode;  // of what goes out over HTTP, to the subscriber, as a reply and as a dead letter
};

enum {
    DELIVERY_RETRIES_MAX = 1000,                // a queue that is never left is no queue
    DELIVERY_WAIT_MAX_MS = 24 * 60 * 60 * 1000, // between two attempts: doubled delays reach centuries otherwise
    DELIVERY_TIMEOUT_MS = 30 * 1000,            // where none is given, as Knative's dispatcher
};

// Without any `delivery`: one attempt, in binary mode: a topic does not keep the mode in which an event came.
struct delivery delivery_default(enum backoff_flavour flavour);
// Reads the members over what is in DELIVERY; SPEC may be NULL. ERR_INVALID: DIAG says which member and why; the schema
// has checked types.
err_t delivery_read(const struct json_value *spec, struct delivery *delivery, diag_t *diag) MUST_CHECK;

enum verdict { DELIVERED, RETRY, FAILED };

// What an HTTP status says; 0: there was no answer.
enum verdict delivery_judge(int status);
// How long to wait before retry N (from 1 on) after STATUS; RETRY_AFTER_MS is what the sink asked for, -1: nothing.
int64_t delivery_wait_ms(const struct delivery *delivery, int64_t n, int status, int64_t retry_after_ms);
