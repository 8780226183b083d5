/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * web serve pool|connection: an HTTP server on libmicrohttpd, with four threads or one for each
 * connection. Prints its port, serves until it is asked for /end, prints what it has done.
 * web ask PORT REQUESTS: four clients at once that look at each byte of the answers.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS   4
#define POSTED    20000 /* bytes of each tenth request */
#define PER_VISIT 25    /* requests on one connection */
#define LINES     40

/* ---- the server ---- */

static atomic_long served, received;
static sem_t end;

/* A request under way: FNV-1a over what was posted. */
struct visit {
    unsigned hash;
    bool last;
};

static unsigned hash(unsigned h, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        h = (h ^ (unsigned char)bytes[i]) * 16777619u;
    return h;
}

static size_t page_of(long number, char *text)
{
    size_t size = 0;
    for (long i = 0; i < LINES; i++)
        size += (size_t)sprintf(text + size, "%ld squared is %ld\n", number + i,
                                (number + i) * (number + i));
    return size;
}

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *text,
                             size_t size)
{
    struct MHD_Response *r =
        MHD_create_response_from_buffer(size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_queue_response(connection, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result serve(void *unused, struct MHD_Connection *connection, const char *url,
                             const char *method, const char *version, const char *data,
                             size_t *size, void **state)
{
    char text[LINES * 64];
    struct visit *v = *state;
    (void)unused;
    (void)version;
    if (!v) {
        *state = v = calloc(1, sizeof(*v));
        return v ? MHD_YES : MHD_NO;
    }
    v->hash = hash(v->hash, data, *size);
    received += (long)*size;
    if (*size) {
        *size = 0;
        return MHD_YES;
    }
    served++;
    if (!strcmp(method, "POST"))
        return reply(connection, MHD_HTTP_OK, text, (size_t)sprintf(text, "%08x\n", v->hash));
    if (!strncmp(url, "/squares/", 9))
        return reply(connection, MHD_HTTP_OK, text, page_of(atol(url + 9), text));
    v->last = !strcmp(url, "/end");
    return reply(connection, MHD_HTTP_NOT_FOUND, "nothing\n", 8);
}

static void over(void *unused, struct MHD_Connection *connection, void **state,
                 enum MHD_RequestTerminationCode why)
{
    (void)unused;
    (void)connection;
    (void)why;
    struct visit *v = *state;
    if (v && v->last)
        sem_post(&end); /* not before the answer is out: the end closes connections */
    free(v);
}

static int run_server(const char *how)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int pool = !strcmp(how, "pool");
    unsigned flags = pool ? MHD_USE_EPOLL_INTERNAL_THREAD
                          : MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
    sem_init(&end, 0, 0);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, serve, NULL, MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_NOTIFY_COMPLETED,
        over, NULL, MHD_OPTION_THREAD_POOL_SIZE, pool ? THREADS : 0u, MHD_OPTION_END);
    if (!daemon)
        return 1;
    printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (sem_wait(&end) != 0)
        ;
    MHD_stop_daemon(daemon);
    printf("served %ld, received %ld\n", served, received);
    return 0;
}

/* ---- the clients ---- */

static long port, requests;
static atomic_long next, good;

static FILE *visit(void)
{
    struct sockaddr_in to = {AF_INET, htons((uint16_t)port), {htonl(INADDR_LOOPBACK)}, {0}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (void *)&to, sizeof(to)) != 0)
        return NULL;
    return fdopen(fd, "r+");
}

/* -> the status and the body's size, or -1. */
static long read_answer(FILE *stream, char *body, size_t room, int *status)
{
    char line[256];
    size_t size = 0;
    if (!fgets(line, sizeof(line), stream) || sscanf(line, "HTTP/1.1 %d", status) != 1)
        return -1;
    while (fgets(line, sizeof(line), stream) && line[0] != '\r')
        if (!strncasecmp(line, "Content-Length:", 15))
            size = strtoul(line + 15, NULL, 10);
    return size <= room && fread(body, 1, size, stream) == size ? (long)size : -1;
}

static int ask(FILE *stream, const char *method, const char *path, const char *posted, size_t size)
{
    fprintf(stream, "%s %s HTTP/1.1\r\nHost: here\r\nContent-Length: %zu\r\n\r\n", method, path,
            size);
    fwrite(posted, 1, size, stream);
    return fflush(stream);
}

/* One request; is the answer the right one? */
static int ask_one(FILE *stream, long number)
{
    char path[64], posted[POSTED], expected[LINES * 64], body[LINES * 64];
    int status = 0, post = number % 10 == 0;
    snprintf(path, sizeof(path), "/squares/%ld", number);
    memset(posted, (int)('a' + number / 10 % 26), sizeof(posted));
    size_t size = post ? (size_t)sprintf(expected, "%08x\n", hash(0, posted, sizeof(posted)))
                       : page_of(number, expected);
    if (ask(stream, post ? "POST" : "GET", path, posted, post ? sizeof(posted) : 0) != 0)
        return 0;
    long got = read_answer(stream, body, sizeof(body), &status);
    return status == 200 && got == (long)size && !memcmp(body, expected, size);
}

static void *client(void *unused)
{
    (void)unused;
    for (long number = next++; number < requests;) {
        FILE *stream = visit();
        if (!stream)
            return NULL;
        for (int i = 0; i < PER_VISIT && number < requests; i++) {
            good += ask_one(stream, number);
            number = next++;
        }
        fclose(stream);
    }
    return NULL;
}

static int run_clients(void)
{
    pthread_t threads[THREADS];
    char body[16];
    int status = 0;
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, client, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    FILE *stream = visit();
    if (!stream || ask(stream, "GET", "/end", "", 0) != 0 ||
        read_answer(stream, body, sizeof(body), &status) != 8)
        return 1;
    printf("good %ld of %ld, at the end %d\n", good, requests, status);
    return good != requests;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "serve"))
        return run_server(argv[2]);
    if (argc != 4 || strcmp(argv[1], "ask") != 0)
        return 2;
    port = atol(argv[2]);
    requests = atol(argv[3]);
    return run_clients();
}
