/* SPDX-License-Identifier: BSD-2-Clause */
#include "memory.h"

/* A spare page's first word is the physical address of the next one. */
static void list_push(hpa_t *head, hpa_t page)
{
    *(uint64_t *)hpa_pointer(page) = head->value;
    *head = page;
}

static hpa_t list_pop(hpa_t *head)
{
    hpa_t page = *head;
    *head = hpa(*(uint64_t *)hpa_pointer(page));
    return page;
}

static void scrub(hpa_t page, uint64_t pages)
{
    __builtin_memset(hpa_pointer(page), 0, pages * PAGE_SIZE);
}

static bool in_boot_pool(const struct memory_pool *pool, hpa_t page)
{
    return page.value >= pool->base.value && page.value < pool->end.value;
}

void memory_init(struct memory_pool *pool, hpa_t base, uint64_t size)
{
    *pool = (struct memory_pool){
        .base = base,
        .end = hpa(base.value + size),
        .next = base,
    };
}

static hpa_t take_new(struct memory_pool *pool, uint64_t pages)
{
    hpa_t page = pool->next;
    if (pages > (pool->end.value - page.value) / PAGE_SIZE)
        return hpa(0);
    pool->next.value += pages * PAGE_SIZE;
    return page;
}

hpa_t memory_take(struct memory_pool *pool, uint64_t pages)
{
    spin_lock(&pool->lock);
    hpa_t page = take_new(pool, pages);
    spin_unlock(&pool->lock);
    if (page.value)
        scrub(page, pages);
    return page;
}

/* The boot pool's pages go first: what VTL1 deposited is then free to be withdrawn. */
static hpa_t pick_table(struct memory_pool *pool)
{
    if (pool->boot_free_count) {
        pool->boot_free_count--;
        return list_pop(&pool->boot_free);
    }
    hpa_t page = take_new(pool, 1);
    if (!page.value && pool->deposited_free_count) {
        pool->deposited_free_count--;
        page = list_pop(&pool->deposited_free);
    }
    return page;
}

hpa_t memory_take_table(struct memory_pool *pool)
{
    spin_lock(&pool->lock);
    hpa_t page = pick_table(pool);
    if (page.value)
        pool->tables_used++;
    spin_unlock(&pool->lock);
    if (page.value)
        scrub(page, 1);
    return page;
}

static void put_free(struct memory_pool *pool, hpa_t page)
{
    if (in_boot_pool(pool, page)) {
        pool->boot_free_count++;
        list_push(&pool->boot_free, page);
    } else {
        pool->deposited_free_count++;
        list_push(&pool->deposited_free, page);
    }
}

void memory_give_table(struct memory_pool *pool, hpa_t page)
{
    spin_lock(&pool->lock);
    pool->tables_used--;
    put_free(pool, page);
    spin_unlock(&pool->lock);
}

uint64_t memory_tables_free(struct memory_pool *pool)
{
    spin_lock(&pool->lock);
    uint64_t fresh = (pool->end.value - pool->next.value) / PAGE_SIZE;
    uint64_t count = fresh + pool->boot_free_count + pool->deposited_free_count;
    spin_unlock(&pool->lock);
    return count;
}

uint64_t memory_tables_used(struct memory_pool *pool)
{
    spin_lock(&pool->lock);
    uint64_t count = pool->tables_used;
    spin_unlock(&pool->lock);
    return count;
}

void memory_deposit(struct memory_pool *pool, hpa_t page)
{
    spin_lock(&pool->lock);
    put_free(pool, page);
    spin_unlock(&pool->lock);
}

hpa_t memory_peek_deposited(struct memory_pool *pool)
{
    spin_lock(&pool->lock);
    hpa_t page = pool->deposited_free;
    spin_unlock(&pool->lock);
    return page;
}

void memory_withdraw(struct memory_pool *pool)
{
    spin_lock(&pool->lock);
    pool->deposited_free_count--;
    hpa_t page = list_pop(&pool->deposited_free);
    spin_unlock(&pool->lock);
    scrub(page, 1);
}
