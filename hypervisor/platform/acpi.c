/* SPDX-License-Identifier: BSD-2-Clause */
#include "acpi.h"
#include "../string.h"

#define EBDA_POINTER    0x40eu
#define BIOS_AREA       0xe0000ull
#define BIOS_AREA_SIZE  0x20000ull
#define RSDP_SIZE       20u
#define AML_NAME_OP     0x08u /* ACPI 6.4, 20.2.5.1 */
#define MADT_LOCAL_APIC 0u
#define MADT_IO_APIC    1u
#define MADT_X2APIC     9u
#define MADT_ENABLED    1u /* not set: a CPU that can be plugged in, if anything */

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
} __attribute__((packed));
struct table {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));
static_assert(sizeof(struct table) == 36, "ACPI 6.4, 5.2.6");
struct madt {
    struct table header;
    uint32_t apic, flags;
    uint8_t entries[];
} __attribute__((packed));
struct madt_entry {
    uint8_t type, length;
};
struct madt_local_apic {
    struct madt_entry entry;
    uint8_t processor, apic_id;
    uint32_t flags;
} __attribute__((packed));
struct madt_x2apic {
    struct madt_entry entry;
    uint16_t reserved;
    uint32_t apic_id, flags, processor;
} __attribute__((packed));

struct madt_io_apic {
    struct madt_entry entry;
    uint8_t id, reserved;
    uint32_t address, first_interrupt;
} __attribute__((packed));

static bool sums_to_zero(const void *data, uint32_t length)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)data)[i]);
    return sum == 0;
}

static uint64_t scan(uint64_t base, uint64_t size)
{
    for (uint64_t at = base; at + RSDP_SIZE <= base + size; at += 16) {
        const struct rsdp *rsdp = hpa_pointer(hpa(at));
        if (!memcmp(rsdp->signature, "RSD PTR ", 8) && sums_to_zero(rsdp, RSDP_SIZE))
            return at;
    }
    return 0;
}

uint64_t acpi_find_rsdp(void)
{
    uint16_t segment;
    memcpy(&segment, hpa_pointer(hpa(EBDA_POINTER)), sizeof(segment));
    uint64_t found = segment ? scan((uint64_t)segment << 4, 1024) : 0;
    return found ? found : scan(BIOS_AREA, BIOS_AREA_SIZE);
}

/* A whole table below the limit, or NULL. */
static const struct table *table_at(uint64_t address, uint64_t limit)
{
    if (!address || address > limit - sizeof(struct table))
        return NULL;
    const struct table *table = hpa_pointer(hpa(address));
    if (table->length < sizeof(*table) || table->length > limit - address)
        return NULL;
    return table;
}

/* The RSDT has 32-bit pointers behind its header, the XSDT 64-bit ones. */
static const struct table *find_in(const struct table *root, unsigned pointer_size, uint64_t limit,
                                   const char *signature)
{
    uint32_t count = (root->length - (uint32_t)sizeof(*root)) / pointer_size;
    const uint8_t *pointers = (const uint8_t *)(root + 1);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t address = 0;
        memcpy(&address, pointers + i * pointer_size, pointer_size);
        const struct table *table = table_at(address, limit);
        if (table && !memcmp(table->signature, signature, 4))
            return table;
    }
    return NULL;
}

static const struct table *find_table(uint64_t address, uint64_t limit, const char *signature)
{
    const struct rsdp *rsdp = hpa_pointer(hpa(address));
    const struct table *root = NULL;
    if (rsdp->revision >= 2 && (root = table_at(rsdp->xsdt, limit)))
        return find_in(root, 8, limit, signature);
    root = table_at(rsdp->rsdt, limit);
    return root ? find_in(root, 4, limit, signature) : NULL;
}

struct range acpi_table(uint64_t rsdp, uint64_t limit, const char *signature)
{
    const struct table *table = rsdp ? find_table(rsdp, limit, signature) : NULL;
    return table ? (struct range){(uint64_t)table, table->length} : (struct range){0, 0};
}

/* The last letter becomes another, and the checksum pays for it: the table stays sound. */
void acpi_hide(struct range range)
{
    struct table *table = hpa_pointer(hpa(range.base));
    table->checksum = (uint8_t)(table->checksum + (uint8_t)table->signature[3] - 'x');
    table->signature[3] = 'x';
}

void acpi_rename_object(uint64_t address, uint64_t limit, const char *from, const char *to)
{
    struct table *table = (struct table *)table_at(address, limit);
    uint8_t *bytes = (uint8_t *)table;
    if (!table)
        return;
    for (uint32_t at = sizeof(*table); at + 5 <= table->length; at++) {
        if (bytes[at] != AML_NAME_OP || memcmp(&bytes[at + 1], from, 4))
            continue;
        for (unsigned i = 0; i < 4; i++) {
            table->checksum = (uint8_t)(table->checksum + from[i] - to[i]);
            bytes[at + 1 + i] = (uint8_t)to[i];
        }
    }
}

/* True if the entry is a CPU that is there. */
static bool read_cpu(const struct madt_entry *entry, uint32_t *apic_id)
{
    const struct madt_local_apic *local = (const void *)entry;
    const struct madt_x2apic *x2 = (const void *)entry;
    if (entry->type == MADT_LOCAL_APIC && entry->length >= sizeof(*local)) {
        *apic_id = local->apic_id;
        return local->flags & MADT_ENABLED;
    }
    if (entry->type == MADT_X2APIC && entry->length >= sizeof(*x2)) {
        *apic_id = x2->apic_id;
        return x2->flags & MADT_ENABLED;
    }
    return false;
}

/* The entry behind one (the first: NULL), or NULL when there are no more. */
static const struct madt_entry *next_entry(const struct madt *madt, const struct madt_entry *entry)
{
    uint64_t at = offsetof(struct madt, entries);
    if (entry)
        at = (uint64_t)((const uint8_t *)entry - (const uint8_t *)madt) + entry->length;
    const struct madt_entry *next = (const void *)((const uint8_t *)madt + at);
    if (at + sizeof(*next) > madt->header.length || next->length < sizeof(*next) ||
        at + next->length > madt->header.length)
        return NULL;
    return next;
}

static const struct madt *find_madt(uint64_t rsdp, uint64_t limit)
{
    return rsdp ? (const void *)find_table(rsdp, limit, "APIC") : NULL;
}

/* One CPU may stand in two entries, of either type. */
static bool is_listed(const uint32_t *apic_ids, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && apic_ids[i] != apic_ids[count])
        i++;
    return i < count;
}

uint32_t acpi_cpus(uint64_t rsdp, uint64_t limit, uint32_t *apic_ids, uint32_t max)
{
    const struct madt *madt = find_madt(rsdp, limit);
    const struct madt_entry *entry = NULL;
    uint32_t count = 0;
    while (madt && count < max && (entry = next_entry(madt, entry)))
        if (read_cpu(entry, &apic_ids[count]) && !is_listed(apic_ids, count))
            count++;
    return count;
}

uint32_t acpi_io_apics(uint64_t rsdp, uint64_t limit, gpa_t *bases, uint32_t max)
{
    const struct madt *madt = find_madt(rsdp, limit);
    const struct madt_entry *entry = NULL;
    uint32_t count = 0;
    while (madt && (entry = next_entry(madt, entry))) {
        const struct madt_io_apic *io_apic = (const void *)entry;
        if (entry->type != MADT_IO_APIC || entry->length < sizeof(*io_apic))
            continue;
        if (count < max)
            bases[count] = gpa(io_apic->address);
        count++;
    }
    return count;
}
