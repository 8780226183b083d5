/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of both kinds, in one process: what one end writes the other reads. */
#define _GNU_SOURCE
#include "conform.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void options(int fd)
{
    int value = 0;
    socklen_t size = sizeof(value);
    struct linger linger = {1, 5}, back = {0};
    show("getsockopt.type", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size));
    show_value("getsockopt.value", value);
    show_value("getsockopt.size", size);
    size = 1;
    show("getsockopt.short", getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size));
    show("getsockopt.bad", getsockopt(fd, SOL_SOCKET, 9999, &value, &size));
    show("setsockopt", setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
    size = sizeof(back);
    show("getsockopt.linger", getsockopt(fd, SOL_SOCKET, SO_LINGER, &back, &size));
    show_value("getsockopt.seconds", back.l_linger);
    show("setsockopt.short", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 1));
    show("setsockopt.bad", setsockopt(fd, 77, 77, &value, sizeof(value)));
    show("setsockopt.no-socket", setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)));
}

/* Over a route socket of netlink(7). */
static void interfaces(void)
{
    struct ifaddrs *all = NULL;
    struct if_nameindex *names = if_nameindex();
    int loopback = 0, index = 0;
    for (const struct if_nameindex *n = names; n && n->if_index; n++)
        index += strcmp(n->if_name, "lo") == 0 ? (int)n->if_index : 0;
    show_value("nameindex", index);
    show("getifaddrs", getifaddrs(&all));
    for (const struct ifaddrs *a = all; a; a = a->ifa_next)
        loopback += strcmp(a->ifa_name, "lo") == 0 && (a->ifa_flags & IFF_LOOPBACK);
    show_value("getifaddrs.loopback", loopback > 0);
    if_freenameindex(names);
    freeifaddrs(all);
}

