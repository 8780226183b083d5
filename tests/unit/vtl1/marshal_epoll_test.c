/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll's data words, which VTL0 must neither learn nor choose; and messages one after the other.
 */
#define _GNU_SOURCE
#include "marshal_machine.h"

#include <sys/epoll.h>

#define WORD(n) (0x7fff00000000ull + (n)) /* a trustlet's data: a pointer of its own */
#define EVENTS  USER
#define EVENT   (USER + 0x1000)

/* What VTL0 was told, and what it says. */
static uint64_t told[8];
static unsigned told_count;
static struct epoll_event said[8];
static int64_t result;

static int64_t control_host(void)
{
    if (channel.number == SYS_epoll_ctl && channel.arguments[3] != 0) {
        struct epoll_event event;
        memcpy(&event, host_pointer(channel.arguments[3]), sizeof(event));
        told[told_count++ % 8] = event.data.u64;
    }
    return result;
}

static int64_t wait_host(void)
{
    memcpy(host_pointer(channel.arguments[1]), said, sizeof(said));
    return result;
}

/* epoll_ctl, and VTL0's answer to it. -> the token that VTL0 was told */
static uint64_t control(int64_t answer, int epfd, int operation, int fd, uint32_t events,
                        uint64_t word)
{
    struct epoll_event event = {.events = events, .data.u64 = word};
    put(EVENT, &event, sizeof(event));
    result = answer;
    assert_int_equal(CALL4(control_host, SYS_epoll_ctl, (uint64_t)epfd, (uint64_t)operation,
                           (uint64_t)fd, EVENT),
                     answer);
    return told_count > 0 ? told[(told_count - 1) % 8] : 0;
}

static uint64_t add(int epfd, int fd, uint64_t word)
{
    return control(0, epfd, EPOLL_CTL_ADD, fd, EPOLLIN, word);
}

/* epoll_wait, VTL0 saying these tokens with EPOLLIN. -> what the trustlet gets */
static int64_t wait_for(int epfd, unsigned count, const uint64_t *tokens)
{
    for (unsigned i = 0; i < count; i++)
        said[i] = (struct epoll_event){.events = EPOLLIN, .data.u64 = tokens[i]};
    result = count;
    return CALL4(wait_host, SYS_epoll_wait, (uint64_t)epfd, EVENTS, 8, 0);
}

/* Is this token worth the word, and is it nothing at another epoll? */
static void assert_stands_for(int epfd, uint64_t token, uint64_t word)
{
    struct epoll_event event;
    assert_int_equal(wait_for(epfd, 1, &token), 1);
    get(&event, EVENTS, sizeof(event));
    assert_int_equal(event.data.u64, word);
    assert_int_equal(event.events, EPOLLIN);
}

static void assert_worthless(int epfd, uint64_t token)
{
    assert_int_equal(wait_for(epfd, 1, &token), -EINTR);
}

static void test_vtl0_learns_no_data(void **state)
{
    (void)state;
    uint64_t token = add(4, 5, WORD(1));
    assert_int_not_equal(token, WORD(1));
    assert_stands_for(4, token, WORD(1));
    assert_null(memmem(bounce, BOUNCE_SIZE, &(uint64_t){WORD(1)}, sizeof(uint64_t)));
}

static void test_chosen_words_never_arrive(void **state)
{
    (void)state;
    uint64_t mine = add(4, 5, WORD(1)), others = add(6, 5, WORD(2));
    assert_worthless(4, others);
    assert_worthless(4, WORD(1));
    assert_worthless(4, mine + 1);
    assert_worthless(4, mine + (1ull << 32));
    assert_worthless(4, mine & UINT32_MAX);
    assert_worthless(4, 0);
    for (unsigned shift = 0; shift < 64; shift++)
        assert_worthless(4, mine ^ 1ull << shift);
    assert_stands_for(4, mine, WORD(1));
}

/* A trustlet that frees what a closed connection's event points to must not get it again. */
static void test_once_in_an_answer(void **state)
{
    (void)state;
    uint64_t a = add(4, 5, WORD(1)), b = add(4, 6, WORD(2));
    struct epoll_event events[2];
    assert_int_equal(wait_for(4, 5, (uint64_t[]){a, a, 77, b, a}), 2);
    get(events, EVENTS, sizeof(events));
    assert_int_equal(events[0].data.u64, WORD(1));
    assert_int_equal(events[1].data.u64, WORD(2));
}

