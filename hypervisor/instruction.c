/* SPDX-License-Identifier: BSD-2-Clause */
#include "instruction.h"

struct cursor {
    const uint8_t *bytes;
    unsigned count, at;
    bool overrun;
};

static uint8_t next(struct cursor *c)
{
    if (c->at >= c->count) {
        c->overrun = true;
        return 0;
    }
    return c->bytes[c->at++];
}

static uint32_t next_bytes(struct cursor *c, unsigned size)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)next(c) << 8 * i;
    return value;
}

struct prefixes {
    bool operand16, address_override;
    uint8_t rex;
};

static bool is_legacy_prefix(uint8_t byte)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65: /* segments */
    case 0x66:
    case 0x67:
    case 0xf0:
    case 0xf2:
    case 0xf3:
        return true;
    default:
        return false;
    }
}

/* Returns the opcode. REX counts only right before it. */
static uint8_t skip_prefixes(struct cursor *c, unsigned code_size, struct prefixes *p)
{
    uint8_t byte = next(c);
    while (is_legacy_prefix(byte) && !c->overrun) {
        p->operand16 |= byte == 0x66;
        p->address_override |= byte == 0x67;
        byte = next(c);
    }
    if (code_size == 8 && (byte & 0xf0) == 0x40) {
        p->rex = byte;
        byte = next(c);
    }
    return byte;
}

/* Steps over ModRM, SIB and displacement of a memory operand with 32- or 64-bit addressing; returns
 * the reg field. False in *memory for a register operand. */
static unsigned skip_modrm(struct cursor *c, bool *memory)
{
    uint8_t modrm = next(c);
    unsigned mode = modrm >> 6, rm = modrm & 7;
    *memory = mode != 3;
    unsigned displacement = mode == 1 ? 1 : mode == 2 ? 4 : 0;
    if (mode != 3 && rm == 4) {
        uint8_t sib = next(c);
        if (mode == 0 && (sib & 7) == 5)
            displacement = 4;
    } else if (mode == 0 && rm == 5) {
        displacement = 4;
    }
    next_bytes(c, displacement);
    return modrm >> 3 & 7;
}

static unsigned operand_size(uint8_t opcode, const struct prefixes *p)
{
    if (opcode == 0x88 || opcode == 0xc6 || opcode == 0x86 || opcode == 0xa2)
        return 1;
    if (p->rex & 8)
        return 8;
    return p->operand16 ? 2 : 4;
}

/* The high byte registers of code without REX have no number of their own. */
static bool is_high_byte(const struct store *s, const struct prefixes *p)
{
    return s->size == 1 && !p->rex && s->reg >= 4;
}

static bool decode_register_form(struct cursor *c, const struct prefixes *p, struct store *s)
{
    bool memory = false;
    s->reg = skip_modrm(c, &memory) | (p->rex & 4u) << 1;
    s->has_register = true;
    return memory && !is_high_byte(s, p);
}

static bool decode_immediate_form(struct cursor *c, struct store *s)
{
    bool memory = false;
    unsigned extension = skip_modrm(c, &memory);
    s->immediate = next_bytes(c, s->size == 8 ? 4 : s->size);
    return memory && extension == 0;
}

bool instruction_decode_store(const uint8_t *bytes, unsigned count, unsigned code_size,
                              struct store *store)
{
    struct cursor c = {.bytes = bytes, .count = count};
    struct prefixes p = {0};
    uint8_t opcode = skip_prefixes(&c, code_size, &p);
    /* 16-bit addressing has another ModRM. */
    if (code_size == 4 && p.address_override)
        return false;
    *store = (struct store){.size = operand_size(opcode, &p)};
    bool valid = false;
    switch (opcode) {
    case 0x86:
    case 0x87:
        store->exchanges = true;
        valid = decode_register_form(&c, &p, store);
        break;
    case 0x88:
    case 0x89:
        valid = decode_register_form(&c, &p, store);
        break;
    case 0xc6:
    case 0xc7:
        valid = decode_immediate_form(&c, store);
        break;
    case 0xa2:
    case 0xa3: /* the address is an immediate */
        next_bytes(&c, code_size == 8 && !p.address_override ? 4 : 0);
        next_bytes(&c, 4);
        store->has_register = valid = true;
        break;
    default:
        break;
    }
    store->length = c.at;
    return valid && !c.overrun;
}
