// SPDX-License-Identifier: Apache-2.0
#include "observe/scrape.h"

#include "base/assert.h"
#include "observe/exposition.h"

static void begin(struct scraper *scraper);

// Hands the page to everybody who asked before it was begun.
static void finish(struct scraper *scraper)
{
    struct slice page = writer_finish(&scraper->out);
    struct list_node served;
    list_init(&served);
    list_splice(&served, &scraper->served);
    scraper->busy = false;
    LIST_EACH(&served, node)
    {
        struct scrape *scrape = LIST_ITEM(node, struct scrape, node);
        list_remove(node);
        scrape->on_page(scrape, &page);
    }
    slice_free(&page);
    if (!scraper->busy && !list_empty(&scraper->waiting))
        begin(scraper);
}

static void on_next(struct message *message)
{
    struct scraper *scraper = CONTAINER_OF(message, struct scraper, next);
    struct list_node *node = scraper->collecting == NULL ? scraper->collectors.next : scraper->collecting->node.next;
    if (scraper->collecting == NULL)
        exposition_registry(&scraper->registry, &scraper->out);
    if (node == &scraper->collectors) {
        scraper->collecting = NULL;
        finish(scraper);
        return;
    }
    scraper->collecting = LIST_ITEM(node, struct collector, node);
    scraper->collecting->collect(scraper->collecting, scraper, &scraper->out);
}

static void begin(struct scraper *scraper)
{
    scraper->busy = true;
    list_splice(&scraper->served, &scraper->waiting);
    loop_post(scraper->loop, &scraper->next);
}

void scraper_init(struct scraper *scraper, struct loop *loop)
{
    *scraper = (struct scraper){ .loop = loop, .next = { .on_message = on_next } };
    metric_registry_init(&scraper->registry);
    list_init(&scraper->collectors);
    list_init(&scraper->waiting);
    list_init(&scraper->served);
}

void scraper_deinit(struct scraper *scraper)
{
    ASSERT(!scraper->busy);
    writer_free(&scraper->out);
}

void scraper_add(struct scraper *scraper, struct collector *collector)
{
    ASSERT(!scraper->busy);
    list_append(&scraper->collectors, &collector->node);
}

void scraper_ask(struct scraper *scraper, struct scrape *scrape)
{
    list_append(&scraper->waiting, &scrape->node);
    if (!scraper->busy)
        begin(scraper);
}

void scraper_collected(struct scraper *scraper)
{
    ASSERT(scraper->collecting != NULL);
    loop_post(scraper->loop, &scraper->next);
}
