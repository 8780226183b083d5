/* SPDX-License-Identifier: BSD-2-Clause */
/* Old system calls that the C library makes no more, having newer ones. */
#define _GNU_SOURCE
#include "conform.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* getdents(2) */
struct old_entry {
    unsigned long number;
    unsigned long offset;
    unsigned short size;
    char name[];
};

/* All names in order of the records, each with its type, which is the record's last byte. */
static void show_old_entries(int fd)
{
    char bytes[4096], text[300];
    long size = syscall(SYS_getdents, fd, bytes, sizeof(bytes));
    show("getdents", size);
    for (long at = 0; at < size;) {
        const struct old_entry *e = (const void *)(bytes + at);
        size_t length = strlen(e->name);
        memcpy(text, e->name, length);
        text[length] = (char)('0' + bytes[at + e->size - 1]);
        if (e->name[0] != '.')
            show_bytes("getdents.entry", text, length + 1);
        at += e->size;
    }
    show("getdents.end", syscall(SYS_getdents, fd, bytes, sizeof(bytes)));
}

static void old_directories(void)
{
    char bytes[64];
    mkdir("d", 0755);
    make_file("d/a", "");
    make_file("d/twelve-bytes", "");
    make_file("d/five5", "");
    mkdir("d/sub", 0755);
    int fd = open("d", O_RDONLY | O_DIRECTORY), file = open("file", O_RDONLY);
    show_old_entries(fd);
    lseek(fd, 0, SEEK_SET);
    show("getdents.short", syscall(SYS_getdents, fd, bytes, 10));
    show("getdents.file", syscall(SYS_getdents, file, bytes, sizeof(bytes)));
    show("getdents.bad-fd", syscall(SYS_getdents, 99, bytes, sizeof(bytes)));
    close(fd);
    close(file);
}

static void old_names(void)
{
    struct stat st = {0};
    int64_t seconds[2] = {1000, 2000};
    struct timeval micros[2] = {{3000, 5}, {4000, 6}};
    int fd = (int)syscall(SYS_open, "file", O_RDONLY);
    show("open.missing", syscall(SYS_open, "missing", O_RDONLY));
    show("fstat", syscall(SYS_fstat, fd, &st));
    show_value("fstat.size", st.st_size);
    show("lstat", syscall(SYS_lstat, "file", &st));
    show("lstat.missing", syscall(SYS_lstat, "missing", &st));
    show("faccessat", syscall(SYS_faccessat, AT_FDCWD, "file", R_OK));
    show("faccessat.missing", syscall(SYS_faccessat, AT_FDCWD, "missing", R_OK));
    show("utime", syscall(SYS_utime, "file", seconds));
    stat("file", &st);
    show_value("utime.mtime", st.st_mtime);
    show("utimes", syscall(SYS_utimes, "file", micros));
    show("futimesat", syscall(SYS_futimesat, AT_FDCWD, "file", micros));
    stat("file", &st);
    show_value("futimesat.mtime", st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
    show("mknod", syscall(SYS_mknod, "fifo", S_IFIFO | 0600, 0));
    show("mknod.again", syscall(SYS_mknod, "fifo", S_IFIFO | 0600, 0));
    close(fd);
}

static void old_waiting(void)
{
    int p[2];
    char byte = 0;
    struct timeval none = {0, 0};
    fd_set in;
    if (pipe(p) != 0)
        return;
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    show("select.none", syscall(SYS_select, p[0] + 1, &in, NULL, NULL, &none));
    show("write", write(p[1], "x", 1));
    FD_SET(p[0], &in);
    show("select.ready", syscall(SYS_select, p[0] + 1, &in, NULL, NULL, NULL));
    show("read", read(p[0], &byte, 1));
    close(p[0]);
    close(p[1]);
}

static void old_descriptors(void)
{
    uint64_t set = 1u << (SIGUSR1 - 1), word = 0;
    char bytes[256];
    int fd = (int)syscall(SYS_eventfd, 3);
    show("eventfd", read(fd, &word, sizeof(word)));
    show_value("eventfd.value", (long long)word);
    close(fd);
    fd = (int)syscall(SYS_inotify_init);
    show("inotify_init", fcntl(fd, F_GETFD));
    close(fd);
    fd = (int)syscall(SYS_signalfd, -1, &set, sizeof(set));
    show("signalfd", fcntl(fd, F_GETFD));
    show("signalfd.nonblock", fcntl(fd, F_SETFL, O_NONBLOCK));
    show("signalfd.empty", read(fd, bytes, sizeof(bytes)));
    show("signalfd.bad-size", syscall(SYS_signalfd, -1, &set, 4));
    show("signalfd.bad-pointer", syscall(SYS_signalfd, -1, nowhere, sizeof(set)));
    close(fd);
}

void twins(void)
{
    struct rlimit l;
    struct timeval v;
    time_t t = 0;
    make_file("file", "content");
    old_names();
    old_directories();
    old_waiting();
    old_descriptors();
    show_value("time", syscall(SYS_time, &t) == t);
    show("gettimeofday", syscall(SYS_gettimeofday, &v, NULL));
    show("getrlimit", syscall(SYS_getrlimit, RLIMIT_NOFILE, &l));
    show("setrlimit", syscall(SYS_setrlimit, RLIMIT_NOFILE, &l));
    show("getrlimit.bad", syscall(SYS_getrlimit, 99, &l));
}
