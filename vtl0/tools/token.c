/* SPDX-License-Identifier: BSD-2-Clause */
/* Tokens by way of p11-kit: the modules that the system has, or the URI's module-path. */
#define _DEFAULT_SOURCE
#include "token.h"

#include <p11-kit/p11-kit.h>
#include <p11-kit/pin.h>
#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ium.h"

#define TEMPLATE_MAX 8u
#define SLOTS_MAX    64u
/* The point's bytes (PKCS#11 3.0, 2.3.5), or these as a DER OCTET STRING, which older modules give.
 */
#define POINT_SIZE   (2 + TRUSTLET_KEY_SIZE)

struct token_key {
    P11KitUri *uri;
    CK_FUNCTION_LIST **modules;
    CK_FUNCTION_LIST *module; /* the token's; NULL: not found */
    CK_SESSION_HANDLE session;
    CK_OBJECT_HANDLE key;
    CK_RV error; /* the last one, of a token that would have fitted */
};

bool token_is_uri(const char *key)
{
    return !strncmp(key, P11_KIT_URI_SCHEME ":", P11_KIT_URI_SCHEME_LEN + 1);
}

/* A module that the system does not know is loaded by its path. */
static bool load_modules(struct token_key *t)
{
    const char *path = p11_kit_uri_get_module_path(t->uri);
    if (!path) {
        t->modules = p11_kit_modules_load_and_initialize(0);
        return t->modules != NULL;
    }
    t->modules = calloc(2, sizeof(*t->modules));
    if (t->modules)
        t->modules[0] = p11_kit_module_load(path, 0);
    if (t->modules && t->modules[0] && p11_kit_module_initialize(t->modules[0]) == CKR_OK)
        return true;
    if (t->modules && t->modules[0])
        p11_kit_module_release(t->modules[0]);
    free(t->modules);
    t->modules = NULL;
    return false;
}

/* The first line of pin-source, pin-value, or what is typed. NULL: none. */
static P11KitPin *ask_pin(const struct token_key *t)
{
    const char *value = p11_kit_uri_get_pin_value(t->uri);
    const char *source = p11_kit_uri_get_pin_source(t->uri);
    if (source && !strncmp(source, "file:", 5))
        source += 5;
    if (!value && source)
        return p11_kit_pin_file_callback(source, t->uri, "PIN", 0, NULL);
    if (!value && isatty(STDIN_FILENO))
        value = getpass("PIN of the token: ");
    return value ? p11_kit_pin_new_for_string(value) : NULL;
}

static CK_RV log_in(struct token_key *t, const CK_TOKEN_INFO *info)
{
    if (!(info->flags & CKF_LOGIN_REQUIRED))
        return CKR_OK;
    P11KitPin *pin = ask_pin(t);
    if (!pin)
        return CKR_PIN_INVALID;
    size_t size;
    const unsigned char *bytes = p11_kit_pin_get_value(pin, &size);
    while (size > 0 && (bytes[size - 1] == '\n' || bytes[size - 1] == '\r'))
        size--;
    CK_RV result = t->module->C_Login(t->session, CKU_USER, (CK_UTF8CHAR *)bytes, size);
    p11_kit_pin_unref(pin);
    return result == CKR_USER_ALREADY_LOGGED_IN ? CKR_OK : result;
}

/* -> how many objects fit, up to 2; the first goes to *object. */
static CK_ULONG find(const struct token_key *t, CK_ATTRIBUTE *wanted, CK_ULONG count,
                     CK_OBJECT_HANDLE *object)
{
    CK_OBJECT_HANDLE found[2];
    CK_ULONG number = 0;
    if (t->module->C_FindObjectsInit(t->session, wanted, count) != CKR_OK)
        return 0;
    if (t->module->C_FindObjects(t->session, found, 2, &number) != CKR_OK)
        number = 0;
    t->module->C_FindObjectsFinal(t->session);
    *object = number ? found[0] : 0;
    return number;
}

/* The one private Ed25519 key with the URI's label and ID. */
static CK_RV find_key(struct token_key *t)
{
    CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
    CK_KEY_TYPE type = CKK_EC_EDWARDS;
    CK_ATTRIBUTE wanted[TEMPLATE_MAX] = {
        {CKA_CLASS, &class, sizeof(class)},
        {CKA_KEY_TYPE, &type, sizeof(type)},
    };
    CK_ULONG count = 2, given = 0;
    const CK_ATTRIBUTE *attributes = p11_kit_uri_get_attributes(t->uri, &given);
    for (CK_ULONG i = 0; i < given && count < TEMPLATE_MAX; i++)
        if (attributes[i].type == CKA_LABEL || attributes[i].type == CKA_ID)
            wanted[count++] = attributes[i];
    switch (find(t, wanted, count, &t->key)) {
    case 0:
        return CKR_KEY_HANDLE_INVALID;
    case 1:
        return CKR_OK;
    default:
        return CKR_TEMPLATE_INCONSISTENT;
    }
}

