// SPDX-License-Identifier: Apache-2.0
// Consumer groups of the classic protocol (KIP-62, KIP-345, KIP-394, KIP-814): pure state machines. Nothing here does
// I/O: the caller says what time it is (groups_time_set), calls groups_tick when groups_deadline is due, and writes a
// group's record when it is asked to (on_write, then groups_written). One owner, one loop. Joins and syncs wait in the
// memory of whoever asked; on_done may come before the call returns and must not call back in here.
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"

struct group_options {
    int64_t session_min_ms, session_max_ms; // group.min.session.timeout.ms, group.max.session.timeout.ms
    int64_t initial_delay_ms;               // group.initial.rebalance.delay.ms
    int64_t size_max;                       // group.max.size
    int64_t retention_ms;                   // offsets.retention.minutes
    int64_t retention_interval_ms;          // offsets.retention.check.interval.ms
    int64_t metadata_max_size;              // offset.metadata.max.bytes
};

enum group_error {
    GROUP_OK,
    GROUP_INVALID_ID,
    GROUP_UNKNOWN_MEMBER,
    GROUP_ILLEGAL_GENERATION,
    GROUP_REBALANCING,
    GROUP_INCONSISTENT_PROTOCOL,
    GROUP_FENCED_INSTANCE,
    GROUP_MEMBER_ID_REQUIRED,
    GROUP_INVALID_SESSION_TIMEOUT,
    GROUP_FULL,
    GROUP_NOT_EMPTY,
    GROUP_NOT_FOUND,
    GROUP_NOT_AVAILABLE, // the record cannot be written, or the server stops
    GROUP_TOO_LARGE,     // the record of the group is
    GROUP_ERROR_COUNT,
};

enum group_state {
    GROUP_EMPTY,                // no members; may have offsets
    GROUP_PREPARING_REBALANCE,  // waits for all members to join
    GROUP_COMPLETING_REBALANCE, // waits for the leader's assignment
    GROUP_STABLE,
    GROUP_STATE_COUNT,
};

struct groups;
struct group;
struct group_member;

struct group_timer {
    struct heap_node node;
    void (*on_due)(struct groups *groups, struct group_timer *timer);
};

struct group_protocol {
    bytes_t name, metadata;
};

// --- what members ask for; views in it stay valid until on_done

struct group_join_member {
    bytes_t id, instance_id, metadata;
};

struct group_join {
    void (*on_done)(struct group_join *join);
    struct arena *arena; // the answer's memory
    bytes_t group_id;
    bytes_t member_id;   // empty: none yet
    bytes_t instance_id; // null: a dynamic member
    bytes_t client_id, client_host, protocol_type;
    const struct group_protocol *protocols;
    size_t protocol_count;
    int32_t session_timeout_ms, rebalance_timeout_ms;
    bool needs_known_id;         // the client understands MEMBER_ID_REQUIRED (KIP-394)
    bool skips_assignment;       // and a leader that assigns nothing (KIP-814)
    bytes_t new_member_id;       // what it will be called if it has no id
    struct group_member *member; // private: NULL unless it waits
    bytes_t told_leader;         // private: see instance_replace
    struct {
        enum group_error error;
        int32_t generation;
        bytes_t protocol_type, protocol_name; // may be null
        bytes_t leader, member_id;
        bool skip_assignment;
        const struct group_join_member *members; // for the leader
        size_t member_count;
    } answer;
};

struct group_assignment {
    bytes_t member_id, assignment;
};

struct group_sync {
    void (*on_done)(struct group_sync *sync);
    struct arena *arena;
    bytes_t group_id, member_id, instance_id;
    int32_t generation;
    bytes_t protocol_type, protocol_name; // null: not said
    const struct group_assignment *assignments;
    size_t assignment_count;
    struct group_member *member; // private: NULL unless it waits
    struct {
        enum group_error error;
        bytes_t protocol_type, protocol_name, assignment;
    } answer;
};

// Who speaks: with a heartbeat, with a commit.
struct group_caller {
    bytes_t group_id, member_id, instance_id;
    int32_t generation;
};

struct group_leaver {
    bytes_t member_id, instance_id; // an empty member id: whoever holds the instance id
    enum group_error error;         // out
};

// --- the groups

struct group_member {
    struct map_node by_id, by_instance;
    struct list_node node; // in the order of joining; not while it is pending
    struct group *group;
    struct group_timer session;
    bytes_t id, instance_id, client_id, client_host; // heap; instance_id null: dynamic
    struct group_protocol *protocols;                // one block of the heap
    size_t protocol_count;
    bytes_t assignment; // heap
    int32_t session_timeout_ms, rebalance_timeout_ms;
    bool is_pending; // has an id and has not joined with it
    bool is_new;     // its first generation has not begun
    bool is_joining; // waits for the next generation, even if nobody hears the answer
    bool owes_sync;  // of this generation
    struct group_join *join;
    struct group_sync *sync;
    uint64_t join_write; // the join is answered when this write is done; 0: with the generation
};

