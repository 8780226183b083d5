/* SPDX-License-Identifier: BSD-2-Clause */
/* Anonymous memory, and files mapped into it. */
#define _GNU_SOURCE
#include "conform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096u

static void *map(size_t size, int access, int flags, int fd, off_t offset)
{
    return mmap(NULL, size, access, flags, fd, offset);
}

static void show_map(const char *name, void *address)
{
    show(name, address == MAP_FAILED ? -1 : 0);
}

static void bad_maps(void)
{
    const int both = MAP_PRIVATE | MAP_ANONYMOUS;
    show_map("mmap.empty", map(0, PROT_READ, both, -1, 0));
    show_map("mmap.huge", map((size_t)1 << 60, PROT_READ, both, -1, 0));
    show_map("mmap.no-type", map(PAGE, PROT_READ, MAP_ANONYMOUS, -1, 0));
    show_map("mmap.bad-fd", map(PAGE, PROT_READ, MAP_PRIVATE, 99, 0));
    show_map("mmap.odd-fixed", mmap((void *)0x100001, PAGE, PROT_READ, both | MAP_FIXED, -1, 0));
    show("munmap.odd", munmap((void *)0x100001, PAGE));
    show("munmap.empty", munmap((void *)0x100000, 0));
    show("munmap.nothing-there", munmap((void *)0x100000, PAGE));
    show("mprotect.nothing-there", mprotect((void *)0x100000, PAGE, PROT_READ));
    show("mprotect.bad", mprotect((void *)0x100000, PAGE, 0x1000));
}

/* Readable at all? The kernel says it without a signal. */
static int can_read(const void *address)
{
    static int null = -1;
    if (null < 0)
        null = open("probe", O_RDWR | O_CREAT, 0600);
    return write(null, address, 1) == 1;
}

static void holes(void)
{
    char *p = some_memory(8 * PAGE);
    memset(p, 'x', 8 * PAGE);
    show("munmap.middle", munmap(p + 2 * PAGE, PAGE));
    show_value("hole.below", can_read(p + PAGE));
    show_value("hole.inside", can_read(p + 2 * PAGE));
    show_value("hole.above", can_read(p + 3 * PAGE));
    show("mprotect.over-the-hole", mprotect(p, 4 * PAGE, PROT_READ));
    show("mprotect.none", mprotect(p + 4 * PAGE, PAGE, PROT_NONE));
    show_value("mprotect.none-read", can_read(p + 4 * PAGE));
    show("mprotect.back", mprotect(p + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE));
    show_value("mprotect.kept", p[4 * PAGE]);
    show("mprotect.write", mprotect(p + 5 * PAGE, PAGE, PROT_READ));
    show("read.into-read-only", pread(open("probe", O_RDONLY), p + 5 * PAGE, 1, 0));
    show("madvise.dontneed", madvise(p + 6 * PAGE, PAGE, MADV_DONTNEED));
    show_value("madvise.zero", p[6 * PAGE]);
    show_value("madvise.kept", p[7 * PAGE]);
    show("madvise.hole", madvise(p + 2 * PAGE, PAGE, MADV_DONTNEED));
    show("madvise.odd", madvise(p + 1, PAGE, MADV_DONTNEED));
    show("madvise.bad", madvise(p, PAGE, 12345));
    show("madvise.willneed", madvise(p, PAGE, MADV_WILLNEED));
    void *fixed = mmap(p + 7 * PAGE, PAGE, PROT_READ,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    show_map("mmap.noreplace", fixed);
    fixed = mmap(p + 7 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_value("mmap.fixed", fixed == p + 7 * PAGE && p[7 * PAGE] == 0);
}

static void resizing(void)
{
    char *p = some_memory(4 * PAGE);
    memset(p, 'r', 4 * PAGE);
    munmap(p + 2 * PAGE, 2 * PAGE);
    show_value("mremap.shrink", mremap(p, 2 * PAGE, PAGE, 0) == p);
    show_value("mremap.shrunk", can_read(p + PAGE));
    show_value("mremap.grow", mremap(p, PAGE, 2 * PAGE, 0) == p);
    show_value("mremap.grown", p[PAGE] == 0 && p[0] == 'r');
    mmap(p + 2 * PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    show_map("mremap.in-the-way", mremap(p, 2 * PAGE, 4 * PAGE, 0));
    char *moved = mremap(p, 2 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
    show_map("mremap.move", moved);
    if (moved != MAP_FAILED) {
        show_value("mremap.content", moved[0] == 'r' && moved[PAGE] == 0 && moved[599 * PAGE] == 0);
        show_value("mremap.old-place", can_read(p));
        moved[599 * PAGE] = 'm';
    }
    char *to = some_memory(4 * PAGE);
    show_value("mremap.fixed",
               mremap(moved, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    show_value("mremap.fixed-content", to[0]);
    show_map("mremap.odd", mremap(to + 1, PAGE, PAGE, 0));
    show_map("mremap.hole", mremap((void *)0x100000, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
    show_map("mremap.empty", mremap(to, PAGE, 0, 0));
}

void memory(void)
{
    bad_maps();
    holes();
    resizing();
    char *old = sbrk(0);
    show("brk.grow", brk(old + 3 * PAGE));
    show_value("brk.zero", old[2 * PAGE]);
    old[2 * PAGE] = 1;
    show("brk.shrink", brk(old));
    show("brk.again", brk(old + 3 * PAGE));
    show_value("brk.zero-again", old[2 * PAGE]);
    show("mlock", mlock(old, PAGE));
    show("munlock", munlock(old, PAGE));
    show("msync", msync(some_memory(PAGE), PAGE, MS_SYNC));
}

void mappings(void)
{
    char text[3 * PAGE];
    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = 0;
    memset(text + PAGE, 'b', PAGE);
    make_file("file", text);
    int fd = open("file", O_RDWR);
    char *p = map(3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    show_map("private", p);
    show_value("private.content", memcmp(p, text, sizeof(text) - 1));
    show_value("private.tail", p[sizeof(text) - 1]);
    p[5] = 'X';
    char one = 0;
    show("private.pread", pread(fd, &one, 1, 5));
    show_value("private.unwritten", one);
    char *second = map(PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
    show_value("private.offset", second[0]);
    show_map("private.odd-offset", map(PAGE, PROT_READ, MAP_PRIVATE, fd, 5));
    char *shared = map(PAGE, PROT_READ, MAP_SHARED, fd, 0);
    show_map("shared", shared);
    show_value("shared.content", shared[1]);
    show("shared.close", close(fd));
    show_value("shared.after-close", shared[2]);
    int writing = open("file", O_WRONLY);
    show_map("write-only", map(PAGE, PROT_READ, MAP_PRIVATE, writing, 0));
    int reading = open("file", O_RDONLY), directory = open(".", O_RDONLY);
    show_map("directory", map(PAGE, PROT_READ, MAP_PRIVATE, directory, 0));
    show_map("shared.unwritable", map(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, reading, 0));
    show("munmap", munmap(p, 3 * PAGE));
    close(writing);
    close(reading);
    close(directory);
}
