/* SPDX-License-Identifier: BSD-2-Clause */
/* ium inspect. */
#include "ium.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "policy.h"
#include "signature.h"
#include "text.h"

static const char *yes_no(uint32_t value)
{
    return value ? "yes" : "no";
}

/* "accept", or the fixed words with blanks between; buffer holds the field. */
static const char *arguments_text(const struct trustlet_manifest *m, char *buffer)
{
    size_t used = 0;
    if (!(m->flags & TRUSTLET_FIXED_ARGS))
        return "accept";
    for (; used + 1 < sizeof(m->fixed_args); used++) {
        bool end = !m->fixed_args[used];
        if (end && !m->fixed_args[used + 1])
            break;
        buffer[used] = end ? ' ' : m->fixed_args[used];
    }
    buffer[used] = 0;
    return buffer;
}

static void print_text(const char *path, const struct trustlet_trailer *t, enum sk_status status)
{
    const struct trustlet_manifest *m = &t->manifest;
    char classes[160], memory[24], stack[24], words[sizeof(m->fixed_args) + 1];
    char hex[2 * TRUSTLET_KEY_SIZE + 1];
    printf("file              %s\n", path);
    printf("signature         %s\n", status == SK_OK ? "good" : openvsm_status_text(status));
    printf("signer            %s\n", hex_format(t->signer, sizeof(t->signer), hex));
    printf("name              %s\n", m->name);
    printf("id                0x%llx\n", (unsigned long long)m->trustlet_id);
    printf("security-version  %u\n", m->security_version);
    printf("classes           %s\n", policy_format_classes(m->classes, classes, sizeof(classes)));
    printf("max-memory        %s\n", policy_format_size(m->max_memory, memory));
    printf("max-threads       %u\n", m->max_threads);
    printf("stack-size        %s\n", policy_format_size(m->stack_size, stack));
    printf("arguments         %s\n", arguments_text(m, words));
    printf("environment       %s\n", m->flags & TRUSTLET_NO_ENVIRONMENT ? "drop" : "accept");
    printf("calls             %s\n", m->flags & TRUSTLET_CALLABLE ? "accept" : "refuse");
    printf("debuggable        %s\n", yes_no(m->flags & TRUSTLET_DEBUGGABLE));
    printf("image-size        %llu\n", (unsigned long long)m->image_size);
    printf("digest            %s\n", hex_format(m->digest, sizeof(m->digest), hex));
}

static struct json_object *class_array(uint32_t classes)
{
    struct json_object *array = json_object_new_array();
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = policy_class_name(bit);
        if (name && (classes & (1u << bit)))
            json_object_array_add(array, json_object_new_string(name));
    }
    return array;
}

static void print_json(const char *path, const struct trustlet_trailer *t, enum sk_status status)
{
    const struct trustlet_manifest *m = &t->manifest;
    char hex[2 * TRUSTLET_KEY_SIZE + 1], words[sizeof(m->fixed_args) + 1];
    struct json_object *o = json_object_new_object();
    ium_add_string(o, "file", path);
    ium_add_bool(o, "valid", status == SK_OK);
    ium_add_string(o, "signature", status == SK_OK ? "good" : openvsm_status_text(status));
    ium_add_string(o, "signer", hex_format(t->signer, sizeof(t->signer), hex));
    ium_add_string(o, "name", m->name);
    ium_add_number(o, "id", m->trustlet_id);
    ium_add_number(o, "security-version", m->security_version);
    json_object_object_add(o, "classes", class_array(m->classes));
    ium_add_number(o, "max-memory", m->max_memory);
    ium_add_number(o, "max-threads", m->max_threads);
    ium_add_number(o, "stack-size", m->stack_size);
    ium_add_string(o, "arguments", arguments_text(m, words));
    ium_add_string(o, "environment", m->flags & TRUSTLET_NO_ENVIRONMENT ? "drop" : "accept");
    ium_add_bool(o, "callable", m->flags & TRUSTLET_CALLABLE);
    ium_add_bool(o, "debuggable", m->flags & TRUSTLET_DEBUGGABLE);
    ium_add_number(o, "image-size", m->image_size);
    ium_add_string(o, "digest", hex_format(m->digest, sizeof(m->digest), hex));
    ium_print_json(o);
}

/* Whoever made the file chose these bytes: none of them may drive the reader's terminal. */
static void make_printable(char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] && (text[i] < ' ' || text[i] > '~'))
            text[i] = '?';
    text[size - 1] = 0;
}

static int inspect(const char *path, bool json)
{
    struct trustlet_trailer trailer = {0};
    struct ium_file file;
    if (sodium_init() < 0 || !ium_map_file(path, &file)) {
        ium_errno("%s", path);
        return IUM_FAILED;
    }
    enum sk_status status = signature_verify(file.bytes, file.size, &trailer);
    ium_unmap_file(&file);
    make_printable(trailer.manifest.name, sizeof(trailer.manifest.name));
    make_printable(trailer.manifest.fixed_args, sizeof(trailer.manifest.fixed_args));
    if (status == SK_IMAGE_UNSIGNED)
        ium_error("%s: %s; %s", path, openvsm_status_text(status), openvsm_status_advice(status));
    else if (json)
        print_json(path, &trailer, status);
    else
        print_text(path, &trailer, status);
    return status == SK_OK ? IUM_OK : IUM_FAILED;
}

int ium_inspect(int argc, const char **argv)
{
    int json = 0;
    const struct poptOption options[] = {
        {"json", 0, POPT_ARG_NONE, &json, 0, "print JSON", NULL},
        POPT_AUTOHELP POPT_TABLEEND,
    };
    poptContext context = ium_options("ium inspect", argc, argv, options, "[--json] FILE");
    if (!context)
        return IUM_USAGE;
    const char *path = poptGetArg(context);
    int code = IUM_USAGE;
    if (!path || poptPeekArg(context))
        ium_error("inspect wants one FILE; try 'ium inspect --help'");
    else
        code = inspect(path, json);
    poptFreeContext(context);
    return code;
}
