// SPDX-License-Identifier: Apache-2.0
#include "io/disk.h"

#include "base/assert.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    STACK_SIZE = 256 << 10,
};

struct queue {
    pthread_mutex_t lock; // guards all below but the threads
    pthread_cond_t filled;
    struct message *first, **last; // linked by message.next
    unsigned idle;
    bool stopping;
    pthread_t *threads;
    unsigned thread_count;
};

static struct queue queues[DISK_QUEUE_COUNT];

static void job_done(struct message *message)
{
    struct disk_job *job = CONTAINER_OF(message, struct disk_job, message);
    job->on_done(job);
}

// NULL when the queue is stopping and empty.
static struct disk_job *queue_take(struct queue *queue)
{
    struct disk_job *job = NULL;
    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->stopping) {
        queue->idle++;
        pthread_cond_wait(&queue->filled, &queue->lock);
        queue->idle--;
    }
    if (queue->first != NULL) {
        job = CONTAINER_OF(queue->first, struct disk_job, message);
        queue->first = job->message.next;
        if (queue->first == NULL)
            queue->last = &queue->first;
    }
    pthread_mutex_unlock(&queue->lock);
    return job;
}

static void *run_jobs(void *argument)
{
    struct queue *queue = argument;
    struct disk_job *job;
    while ((job = queue_take(queue)) != NULL) {
        job->run(job);
        job->message.on_message = job_done;
        loop_post(job->loop, &job->message);
    }
    return NULL;
}

static void queue_start(struct queue *queue, unsigned threads, const char *name)
{
    ASSERT(queue->threads == NULL);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    queue->first = NULL;
    queue->last = &queue->first;
    queue->idle = 0;
    queue->stopping = false;
    queue->thread_count = threads;
    queue->threads = mem_zalloc(threads, sizeof(*queue->threads));

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    for (unsigned i = 0; i < threads; i++) {
        int failed = pthread_create(&queue->threads[i], &attributes, run_jobs, queue);
        ASSERT(failed == 0);
        pthread_setname_np(queue->threads[i], name);
    }
    pthread_attr_destroy(&attributes);
}

void disk_start(const unsigned threads[DISK_QUEUE_COUNT])
{
    static const char *const names[DISK_QUEUE_COUNT] = { "disk-flush", "disk-read", "disk-background", "compute" };
    for (size_t i = 0; i < DISK_QUEUE_COUNT; i++)
        if (threads[i] > 0)
            queue_start(&queues[i], threads[i], names[i]);
}

void disk_stop(void)
{
    for (size_t i = 0; i < DISK_QUEUE_COUNT; i++) {
        struct queue *queue = &queues[i];
        if (queue->threads == NULL)
            continue;
        pthread_mutex_lock(&queue->lock);
        queue->stopping = true;
        pthread_cond_broadcast(&queue->filled);
        pthread_mutex_unlock(&queue->lock);
        for (unsigned j = 0; j < queue->thread_count; j++)
            pthread_join(queue->threads[j], NULL);
        free(queue->threads);
        queue->threads = NULL;
        pthread_cond_destroy(&queue->filled);
        pthread_mutex_destroy(&queue->lock);
    }
}

void disk_submit(enum disk_queue queue, struct disk_job *job)
{
    ASSERT(queue < DISK_QUEUE_COUNT);
    struct queue *to = &queues[queue];
    ASSERT(to->threads != NULL);
    job->message.next = NULL;
    pthread_mutex_lock(&to->lock);
    *to->last = &job->message;
    to->last = &job->message.next;
    bool wake = to->idle > 0;
    pthread_mutex_unlock(&to->lock);
    // Behind the unlock, so that the woken thread does not run into the lock.
    if (wake)
        pthread_cond_signal(&to->filled);
}
