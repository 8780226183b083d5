/* SPDX-License-Identifier: BSD-2-Clause */
/* Names, what hangs on them, and directories. */
#define _GNU_SOURCE
#include "conform.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

static void links(void)
{
    char text[16];
    show("link", link("file", "hard"));
    show("link.exists", link("file", "hard"));
    show("link.missing", link("missing", "x"));
    show("linkat", linkat(AT_FDCWD, "file", AT_FDCWD, "hard2", 0));
    show("symlink", symlink("to nowhere", "soft"));
    memset(text, '#', sizeof(text));
    show("readlink", readlink("soft", text, sizeof(text)));
    show_bytes("readlink.bytes", text, sizeof(text));
    show("readlink.short", readlink("soft", text, 4));
    show("readlink.none", readlink("soft", text, 0));
    show("readlink.no-link", readlink("file", text, 4));
    show("symlinkat", symlinkat("x", AT_FDCWD, "soft2"));
    show("readlinkat", readlinkat(AT_FDCWD, "soft2", text, 4));
}

static void moves(void)
{
    show("rename", rename("hard", "renamed"));
    show("rename.missing", rename("hard", "renamed"));
    show("renameat", renameat(AT_FDCWD, "renamed", AT_FDCWD, "hard"));
    show("renameat2.noreplace", renameat2(AT_FDCWD, "hard", AT_FDCWD, "file", RENAME_NOREPLACE));
    show("renameat2.exchange", renameat2(AT_FDCWD, "hard", AT_FDCWD, "soft", RENAME_EXCHANGE));
    show("renameat2.bad", renameat2(AT_FDCWD, "hard", AT_FDCWD, "soft", 999));
    show("mkdir", mkdir("d", 0750));
    show("mkdir.exists", mkdir("d", 0750));
    show("mkdirat", mkdirat(AT_FDCWD, "d/e", 0700));
    show("rmdir.full", rmdir("d"));
    show("rename.into-itself", rename("d", "d/e/f"));
    show("unlink.directory", unlink("d"));
    show("rmdir.file", rmdir("file"));
    show("unlinkat", unlinkat(AT_FDCWD, "d/e", AT_REMOVEDIR));
    show("rmdir", rmdir("d"));
    show("unlink", unlink("hard2"));
    show("unlink.missing", unlink("hard2"));
    show("mknod.fifo", mknod("fifo", S_IFIFO | 0600, 0));
    show("mknodat.bad", mknodat(AT_FDCWD, "bad", 0170000, 0));
}

void names(void)
{
    make_file("file", "content");
    links();
    moves();
    show("access", access("file", R_OK | W_OK));
    show("access.missing", access("missing", F_OK));
    show("access.bad", access("file", 99));
    show("faccessat2", faccessat(AT_FDCWD, "soft2", F_OK, AT_SYMLINK_NOFOLLOW));
    show("chdir.missing", chdir("missing"));
    show("chdir.file", chdir("file"));
    show("umask", umask(077));
    show("umask.back", umask(022));
}

static void show_stat(const char *name, const struct stat *st)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "%o:%ld:%u:%u:%ld", st->st_mode, (long)st->st_nlink,
                        st->st_uid, st->st_gid, (long)st->st_size);
    show_bytes(name, text, (size_t)size);
}

static void permissions(void)
{
    struct stat st;
    show("chmod", chmod("file", 04711));
    show("chmod.missing", chmod("missing", 0));
    show("fchmodat", fchmodat(AT_FDCWD, "file", 0640, 0));
    show("chown", chown("file", 12, 34));
    show("lchown", lchown("soft", 5, 6));
    show("fchownat", fchownat(AT_FDCWD, "file", (uid_t)-1, 35, 0));
    int fd = open("file", O_RDWR);
    show("fchown", fchown(fd, 13, (gid_t)-1));
    show("fchmod", fchmod(fd, 0604));
    show("stat", stat("file", &st));
    show_stat("stat.bytes", &st);
    show("lstat", lstat("soft", &st));
    show_stat("lstat.bytes", &st);
    show("fstat", fstat(fd, &st));
    show("fstat.bad", fstat(99, &st));
    show("stat.bad-pointer", (int)syscall(SYS_stat, "file", 8));
    show("fstatat.empty", fstatat(fd, "", &st, AT_EMPTY_PATH));
    show_stat("fstatat.bytes", &st);
    close(fd);
}

