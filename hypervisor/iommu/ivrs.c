/* SPDX-License-Identifier: BSD-2-Clause */
#include "iommu.h"

/* IVRS: 36 bytes of ACPI header, IVinfo, 8 reserved; then blocks (AMD 48882, 5.2.1, 5.2.2). */
#define IVRS_BLOCKS  48u
#define IVHD_MIN     24u
#define IVHD_BASE    8u
#define IVHD_TYPE_10 0x10u
#define IVHD_TYPE_11 0x11u
#define IVHD_TYPE_40 0x40u

static bool is_ivhd(uint8_t type)
{
    return type == IVHD_TYPE_10 || type == IVHD_TYPE_11 || type == IVHD_TYPE_40;
}

/* One unit may be described by blocks of several types, for old and new software. */
static int add_base(gpa_t *bases, int count, gpa_t base)
{
    for (int i = 0; i < count; i++)
        if (bases[i].value == base.value)
            return count;
    if (count == (int)IOMMU_MAX || base.value == 0 || base.value % PAGE_SIZE)
        return -1;
    bases[count] = base;
    return count + 1;
}

int iommu_parse_ivrs(const uint8_t *ivrs, uint32_t length, gpa_t bases[IOMMU_MAX])
{
    int count = 0;
    uint32_t at = IVRS_BLOCKS;

    while (count >= 0 && at < length) {
        uint16_t block;
        uint64_t base;
        if (length - at < 4)
            return -1;
        __builtin_memcpy(&block, ivrs + at + 2, sizeof(block));
        if (block < 4 || block > length - at)
            return -1;
        if (is_ivhd(ivrs[at])) {
            if (block < IVHD_MIN)
                return -1;
            __builtin_memcpy(&base, ivrs + at + IVHD_BASE, sizeof(base));
            count = add_base(bases, count, gpa(base));
        }
        at += block;
    }
    return count;
}
