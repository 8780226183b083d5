/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Local users: names here, Argon2id verifiers sealed by lsaiso. In memory only: without a hardware
 * root a verifier dies with its boot, and is made anew from an enrolment at start.
 */
#include "lsassd.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct user *find(struct lsassd *d, const char *name)
{
    for (struct user *u = d->users; u; u = u->next)
        if (!strcmp(u->name, name))
            return u;
    return NULL;
}

/* A copy of the user's verifier. -> whether there is one. */
static bool copy_verifier(struct lsassd *d, const char *name, lsa_blob *out,
                          char room[LSA_BLOB_MAX])
{
    const struct user *u = NULL;

    pthread_mutex_lock(&d->users_lock);
    u = find(d, name);
    if (u) {
        out->lsa_blob_len = u->verifier.lsa_blob_len;
        out->lsa_blob_val = room;
        memcpy(room, u->verifier.lsa_blob_val, out->lsa_blob_len);
    }
    pthread_mutex_unlock(&d->users_lock);
    return u != NULL;
}

static int set_verifier(struct lsassd *d, const char *name, lsa_blob *verifier)
{
    struct user *u = NULL;

    pthread_mutex_lock(&d->users_lock);
    u = find(d, name);
    if (!u) {
        u = calloc(1, sizeof(*u));
        if (u) {
            snprintf(u->name, sizeof(u->name), "%s", name);
            u->next = d->users;
            d->users = u;
        }
    }
    if (u) {
        free(u->verifier.lsa_blob_val);
        u->verifier = *verifier;
        memset(verifier, 0, sizeof(*verifier));
    }
    pthread_mutex_unlock(&d->users_lock);
    return u ? 0 : -1;
}

static void wipe(lsa_secret *s)
{
    if (s->lsa_secret_val)
        explicit_bzero(s->lsa_secret_val, s->lsa_secret_len);
}

static lsa_status enrol(struct work *w, const char *name, lsa_secret *password)
{
    lsa_enrol_args args = {.user = (char *)(uintptr_t)name, .password = *password};
    lsa_blob_result r;
    lsa_status status = ISO(w, EnrolUser, lsa_enrol_args, &args, lsa_blob_result, &r);

    wipe(password);
    if (status == LSA_OK && set_verifier(w->d, name, &r.blob))
        status = LSA_NO_MEMORY;
    FREE(lsa_blob_result, &r);
    return status;
}

static lsa_status validate(struct work *w, const char *name, lsa_secret *password)
{
    char room[LSA_BLOB_MAX];
    lsa_validate_args args = {.user = (char *)(uintptr_t)name, .password = *password};
    lsa_nothing none;
    lsa_status status = LSA_OK;

    /* For a name that is not there lsaiso takes just as long. */
    copy_verifier(w->d, name, &args.verifier, room);
    status = ISO(w, PasswordValidateInteractive, lsa_validate_args, &args, lsa_nothing, &none);
    return status;
}

static bool may_manage(const struct work *w)
{
    return w->uid == 0 || w->uid == geteuid();
}

lsa_status serve_user_add(struct work *w, lsa_user_args *a, lsa_nothing *r)
{
    bool exists = false;

    (void)r;
    snprintf(w->about, sizeof(w->about), "%s", a->user);
    if (!may_manage(w))
        return say(w, LSA_DENIED, "only root adds users");
    if (!*a->user || strpbrk(a->user, "@:/ \t\n"))
        return say(w, LSA_BAD_NAME, "\"%s\" is not a user name", a->user);
    pthread_mutex_lock(&w->d->users_lock);
    exists = find(w->d, a->user) != NULL;
    pthread_mutex_unlock(&w->d->users_lock);
    if (exists)
        return say(w, LSA_EXISTS, "the user %s is there already; see lsa user passwd", a->user);
    return enrol(w, a->user, &a->password);
}

static bool is_self(const struct work *w, const char *name)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char room[4096];

    return getpwnam_r(name, &entry, room, sizeof(room), &found) == 0 && found &&
           found->pw_uid == w->uid;
}

