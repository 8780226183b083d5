/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/openvsm: who may use an open file, what it refuses, and when its trustlet ends. TAP. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openvsm/device.h>
#include <openvsm/trustlet.h>

#define TRUSTLET     "/usr/lib/openvsm/trustlets/tester"
#define CHANNEL_SIZE (OPENVSM_CHANNEL_PAGES * (size_t)OPENVSM_PAGE_SIZE)

static int tests, failures;

static void check(bool good, const char *text)
{
    printf("%sok %d - %s\n", good ? "" : "not ", ++tests, text);
    failures += !good;
    fflush(stdout);
}

static bool fails(long result, int error)
{
    if (result < 0 && errno == error)
        return true;
    printf("# result %ld, errno %d (%s), expected errno %d\n", result, errno, strerror(errno),
           error);
    return false;
}

static int open_device(void)
{
    int fd = open(OPENVSM_DEVICE, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        perror("Bail out! " OPENVSM_DEVICE);
        exit(1);
    }
    return fd;
}

static uint64_t live(void)
{
    struct openvsm_skcall info = {.number = SK_CALL_INFO};
    int fd = open_device();
    if (ioctl(fd, OPENVSM_QUERY, &info))
        info.results[3] = UINT64_MAX;
    close(fd);
    return info.results[3];
}

static bool none_within_three_seconds(void)
{
    for (int i = 0; i < 30 && live(); i++)
        usleep(100000);
    return live() == 0;
}

static void *map_file(const char *path, uint64_t *size)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info)) {
        perror("Bail out! trustlet");
        exit(1);
    }
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    close(fd);
    *size = (uint64_t)info.st_size;
    return bytes;
}

/* A trustlet that waits for its first run: words are its argv, of so many bytes. -> the device. */
static int start_with(const char *words, size_t size, uint32_t argc, void **channel)
{
    int fd = open_device();
    struct openvsm_open_image image = {0};
    void *bytes = map_file(TRUSTLET, &image.size);
    image.address = (uint64_t)(uintptr_t)bytes;
    _Alignas(struct sk_start) uint8_t block[sizeof(struct sk_start) + 64] = {0};
    struct sk_start *start = (struct sk_start *)block;
    start->bytes = (uint32_t)(sizeof(*start) + size);
    start->argc = argc;
    memcpy(start->strings, words, size);
    struct openvsm_start request = {.start_block = (uint64_t)(uintptr_t)block,
                                    .size = start->bytes};
    if (ioctl(fd, OPENVSM_OPEN_IMAGE, &image) || ioctl(fd, OPENVSM_START, &request)) {
        printf("Bail out! start: %s, status %u %u\n", strerror(errno), image.status,
               request.status);
        exit(1);
    }
    munmap(bytes, image.size);
    *channel = mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                    (off_t)OPENVSM_CHANNEL_OFFSET(request.thread));
    if (*channel == MAP_FAILED) {
        printf("Bail out! channel: %s\n", strerror(errno));
        exit(1);
    }
    return fd;
}

static int start_trustlet(void **channel)
{
    static const char words[] = "tester\0spin"; /* no environment */
    return start_with(words, sizeof(words), 2, channel);
}

/* ---- Refusals ---- */