struct group {
    struct map_node node;
    bytes_t id; // heap
    enum group_state state;
    int64_t state_time_ms; // wall time since which it has its state; -1: not known
    int32_t generation;
    bytes_t protocol_type; // heap; null: a simple group, which only has offsets
    bytes_t protocol_name; // heap; null: none chosen
    struct group_member *leader;
    struct map members, instances; // struct group_member; members holds those that are pending too
    struct list_node joined;       // struct group_member
    size_t joined_count, joining_count, pending_count;
    struct map protocols;     // struct protocol_count
    struct group_timer phase; // the end of the join or the sync phase
    int64_t initial_left_ms, initial_delay_ms;
    bool is_initial;   // the join phase of an empty group: it ends by time only
    bool is_newer;     // somebody came during it
    uint64_t write;    // the newest that was asked for
    uint64_t assigned; // the write that makes the assignment durable; 0: none under way
    bool has_offsets;  // the coordinator's, while it looks for what is too old
};

struct groups {
    const struct group_options *options;
    struct map by_id;
    struct heap deadlines;
    int64_t now_ms, wall_ms;
    uint64_t writes; // asked for, of all groups: one that is deleted and made again does not count from the start
    // The record of the group as it is now (group_record.h) has to be written; groups_written follows, with the value
    // that group->write has now.
    void (*on_write)(struct groups *groups, struct group *group);
};

void groups_init(struct groups *groups, const struct group_options *options,
                 void (*on_write)(struct groups *groups, struct group *group));
// Answers all that wait with GROUP_NOT_AVAILABLE.
void groups_free(struct groups *groups);
// Monotonic and wall time, before every call.
void groups_time_set(struct groups *groups, int64_t now_ms, int64_t wall_ms);
// When groups_tick has something to do; INT64_MAX: never.
int64_t groups_deadline(const struct groups *groups);
void groups_tick(struct groups *groups);
// ERR is GROUP_OK, GROUP_NOT_AVAILABLE or GROUP_TOO_LARGE. The group may be gone meanwhile.
void groups_written(struct groups *groups, bytes_t group_id, uint64_t write, enum group_error error);

// The sessions of all members begin: after their records were loaded (group_record.h), when somebody listens to them.
void groups_begin(struct groups *groups);

// NULL if there is none.
struct group *groups_find(const struct groups *groups, bytes_t id);
// All groups in no order: start with NULL, ends with NULL.
struct group *groups_next(const struct groups *groups, const struct group *group);
// The group, an empty one without members if it is new.
struct group *groups_ensure(struct groups *groups, bytes_t id);
// A group without members that wait.
void groups_remove(struct groups *groups, struct group *group);

void group_join(struct groups *groups, struct group_join *join);
void group_sync(struct groups *groups, struct group_sync *sync);
// Nobody listens any more: if it still waits, it is answered now (GROUP_NOT_AVAILABLE).
void group_join_cancel(struct groups *groups, struct group_join *join);
void group_sync_cancel(struct groups *groups, struct group_sync *sync);
enum group_error group_heartbeat(struct groups *groups, const struct group_caller *caller) MUST_CHECK;
enum group_error group_leave(struct groups *groups, bytes_t group_id, struct group_leaver *leavers,
                             size_t count) MUST_CHECK;
// Whether these offsets may be committed. GROUP_NOT_FOUND: there is no such group, and the caller claims to be in it.
enum group_error group_commit_check(struct groups *groups, const struct group_caller *caller) MUST_CHECK;
enum group_error group_delete_check(const struct groups *groups, bytes_t group_id) MUST_CHECK;
// Whether offsets of a topic may be deleted by hand.
enum group_error group_forget_check(const struct groups *groups, bytes_t group_id) MUST_CHECK;

// "PreparingRebalance", as Kafka spells it.
const char *group_state_name(enum group_state state);
// What the member said for the protocol that was chosen; null if nothing.
bytes_t group_member_metadata(const struct group_member *member);
// Whether a member of a consumer group reads the topic; true when that cannot be told (KIP-496).
bool group_reads_topic(const struct group *group, bytes_t topic);
// Whether an offset that was committed at COMMIT_TIME_MS has outlived its retention (KIP-211).
bool group_offset_is_old(const struct groups *groups, const struct group *group, bytes_t topic, int64_t commit_time_ms);
