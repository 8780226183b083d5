/* SPDX-License-Identifier: BSD-2-Clause */
/* A program that does one small thing, said by its first argument; run plainly and as a trustlet.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int print_arguments(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        printf("%d=%s\n", i, argv[i]);
    return 0;
}

/* Descriptors below 300 that are open, and what the next open gives. */
static int print_descriptors(void)
{
    for (int fd = 0; fd < 300; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            printf("%d\n", fd);
    printf("next %d\n", open("/dev/null", O_RDONLY));
    return 0;
}

/* Closes everything there is, as daemons do, and then still works. */
static int close_all(void)
{
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    puts("alive");
    return 0;
}

/* Every page begins with the word. */
static int use_memory(size_t mib, const char *word)
{
    char *bytes = mmap(NULL, mib << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    for (size_t i = 0; i < mib << 20; i += 4096)
        strcpy(bytes + i, word);
    printf("%zu MiB\n", mib);
    fflush(stdout);
    pause();
    return 0;
}

static int fault(void)
{
    *(volatile int *)0x123456 = 1;
    return 0;
}

static _Noreturn void spin(void)
{
    for (volatile unsigned long i = 0;; i++)
        ;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "arguments"))
        return print_arguments(argc, argv);
    if (!strcmp(what, "environment"))
        return puts(getenv("TESTER") ? getenv("TESTER") : "unset") < 0;
    if (!strcmp(what, "descriptors"))
        return print_descriptors();
    if (!strcmp(what, "close"))
        return close_all();
    if (!strcmp(what, "exit"))
        return atoi(argv[2]);
    if (!strcmp(what, "memory"))
        return use_memory((size_t)atoi(argv[2]), argc > 3 ? argv[3] : "used");
    if (!strcmp(what, "abort"))
        abort();
    if (!strcmp(what, "fault"))
        return fault();
    if (!strcmp(what, "illegal"))
        __builtin_trap();
    if (!strcmp(what, "spin"))
        spin();
    if (!strcmp(what, "wait"))
        return getchar() == EOF;
    fprintf(stderr, "tester: what is '%s'?\n", what);
    return 2;
}
