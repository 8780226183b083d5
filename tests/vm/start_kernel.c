/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * start_kernel kexec KERNEL INITRD WORDS   starts another kernel in the place of this one
 * start_kernel crash KERNEL INITRD WORDS   makes it the capture kernel, then crashes this one
 * start_kernel count FILE WORD             how often the word occurs in the file
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void load(const char *kernel, const char *initrd, const char *words, unsigned long flags)
{
    int k = open(kernel, O_RDONLY | O_CLOEXEC), i = open(initrd, O_RDONLY | O_CLOEXEC);
    if (syscall(SYS_kexec_file_load, k, i, strlen(words) + 1, words, flags))
        err(1, "kexec_file_load");
}

static void crash(void)
{
    int trigger = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);
    if (trigger < 0 || write(trigger, "c", 1) != 1)
        err(1, "/proc/sysrq-trigger");
}

/* Blocks overlap by the word's length less one, so that none is missed or counted twice. */
static unsigned long count(const char *path, const char *word)
{
    static char block[1 << 20];
    size_t length = strlen(word), kept = 0;
    unsigned long found = 0;
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        err(1, "%s", path);
    while ((got = read(fd, block + kept, sizeof(block) - kept)) > 0) {
        size_t size = kept + (size_t)got;
        for (char *at = block; (at = memmem(at, size - (size_t)(at - block), word, length)); at++)
            found++;
        kept = size < length - 1 ? size : length - 1;
        memmove(block, block + size - kept, kept);
    }
    if (got < 0)
        err(1, "%s", path);
    return found;
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[1], "count")) {
        printf("%lu\n", count(argv[2], argv[3]));
        return 0;
    }
    if (argc != 5)
        errx(2, "kexec, crash or count");
    if (!strcmp(argv[1], "crash")) {
        load(argv[2], argv[3], argv[4], KEXEC_FILE_ON_CRASH);
        crash();
    }
    load(argv[2], argv[3], argv[4], 0);
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, 0);
    err(1, "reboot");
}
