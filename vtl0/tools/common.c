/* SPDX-License-Identifier: BSD-2-Clause */
#include "ium.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void print(const char *format, va_list arguments, const char *cause)
{
    fflush(stdout);
    fputs("ium: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "%s%s\n", cause ? ": " : "", cause ? cause : "");
}

void ium_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments, NULL);
    va_end(arguments);
}

void ium_errno(const char *format, ...)
{
    const char *cause = strerror(errno);
    va_list arguments;
    va_start(arguments, format);
    print(format, arguments, cause);
    va_end(arguments);
}

poptContext ium_options(const char *name, int argc, const char **argv,
                        const struct poptOption *options, const char *usage)
{
    /* `run`'s FILE and what follows belong to the trustlet: stop at the first operand. */
    unsigned flags = strcmp(name, "ium run") ? 0 : POPT_CONTEXT_POSIXMEHARDER;
    argv[0] = name; /* what --help calls us */
    poptContext context = poptGetContext(name, argc, argv, options, flags);
    poptSetOtherOptionHelp(context, usage);
    int code = poptGetNextOpt(context);
    if (code == -1)
        return context;
    ium_error("%s: %s; try '%s --help'", poptBadOption(context, POPT_BADOPTION_NOALIAS),
              poptStrerror(code), name);
    poptFreeContext(context);
    return NULL;
}

bool ium_only_options(const char *name, int argc, const char **argv,
                      const struct poptOption *options, const char *usage)
{
    poptContext context = ium_options(name, argc, argv, options, usage);
    if (!context)
        return false;
    bool operands = poptPeekArg(context) != NULL;
    if (operands)
        ium_error("'%s' takes no operands; try '%s --help'", name, name);
    poptFreeContext(context);
    return !operands;
}

int ium_json_command(const char *name, int argc, const char **argv, int (*command)(bool json))
{
    int json = 0;
    const struct poptOption options[] = {
        {"json", 0, POPT_ARG_NONE, &json, 0, "print JSON", NULL},
        POPT_AUTOHELP POPT_TABLEEND,
    };
    return ium_only_options(name, argc, argv, options, "[--json]") ? command(json) : IUM_USAGE;
}

void ium_add_number(struct json_object *o, const char *key, uint64_t value)
{
    json_object_object_add(o, key, json_object_new_uint64(value));
}

void ium_add_string(struct json_object *o, const char *key, const char *value)
{
    json_object_object_add(o, key, json_object_new_string(value));
}

void ium_add_bool(struct json_object *o, const char *key, bool value)
{
    json_object_object_add(o, key, json_object_new_boolean(value));
}

void ium_print_json(struct json_object *object)
{
    puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                    JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(object);
}

bool ium_map_file(const char *path, struct ium_file *file)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    void *bytes = MAP_FAILED;
    if (!fstat(fd, &info)) {
        errno = S_ISDIR(info.st_mode) ? EISDIR : EINVAL;
        if (S_ISREG(info.st_mode) && info.st_size > 0)
            bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    int saved = errno;
    close(fd);
    errno = saved;
    if (bytes == MAP_FAILED)
        return false;
    *file = (struct ium_file){bytes, (uint64_t)info.st_size};
    return true;
}

void ium_unmap_file(struct ium_file *file)
{
    munmap((void *)(uintptr_t)file->bytes, file->size);
}