/* Of the public key with the same ID: a private one does not have to know its point. */
static CK_RV read_public(const struct token_key *t, uint8_t public_key[TRUSTLET_KEY_SIZE])
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_OBJECT_HANDLE object;
    uint8_t id[256], point[POINT_SIZE];
    CK_ATTRIBUTE own = {CKA_ID, id, sizeof(id)}, value = {CKA_EC_POINT, point, sizeof(point)};
    CK_RV result = t->module->C_GetAttributeValue(t->session, t->key, &own, 1);
    if (result != CKR_OK)
        return result;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof(class)}, own};
    if (find(t, wanted, 2, &object) != 1)
        return CKR_KEY_NEEDED;
    result = t->module->C_GetAttributeValue(t->session, object, &value, 1);
    size_t at = value.ulValueLen == POINT_SIZE ? POINT_SIZE - TRUSTLET_KEY_SIZE : 0;
    if (result == CKR_OK && value.ulValueLen != at + TRUSTLET_KEY_SIZE)
        result = CKR_KEY_TYPE_INCONSISTENT;
    if (result == CKR_OK)
        memcpy(public_key, point + at, TRUSTLET_KEY_SIZE);
    return result;
}

/* Is the key in this slot's token? Then its session stays open. */
static bool try_token(struct token_key *t, CK_SLOT_ID slot, uint8_t public_key[TRUSTLET_KEY_SIZE])
{
    CK_TOKEN_INFO info;
    if (t->module->C_GetTokenInfo(slot, &info) != CKR_OK ||
        !p11_kit_uri_match_token_info(t->uri, &info))
        return false;
    t->error = t->module->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &t->session);
    if (t->error != CKR_OK)
        return false;
    t->error = log_in(t, &info);
    if (t->error == CKR_OK)
        t->error = find_key(t);
    if (t->error == CKR_OK)
        t->error = read_public(t, public_key);
    if (t->error != CKR_OK)
        t->module->C_CloseSession(t->session);
    return t->error == CKR_OK;
}

static bool search(struct token_key *t, uint8_t public_key[TRUSTLET_KEY_SIZE])
{
    t->error = CKR_TOKEN_NOT_PRESENT;
    for (CK_FUNCTION_LIST **m = t->modules; *m; m++) {
        CK_SLOT_ID slots[SLOTS_MAX];
        CK_ULONG count = SLOTS_MAX;
        t->module = *m;
        if (t->module->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK)
            continue;
        for (CK_ULONG i = 0; i < count; i++)
            if (try_token(t, slots[i], public_key))
                return true;
    }
    return false;
}

static void say_error(CK_RV error)
{
    switch (error) {
    case CKR_TOKEN_NOT_PRESENT:
        ium_error("no token fits the URI; p11-kit list-modules shows them");
        break;
    case CKR_PIN_INVALID:
        ium_error("the token wants its PIN: pin-source=FILE in the URI, or a terminal");
        break;
    case CKR_KEY_HANDLE_INVALID:
        ium_error("the token has no Ed25519 key that fits the URI");
        break;
    case CKR_TEMPLATE_INCONSISTENT:
        ium_error("more than one key fits the URI; name one with object= or id=");
        break;
    case CKR_KEY_NEEDED:
        ium_error("the token has no public key beside it, with the same ID");
        break;
    default:
        ium_error("the token: %s", p11_kit_strerror(error));
        break;
    }
}

struct token_key *token_open(const char *uri, uint8_t public_key[TRUSTLET_KEY_SIZE])
{
    struct token_key *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->uri = p11_kit_uri_new();
    if (p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, t->uri) != P11_KIT_URI_OK)
        ium_error("the key is no PKCS#11 URI (RFC 7512)");
    else if (!load_modules(t))
        ium_error("no PKCS#11 module can be loaded: %s", p11_kit_message());
    else if (search(t, public_key))
        return t;
    else
        say_error(t->error);
    t->module = NULL;
    token_close(t);
    return NULL;
}

bool token_sign(struct token_key *t, const void *bytes, size_t size,
                uint8_t signature[TRUSTLET_SIGNATURE_SIZE])
{
    CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
    CK_ULONG length = TRUSTLET_SIGNATURE_SIZE;
    CK_RV result = t->module->C_SignInit(t->session, &mechanism, t->key);
    if (result == CKR_OK)
        result = t->module->C_Sign(t->session, (CK_BYTE *)bytes, size, signature, &length);
    if (result != CKR_OK || length != TRUSTLET_SIGNATURE_SIZE)
        ium_error("the token does not sign: %s", p11_kit_strerror(result));
    return result == CKR_OK && length == TRUSTLET_SIGNATURE_SIZE;
}

void token_close(struct token_key *t)
{
    if (!t)
        return;
    if (t->module)
        t->module->C_CloseSession(t->session);
    if (t->modules)
        p11_kit_modules_finalize_and_release(t->modules);
    p11_kit_uri_free(t->uri);
    free(t);
}