static void test_only_what_was_asked_for(void **state)
{
    (void)state;
    struct epoll_event event;
    uint64_t token = add(4, 5, WORD(1));
    said[0] = (struct epoll_event){.events = EPOLLIN | EPOLLOUT | EPOLLHUP, .data.u64 = token};
    result = 1;
    assert_int_equal(CALL4(wait_host, SYS_epoll_wait, 4, EVENTS, 8, 0), 1);
    get(&event, EVENTS, sizeof(event));
    assert_int_equal(event.events, EPOLLIN | EPOLLHUP);
    said[0].events = EPOLLOUT;
    assert_int_equal(CALL4(wait_host, SYS_epoll_wait, 4, EVENTS, 8, 0), -EINTR);
    result = 9;
    CALL4(wait_host, SYS_epoll_wait, 4, EVENTS, 8, 0);
    assert_lie();
}

static void test_changed_and_taken_back(void **state)
{
    (void)state;
    uint64_t old = add(4, 5, WORD(1));
    uint64_t failed = control(-EEXIST, 4, EPOLL_CTL_ADD, 5, EPOLLIN, WORD(2));
    assert_worthless(4, failed);
    assert_stands_for(4, old, WORD(1));
    uint64_t new = control(0, 4, EPOLL_CTL_MOD, 5, EPOLLIN, WORD(3));
    assert_worthless(4, old);
    assert_stands_for(4, new, WORD(3));
    control(-ENOENT, 4, EPOLL_CTL_DEL, 5, 0, 0);
    assert_stands_for(4, new, WORD(3));
    control(0, 4, EPOLL_CTL_DEL, 5, 0, 0);
    assert_worthless(4, new);
}

static void test_closed(void **state)
{
    (void)state;
    uint64_t a = add(4, 5, WORD(1)), b = add(4, 6, WORD(2)), c = add(4, 7, WORD(3));
    result = 0;
    assert_int_equal(CALL1(control_host, SYS_close, 5), 0);
    assert_worthless(4, a);
    result = 6;
    assert_int_equal(CALL2(control_host, SYS_dup2, 6, 6), 6);
    assert_stands_for(4, b, WORD(2));
    result = 6;
    assert_int_equal(CALL2(control_host, SYS_dup2, 9, 6), 6);
    assert_worthless(4, b);
    assert_stands_for(4, c, WORD(3));
    result = 0;
    assert_int_equal(CALL3(control_host, SYS_close_range, 3, UINT32_MAX, 0), 0);
    assert_worthless(4, c);
}

/* While VTL0 closes, another thread gets the number again and watches it. */
static int64_t close_host(void)
{
    const struct epoll_event event = {.events = EPOLLIN, .data.u64 = WORD(2)};
    assert_int_equal(epoll_register(&process, 4, 5, (const void *)&event, &told[0]), 0);
    return 0;
}

static void test_closed_and_used_again(void **state)
{
    (void)state;
    uint64_t old = add(4, 5, WORD(1));
    assert_int_equal(CALL1(close_host, SYS_close, 5), 0);
    assert_worthless(4, old);
    assert_stands_for(4, told[0], WORD(2));
}

static void test_one_shot(void **state)
{
    (void)state;
    uint64_t token = control(0, 4, EPOLL_CTL_ADD, 5, EPOLLIN | EPOLLONESHOT, WORD(1));
    assert_stands_for(4, token, WORD(1));
    assert_worthless(4, token);
    token = control(0, 4, EPOLL_CTL_MOD, 5, EPOLLIN | EPOLLONESHOT, WORD(1));
    assert_stands_for(4, token, WORD(1));
}

static void test_many_registrations(void **state)
{
    (void)state;
    uint64_t tokens[2048];
    struct epoll_event event = {.events = EPOLLIN};
    put(EVENTS, said, sizeof(said));
    put(EVENT, &event, sizeof(event));
    uint64_t pages = process.space.pages;
    for (unsigned i = 0; i < 2048; i++)
        tokens[i] = add(4, (int)i + 10, WORD(i));
    assert_int_equal(CALL4(control_host, SYS_epoll_ctl, 4, EPOLL_CTL_ADD, 5, EVENT), -ENOSPC);
    assert_int_equal(process.space.pages, pages + 17);
    for (unsigned i = 0; i < 2048; i++)
        assert_stands_for(4, tokens[i], WORD(i));
    epoll_free(&process);
    assert_int_equal(process.space.pages, pages);
    assert_worthless(4, tokens[0]);
}