static void file_times(void)
{
    struct stat st = {0};
    struct utimbuf seconds = {1000, 2000};
    struct timeval micros[2] = {{3000, 5}, {4000, 6}};
    struct timespec nanos[2] = {{5000, 7}, {6000, 8}}, omit[2] = {{0, UTIME_OMIT}, {7000, 9}};
    show("utime", utime("file", &seconds));
    stat("file", &st);
    show_value("utime.mtime", st.st_mtime);
    show("utimes", utimes("file", micros));
    stat("file", &st);
    show_value("utimes.mtime", st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
    show("utimensat", utimensat(AT_FDCWD, "file", nanos, 0));
    show("utimensat.omit", utimensat(AT_FDCWD, "file", omit, 0));
    stat("file", &st);
    show_value("utimensat.atime", st.st_atim.tv_sec * 1000000000ll + st.st_atim.tv_nsec);
    show_value("utimensat.mtime", st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec);
    nanos[0].tv_nsec = -5;
    show("utimensat.bad", utimensat(AT_FDCWD, "file", nanos, 0));
    show("utimensat.missing", utimensat(AT_FDCWD, "missing", NULL, 0));
}

static void extended(void)
{
    struct statx sx = {0};
    struct statfs fs;
    char text[64] = "";
    show("statx", (int)syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &sx));
    show_value("statx.size", (long long)sx.stx_size);
    show_value("statx.mode", sx.stx_mode);
    show("statx.bad", (int)syscall(SYS_statx, AT_FDCWD, "file", 0x77770000, 0, &sx));
    show("statfs", statfs(".", &fs));
    show_value("statfs.name", fs.f_namelen);
    show("statfs.missing", statfs("missing", &fs));
    show("setxattr", setxattr("file", "trusted.a", "value", 5, 0));
    show("setxattr.exists", setxattr("file", "trusted.a", "value", 5, XATTR_CREATE));
    show("setxattr.no-name", setxattr("file", "", "value", 5, 0));
    show("getxattr.size", getxattr("file", "trusted.a", NULL, 0));
    show("getxattr.short", getxattr("file", "trusted.a", text, 3));
    show("getxattr", getxattr("file", "trusted.a", text, sizeof(text)));
    show_bytes("getxattr.bytes", text, 5);
    show("getxattr.missing", getxattr("file", "trusted.b", text, 3));
    show("lgetxattr", lgetxattr("file", "trusted.a", text, sizeof(text)));
    show("listxattr", listxattr("file", text, sizeof(text)));
    show("listxattr.size", listxattr("file", NULL, 0));
    show("removexattr", removexattr("file", "trusted.a"));
    show("removexattr.missing", removexattr("file", "trusted.a"));
}

void attributes(void)
{
    make_file("file", "content");
    show("symlink", symlink("file", "soft"));
    permissions();
    file_times();
    extended();
}

static void show_entries(const char *name, const char *path)
{
    struct dirent **list = NULL;
    int count = scandir(path, &list, NULL, alphasort);
    show(name, count);
    for (int i = 0; i < count && i < 8; i++)
        show_bytes("entry", list[i]->d_name, strlen(list[i]->d_name));
    free(list);
}

static void watches(void)
{
    union {
        struct inotify_event event;
        char bytes[512];
    } u;
    int fd = inotify_init1(IN_NONBLOCK);
    show("inotify.none", read(fd, &u, sizeof(u)));
    show("inotify.add", inotify_add_watch(fd, "many", IN_CREATE));
    show("inotify.add-missing", inotify_add_watch(fd, "missing", IN_CREATE));
    make_file("many/new", "x");
    show("inotify.read", read(fd, &u, sizeof(u)));
    show_bytes("inotify.name", u.event.name, strlen(u.event.name));
    show("inotify.remove", inotify_rm_watch(fd, 1));
    show("inotify.remove-again", inotify_rm_watch(fd, 1));
    close(fd);
}

void directories(void)
{
    char path[64], buffer[64];
    show("mkdir", mkdir("many", 0755));
    show_entries("empty", "many");
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "many/file-with-a-rather-long-name-%03d", i);
        make_file(path, "");
    }
    show_entries("full", "many");
    int fd = open("many", O_RDONLY | O_DIRECTORY);
    show("getdents.short", syscall(SYS_getdents64, fd, buffer, 10));
    show("getdents.bad-pointer", syscall(SYS_getdents64, fd, 8, 1000));
    close(fd);
    watches();
    char cwd[256] = "", *last = NULL;
    show("chdir", chdir("many"));
    last = getcwd(cwd, sizeof(cwd)) ? strrchr(cwd, '/') : NULL;
    if (last)
        show_bytes("getcwd", last, strlen(last));
    show("getcwd.short", syscall(SYS_getcwd, cwd, 3));
    fd = open("..", O_RDONLY);
    show("fchdir", fchdir(fd));
    show("fchdir.bad", fchdir(99));
    close(fd);
}
