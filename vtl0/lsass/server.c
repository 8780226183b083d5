/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE /* struct ucred, accept4 */
#include "lsassd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define THREADS_MAX 128
#define IDLE_S      600
#define FIRST_CALL  (1u << 17) /* a record larger than this is refused: keytabs are the largest */

struct service {
    uint32_t number;
    const char *name;
    lsa_status (*serve)(struct work *w, void *a, void *r);
    xdrproc_t decode, encode;
};

#define SERVICE_ADAPT(name, arguments, result, function)                                           \
    static lsa_status call_##function(struct work *w, void *a, void *r)                            \
    {                                                                                              \
        return function(w, a, r);                                                                  \
    }
SERVICES(SERVICE_ADAPT)
#define SERVICE_ROW(name, arguments, result, function)                                             \
    {name, #name, call_##function, (xdrproc_t)xdr_##arguments, (xdrproc_t)xdr_##result},
static const struct service services[] = {SERVICES(SERVICE_ROW)};

union any_arguments {
#define SERVICE_ARGUMENT(name, arguments, result, function) arguments function;
    SERVICES(SERVICE_ARGUMENT)
};
union any_result {
#define SERVICE_RESULT(name, arguments, result, function) result function;
    SERVICES(SERVICE_RESULT)
};

static pthread_mutex_t thread_lock = PTHREAD_MUTEX_INITIALIZER;
static int thread_count;

static const struct service *find(uint32_t number)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
        if (services[i].number == number)
            return &services[i];
    return NULL;
}

static bool noteworthy(uint32_t number)
{
    return number != List && number != InquireCredential && number != Status && number != Audit;
}

void audit_line(const struct work *w, const char *what, lsa_status status)
{
    const char *path = config_get(&w->d->config, "audit");
    FILE *file = path ? fopen(path, "ae") : NULL;
    char about[sizeof(w->about)];

    /* A name is somebody else's text: it must not make lines or fields of its own. */
    snprintf(about, sizeof(about), "%s", w->about);
    for (char *c = about; *c; c++)
        if (*c < ' ' || *c == '"' || *c == '\\')
            *c = '?';
    syslog(status ? LOG_WARNING : LOG_INFO, "%s %s uid=%u pid=%u status=%d", what, about, w->uid,
           w->pid, status);
    if (!file)
        return;
    fprintf(
        file,
        "{\"time\":%lld,\"event\":\"%s\",\"about\":\"%s\",\"uid\":%u,\"pid\":%u,\"status\":%d}\n",
        (long long)time(NULL), what, about, w->uid, w->pid, status);
    fclose(file);
}

static lsa_status dispatch(struct work *w, const struct service *s, XDR *xdr,
                           union any_result *result)
{
    union any_arguments arguments;
    lsa_status status = LSA_BAD_CALL;

    memset(&arguments, 0, sizeof(arguments));
    if (s->decode(xdr, &arguments, 0) && xdr->x_handy == 0)
        status = s->serve(w, &arguments, result);
    xdr_free(s->decode, &arguments);
    return status;
}

static int send_reply(int fd, const lsa_reply *reply, const struct service *s, void *result)
{
    size_t body = xdr_sizeof((xdrproc_t)xdr_lsa_reply, (void *)(uintptr_t)reply);
    uint32_t length = 0;
    char *record = NULL;
    XDR xdr;
    int bad = 0;

    if (reply->status == LSA_OK)
        body += xdr_sizeof(s->encode, result);
    record = malloc(body + 4);
    if (!record)
        return -1;
    length = htonl((uint32_t)body);
    memcpy(record, &length, 4);
    xdrmem_create(&xdr, record + 4, (u_int)body, XDR_ENCODE);
    bad = !xdr_lsa_reply(&xdr, (lsa_reply *)(uintptr_t)reply) ||
          (reply->status == LSA_OK && !s->encode(&xdr, result, 0)) ||
          stream_write(fd, record, body + 4);
    free(record);
    return bad;
}

static const char *sentence(const struct work *w, lsa_status status)
{
    if (status == LSA_OK)
        return "";
    if (w->answer.message[0])
        return w->answer.message;
    return status == LSA_BAD_CALL ? "the call does not decode" : "lsassd failed";
}

static int serve_record(struct work *w, int fd, char *record, size_t size)
{
    lsa_call header = {0};
    lsa_reply reply = {.status = LSA_BAD_CALL};
    const struct service *s = NULL;
    union any_result result;
    XDR xdr;
    int bad = 0;

    memset(&w->answer, 0, sizeof(w->answer));
    w->about[0] = '\0';
    memset(&result, 0, sizeof(result));
    xdrmem_create(&xdr, record, (u_int)size, XDR_DECODE);
    if (xdr_lsa_call(&xdr, &header) && header.protocol == LSA_VERSION) {
        s = find(header.operation);
        reply.status = s ? dispatch(w, s, &xdr, &result) : LSA_NO_SUCH_OPERATION;
    }
    explicit_bzero(record, size); /* it may have held a password */
    if (s && noteworthy(header.operation))
        audit_line(w, s->name, reply.status);
    reply.xid = header.xid;
    reply.krb_error = reply.status ? w->answer.krb_error : 0;
    reply.message = (char *)(uintptr_t)sentence(w, reply.status);
    bad = send_reply(fd, &reply, s, &result);
    if (s)
        xdr_free(s->encode, &result);
    return bad;
}

static int serve_one(struct work *w, int fd)
{
    uint32_t length = 0;
    char *record = NULL;
    int bad = 0;

    if (stream_read(fd, &length, 4))
        return -1;
    length = ntohl(length);
    if (length > FIRST_CALL)
        return -1;
    record = malloc(length + 1);
    if (!record)
        return -1;
    bad = stream_read(fd, record, length) || serve_record(w, fd, record, length);
    free(record);
    return bad;
}

struct client {
    struct lsassd *d;
    int fd;
};

static void *serve_client(void *argument)
{
    struct client *c = argument;
    struct work w = {.d = c->d, .iso = {.path = c->d->iso_path, .fd = -1}};
    struct ucred peer = {0};
    struct timeval idle = {.tv_sec = IDLE_S};
    socklen_t size = sizeof(peer);

    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
    if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
        w.uid = peer.uid;
        w.pid = (uint32_t)peer.pid;
        while (serve_one(&w, c->fd) == 0)
            ;
    }
    connection_close(&w.iso);
    close(c->fd);
    free(c);
    pthread_mutex_lock(&thread_lock);
    thread_count--;
    pthread_mutex_unlock(&thread_lock);
    return NULL;
}

static bool room_for_one(void)
{
    bool room = false;

    pthread_mutex_lock(&thread_lock);
    room = thread_count < THREADS_MAX;
    thread_count += room;
    pthread_mutex_unlock(&thread_lock);
    return room;
}

static void start(struct lsassd *d, int fd)
{
    struct client *c = malloc(sizeof(*c));
    pthread_attr_t attributes;
    pthread_t thread;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (c && room_for_one()) {
        *c = (struct client){.d = d, .fd = fd};
        if (pthread_create(&thread, &attributes, serve_client, c) == 0)
            return;
        pthread_mutex_lock(&thread_lock);
        thread_count--;
        pthread_mutex_unlock(&thread_lock);
    }
    free(c);
    close(fd);
}

int server_run(struct lsassd *d, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    unlink(path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
        chmod(path, 0666) || listen(listener, 64))
        return -1;
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

        if (fd >= 0)
            start(d, fd);
        else if (errno != EINTR && errno != ECONNABORTED && errno != EMFILE)
            return -1;
    }
}