/* ---- messages ---- */

static unsigned sent;
static int64_t messages_host(void)
{
    assert_int_equal(channel.number, SYS_sendmsg);
    assert_int_equal(channel.arguments[2], MSG_NOSIGNAL);
    return sent++ == 2 ? -ECONNRESET : 3;
}

static void test_several_messages(void **state)
{
    (void)state;
    struct iovec v = {(void *)USER, 3};
    struct mmsghdr m[4] = {0};
    for (unsigned i = 0; i < 4; i++)
        m[i].msg_hdr = (struct msghdr){.msg_iov = (void *)(USER + 0x2000), .msg_iovlen = 1};
    put(USER + 0x2000, &v, sizeof(v));
    put(USER + 0x3000, m, sizeof(m));
    sent = 0;
    assert_int_equal(CALL4(messages_host, SYS_sendmmsg, 3, USER + 0x3000, 4, MSG_NOSIGNAL), 2);
    assert_int_equal(requests, 3);
    get(m, USER + 0x3000, sizeof(m));
    assert_int_equal(m[0].msg_len, 3);
    assert_int_equal(m[1].msg_len, 3);
    assert_int_equal(m[2].msg_len, 0);
    sent = 2;
    assert_int_equal(CALL4(messages_host, SYS_sendmmsg, 3, USER + 0x3000, 4, MSG_NOSIGNAL),
                     -ECONNRESET);
}

static int socket_type;
static int64_t long_host(void)
{
    bool part = channel.number & SK_REQUEST_PART;
    assert_int_equal((uint32_t)channel.number, SYS_sendto);
    return part && socket_type != SOCK_STREAM ? -EMSGSIZE : (int64_t)channel.arguments[2];
}

/* More than the bounce buffer holds: a stream takes what fits, a datagram is not sent at all. */
static void test_long_datagrams(void **state)
{
    (void)state;
    const uint64_t size = 2 * BOUNCE_SIZE;
    socket_type = SOCK_DGRAM;
    assert_int_equal(call(long_host, SYS_sendto, 3, USER, size, 0, 0, 0), -EMSGSIZE);
    socket_type = SOCK_STREAM;
    assert_int_equal(call(long_host, SYS_sendto, 3, USER, size, 0, 0, 0), BOUNCE_SIZE);
    assert_int_equal(requests, 1);
    socket_type = SOCK_DGRAM;
    assert_int_equal(call(long_host, SYS_sendto, 3, USER, BOUNCE_SIZE, 0, 0, 0), BOUNCE_SIZE);
    assert_int_equal(requests, 1);
}

/* ---- openat2 and addresses: what they point to decides which class they need ---- */

static int64_t host_value(void)
{
    return 3;
}

static void test_classes_behind_pointers(void **state)
{
    (void)state;
    const uint64_t reading[3] = {O_RDONLY}, writing[3] = {O_WRONLY | O_CREAT, 0600};
    put(USER, "x", 2);
    put(USER + 16, reading, sizeof(reading));
    manifest.classes = TRUSTLET_CLASS_FILE_READ;
    assert_int_equal(CALL4(host_value, SYS_openat2, 3, USER, USER + 16, 24), 3);
    put(USER + 16, writing, sizeof(writing));
    assert_int_equal(CALL4(host_value, SYS_openat2, 3, USER, USER + 16, 24), -EPERM);
    assert_int_equal(requests, 0);
    manifest.classes = TRUSTLET_CLASS_FILE_WRITE;
    assert_int_equal(CALL4(host_value, SYS_openat2, 3, USER, USER + 16, 24), 3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_vtl0_learns_no_data),    TEST(test_chosen_words_never_arrive),
        TEST(test_once_in_an_answer),      TEST(test_only_what_was_asked_for),
        TEST(test_changed_and_taken_back), TEST(test_closed),
        TEST(test_closed_and_used_again),  TEST(test_one_shot),
        TEST(test_many_registrations),     TEST(test_several_messages),
        TEST(test_long_datagrams),         TEST(test_classes_behind_pointers),
    };
    return cmocka_run_group_tests(tests, machine, NULL);
}