static void streams(void)
{
    int s[2], none[2];
    char bytes[16] = "";
    char much[100000] = "";
    show("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    send(s[0], "stream", 6, 0);
    show("recv.into-much", recv(s[1], much, sizeof(much), 0));
    show("socketpair.bad", socketpair(AF_INET, SOCK_STREAM, 0, none));
    show("send", send(s[0], "hello", 5, 0));
    show("recv.peek", recv(s[1], bytes, 16, MSG_PEEK));
    show("recv", recv(s[1], bytes, 3, 0));
    show_bytes("recv.bytes", bytes, 3);
    show("read", read(s[1], bytes, 16));
    show("recv.empty", recv(s[1], bytes, 16, MSG_DONTWAIT));
    send(s[0], "more", 4, 0);
    show("recv.bad-pointer", recv(s[1], nowhere, 4, MSG_DONTWAIT));
    show("recv.still-there", recv(s[1], bytes, 16, 0));
    show("shutdown", shutdown(s[0], SHUT_WR));
    show("recv.end", recv(s[1], bytes, 16, 0));
    show("send.after", send(s[0], "x", 1, MSG_NOSIGNAL));
    show("shutdown.bad", shutdown(s[0], 9));
    options(s[0]);
    close(s[0]);
    close(s[1]);
}

static void datagrams(void)
{
    int s[2];
    const size_t much_size = 200000;
    char big[8] = "", *long_one = some_memory(60000), *much = some_memory(much_size);
    show("dgram", socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    show("dgram.send", send(s[0], "datagram", 8, 0));
    show("dgram.send-empty", send(s[0], "", 0, 0));
    show("dgram.recv-cut", recv(s[1], big, 4, 0));
    show("dgram.recv-empty", recv(s[1], big, 4, 0));
    send(s[0], "datagram", 8, 0);
    show("dgram.recv-trunc", recv(s[1], big, 4, MSG_TRUNC));
    show("dgram.long", send(s[0], long_one, 60000, 0));
    show("dgram.long-recv", recv(s[1], long_one, 60000, 0));
    send(s[0], "datagram", 8, 0);
    show("dgram.recv-into-much", recv(s[1], much, much_size, 0));
    send(s[0], "datagram", 8, 0);
    show("dgram.recv-into-much-trunc", recv(s[1], much, much_size, MSG_TRUNC));
    show("dgram.recv-into-much-none", recv(s[1], much, much_size, MSG_DONTWAIT));
    show("recv-into-much.no-socket", recv(0, much, much_size, 0));
    close(s[0]);
    close(s[1]);
}

static void by_name(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "socket"}, b;
    socklen_t size = sizeof(b);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    show("unix.bind", bind(listener, (void *)&a, sizeof(a)));
    show("unix.bind-again", bind(listener, (void *)&a, sizeof(a)));
    show("unix.listen", listen(listener, 4));
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    show("unix.connect", connect(client, (void *)&a, sizeof(a)));
    int server = accept4(listener, (void *)&b, &size, SOCK_NONBLOCK);
    show("unix.accept", fcntl(server, F_GETFL) & O_NONBLOCK);
    show_value("unix.accept-size", size);
    size = sizeof(b);
    show("unix.getsockname", getsockname(server, (void *)&b, &size));
    show_value("unix.getsockname-size", size);
    show_bytes("unix.getsockname-path", b.sun_path, 6);
    size = 4;
    show("unix.getpeername", getpeername(client, (void *)&b, &size));
    show_value("unix.getpeername-size", size);
    show("unix.missing", connect(client, (void *)&(struct sockaddr_un){AF_UNIX, "no"}, sizeof(a)));
    close(listener);
    close(client);
    close(server);
}

void sockets(void)
{
    interfaces();
    show("socket.bad", socket(AF_INET, 99, 0));
    show("socket.bad-protocol", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    show("bind.no-socket", bind(0, (void *)&(struct sockaddr_in){.sin_family = AF_INET}, 16));
    show("bind.bad-fd", bind(99, (void *)&(struct sockaddr_in){.sin_family = AF_INET}, 16));
    streams();
    datagrams();
    by_name();
}

/* ---- sendmsg and its relatives ---- */

union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
};

static void rights(const int s[2])
{
    int p[2], got[2] = {-1, -1};
    char data = 'r', c = 0;
    union control control = {0};
    struct iovec v = {&data, 1};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    show("pipe", pipe(p));
    control.head = (struct cmsghdr){CMSG_LEN(sizeof(p)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), p, sizeof(p));
    show("rights.send", sendmsg(s[0], &m, 0));
    memset(&control, 0, sizeof(control));
    show("rights.recv", recvmsg(s[1], &m, MSG_CMSG_CLOEXEC));
    show_value("rights.length", (long long)control.head.cmsg_len);
    memcpy(got, CMSG_DATA(&control.head), sizeof(got));
    show("rights.write", write(got[1], "z", 1));
    show("rights.read", read(p[0], &c, 1));
    show("rights.flag", fcntl(got[0], F_GETFD));
    m.msg_controllen = sizeof(control);
    int bad = 99;
    control.head = (struct cmsghdr){CMSG_LEN(sizeof(bad)), SOL_SOCKET, SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.head), &bad, sizeof(bad));
    show("rights.bad-fd", sendmsg(s[0], &m, 0));
    for (int i = 0; i < 2; i++) {
        close(p[i]);
        close(got[i]);
    }
}

static void several(const int s[2])
{
    char text[3][4] = {"abc", "de", "f"}, back[4][8] = {{0}};
    struct iovec v[4];
    struct mmsghdr m[4] = {0};
    for (unsigned i = 0; i < 3; i++) {
        v[i] = (struct iovec){text[i], strlen(text[i])};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
    }
    show("sendmmsg", sendmmsg(s[0], m, 3, 0));
    show_value("sendmmsg.length", m[1].msg_len);
    for (unsigned i = 0; i < 4; i++) {
        v[i] = (struct iovec){back[i], 8};
        m[i].msg_hdr = (struct msghdr){.msg_iov = &v[i], .msg_iovlen = 1};
    }
    show("recvmmsg", recvmmsg(s[1], m, 4, MSG_WAITFORONE, NULL));
    show_value("recvmmsg.length", m[2].msg_len);
    show_bytes("recvmmsg.bytes", back[1], 2);
    show("recvmmsg.none", recvmmsg(s[1], m, 4, MSG_DONTWAIT, NULL));
    struct timespec none = {0, 0}, bad = {0, -1}, long_time = {1000, 0};
    for (int i = 0; i < 3; i++)
        send(s[0], "timed", 5, 0);
    show("recvmmsg.no-time", recvmmsg(s[1], m, 2, 0, &none));
    show("recvmmsg.in-time", recvmmsg(s[1], m, 2, 0, &long_time));
    show("recvmmsg.bad-time", recvmmsg(s[1], m, 2, 0, &bad));
    show("sendmmsg.bad-fd", sendmmsg(99, m, 3, 0));
}

