/* SPDX-License-Identifier: BSD-2-Clause */
/* open, descriptors and their locks, pipes. */
#define _GNU_SOURCE
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static void show_open(const char *name, int fd)
{
    show(name, fd < 0 ? fd : 1);
    close(fd);
}

static void by_how(void)
{
    struct open_how how = {.flags = O_RDONLY}, no_links = how, bad = {.flags = ~0ull};
    no_links.resolve = RESOLVE_NO_SYMLINKS;
    show_open("openat2", (int)syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)));
    show_open("openat2.no-links",
              (int)syscall(SYS_openat2, AT_FDCWD, "link", &no_links, sizeof(how)));
    show_open("openat2.bad", (int)syscall(SYS_openat2, AT_FDCWD, "file", &bad, sizeof(how)));
    show_open("openat2.small", (int)syscall(SYS_openat2, AT_FDCWD, "file", &how, 8));
}

void opening(void)
{
    char longest[5000];
    make_file("file", "content");
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = 0;
    show("symlink", symlink("file", "link"));
    show("symlink.loop", symlink("loop", "loop"));
    show_open("open", open("file", O_RDONLY));
    show_open("open.link", open("link", O_RDONLY));
    show_open("open.link-nofollow", open("link", O_RDONLY | O_NOFOLLOW));
    show_open("open.loop", open("loop", O_RDONLY));
    show_open("open.missing", open("missing", O_RDONLY));
    show_open("open.empty", open("", O_RDONLY));
    show_open("open.bad-pointer", open((char *)nowhere, O_RDONLY));
    show_open("open.too-long", open(longest, O_RDONLY));
    longest[300] = 0;
    show_open("open.name-too-long", open(longest, O_RDONLY));
    show_open("open.exists", open("file", O_CREAT | O_EXCL | O_RDWR, 0600));
    show_open("open.directory-write", open(".", O_RDWR));
    show_open("open.no-directory", open("file", O_RDONLY | O_DIRECTORY));
    show_open("open.below-a-file", open("file/x", O_RDONLY));
    show_open("open.path", open("file", O_PATH));
    show_open("open.temporary", open(".", O_TMPFILE | O_RDWR, 0600));
    show_open("openat.bad-fd", openat(99, "file", O_RDONLY));
    int directory = open(".", O_RDONLY | O_DIRECTORY), file = open("file", O_RDONLY);
    show_open("openat", openat(directory, "file", O_RDONLY));
    show_open("openat.no-directory", openat(file, "file", O_RDONLY));
    show_open("creat", creat("created", 0640));
    by_how();
    show("close", close(directory));
    show("close.again", close(directory));
    show("close.negative", close(-1));
    close(file);
}

static void duplicates(int fd)
{
    int low = dup(fd);
    show("dup.is-next", low - fd);
    show("dup.bad", dup(99));
    show("dup2", dup2(fd, 30));
    show("dup2.same", dup2(fd, fd));
    show("dup2.bad", dup2(99, 31));
    show("dup2.too-high", dup2(fd, 1 << 20));
    show("dup3", dup3(fd, 31, O_CLOEXEC));
    show("dup3.flag", fcntl(31, F_GETFD));
    show("dup3.same", dup3(fd, fd, 0));
    show("dupfd", fcntl(fd, F_DUPFD, 40));
    show("dupfd-cloexec", fcntl(fd, F_DUPFD_CLOEXEC, 40));
    show("setfd", fcntl(40, F_SETFD, FD_CLOEXEC));
    show("getfd", fcntl(40, F_GETFD));
    show("getfl", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    show("setfl", fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
    show("getfl.after", fcntl(low, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK));
    show("fcntl.bad", fcntl(fd, 7777, 0));
    show("close_range", (int)syscall(SYS_close_range, 30, 50, 0));
    show("close_range.gone", fcntl(40, F_GETFD));
    show("close_range.bad", (int)syscall(SYS_close_range, 50, 30, 0));
    close(low);
}

static void locks(int fd)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 2, .l_len = 4};
    int other = open("file", O_RDWR);
    show("flock", flock(fd, LOCK_EX));
    show("flock.other", flock(other, LOCK_EX | LOCK_NB));
    show("flock.free", flock(fd, LOCK_UN));
    show("flock.bad", flock(fd, 99));
    show("setlk", fcntl(fd, F_SETLK, &l));
    show("ofd-setlk.other", fcntl(other, F_OFD_SETLK, &l));
    show("ofd-getlk", fcntl(other, F_OFD_GETLK, &l));
    show_value("ofd-getlk.type", l.l_type);
    show_value("ofd-getlk.start", l.l_start);
    l.l_type = 9;
    show("setlk.bad", fcntl(fd, F_SETLK, &l));
    close(other);
}

static void pipes(void)
{
    int p[2], free_bytes = -1;
    char bytes[8];
    show("pipe2", pipe2(p, O_NONBLOCK | O_CLOEXEC));
    show("pipe2.flag", fcntl(p[0], F_GETFD));
    show("pipe2.bad", pipe2(p, 1));
    show("pipe.bad-pointer", (int)syscall(SYS_pipe, 8));
    show("pipe.empty", read(p[0], bytes, 8));
    show("pipe.write", write(p[1], "abcdef", 6));
    show("pipe.fionread", ioctl(p[0], FIONREAD, &free_bytes));
    show_value("pipe.ready", free_bytes);
    show("pipe.setsize", fcntl(p[0], F_SETPIPE_SZ, 4096));
    show("pipe.getsize", fcntl(p[1], F_GETPIPE_SZ));
    char *full = some_memory(8192);
    show("pipe.fill", write(p[1], full, 8192));
    show("pipe.full", write(p[1], full, 1));
    show("pipe.read", read(p[0], full, 8192));
    close(p[1]);
    show("pipe.end", read(p[0], bytes, 8));
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    show("pipe", pipe(p));
    close(p[0]);
    show("pipe.nobody-reads", write(p[1], "a", 1));
    close(p[1]);
    show("ioctl.no-terminal", ioctl(p[0], TCGETS, bytes));
}

void descriptors(void)
{
    make_file("file", "0123456789");
    int fd = open("file", O_RDWR);
    duplicates(fd);
    locks(fd);
    pipes();
    int memory = memfd_create("name", MFD_ALLOW_SEALING);
    show("memfd.write", write(memory, "abc", 3));
    show("memfd.seal", fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE));
    show("memfd.seals", fcntl(memory, F_GET_SEALS));
    show("memfd.sealed", write(memory, "abc", 3));
    show("memfd.bad", memfd_create("name", 1u << 20));
    close(memory);
    close(fd);
}
