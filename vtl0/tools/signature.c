/* SPDX-License-Identifier: BSD-2-Clause */
#include "signature.h"

#include <elf.h>
#include <sodium.h>
#include <string.h>

static_assert(sizeof(struct signing_key) == crypto_sign_SECRETKEYBYTES, "libsodium's layout");

static bool has_trailer(const uint8_t *file, uint64_t size)
{
    const size_t magic = sizeof(((struct trustlet_trailer *)0)->magic);
    return size >= sizeof(struct trustlet_trailer) &&
           !memcmp(file + size - magic, TRUSTLET_MAGIC, magic);
}

uint64_t signature_plain_size(const void *file, uint64_t size)
{
    return has_trailer(file, size) ? size - sizeof(struct trustlet_trailer) : size;
}

/* Program header i, copied: files need not keep the alignment. */
static Elf64_Phdr program_header(const uint8_t *elf, const Elf64_Ehdr *header, unsigned i)
{
    Elf64_Phdr p;
    memcpy(&p, elf + header->e_phoff + (uint64_t)i * sizeof(p), sizeof(p));
    return p;
}

static enum sk_status check_header(const Elf64_Ehdr *h, uint64_t size)
{
    if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_CLASS] != ELFCLASS64 ||
        h->e_ident[EI_DATA] != ELFDATA2LSB || h->e_machine != EM_X86_64 ||
        (h->e_type != ET_EXEC && h->e_type != ET_DYN))
        return SK_IMAGE_NOT_ELF;
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phoff > size ||
        h->e_phnum > (size - h->e_phoff) / sizeof(Elf64_Phdr))
        return SK_IMAGE_BAD_LAYOUT;
    return SK_OK;
}

enum sk_status signature_check_program(const void *elf, uint64_t size)
{
    Elf64_Ehdr header;
    if (size < sizeof(header))
        return SK_IMAGE_NOT_ELF;
    memcpy(&header, elf, sizeof(header));
    enum sk_status status = check_header(&header, size);
    for (unsigned i = 0; status == SK_OK && i < header.e_phnum; i++) {
        Elf64_Phdr p = program_header(elf, &header, i);
        if (p.p_type == PT_INTERP)
            return SK_IMAGE_DYNAMIC;
        if (p.p_type == PT_LOAD && (p.p_flags & PF_W) && (p.p_flags & PF_X))
            status = SK_IMAGE_WX;
        else if (p.p_type == PT_LOAD && (p.p_offset > size || p.p_filesz > size - p.p_offset))
            status = SK_IMAGE_BAD_LAYOUT;
    }
    return status;
}

static void digest(const void *bytes, uint64_t size, uint8_t out[TRUSTLET_DIGEST_SIZE])
{
    crypto_generichash(out, TRUSTLET_DIGEST_SIZE, bytes, size, NULL, 0); /* BLAKE2b, RFC 7693 */
}

void signature_prepare(const void *elf, uint64_t size, const struct trustlet_manifest *manifest,
                       const uint8_t signer[TRUSTLET_KEY_SIZE], struct trustlet_trailer *trailer)
{
    *trailer = (struct trustlet_trailer){.manifest = *manifest};
    trailer->manifest.image_size = size;
    digest(elf, size, trailer->manifest.digest);
    memcpy(trailer->signer, signer, sizeof(trailer->signer));
    memcpy(trailer->magic, TRUSTLET_MAGIC, sizeof(trailer->magic));
}

void signature_make(const void *elf, uint64_t size, const struct trustlet_manifest *manifest,
                    const struct signing_key *key, struct trustlet_trailer *trailer)
{
    signature_prepare(elf, size, manifest, key->public_key, trailer);
    crypto_sign_detached(trailer->signature, NULL, (const uint8_t *)&trailer->manifest,
                         sizeof(trailer->manifest), (const uint8_t *)key);
}

enum sk_status signature_verify(const void *file, uint64_t size, struct trustlet_trailer *trailer)
{
    uint8_t actual[TRUSTLET_DIGEST_SIZE];
    if (!has_trailer(file, size))
        return SK_IMAGE_UNSIGNED;
    uint64_t plain = size - sizeof(*trailer);
    memcpy(trailer, (const uint8_t *)file + plain, sizeof(*trailer));
    if (crypto_sign_verify_detached(trailer->signature, (const uint8_t *)&trailer->manifest,
                                    sizeof(trailer->manifest), trailer->signer))
        return SK_IMAGE_BAD_SIGNATURE;
    if (trailer->manifest.image_size != plain)
        return SK_IMAGE_TRUNCATED;
    digest(file, plain, actual);
    return memcmp(actual, trailer->manifest.digest, sizeof(actual)) ? SK_IMAGE_BAD_DIGEST : SK_OK;
}

const char *hex_format(const uint8_t *bytes, size_t size, char *hex)
{
    return sodium_bin2hex(hex, 2 * size + 1, bytes, size);
}