void messages(void)
{
    int s[2];
    char a[4] = "abc", b[4] = "def", back[8] = "";
    struct iovec v[2] = {{a, 3}, {b, 3}}, in[2] = {{back, 2}, {back + 2, 6}};
    struct msghdr m = {.msg_iov = v, .msg_iovlen = 2}, r = {.msg_iov = in, .msg_iovlen = 2};
    show("socketpair", socketpair(AF_UNIX, SOCK_DGRAM, 0, s));
    show("sendmsg", sendmsg(s[0], &m, 0));
    show("recvmsg", recvmsg(s[1], &r, 0));
    show_bytes("recvmsg.bytes", back, 6);
    show_value("recvmsg.flags", r.msg_flags);
    sendmsg(s[0], &m, 0);
    r.msg_iovlen = 1;
    show("recvmsg.cut", recvmsg(s[1], &r, 0));
    show_value("recvmsg.cut-flags", r.msg_flags);
    show("recvmsg.empty", recvmsg(s[1], &r, MSG_DONTWAIT));
    show("recvmsg.bad-pointer", recvmsg(s[1], nowhere, MSG_DONTWAIT));
    m.msg_iovlen = 1025;
    show("sendmsg.too-many", sendmsg(s[0], &m, 0));
    rights(s);
    several(s);
    close(s[0]);
    close(s[1]);
}

/* ---- the Internet, as far as this machine ---- */

static struct sockaddr_in here(uint16_t port)
{
    return (struct sockaddr_in){AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {0}};
}

static void by_udp(void)
{
    struct sockaddr_in a = here(0), from;
    socklen_t size = sizeof(a);
    char bytes[16] = "";
    int s = socket(AF_INET, SOCK_DGRAM, 0), c = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    show("udp.bind", bind(s, (void *)&a, sizeof(a)));
    show("udp.getsockname", getsockname(s, (void *)&a, &size));
    show("udp.unconnected", send(c, "x", 1, 0));
    show("udp.sendto", sendto(c, "hello", 5, 0, (void *)&a, sizeof(a)));
    show("udp.recvfrom", recvfrom(s, bytes, 16, 0, (void *)&from, &size));
    show_value("udp.from", ntohl(from.sin_addr.s_addr));
    show("udp.connect", connect(c, (void *)&a, sizeof(a)));
    show("udp.send", send(c, "again", 5, 0));
    show("udp.recv", recv(s, bytes, 16, 0));
    char *most = some_memory(65507 + 1);
    show("udp.longest", send(c, most, 65507, 0));
    show("udp.longest-recv", recvfrom(s, most, 65508, 0, (void *)&from, &size));
    show("udp.too-long", send(c, most, 65508, 0));
    close(s);
    close(c);
}

void servers(void)
{
    struct sockaddr_in a = here(0);
    socklen_t size = sizeof(a);
    int value = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    char bytes[16] = "";
    show("reuse", setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &value, sizeof(value)));
    show("bind", bind(listener, (void *)&a, sizeof(a)));
    show("bind.foreign",
         bind(socket(AF_INET, SOCK_STREAM, 0),
              (void *)&(struct sockaddr_in){AF_INET, 0, {htonl(0x08080808)}, {0}}, sizeof(a)));
    show("listen", listen(listener, 5));
    show("getsockname", getsockname(listener, (void *)&a, &size));
    int client = socket(AF_INET, SOCK_STREAM, 0);
    show("connect", connect(client, (void *)&a, sizeof(a)));
    show("connect.again", connect(client, (void *)&a, sizeof(a)));
    int server = accept(listener, NULL, NULL);
    show("nodelay", setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &value, sizeof(value)));
    show("send", send(client, "request", 7, 0));
    show("recv", recv(server, bytes, 16, 0));
    show_bytes("recv.bytes", bytes, 7);
    show("ioctl.fionread", ioctl(server, FIONREAD, &value));
    show_value("ioctl.left", value);
    show("close", close(client));
    show("recv.end", recv(server, bytes, 16, 0));
    show("accept.nonblock", fcntl(listener, F_SETFL, O_NONBLOCK));
    show("accept.none", accept(listener, NULL, NULL));
    close(server);
    close(listener);
    client = socket(AF_INET, SOCK_STREAM, 0);
    show("connect.refused", connect(client, (void *)&a, sizeof(a)));
    close(client);
    by_udp();
}