static void test_arguments(void)
{
    struct openvsm_skcall call = {.number = SK_CALL_MEMORY_DONATE};
    struct openvsm_run run = {0};
    struct openvsm_open_image image = {.address = 1, .size = 1};
    struct openvsm_start start = {.size = sizeof(struct sk_start)};
    uint32_t signal = 9;
    int fd = open_device();
    check(fails(ioctl(fd, _IO('V', 99)), ENOTTY), "an unknown request");
    check(fails(ioctl(fd, OPENVSM_RUN, NULL), EFAULT), "run without a structure");
    check(fails(ioctl(fd, OPENVSM_RUN, &run), EINVAL), "run without a thread");
    check(fails(lseek(fd, 0, SEEK_SET), EINVAL), "run in short without a thread");
    check(fails(lseek(fd, INT64_MIN, SEEK_SET), EINVAL), "run of an impossible thread");
    check(fails(lseek(fd, 0, SEEK_CUR), EINVAL), "there is no position");
    check(fails(ioctl(fd, OPENVSM_QUERY, &call), EPERM), "a query that would change something");
    check(fails(ioctl(fd, OPENVSM_OPEN_IMAGE, &image), EINVAL), "an image at an odd address");
    image = (struct openvsm_open_image){.address = 4096, .size = UINT64_MAX};
    check(fails(ioctl(fd, OPENVSM_OPEN_IMAGE, &image), EINVAL), "an image larger than memory");
    image = (struct openvsm_open_image){.address = 4096, .size = 4096};
    check(fails(ioctl(fd, OPENVSM_OPEN_IMAGE, &image), EFAULT), "an image that is not there");
    check(fails(ioctl(fd, OPENVSM_START, &start), EBUSY), "a start without an image");
    check(fails(ioctl(fd, OPENVSM_KILL, &signal), ESRCH), "a kill without a trustlet");
    signal = 0;
    check(fails(ioctl(fd, OPENVSM_KILL, &signal), EINVAL), "a signal that there is not");
    check(mmap(NULL, CHANNEL_SIZE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == ESRCH,
          "a channel without a trustlet");
    check(fails(read(fd, &run, 1), EINVAL), "there is nothing to read");
    close(fd);
}

static bool map_fails(int fd, uint64_t first, uint64_t count, void *bytes, int error)
{
    struct openvsm_map map = {first, count, (uint64_t)(uintptr_t)bytes};
    return fails(ioctl(fd, OPENVSM_MAP, &map), error);
}

static void test_map(void)
{
    static uint8_t bytes[OPENVSM_MAP_PAGES];
    const uint64_t beyond = UINT64_MAX / OPENVSM_PAGE_SIZE;
    struct openvsm_map map = {0, OPENVSM_MAP_PAGES, (uint64_t)(uintptr_t)bytes};
    int fd = open_device(), reader = open(OPENVSM_DEVICE, O_RDONLY | O_CLOEXEC);
    check(fails(ioctl(reader, OPENVSM_MAP, &map), EACCES), "a map for a reader");
    check(!ioctl(fd, OPENVSM_MAP, &map) && !bytes[1], "a map for a writer");
    check(memchr(bytes, OPENVSM_MAP_NO_READ | OPENVSM_MAP_NO_WRITE, sizeof(bytes)),
          "the hypervisor is closed");
    check(map_fails(fd, 0, 0, bytes, EINVAL), "a map of nothing");
    check(map_fails(fd, 0, OPENVSM_MAP_PAGES + 1, bytes, EINVAL), "a map of too much");
    check(map_fails(fd, beyond, 1, bytes, EINVAL), "a map of what cannot be addressed");
    check(map_fails(fd, UINT64_MAX, 1, bytes, EINVAL), "a map of the last page");
    check(map_fails(fd, UINT64_MAX - 1, 4, bytes, EINVAL), "a map that wraps");
    check(map_fails(fd, 0, 4, (void *)1, EFAULT), "a map to nowhere");
    close(reader);
    close(fd);
}

static void test_channel(void)
{
    void *channel;
    int fd = start_trustlet(&channel);
    check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED, "half a channel");
    check(mmap(NULL, CHANNEL_SIZE, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED,
          "a channel of one's own");
    check(mmap(NULL, CHANNEL_SIZE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED && errno == EBUSY,
          "a second channel for a thread");
    check(mmap(NULL, CHANNEL_SIZE, PROT_READ, MAP_SHARED, fd,
               (off_t)OPENVSM_CHANNEL_OFFSET(100000)) == MAP_FAILED,
          "a channel for no thread");
    close(fd);
    munmap(channel, CHANNEL_SIZE);
    check(none_within_three_seconds(), "nothing is left");
}

/* ---- Strangers ---- */

/* Exit status 0: every use of the file was refused. */
static int try_to_use(int fd)
{
    struct openvsm_run run = {0};
    struct openvsm_skcall info = {.number = SK_CALL_INFO};
    uint32_t signal = SIGKILL;
    bool good = fails(ioctl(fd, OPENVSM_RUN, &run), EPERM) &&
                fails(lseek(fd, 0, SEEK_SET), EPERM) &&
                fails(ioctl(fd, OPENVSM_RUN_RESULTS, &run), EPERM) &&
                fails(ioctl(fd, OPENVSM_KILL, &signal), EPERM) &&
                fails(ioctl(fd, OPENVSM_QUERY, &info), EPERM);
    return good &&
                   mmap(NULL, CHANNEL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) ==
                       MAP_FAILED &&
                   errno == EPERM
               ? 0
               : 1;
}

static bool ended_well(pid_t child)
{
    int status = -1;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool send_descriptor(int socket, int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(header), &fd, sizeof(fd));
    return sendmsg(socket, &message, 0) == 1;
}

static int receive_descriptor(int socket)
{
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    int fd = -1;
    if (recvmsg(socket, &message, 0) == 1 && CMSG_FIRSTHDR(&message))
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
    return fd;
}

static void test_strangers(void)
{
    void *channel;
    int sockets[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
    pid_t receiver = fork();
    if (receiver == 0)
        _exit(try_to_use(receive_descriptor(sockets[1])));
    int fd = start_trustlet(&channel);
    pid_t child = fork();
    if (child == 0)
        _exit(try_to_use(fd));
    check(ended_well(child), "a forked child may do nothing with the file");
    send_descriptor(sockets[0], fd);
    check(ended_well(receiver), "nor may one who was passed it");
    check(live() == 1, "the trustlet lives on");
    child = fork();
    if (child == 0)
        _exit(*(volatile char *)channel);
    int status = 0;
    waitpid(child, &status, 0);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a child does not see the channel");
    close(fd);
    check(none_within_three_seconds(), "close ends it, with the channel still mapped");
    munmap(channel, CHANNEL_SIZE);
    close(sockets[0]);
    close(sockets[1]);
}

/* ---- Ends ---- */

/* A process of its own starts a trustlet, does `then`, and is killed in the middle. */
static void killed_host(void (*then)(int fd, struct sk_channel *channel), const char *text)
{
    int ready[2];
    char byte;
    if (pipe(ready))
        exit(1);
    pid_t host = fork();
    if (host == 0) {
        void *channel;
        int fd = start_trustlet(&channel);
        if (write(ready[1], "", 1) != 1)
            _exit(1);
        then(fd, channel);
        pause();
    }
    if (read(ready[0], &byte, 1) != 1)
        exit(1);
    usleep(100000);
    kill(host, SIGKILL);
    waitpid(host, NULL, 0);
    check(none_within_three_seconds(), text);
    close(ready[0]);
    close(ready[1]);
}

static void do_nothing(int fd, struct sk_channel *channel)
{
    (void)fd;
    (void)channel;
}

/* Makes the system calls of its beginning; then it computes without end. */
static void run_it(int fd, struct sk_channel *channel)
{
    struct openvsm_run run = {0};
    while (!ioctl(fd, OPENVSM_RUN, &run) && run.reason == SK_RUN_SYSCALL) {
        const uint64_t *a = channel->arguments;
        long result = syscall((long)channel->number, a[0], a[1], a[2], a[3], a[4], a[5]);
        channel->result = result < 0 ? -errno : result;
        channel->answered = channel->sequence;
    }
}

/* ---- Carriers ---- */

struct step {
    int fd;
    struct openvsm_run run;
    int error;
};

/* A carrier that ends by itself after one step. What the trustlet asked for, nobody has answered.
 */
static void *one_step(void *argument)
{
    struct step *s = argument;
    s->error = ioctl(s->fd, OPENVSM_RUN, &s->run) ? errno : 0;
    return NULL;
}

static struct step carry_one_step(int fd)
{
    struct step s = {.fd = fd};
    pthread_t carrier;
    if (pthread_create(&carrier, NULL, one_step, &s) || pthread_join(carrier, NULL))
        s.error = EAGAIN;
    return s;
}

/* Each step has a carrier of its own, and each request is fetched by two of them. */
static void test_carriers_end(void)
{
    static const char words[] = "tester\0exit\0007";
    void *mapped;
    unsigned requests = 0, same = 0;
    int fd = start_with(words, sizeof(words), 3, &mapped);
    struct sk_channel *channel = mapped;
    struct step s = carry_one_step(fd);
    while (!s.error && s.run.reason == SK_RUN_SYSCALL) {
        uint64_t sequence = channel->sequence, number = channel->number;
        s = carry_one_step(fd);
        requests++;
        same += !s.error && s.run.reason == SK_RUN_SYSCALL && channel->sequence == sequence &&
                channel->number == number;
        const uint64_t *a = channel->arguments;
        long result = syscall((long)number, a[0], a[1], a[2], a[3], a[4], a[5]);
        channel->result = result < 0 ? -errno : result;
        channel->answered = sequence;
        s = carry_one_step(fd);
    }
    check(requests > 0 && same == requests,
          "a carrier that ends leaves its request to the next one");
    check(!s.error && s.run.reason == SK_RUN_EXIT && s.run.result[0] == 7,
          "and the trustlet runs on to its own end");
    close(fd);
    munmap(mapped, CHANNEL_SIZE);
}

static void leave_it_to_a_child(int fd, struct sk_channel *channel)
{
    (void)fd;
    (void)channel;
    if (fork() == 0) {
        sleep(5); /* longer than the wait for the end; not so long that the driver stays in use */
        _exit(0);
    }
}

static int sleeper(void *unused)
{
    (void)unused;
    sleep(5); /* longer than the wait for the end; not so long that the driver stays in use */
    _exit(0);
}

static void share_all_descriptors(int fd, struct sk_channel *channel)
{
    static char stack[16384];
    (void)fd;
    (void)channel;
    clone(sleeper, stack + sizeof(stack), CLONE_FILES, NULL);
}

int main(void)
{
    struct stat info;
    setvbuf(stdout, NULL, _IOLBF, 0);
    check(!stat(OPENVSM_DEVICE, &info) && (info.st_mode & 07777) == 0664, "mode 0664");
    test_arguments();
    test_map();
    test_channel();
    test_strangers();
    test_carriers_end();
    killed_host(do_nothing, "a host killed before the first run");
    killed_host(run_it, "a host killed in VTL1");
    killed_host(leave_it_to_a_child, "a host killed whose child has the file");
    killed_host(share_all_descriptors, "a host killed whose child shares its descriptors");
    printf("1..%d\n", tests);
    return failures != 0;
}
