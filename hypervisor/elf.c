/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf.h"
#include "string.h"

#define ET_EXEC   2u
#define EM_X86_64 62u
#define PT_LOAD   1u
#define PF_X      1u
#define PF_W      2u

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_size, program_size, program_count;
    uint16_t section_size, section_count, section_names;
};
static_assert(sizeof(struct elf_header) == 64, "ELF-64 object file format, 1.5");
struct program_header {
    uint32_t type, flags;
    uint64_t offset, virtual, physical, file_size, memory_size, alignment;
};
static_assert(sizeof(struct program_header) == 56, "ELF-64 object file format, 1.5");

static bool fits(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

static const char *check_header(const struct elf_header *h, uint64_t size)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    if (memcmp(h->ident, ident, sizeof(ident)) || h->machine != EM_X86_64)
        return "it is not an ELF file for x86-64";
    if (h->type != ET_EXEC)
        return "it is not linked at a fixed address";
    if (h->program_size != sizeof(struct program_header) ||
        !fits(h->program_offset, (uint64_t)h->program_count * h->program_size, size))
        return "its program headers lie outside the file";
    return NULL;
}

static const char *add_segment(const uint8_t *file, uint64_t size, uint64_t base,
                               const struct program_header *p, struct elf_image *image)
{
    if (!fits(p->offset, p->file_size, size) || p->file_size > p->memory_size)
        return "a segment lies outside the file";
    if (p->virtual < base || !fits(p->virtual - base, p->memory_size, ELF_IMAGE_MAX))
        return "a segment lies outside the Secure Kernel's address range";
    if ((p->flags & PF_W) && (p->flags & PF_X))
        return "a segment is writable and executable";
    if (image->count == ELF_SEGMENTS_MAX)
        return "it has too many segments";
    image->segments[image->count++] = (struct elf_segment){
        .address = p->virtual,
        .data = file + p->offset,
        .file_size = p->file_size,
        .memory_size = p->memory_size,
        .writable = p->flags & PF_W,
        .executable = p->flags & PF_X,
    };
    uint64_t end = align_up(p->virtual - base + p->memory_size, PAGE_SIZE);
    image->size = end > image->size ? end : image->size;
    return NULL;
}

static struct range pages_of(const struct elf_segment *s)
{
    uint64_t start = align_down(s->address, PAGE_SIZE);
    return (struct range){start, align_up(s->address + s->memory_size, PAGE_SIZE) - start};
}

static const char *check_segments(const struct elf_image *image)
{
    bool entry = false;
    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *s = &image->segments[i];
        struct range own = {s->address, s->memory_size};
        entry |= s->executable && range_contains(own, image->entry);
        for (unsigned j = i + 1; j < image->count; j++)
            if (range_overlaps(pages_of(s), pages_of(&image->segments[j])))
                return "two segments share a page";
    }
    return entry ? NULL : "its entry point is not in an executable segment";
}

const char *elf_read(const void *file, uint64_t size, uint64_t base, struct elf_image *image)
{
    struct elf_header header;
    *image = (struct elf_image){0};
    if (size < sizeof(header))
        return "it is too short";
    memcpy(&header, file, sizeof(header));
    const char *wrong = check_header(&header, size);
    image->entry = header.entry;
    for (unsigned i = 0; !wrong && i < header.program_count; i++) {
        struct program_header p;
        memcpy(&p, (const uint8_t *)file + header.program_offset + i * sizeof(p), sizeof(p));
        if (p.type == PT_LOAD && p.memory_size)
            wrong = add_segment(file, size, base, &p, image);
    }
    return wrong ? wrong : check_segments(image);
}
