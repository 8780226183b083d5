/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

struct status_words {
    enum sk_status status;
    const char *text;
    const char *advice;
};

#define SIGN_AGAIN "sign the file again: ium sign --key KEY FILE -o SIGNED"
#define POLICY     "ium inspect FILE shows it; sign the file again with more"
#define UPDATE     "the tools and the Secure Kernel differ in version: install them together"

static const struct status_words words[] = {
    {SK_OK, "no error", NULL},
    {SK_AGAIN, "the call is not finished", NULL},
    {SK_NO_MEMORY, "there is not enough memory for another trustlet",
     "end other programs, or start the machine with a larger vtl1=SIZE"},
    {SK_INVALID_CALL, "the Secure Kernel does not know the call", UPDATE},
    {SK_INVALID_ARGUMENT, "the Secure Kernel refused an argument", NULL},
    {SK_NOT_FOUND, "there is no such trustlet or thread", NULL},
    {SK_BUSY, "the trustlet is in use on another processor", NULL},
    {SK_ACCESS_DENIED, "a page does not belong to VTL0 or is in use by VTL1", NULL},
    {SK_BAD_STATE, "the trustlet is not ready for this call", NULL},
    {SK_LIMIT,
     "a limit is reached: too many trustlets at once, or too many different ones in this boot",
     "ium ps shows the trustlets"},
    {SK_WATCHDOG,
     "a hardware watchdog runs, which would reset the machine with secrets in its memory",
     "stop it (RuntimeWatchdogSec=off in system.conf(5), or the daemon that serves it)"},
    {SK_IMAGE_UNSIGNED, "the file is not signed", "sign it: ium sign --key KEY FILE -o SIGNED"},
    {SK_IMAGE_MALFORMED_MANIFEST, "the file's manifest is malformed", SIGN_AGAIN},
    {SK_IMAGE_UNKNOWN_SIGNER, "the file is signed by a key that this Secure Kernel does not trust",
     "sign it with a key built into the Secure Kernel; ium inspect FILE shows the signer"},
    {SK_IMAGE_BAD_SIGNATURE, "the signature does not match the manifest: one of them was altered",
     SIGN_AGAIN},
    {SK_IMAGE_REVOKED, "the file's security version is too old: revoked, or a newer one has run",
     "use a newer version of the program"},
    {SK_IMAGE_TRUNCATED, "the file is shorter or longer than its manifest says",
     "get the whole file again, or sign it again"},
    {SK_IMAGE_BAD_DIGEST, "the program was altered after it was signed",
     "get the original file again, or sign it again"},
    {SK_IMAGE_NOT_ELF, "the file is not an x86-64 ELF program", NULL},
    {SK_IMAGE_DYNAMIC, "the program is dynamically linked", "link it statically: gcc -static ..."},
    {SK_IMAGE_WX, "the program has a segment that is writable and executable",
     "link it without: gcc -static -Wl,-z,noexecstack -Wl,-z,separate-code ..."},
    {SK_IMAGE_BAD_LAYOUT, "the program's segments overlap, wrap around or lie outside its file",
     NULL},
    {SK_NO_RANDOM, "the processor has no random number generator (RDRAND)",
     "trustlets need one; on QEMU choose a CPU model with +rdrand"},
    {SK_RULE_ARGUMENTS, "the file's policy fixes the arguments (arguments), others are refused",
     "leave them out; ium inspect FILE shows the fixed ones"},
    {SK_RULE_MEMORY, "the file's policy (max-memory) is too little for the program itself", POLICY},
    {SK_RULE_STACK, "the file's policy (stack-size) leaves no room for so many arguments", POLICY},
};

static const struct status_words *find(enum sk_status status)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].status == status)
            return &words[i];
    return NULL;
}

const char *openvsm_status_text(enum sk_status status)
{
    const struct status_words *w = find(status);
    return w ? w->text : "the Secure Kernel answered with an unknown status";
}

const char *openvsm_status_advice(enum sk_status status)
{
    const struct status_words *w = find(status);
    return w ? w->advice : UPDATE;
}

static const struct {
    const char *name;
    const char *text;
} kinds[] = {
    [SK_AUDIT_MEMORY] = {"memory", "VTL0 touched a page that is not its own"},
    [SK_AUDIT_MSR] = {"msr", "VTL0 used a guarded MSR"},
    [SK_AUDIT_HYPERCALL] = {"hypercall", "a hypercall was refused"},
    [SK_AUDIT_SKCALL] = {"secure-call", "a Secure Kernel call was refused"},
    [SK_AUDIT_ANSWER] = {"answer", "VTL0's answer to a system call broke its contract"},
    [SK_AUDIT_IMAGE] = {"image", "an image was refused"},
    [SK_AUDIT_SYSCALL] = {"syscall", "a trustlet's system call was refused"},
    [SK_AUDIT_FAULT] = {"fault", "a trustlet died of its own fault"},
    [SK_AUDIT_REGISTER] = {"register", "VTL0 used a guarded register or instruction"},
    [SK_AUDIT_PORT] = {"port", "VTL0 wrote what is guarded to an I/O port"},
    [SK_AUDIT_ATTEMPT] = {"attempt", "VTL0 turned somebody away from a trustlet"},
    [SK_AUDIT_TRUSTLET] = {"trustlet", "a trustlet reports"},
};

const char *openvsm_audit_kind(uint16_t kind)
{
    return kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[kind].name : NULL;
}

const char *openvsm_audit_text(uint16_t kind)
{
    const char *text = kind < sizeof(kinds) / sizeof(kinds[0]) ? kinds[kind].text : NULL;
    return text ? text : "a record of a kind that this tool does not know";
}
