/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MIT's acceptor in steps, for a peer that is in another machine:
 *   gss_accept STATE accept TOKEN          prints the reply token, and keeps the context in STATE
 *   gss_accept STATE unwrap TOKEN KEYS     prints the message, appends the context's keys to KEYS
 * Tokens are base64.
 */
#include <gssapi/gssapi.h>
#include <gssapi/gssapi_krb5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/base64.h>

static gss_OID_desc krb5 = {9, (void *)"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};

static void check(const char *what, OM_uint32 major, OM_uint32 minor)
{
    OM_uint32 ignored = 0;
    OM_uint32 more = 0;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;

    if (!GSS_ERROR(major))
        return;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, &krb5, &more, &text);
    fprintf(stderr, "gss_accept: %s: %.*s\n", what, (int)text.length, (char *)text.value);
    exit(1);
}

static gss_buffer_desc decode(const char *text)
{
    gss_buffer_desc out = {0, malloc(BASE64_DECODE_LENGTH(strlen(text)) + 1)};
    struct base64_decode_ctx context;

    base64_decode_init(&context);
    if (!base64_decode_update(&context, &out.length, out.value, strlen(text), text))
        exit(2);
    return out;
}

static void print_base64(const gss_buffer_desc *b)
{
    char *text = calloc(1, BASE64_ENCODE_RAW_LENGTH(b->length) + 1);

    base64_encode_raw(text, b->length, b->value);
    puts(text);
    free(text);
}

static void accept_token(const char *state, const char *text)
{
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc in = decode(text);
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc saved = GSS_C_EMPTY_BUFFER;
    OM_uint32 minor = 0;
    FILE *file = fopen(state, "w");

    check("accept",
          gss_accept_sec_context(&minor, &context, GSS_C_NO_CREDENTIAL, &in,
                                 GSS_C_NO_CHANNEL_BINDINGS, NULL, NULL, &out, NULL, NULL, NULL),
          minor);
    check("export", gss_export_sec_context(&minor, &context, &saved), minor);
    if (!file || fwrite(saved.value, 1, saved.length, file) != saved.length)
        exit(1);
    fclose(file);
    print_base64(&out);
}

static void append_key(FILE *out, const gss_krb5_lucid_key_t *key)
{
    for (OM_uint32 i = 0; i < key->length; i++)
        fprintf(out, "%02x", ((const unsigned char *)key->data)[i]);
    fputc('\n', out);
}

static void append_keys(gss_ctx_id_t *context, const char *path)
{
    gss_krb5_lucid_context_v1_t *lucid = NULL;
    void *any = NULL;
    OM_uint32 minor = 0;
    FILE *out = fopen(path, "a");

    check("keys", gss_krb5_export_lucid_sec_context(&minor, context, 1, &any), minor);
    lucid = any;
    append_key(out, &lucid->cfx_kd.ctx_key);
    if (lucid->cfx_kd.have_acceptor_subkey)
        append_key(out, &lucid->cfx_kd.acceptor_subkey);
    fclose(out);
}

static void unwrap_token(const char *state, const char *text, const char *keys)
{
    static char saved[65536];
    gss_ctx_id_t context = GSS_C_NO_CONTEXT;
    gss_buffer_desc in = decode(text);
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    gss_buffer_desc old = {0, saved};
    OM_uint32 minor = 0;
    int sealed = 0;
    FILE *file = fopen(state, "r");

    if (!file)
        exit(1);
    old.length = fread(saved, 1, sizeof(saved), file);
    fclose(file);
    check("import", gss_import_sec_context(&minor, &old, &context), minor);
    check("unwrap", gss_unwrap(&minor, context, &in, &out, &sealed, NULL), minor);
    printf("%.*s%s\n", (int)out.length, (char *)out.value, sealed ? ", sealed" : "");
    append_keys(&context, keys);
}

int main(int argc, char **argv)
{
    if (argc == 4 && !strcmp(argv[2], "accept"))
        accept_token(argv[1], argv[3]);
    else if (argc == 5 && !strcmp(argv[2], "unwrap"))
        unwrap_token(argv[1], argv[3], argv[4]);
    else
        return 2;
    return 0;
}
