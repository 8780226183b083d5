/* SPDX-License-Identifier: BSD-2-Clause */
/* read, write and their relatives. */
#define _GNU_SOURCE
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void bad_arguments(int fd)
{
    char *page = some_memory(8192);
    munmap(page + 4096, 4096);
    show("read.bad-fd", read(77, page, 4));
    show("read.bad-pointer", read(fd, nowhere, 4));
    show("write.bad-fd", write(-1, "a", 1));
    show("write.bad-pointer", write(fd, nowhere, 4));
    show("read.nothing", read(fd, page, 0));
    show("read.nothing-nowhere", read(fd, nowhere, 0));
    show("write.nothing", write(fd, page, 0));
    lseek(fd, 0, SEEK_SET);
    show("read.to-the-hole", read(fd, page + 4090, 10));
    show("read.to-the-hole-offset", lseek(fd, 0, SEEK_CUR));
    int null = open("/dev/null", O_WRONLY), out = open("hole", O_RDWR | O_CREAT, 0600);
    show("write.from-the-hole", write(out, page + 4090, 10));
    show("write.from-the-hole-size", lseek(out, 0, SEEK_END));
    show("read.write-only", read(null, page, 1));
    int directory = open(".", O_RDONLY);
    show("read.directory", read(directory, page, 1));
    show("write.read-only", write(directory, page, 1));
    close(out);
    close(null);
    close(directory);
}

static void positions(int fd)
{
    char bytes[16] = "";
    show("lseek.end", lseek(fd, 0, SEEK_END));
    show("lseek.before", lseek(fd, -1, SEEK_SET));
    show("lseek.bad-whence", lseek(fd, 0, 99));
    show("lseek.far", lseek(fd, 1ll << 40, SEEK_SET));
    show("read.behind-the-end", read(fd, bytes, 4));
    show("pread.middle", pread(fd, bytes, 4, 3));
    show_bytes("pread.bytes", bytes, 4);
    show("pread.negative", pread(fd, bytes, 4, -1));
    show("pwrite.middle", pwrite(fd, "XY", 2, 2));
    show("pwrite.negative", pwrite(fd, "XY", 2, -5));
    show("lseek.unmoved", lseek(fd, 0, SEEK_CUR) == 1ll << 40);
    show("lseek.data", lseek(fd, 0, SEEK_DATA));
    show("lseek.hole", lseek(fd, 0, SEEK_HOLE));
    show("pread.all", pread(fd, bytes, 16, 0));
    show_bytes("pread.all-bytes", bytes, 10);
    int pipes[2];
    show("pipe", pipe(pipes));
    show("lseek.pipe", lseek(pipes[0], 0, SEEK_SET));
    show("pread.pipe", pread(pipes[0], bytes, 1, 0));
    close(pipes[0]);
    close(pipes[1]);
}

