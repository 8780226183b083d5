/* SPDX-License-Identifier: BSD-2-Clause */
#include "elf.h"
#include "string.h"

#include <linux/elf.h>

static bool fits(uint64_t offset, uint64_t length, uint64_t size)
{
    return offset <= size && length <= size - offset;
}

static const char *check_header(const Elf64_Ehdr *h, uint64_t size)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    if (memcmp(h->e_ident, ident, sizeof(ident)) || h->e_machine != EM_X86_64)
        return "it is not an ELF file for x86-64";
    if (h->e_type != ET_EXEC)
        return "it is not linked at a fixed address";
    if (h->e_phentsize != sizeof(Elf64_Phdr) ||
        !fits(h->e_phoff, (uint64_t)h->e_phnum * h->e_phentsize, size))
        return "its program headers lie outside the file";
    return NULL;
}

static const char *add_segment(const uint8_t *file, uint64_t size, uint64_t base,
                               const Elf64_Phdr *p, struct elf_image *image)
{
    if (!fits(p->p_offset, p->p_filesz, size) || p->p_filesz > p->p_memsz)
        return "a segment lies outside the file";
    if (p->p_vaddr < base || !fits(p->p_vaddr - base, p->p_memsz, ELF_IMAGE_MAX))
        return "a segment lies outside the Secure Kernel's address range";
    if ((p->p_flags & PF_W) && (p->p_flags & PF_X))
        return "a segment is writable and executable";
    if (image->count == ELF_SEGMENTS_MAX)
        return "it has too many segments";
    image->segments[image->count++] = (struct elf_segment){
        .address = p->p_vaddr,
        .data = file + p->p_offset,
        .file_size = p->p_filesz,
        .memory_size = p->p_memsz,
        .writable = p->p_flags & PF_W,
        .executable = p->p_flags & PF_X,
    };
    uint64_t end = align_up(p->p_vaddr - base + p->p_memsz, PAGE_SIZE);
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
    Elf64_Ehdr header;
    *image = (struct elf_image){0};
    if (size < sizeof(header))
        return "it is too short";
    memcpy(&header, file, sizeof(header));
    const char *wrong = check_header(&header, size);
    image->entry = header.e_entry;
    for (unsigned i = 0; !wrong && i < header.e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, (const uint8_t *)file + header.e_phoff + i * sizeof(p), sizeof(p));
        if (p.p_type == PT_LOAD && p.p_memsz)
            wrong = add_segment(file, size, base, &p, image);
    }
    return wrong ? wrong : check_segments(image);
}
