// SPDX-License-Identifier: Apache-2.0
// Members of consumer groups of the classic protocol, as client libraries play them: join, get a member id, join again,
// sync (the leader assigns one partition to each), heartbeat, join again when told so. The versions are the last of the
// classic form: FindCoordinator 2, JoinGroup 5, SyncGroup 3, Heartbeat 3, LeaveGroup 3.
#pragma once
#include "link.h"

#include <stdbool.h>

struct group {
    const char *topic;
    char id[64];
    int partitions;       // of the topic
    double heartbeat_s;   // between heartbeats
    int generation, size; // of the newest generation, as its leader was told
    int settled;          // how many have their assignment of that generation
    double last_join;     // when the last JoinGroup was sent
    uint64_t heartbeats;  // answered
    struct member *members;
    int count;
};

struct member {
    struct link link; // to the coordinator
    struct group *group;
    char id[128];
    int generation, partition;
    int awaits;      // the request of the group whose answer is awaited, one at a time, or 0
    bool is_settled; // has its assignment
    double due;      // the next heartbeat, or the next try to join; 0: nothing
    double asked;    // when the request was sent
    // Answers to what somebody else sent on this connection.
    void (*on_other)(struct member *member, int api, const uint8_t *body, size_t size);
};

// Makes COUNT members with a connection each, and waits until the server has a coordinator for the group.
void group_open(struct group *group, const char *address, int count);
void group_close(struct group *group);

void member_join(struct member *member);
void member_leave(struct member *member);

// Sends the heartbeats that are due.
void group_tick(struct group *group, double now);

// From now on the heartbeats of the first COUNT members are spread evenly over the interval.
void group_spread(struct group *group, int count, double now);

// Whether all of COUNT members have their assignment of one generation of that size.
bool group_is_settled(const struct group *group, int count);