/* Longer than any buffer on the way. */
static void long_ones(void)
{
    const size_t size = 300000;
    char *bytes = some_memory(size), *back = some_memory(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    int fd = open("long", O_RDWR | O_CREAT | O_TRUNC, 0600);
    show("long.write", write(fd, bytes, size));
    show("long.offset", lseek(fd, 0, SEEK_CUR));
    show("long.pread", pread(fd, back, size, 0));
    show_value("long.same", memcmp(bytes, back, size));
    show("long.pread-part", pread(fd, back, size, 100000));
    show("long.pwrite", pwrite(fd, bytes, size, 50));
    show("long.size", lseek(fd, 0, SEEK_END));
    lseek(fd, 60, SEEK_SET);
    show("long.read", read(fd, back, size + 1));
    show_value("long.same-again", memcmp(bytes + 10, back, size - 10));
    close(fd);
}

static void copies(void)
{
    int from = open("long", O_RDONLY), to = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
    off_t at = 10, at2 = 3;
    show("sendfile", sendfile(to, from, &at, 1000));
    show_value("sendfile.offset", at);
    show("sendfile.file-offset", lseek(from, 0, SEEK_CUR));
    show("sendfile.no-offset", sendfile(to, from, NULL, 500));
    show("sendfile.bad", sendfile(from, to, NULL, 5));
    show("copy_file_range", copy_file_range(from, &at, to, &at2, 100, 0));
    show_value("copy_file_range.from", at);
    show_value("copy_file_range.to", at2);
    show("copy_file_range.flags", copy_file_range(from, NULL, to, NULL, 1, 1));
    int pipes[2];
    if (pipe(pipes) == 0) {
        show("splice", splice(from, &at, pipes[1], NULL, 300, 0));
        show("splice.out", splice(pipes[0], NULL, to, NULL, 300, 0));
        show("splice.no-pipe", splice(from, NULL, to, NULL, 1, 0));
    }
    show("copy.size", lseek(to, 0, SEEK_END));
    close(from);
    close(to);
}

static void sizes(void)
{
    struct stat st;
    int fd = open("sized", O_RDWR | O_CREAT, 0600);
    show("ftruncate", ftruncate(fd, 5000));
    show("ftruncate.negative", ftruncate(fd, -1));
    show("truncate", truncate("sized", 100));
    show("truncate.missing", truncate("missing", 100));
    show("fallocate", fallocate(fd, 0, 50, 100));
    show("fallocate.bad", fallocate(fd, 0, -1, 1));
    show("fallocate.empty", fallocate(fd, 0, 0, 0));
    show("fstat", fstat(fd, &st));
    show_value("size", st.st_size);
    show("fsync", fsync(fd));
    show("fdatasync", fdatasync(fd));
    show("fsync.bad-fd", fsync(99));
    show("sync_file_range", sync_file_range(fd, 0, 10, SYNC_FILE_RANGE_WRITE));
    show("fadvise", posix_fadvise(fd, 0, 10, POSIX_FADV_RANDOM));
    show("fadvise.bad", posix_fadvise(fd, 0, 10, 99));
    show("readahead", readahead(fd, 0, 10));
    sync();
    show("syncfs", syncfs(fd));
    close(fd);
}

void files(void)
{
    make_file("file", "0123456789");
    int fd = open("file", O_RDWR);
    bad_arguments(fd);
    positions(fd);
    close(fd);
    long_ones();
    copies();
    sizes();
}

/* Longer than any buffer on the way, at an offset and where the file stands. */
static void long_list(int fd)
{
    const size_t size = 100000;
    char *bytes = some_memory(2 * size), *back = some_memory(2 * size);
    struct iovec out[2] = {{bytes, size}, {bytes + size, size}},
                 in[2] = {{back, 5}, {back + 5, 2 * size - 5}};
    for (size_t i = 0; i < 2 * size; i++)
        bytes[i] = (char)(i * 5 + i / 253);
    show("pwritev2.long", pwritev2(fd, out, 2, 1000, RWF_DSYNC));
    lseek(fd, 1000, SEEK_SET);
    show("preadv2.long", preadv2(fd, in, 2, -1, RWF_HIPRI));
    show_value("preadv2.long-same", memcmp(bytes, back, 2 * size));
    show("preadv2.long-offset", lseek(fd, 0, SEEK_CUR));
    show("pwritev2.long-here", pwritev2(fd, out, 2, -1, RWF_DSYNC));
    show("pwritev2.long-end", lseek(fd, 0, SEEK_END));
    show("truncate", ftruncate(fd, 1000));
}

void vectors(void)
{
    char a[4] = "aaa", b[6] = "bbbbb", back[20] = "";
    struct iovec v[3] = {{a, 3}, {nowhere, 0}, {b, 5}}, bad[2] = {{a, 3}, {nowhere, 5}};
    struct iovec many[1030], huge[2] = {{a, (size_t)1 << 63}, {b, (size_t)1 << 63}};
    int fd = open("file", O_RDWR | O_CREAT, 0600);
    show("writev", writev(fd, v, 3));
    show("writev.none", writev(fd, v, 0));
    show("writev.negative", writev(fd, v, minus_one));
    show("writev.bad-list", writev(fd, nowhere, 2));
    show("writev.bad-piece", writev(fd, bad, 2));
    show("writev.overflow", writev(fd, huge, 2));
    show("pwritev", pwritev(fd, v, 3, 8));
    show("pread", pread(fd, back, sizeof(back), 0));
    show_bytes("bytes", back, 16);
    lseek(fd, 1, SEEK_SET);
    show("readv", readv(fd, v, 3));
    show_bytes("readv.bytes", b, 5);
    show("preadv", preadv(fd, v, 3, 14));
    show("preadv2", preadv2(fd, v, 3, 2, 0));
    show("preadv2.here", preadv2(fd, v, 1, -1, 0));
    show("pwritev2", pwritev2(fd, v, 3, 20, 0));
    show("pwritev2.append", pwritev2(fd, v, 3, 0, RWF_APPEND));
    show("pwritev2.sync", pwritev2(fd, v, 3, -1, RWF_DSYNC));
    show("pwritev2.offset", lseek(fd, 0, SEEK_CUR));
    show("pwritev2.end", lseek(fd, 0, SEEK_END));
    show("preadv2.flags", preadv2(fd, v, 3, 0, RWF_HIPRI));
    show("preadv2.no-wait", preadv2(fd, v, 3, 0, RWF_NOWAIT));
    show("preadv2.bad", preadv2(fd, v, 3, 0, 0x4000));
    show("preadv2.negative", preadv2(fd, v, 3, -5, RWF_HIPRI));
    long_list(fd);
    for (size_t i = 0; i < 1030; i++)
        many[i] = (struct iovec){&back[i % 20], 1};
    show("writev.1024", writev(fd, many, 1024));
    show("writev.1025", writev(fd, many, 1025));
    lseek(fd, 0, SEEK_SET);
    show("readv.1024", readv(fd, many, 1024));
    close(fd);
}
