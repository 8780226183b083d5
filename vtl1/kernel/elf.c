/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF64 for x86-64 (System V gABI chapters 4 and 5), the static kinds only, read strictly. */
#include "elf.h"
#include "address_space.h"
#include "string.h"

#include <linux/elf.h>

#define MAX_PHDRS 64u

static bool is_elf64_x86(const Elf64_Ehdr *h)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    uint8_t abi = h->e_ident[EI_OSABI];
    if (memcmp(h->e_ident, ident, sizeof(ident)) != 0)
        return false;
    /* A static glibc with IFUNCs says GNU, which is the same number as Linux. */
    if (abi != ELFOSABI_NONE && abi != ELFOSABI_LINUX)
        return false;
    return h->e_machine == EM_X86_64 && h->e_version == EV_CURRENT &&
           (h->e_type == ET_EXEC || h->e_type == ET_DYN);
}

static bool in_user_range(const struct image_layout *out, uint64_t start, uint64_t end)
{
    uint64_t low = out->position_independent ? 0 : USER_START;
    /* The rest is kept free for the load bias, the stack and mappings. */
    uint64_t high = out->position_independent ? ELF_MEMORY_MAX : USER_END / 2;
    return start >= low && end <= high;
}

/* gABI: p_vaddr and p_offset agree modulo the page; memory is at least the file's part. */
static enum sk_status check_load(const Elf64_Phdr *p, uint64_t file_size,
                                 const struct image_layout *out)
{
    uint64_t file_end = 0, memory_end = 0;
    if (p->p_flags & ~7u)
        return SK_IMAGE_BAD_LAYOUT;
    if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
        return SK_IMAGE_WX;
    if (p->p_filesz > p->p_memsz || p->p_memsz > ELF_MEMORY_MAX)
        return SK_IMAGE_BAD_LAYOUT;
    if (__builtin_add_overflow(p->p_offset, p->p_filesz, &file_end) ||
        __builtin_add_overflow(p->p_vaddr, p->p_memsz, &memory_end))
        return SK_IMAGE_BAD_LAYOUT;
    if (file_end > file_size)
        return SK_IMAGE_TRUNCATED;
    if ((p->p_vaddr & PAGE_MASK) != (p->p_offset & PAGE_MASK))
        return SK_IMAGE_BAD_LAYOUT;
    /* A tail of zeros needs a page that can be written, for its first page holds file bytes. */
    if (p->p_memsz > p->p_filesz && !(p->p_flags & PF_W))
        return SK_IMAGE_BAD_LAYOUT;
    if (!in_user_range(out, p->p_vaddr, memory_end))
        return SK_IMAGE_BAD_LAYOUT;
    return SK_OK;
}

static unsigned access_of(uint32_t flags)
{
    return ((flags & PF_R) ? ACCESS_READ : 0u) | ((flags & PF_W) ? ACCESS_WRITE : 0u) |
           ((flags & PF_X) ? ACCESS_EXECUTE : 0u);
}

static uint64_t segment_end(const struct image_segment *s)
{
    return s->address + s->size;
}

static const struct image_segment *last_segment(const struct image_layout *out)
{
    return &out->segments[out->segment_count - 1];
}

static enum sk_status add_segment(const Elf64_Phdr *p, uint64_t file_size, struct image_layout *out)
{
    if (p->p_memsz == 0 && p->p_filesz == 0)
        return SK_OK;
    enum sk_status status = check_load(p, file_size, out);
    if (status != SK_OK)
        return status;
    if (out->segment_count == IMAGE_MAX_SEGMENTS)
        return SK_IMAGE_BAD_LAYOUT;
    struct image_segment s = {
        .address = p->p_vaddr & ~PAGE_MASK,
        .file_offset = p->p_offset & ~PAGE_MASK,
        .file_bytes = p->p_filesz + (p->p_vaddr & PAGE_MASK),
        .access = access_of(p->p_flags),
    };
    s.size = ((p->p_vaddr + p->p_memsz + PAGE_MASK) & ~PAGE_MASK) - s.address;
    /* gABI: PT_LOAD entries ascend. Two on one page would need one page with two rights. */
    if (out->segment_count > 0 && s.address < segment_end(last_segment(out)))
        return SK_IMAGE_BAD_LAYOUT;
    out->segments[out->segment_count++] = s;
    return SK_OK;
}

static enum sk_status read_phdr(const Elf64_Phdr *p, uint64_t file_size, struct image_layout *out)
{
    switch (p->p_type) {
    case PT_LOAD:
        return add_segment(p, file_size, out);
    case PT_INTERP:
        return SK_IMAGE_DYNAMIC;
    case PT_GNU_STACK:
        return (p->p_flags & PF_X) ? SK_IMAGE_WX : SK_OK;
    case PT_TLS:
        /* The program's own start code copies the template and trusts these numbers. */
        if (p->p_filesz > p->p_memsz || p->p_memsz > ELF_MEMORY_MAX)
            return SK_IMAGE_BAD_LAYOUT;
        return SK_OK;
    default:
        return SK_OK;
    }
}

/* Where the header table lies in memory (AT_PHDR): in the segment that holds those file bytes. */
static uint64_t phdr_address(const struct image_layout *out, uint64_t phoff, uint64_t size)
{
    for (uint32_t i = 0; i < out->segment_count; i++) {
        const struct image_segment *s = &out->segments[i];
        if (phoff >= s->file_offset && phoff + size <= s->file_offset + s->file_bytes)
            return s->address + (phoff - s->file_offset);
    }
    return 0;
}

static bool entry_is_code(const struct image_layout *out)
{
    for (uint32_t i = 0; i < out->segment_count; i++) {
        const struct image_segment *s = &out->segments[i];
        if ((s->access & ACCESS_EXECUTE) && out->entry >= s->address &&
            out->entry - s->address < s->file_bytes)
            return true;
    }
    return false;
}

enum sk_status elf_parse(const void *first, size_t bytes, uint64_t file_size,
                         struct image_layout *out)
{
    Elf64_Ehdr h = {0};
    *out = (struct image_layout){0};
    if (bytes > file_size || bytes < sizeof(h))
        return SK_IMAGE_NOT_ELF;
    memcpy(&h, first, sizeof(h));
    if (!is_elf64_x86(&h) || h.e_phentsize != sizeof(Elf64_Phdr))
        return SK_IMAGE_NOT_ELF;
    uint64_t table = (uint64_t)h.e_phnum * sizeof(Elf64_Phdr);
    if (h.e_phnum == 0 || h.e_phnum > MAX_PHDRS || h.e_phoff > bytes || table > bytes - h.e_phoff)
        return SK_IMAGE_BAD_LAYOUT;
    out->position_independent = h.e_type == ET_DYN;
    out->entry = h.e_entry;
    for (uint32_t i = 0; i < h.e_phnum; i++) {
        Elf64_Phdr p = {0}; /* nothing says that the file is aligned for it */
        memcpy(&p, (const uint8_t *)first + h.e_phoff + i * sizeof(p), sizeof(p));
        enum sk_status status = read_phdr(&p, file_size, out);
        if (status != SK_OK)
            return status;
    }
    if (out->segment_count == 0 || !entry_is_code(out))
        return SK_IMAGE_BAD_LAYOUT;
    out->low = out->segments[0].address;
    out->high = segment_end(last_segment(out));
    out->program_headers = phdr_address(out, h.e_phoff, table);
    out->program_header_count = h.e_phnum;
    return SK_OK;
}
