/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "conform.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void *volatile nowhere = (void *)8;
volatile int minus_one = -1;

static const char *family;

void show(const char *name, long result)
{
    if (result < 0)
        printf("%s.%s -%s\n", family, name, strerrorname_np(errno));
    else
        printf("%s.%s %ld\n", family, name, result);
}

void show_value(const char *name, long long value)
{
    printf("%s.%s %lld\n", family, name, value);
}

void show_bytes(const char *name, const void *bytes, size_t size)
{
    const unsigned char *b = bytes;
    printf("%s.%s ", family, name);
    for (size_t i = 0; i < size; i++)
        printf(isgraph(b[i]) ? "%c" : "\\%02x", b[i]);
    printf("\n");
}

void make_file(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, content, strlen(content)) != (ssize_t)strlen(content))
        exit(2);
    close(fd);
}

void *some_memory(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        exit(2);
    return p;
}

static const struct {
    const char *name;
    void (*run)(void);
} families[] = {
    {"files", files},
    {"vectors", vectors},
    {"opening", opening},
    {"names", names},
    {"descriptors", descriptors},
    {"attributes", attributes},
    {"memory", memory},
    {"directories", directories},
    {"mappings", mappings},
    {"polling", polling},
    {"events", events},
    {"timers", timers},
    {"sockets", sockets},
    {"messages", messages},
    {"servers", servers},
    {"clocks", clocks},
    {"waiting", waiting},
    {"identity", identity},
    {"limits", limits},
    {"twins", twins},
    {"others", others},
    {"interrupts", interrupts},
};

/* conform DIRECTORY: all families, each in a directory of its own below that one. */
int main(int argc, char **argv)
{
    char path[256];
    if (argc != 2 || chdir(argv[1]) != 0)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    umask(022);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        family = families[i].name;
        snprintf(path, sizeof(path), "%s/%s", argv[1], family);
        if (mkdir(path, 0755) != 0 || chdir(path) != 0)
            return 2;
        families[i].run();
    }
    puts("end");
    return 0;
}