lsa_status serve_user_password(struct work *w, lsa_user_args *a, lsa_nothing *r)
{
    lsa_status status = LSA_OK;
    bool exists = false;

    (void)r;
    snprintf(w->about, sizeof(w->about), "%s", a->user);
    if (!may_manage(w) && !is_self(w, a->user))
        return say(w, LSA_DENIED, "only root and %s change this password", a->user);
    pthread_mutex_lock(&w->d->users_lock);
    exists = find(w->d, a->user) != NULL;
    pthread_mutex_unlock(&w->d->users_lock);
    if (!exists)
        return say(w, LSA_NO_USER, "there is no user %s; see lsa user add", a->user);
    if (!may_manage(w))
        status = validate(w, a->user, &a->old_password);
    wipe(&a->old_password);
    return status ? status : enrol(w, a->user, &a->password);
}

lsa_status serve_user_remove(struct work *w, lsa_user_args *a, lsa_nothing *r)
{
    struct user *gone = NULL;

    (void)r;
    snprintf(w->about, sizeof(w->about), "%s", a->user);
    if (!may_manage(w))
        return say(w, LSA_DENIED, "only root removes users");
    pthread_mutex_lock(&w->d->users_lock);
    for (struct user **at = &w->d->users; *at; at = &(*at)->next)
        if (!strcmp((*at)->name, a->user)) {
            gone = *at;
            *at = gone->next;
            break;
        }
    pthread_mutex_unlock(&w->d->users_lock);
    if (!gone)
        return say(w, LSA_NO_USER, "there is no user %s", a->user);
    free(gone->verifier.lsa_blob_val);
    free(gone);
    return LSA_OK;
}

static uint32_t uid_of(const char *name, uint32_t fallback)
{
    struct passwd entry;
    struct passwd *found = NULL;
    char room[4096];
    char local[DER_NAME_MAX];

    snprintf(local, sizeof(local), "%.*s", (int)strcspn(name, "@"), name);
    if (getpwnam_r(local, &entry, room, sizeof(room), &found) || !found)
        return fallback;
    return found->pw_uid;
}

/* For PAM. A name with a realm (or any name, where lsa.conf's pam_realm says so) is logged on to
 * its KDC: that is its check; the session stays for the user's programs. */
lsa_status serve_authenticate(struct work *w, lsa_authenticate_args *a, lsa_authenticated *r)
{
    const char *realm = config_get(&w->d->config, "pam_realm");
    bool local = false;
    char principal[LSA_NAME_MAX];
    struct entry *e = NULL;
    lsa_logon_args args = {.principal = principal, .password = a->password, .ntlm = LSA_NTLM_ALSO};
    lsa_status status = LSA_OK;

    snprintf(w->about, sizeof(w->about), "%s", a->user);
    if (!may_manage(w) && !is_self(w, a->user))
        return say(w, LSA_DENIED, "only root checks another user's password");
    pthread_mutex_lock(&w->d->users_lock);
    local = find(w->d, a->user) != NULL;
    pthread_mutex_unlock(&w->d->users_lock);
    if (local || (!strchr(a->user, '@') && !realm)) {
        status = validate(w, a->user, &a->password);
        wipe(&a->password);
        return status;
    }
    snprintf(principal, sizeof(principal), strchr(a->user, '@') ? "%s" : "%s@%s", a->user, realm);
    status = logon(w, uid_of(a->user, w->uid), &args, &e);
    if (status)
        return status;
    r->session = e->id;
    store_put(&w->d->store, e);
    return LSA_OK;
}

int users_enrol(struct lsassd *d, const char *path, char *error, size_t room)
{
    struct work w = {.d = d, .iso = {.path = d->iso_path, .fd = -1}, .uid = geteuid()};
    char line[2048];
    FILE *file = fopen(path, "re");
    lsa_status status = LSA_OK;

    if (!file) {
        snprintf(error, room, "%s: %s", path, strerror(errno));
        return -1;
    }
    setvbuf(file, NULL, _IONBF, 0); /* no second copy of a password in a buffer */
    while (status == LSA_OK && fgets(line, sizeof(line), file)) {
        char *colon = strchr(line, ':');
        lsa_secret password = {0};

        line[strcspn(line, "\n")] = '\0';
        if (!colon || !*line)
            continue;
        *colon = '\0';
        password.lsa_secret_val = colon + 1;
        password.lsa_secret_len = (u_int)strlen(colon + 1);
        status = enrol(&w, line, &password);
    }
    explicit_bzero(line, sizeof(line));
    fclose(file);
    connection_close(&w.iso);
    if (status)
        snprintf(error, room, "%s: %s", path, w.answer.message);
    return status ? -1 : 0;
}
