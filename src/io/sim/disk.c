// SPDX-License-Identifier: Apache-2.0
#include "io/disk.h"

#include "base/mem.h"
#include "io/sim/loop_sim.h"

#include <stdlib.h>

enum { START_JITTER_NS = 50000 };

struct sim_job {
    struct sim_event event;
    struct list_node node; // in waiting or started
    struct sim_queue *queue;
    struct disk_job *job;
    bool was_run;
};

static void queue_start(struct sim *sim, struct sim_queue *queue);

static void message_done(struct message *message)
{
    struct disk_job *job = CONTAINER_OF(message, struct disk_job, message);
    job->on_done(job);
}

// All file operations of a job happen at one moment of virtual time; what they cost passes before on_done.
static void job_run(struct sim *sim, struct sim_job *item)
{
    struct loop *loop = sim->current;
    bool was_in_job = sim->in_job;
    sim->current = NULL;
    sim->in_job = true;
    sim->job_cost_ns = 0;
    item->was_run = true;
    item->job->run(item->job);
    sim->in_job = was_in_job;
    sim->current = loop;
}

static void job_end(struct sim_job *item)
{
    struct disk_job *job = item->job;
    list_remove(&item->node);
    free(item);
    job->message.on_message = message_done;
    loop_deliver(job->loop, &job->message);
}

// Twice for each job: when it runs, and when it is done.
static void job_fire(struct sim_event *event)
{
    struct sim_job *item = CONTAINER_OF(event, struct sim_job, event);
    struct sim *sim = sim_here();
    struct sim_queue *queue = item->queue;
    if (!item->was_run) {
        job_run(sim, item);
        int64_t done_ns = sim->now_ns + sim->job_cost_ns, posted_ns = loop_jobs_posted_ns(item->job->loop);
        if (!sim->crashed) // behind what it posted itself: a thread's messages keep their order
            sim_schedule_at(sim, &item->event, done_ns > posted_ns ? done_ns : posted_ns);
        return;
    }
    queue->busy--;
    job_end(item);
    queue_start(sim, queue);
}

static void queue_start(struct sim *sim, struct sim_queue *queue)
{
    while (queue->busy < queue->threads && !list_empty(&queue->waiting)) {
        struct sim_job *item = LIST_ITEM(list_first(&queue->waiting), struct sim_job, node);
        list_remove(&item->node);
        list_append(&queue->started, &item->node);
        queue->busy++;
        sim_schedule(sim, &item->event, sim_jitter(sim, START_JITTER_NS));
    }
}

void sim_jobs_init(struct sim *sim)
{
    for (size_t i = 0; i < DISK_QUEUE_COUNT; i++) {
        list_init(&sim->queues[i].waiting);
        list_init(&sim->queues[i].started);
    }
}

void disk_start(const unsigned threads[DISK_QUEUE_COUNT])
{
    struct sim *sim = sim_here();
    for (size_t i = 0; i < DISK_QUEUE_COUNT; i++) {
        sim->queues[i].threads = threads[i];
        sim->queues[i].busy = 0;
    }
}

void disk_submit(enum disk_queue queue, struct disk_job *job)
{
    struct sim *sim = sim_here();
    if (sim->crashed) {
        sim_keep(job);
        return;
    }
    ASSERT(sim->queues[queue].threads > 0);
    ASSERT(job->loop != NULL);
    struct sim_job *item = mem_zalloc(1, sizeof(*item));
    item->event = (struct sim_event){ .fire = job_fire, .kind = SIM_EVENT_JOB };
    item->queue = &sim->queues[queue];
    item->job = job;
    list_append(&item->queue->waiting, &item->node);
    queue_start(sim, item->queue);
}

static void list_finish(struct sim *sim, struct list_node *jobs)
{
    struct list_node *node;
    while ((node = list_first(jobs)) != NULL && !sim->crashed) {
        struct sim_job *item = LIST_ITEM(node, struct sim_job, node);
        heap_remove(&sim->events, &item->event.node);
        if (!item->was_run)
            job_run(sim, item);
        if (!sim->crashed)
            job_end(item);
    }
}

void disk_stop(void)
{
    struct sim *sim = sim_here();
    for (size_t i = 0; i < DISK_QUEUE_COUNT; i++) {
        struct sim_queue *queue = &sim->queues[i];
        list_finish(sim, &queue->started);
        list_finish(sim, &queue->waiting);
        queue->threads = queue->busy = 0;
    }
}

static void list_drop(struct list_node *jobs)
{
    LIST_EACH(jobs, node)
    {
        struct sim_job *item = LIST_ITEM(node, struct sim_job, node);
        list_remove(node);
        sim_keep(item->job);
        free(item);
    }
}

void sim_jobs_drop(struct sim *sim)
{
    for (size_t i = 0; i < DISK_QUEUE_COUNT; i++) {
        struct sim_queue *queue = &sim->queues[i];
        list_drop(&queue->started);
        list_drop(&queue->waiting);
        queue->threads = queue->busy = 0;
    }
}
