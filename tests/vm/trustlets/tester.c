/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that does one small thing, said by its first argument; run plainly and as a trustlet.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <linux/netlink.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openvsm/trustlet.h>

static int print_arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("%d=%s\n", i, argv[i]);
    return 0;
}

/* Descriptors below 300 that are open, and what the next open gives. */
static int print_descriptors(void)
{
    for (int fd = 0; fd < 300; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d\n", fd);
    printf("next %d\n", open("/dev/null", O_RDONLY));
    return 0;
}

/* Closes everything there is, as daemons do, and then still works. */
static int close_all(void)
{
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    puts("alive");
    return 0;
}

/* Every page begins with the word. */
static int use_memory(size_t mib, const char *word)
{
    char *bytes = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (size_t i = 0; i < mib << 20; i += 4096)
        strcpy(bytes + i, word);
    printf("%zu MiB\n", mib);
    fflush(stdout);
    pause();
    return 0;
}

static int fault(void)
{
    *(volatile int *)0x123456 = 1;
    return 0;
}

static _Noreturn void spin(void)
{
    for (volatile unsigned long i = 0;; i++)
        ;
}

static void say(const char *what, bool done)
{
    printf("%s: %s\n", what, done ? "done" : strerror(errno));
}

static void *sleeper(void *argument)
{
    pause();
    return argument;
}

/* Each thing once that a policy may refuse. */
static int try_all(void)
{
    struct trustlet_call call;
    pthread_t thread;
    say("read a file", open("/etc/passwd", O_RDONLY) >= 0);
    say("make a file", open("/tmp/made", O_RDWR | O_CREAT, 0600) >= 0);
    say("internet", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    say("netlink", socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) >= 0);
    say("memory", mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                       0) != MAP_FAILED);
    errno = pthread_create(&thread, NULL, sleeper, NULL);
    say("a thread", errno == 0);
    say("be called", syscall(TRUSTLET_SYSCALL_ACCEPT, &call, NULL, 0, 1) < 0 && errno == ETIMEDOUT);
    say("fork", fork() >= 0);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "arguments"))
        return print_arguments(argc, argv);
    if (!strcmp(what, "environment"))
        return puts(getenv("TESTER") ? getenv("TESTER") : "unset") < 0;
    if (!strcmp(what, "descriptors"))
        return print_descriptors();
    if (!strcmp(what, "close"))
        return close_all();
    if (!strcmp(what, "exit"))
        return atoi(argv[2]);
    if (!strcmp(what, "memory"))
        return use_memory((size_t)atoi(argv[2]), argc > 3 ? argv[3] : "used");
    if (!strcmp(what, "abort"))
        abort();
    if (!strcmp(what, "fault"))
        return fault();
    if (!strcmp(what, "illegal"))
        __builtin_trap();
    if (!strcmp(what, "spin"))
        spin();
    if (!strcmp(what, "all"))
        return try_all();
    if (!strcmp(what, "wait"))
        return getchar() == EOF;
    fprintf(stderr, "tester: what is '%s'?\n", what);
    return 2;
}
