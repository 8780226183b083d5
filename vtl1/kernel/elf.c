/* SPDX-License-Identifier: BSD-2-Clause */
/* ELF64 for x86-64 (System V gABI chapters 4 and 5), the static kinds only, read strictly. */
#include "elf.h"
#include "address_space.h"

struct elf_header {
    uint8_t ident[16];
    uint16_t type;
    uint16_t machine;
    uint32_t version;
    uint64_t entry;
    uint64_t phoff;
    uint64_t shoff;
    uint32_t flags;
    uint16_t ehsize;
    uint16_t phentsize;
    uint16_t phnum;
    uint16_t shentsize;
    uint16_t shnum;
    uint16_t shstrndx;
};
static_assert(sizeof(struct elf_header) == 64, "gABI figure 4-3");

struct elf_phdr {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t paddr;
    uint64_t filesz;
    uint64_t memsz;
    uint64_t align;
};
static_assert(sizeof(struct elf_phdr) == 56, "gABI figure 5-1");

#define ET_EXEC      2u
#define ET_DYN       3u
#define EM_X86_64    62u
#define PT_LOAD      1u
#define PT_INTERP    3u
#define PT_TLS       7u
#define PT_GNU_STACK 0x6474e551u
#define PF_X         1u
#define PF_W         2u
#define PF_R         4u
#define MAX_PHDRS    64u

/* Structures are copied out: nothing says that the file is aligned for them. */
static void copy_bytes(void *to, const uint8_t *from, size_t size)
{
    uint8_t *out = to;
    for (size_t i = 0; i < size; i++)
        out[i] = from[i];
}

static bool is_elf64_x86(const struct elf_header *h)
{
    static const uint8_t ident[7] = {0x7f, 'E', 'L', 'F', 2 /* 64 */, 1 /* LSB */, 1};
    for (size_t i = 0; i < sizeof(ident); i++)
        if (h->ident[i] != ident[i])
            return false;
    /* ELFOSABI_NONE or ELFOSABI_GNU (a static glibc with IFUNCs says GNU). */
    if (h->ident[7] != 0 && h->ident[7] != 3)
        return false;
    return h->machine == EM_X86_64 && h->version == 1 && (h->type == ET_EXEC || h->type == ET_DYN);
}

static bool in_user_range(const struct image_layout *out, uint64_t start, uint64_t end)
{
    uint64_t low = out->position_independent ? 0 : USER_START;
    /* The rest is kept free for the load bias, the stack and mappings. */
    uint64_t high = out->position_independent ? ELF_MEMORY_MAX : USER_END / 2;
    return start >= low && end <= high;
}

/* gABI: p_vaddr and p_offset agree modulo the page; memory is at least the file's part. */
static enum sk_status check_load(const struct elf_phdr *p, uint64_t file_size,
                                 const struct image_layout *out)
{
    uint64_t file_end = 0, memory_end = 0;
    if (p->flags & ~7u)
        return SK_IMAGE_BAD_LAYOUT;
    if ((p->flags & PF_W) && (p->flags & PF_X))
        return SK_IMAGE_WX;
    if (p->filesz > p->memsz || p->memsz > ELF_MEMORY_MAX)
        return SK_IMAGE_BAD_LAYOUT;
    if (__builtin_add_overflow(p->offset, p->filesz, &file_end) ||
        __builtin_add_overflow(p->vaddr, p->memsz, &memory_end))
        return SK_IMAGE_BAD_LAYOUT;
    if (file_end > file_size)
        return SK_IMAGE_TRUNCATED;
    if ((p->vaddr & PAGE_MASK) != (p->offset & PAGE_MASK))
        return SK_IMAGE_BAD_LAYOUT;
    /* A tail of zeros needs a page that can be written, for its first page holds file bytes. */
    if (p->memsz > p->filesz && !(p->flags & PF_W))
        return SK_IMAGE_BAD_LAYOUT;
    if (!in_user_range(out, p->vaddr, memory_end))
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

static enum sk_status add_segment(const struct elf_phdr *p, uint64_t file_size,
                                  struct image_layout *out)
{
    if (p->memsz == 0 && p->filesz == 0)
        return SK_OK;
    enum sk_status status = check_load(p, file_size, out);
    if (status != SK_OK)
        return status;
    if (out->segment_count == IMAGE_MAX_SEGMENTS)
        return SK_IMAGE_BAD_LAYOUT;
    struct image_segment s = {
        .address = p->vaddr & ~PAGE_MASK,
        .file_offset = p->offset & ~PAGE_MASK,
        .file_bytes = p->filesz + (p->vaddr & PAGE_MASK),
        .access = access_of(p->flags),
    };
    s.size = ((p->vaddr + p->memsz + PAGE_MASK) & ~PAGE_MASK) - s.address;
    /* gABI: PT_LOAD entries ascend. Two on one page would need one page with two rights. */
    if (out->segment_count > 0 && s.address < segment_end(last_segment(out)))
        return SK_IMAGE_BAD_LAYOUT;
    out->segments[out->segment_count++] = s;
    return SK_OK;
}

static enum sk_status read_phdr(const struct elf_phdr *p, uint64_t file_size,
                                struct image_layout *out)
{
    switch (p->type) {
    case PT_LOAD:
        return add_segment(p, file_size, out);
    case PT_INTERP:
        return SK_IMAGE_DYNAMIC;
    case PT_GNU_STACK:
        return (p->flags & PF_X) ? SK_IMAGE_WX : SK_OK;
    case PT_TLS:
        /* The program's own start code copies the template and trusts these numbers. */
        return p->filesz <= p->memsz && p->memsz <= ELF_MEMORY_MAX ? SK_OK : SK_IMAGE_BAD_LAYOUT;
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
    struct elf_header h = {0};
    *out = (struct image_layout){0};
    if (bytes > file_size || bytes < sizeof(h))
        return SK_IMAGE_NOT_ELF;
    copy_bytes(&h, first, sizeof(h));
    if (!is_elf64_x86(&h) || h.phentsize != sizeof(struct elf_phdr))
        return SK_IMAGE_NOT_ELF;
    uint64_t table = (uint64_t)h.phnum * sizeof(struct elf_phdr);
    if (h.phnum == 0 || h.phnum > MAX_PHDRS || h.phoff > bytes || table > bytes - h.phoff)
        return SK_IMAGE_BAD_LAYOUT;
    out->position_independent = h.type == ET_DYN;
    out->entry = h.entry;
    for (uint32_t i = 0; i < h.phnum; i++) {
        struct elf_phdr p = {0};
        copy_bytes(&p, (const uint8_t *)first + h.phoff + i * sizeof(p), sizeof(p));
        enum sk_status status = read_phdr(&p, file_size, out);
        if (status != SK_OK)
            return status;
    }
    if (out->segment_count == 0 || !entry_is_code(out))
        return SK_IMAGE_BAD_LAYOUT;
    out->low = out->segments[0].address;
    out->high = segment_end(last_segment(out));
    out->program_headers = phdr_address(out, h.phoff, table);
    out->program_header_count = h.phnum;
    return SK_OK;
}
