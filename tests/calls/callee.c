/* SPDX-License-Identifier: BSD-2-Clause */
/* A trustlet that answers calls, each number in another way; see calls.h. */
#include <openvsm_trustlet.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "calls.h"

static _Thread_local unsigned char buffer[CALLEE_ROOM];
static unsigned long cancelled;
static size_t room = CALLEE_ROOM;
static pthread_barrier_t meeting;

static uint64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void echo(struct trustlet_call *call)
{
    for (unsigned i = 0; i < 4; i++)
        call->words[i]++;
    for (uint32_t i = 0; i < call->bytes; i++)
        buffer[i] ^= ECHO_XOR;
    call->bytes = call->bytes < call->room ? call->bytes : call->room;
}

static void marshal(struct trustlet_call *call)
{
    int fd = open("/dev/null", O_WRONLY);
    call->words[0] = (uint64_t)write(fd, buffer, sizeof(buffer));
    call->words[1] = (uint64_t)getppid();
    close(fd);
}

static void use_memory(struct trustlet_call *call)
{
    size_t bytes = call->words[0] << 20;
    unsigned char *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < bytes; i += 4096)
        memory[i] = 1;
    munmap(memory, bytes);
}

static void answer_too_long(struct trustlet_call *call)
{
    call->bytes = call->room + 1;
    errno = 0;
    ium_accept(call, buffer, sizeof(buffer));
    call->words[0] = (uint64_t)errno;
    call->bytes = 0;
}

/* A bad buffer is this program's own fault, and found when a call comes. */
static void accept_badly(struct trustlet_call *call)
{
    call->bytes = 0;
    if (ium_accept(call, NULL, sizeof(buffer)) < 0)
        cancelled += errno == EFAULT ? FAULT_SEEN : 0;
}

static void serve(struct trustlet_call *call)
{
    struct timespec pause = {.tv_nsec = 1000000 * (long)(call->words[0] % 1000)};
    uint64_t until = milliseconds() + call->words[0];
    switch (call->number) {
    case CALL_ECHO:
        echo(call);
        return;
    case CALL_FILL:
        call->bytes = call->room;
        return;
    case CALL_WHO:
        call->words[0] = call->pid;
        call->words[1] = call->uid;
        call->words[2] = call->gid;
        break;
    case CALL_MARSHAL:
        marshal(call);
        break;
    case CALL_SLEEP:
        nanosleep(&pause, NULL);
        break;
    case CALL_SPIN:
        while (milliseconds() < until)
            ;
        break;
    case CALL_MEMORY:
        use_memory(call);
        break;
    case CALL_TOO_LONG:
        answer_too_long(call);
        return;
    case CALL_CANCELLED:
        call->words[0] = cancelled;
        break;
    case CALL_MEET:
        pthread_barrier_wait(&meeting);
        break;
    case CALL_QUIT:
        pthread_exit(NULL);
    case CALL_EXIT:
        exit(0);
    case CALL_FAULT:
        *(volatile int *)0x1234567 = 1;
    }
    call->bytes = 0;
}

static void *serve_all(void *argument)
{
    struct trustlet_call call;
    for (;;) {
        if (ium_accept(&call, buffer, room) < 0) {
            if (errno != ECANCELED)
                exit(3);
            cancelled++;
            continue;
        }
        if (call.number == CALL_LAST) {
            call.words[0] = 77;
            call.bytes = 0;
            exit(ium_reply(&call, buffer, sizeof(buffer)) == 0 ? 0 : 4);
        }
        serve(&call);
        if (call.number == CALL_BAD_BUFFER)
            accept_badly(&call);
    }
    return argument;
}

/* callee [ROOM [many]] */
int main(int argc, char **argv)
{
    struct trustlet_call none = {.number = 0};
    pthread_t thread;
    if (argc > 1)
        room = (size_t)atoi(argv[1]);
    int idle = ium_accept_for(&none, buffer, sizeof(buffer), 1000000);
    printf("ready %d %s\n", idle, idle < 0 ? strerror(errno) : "");
    fflush(stdout);
    pthread_barrier_init(&meeting, NULL, SERVERS);
    for (unsigned i = 1; argc > 2 && i < SERVERS; i++)
        if (pthread_create(&thread, NULL, serve_all, NULL) != 0)
            return 5;
    serve_all(NULL);
}
