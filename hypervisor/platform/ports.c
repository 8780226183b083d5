/* SPDX-License-Identifier: BSD-2-Clause */
#include "ports.h"
#include "../io.h"
#include "../partition.h"
#include "../string.h"
#include "acpi.h"
#include "pci_guard.h"
#include "reset.h"

#define KEYBOARD_DATA       0x60u
#define KEYBOARD_COMMAND    0x64u
#define KEYBOARD_PULSE      0xf0u /* F0..FF: pulses the output lines whose bits are 0; 0 is reset */
#define KEYBOARD_OUTPUT     0xd1u /* the next data byte is the output port's; its bit 0 is reset */
#define KEYBOARD_MODE       0x60u /* these want their data byte next, too */
#define KEYBOARD_BUFFERS    0xd2u /* to D4 */
#define KEYBOARD_NO_A20     0xddu
#define SYSTEM_CONTROL      0x92u
#define SYSTEM_FAST_INIT    1u
#define A20_ON              2u /* in the output port, and in system control */
/* QEMU's fw_cfg: two dwords that start a transfer, which no IOMMU sees. */
#define FW_CFG_DMA          0x514u
#define FW_CFG_DMA_END      0x51bu
#define CONFIG_ADDRESS      0xcf8u
#define CONFIG_DATA         0xcfcu
#define RESET_CONTROL       0xcf9u
#define RESET_CPU           4u

/* FADT (ACPI 6.4, table 5.9) */
#define FADT_DSDT           40u
#define FADT_PM1A_CONTROL   64u
#define FADT_PM1B_CONTROL   68u
#define FADT_FLAGS          112u
#define FADT_RESET_REGISTER 116u
#define FADT_RESET_VALUE    128u
#define FADT_RESET_END      129u
#define FLAG_RESET_REGISTER (1u << 10)
#define SPACE_PORT          1u
/* PM1_CNT (ACPI 6.4, 4.8.3.2.1) */
#define SLEEP_ENABLE        (1u << 13)

static void guard(struct ports *ports, uint16_t first, uint16_t last)
{
    if (ports->count < PORT_RANGES)
        ports->ranges[ports->count++] = (struct port_range){first, last};
}

static uint32_t field32(const uint8_t *table, uint32_t at)
{
    uint32_t value;
    memcpy(&value, table + at, sizeof(value));
    return value;
}

static void guard_power(struct ports *ports, const uint8_t *fadt)
{
    ports->power_control[0] = (uint16_t)field32(fadt, FADT_PM1A_CONTROL);
    ports->power_control[1] = (uint16_t)field32(fadt, FADT_PM1B_CONTROL);
    for (unsigned i = 0; i < ARRAY_SIZE(ports->power_control); i++) {
        uint16_t port = ports->power_control[i];
        if (port)
            guard(ports, port, (uint16_t)(port + 1));
    }
}

/* Generic address: space u8, three more, address u64. */
static void guard_reset(struct ports *ports, const uint8_t *fadt, uint64_t length)
{
    if (length < FADT_RESET_END || !(field32(fadt, FADT_FLAGS) & FLAG_RESET_REGISTER) ||
        fadt[FADT_RESET_REGISTER] != SPACE_PORT)
        return;
    ports->reset_port = (uint16_t)field32(fadt, FADT_RESET_REGISTER + 4);
    ports->reset_value = fadt[FADT_RESET_VALUE];
    guard(ports, ports->reset_port, ports->reset_port);
}

void ports_guard_fw_cfg(struct ports *ports)
{
    guard(ports, FW_CFG_DMA, FW_CFG_DMA_END);
}

void ports_init(struct ports *ports, uint64_t rsdp, uint64_t limit)
{
    guard(ports, KEYBOARD_DATA, KEYBOARD_DATA);
    guard(ports, KEYBOARD_COMMAND, KEYBOARD_COMMAND);
    guard(ports, SYSTEM_CONTROL, SYSTEM_CONTROL);
    guard(ports, CONFIG_ADDRESS, CONFIG_DATA + 3);
    watchdog_init(&ports->watchdog);
    if (ports->watchdog.tco)
        guard(ports, ports->watchdog.tco, ports->watchdog.tco + 1);
    struct range fadt = acpi_table(rsdp, limit, "FACP");
    if (fadt.size < FADT_RESET_REGISTER)
        return;
    const uint8_t *bytes = hpa_pointer(hpa(fadt.base));
    guard_power(ports, bytes);
    guard_reset(ports, bytes, fadt.size);
    acpi_rename_object(field32(bytes, FADT_DSDT), limit, "_S3_", "XS3_");
}

/* The byte of a PM1 control register that holds SLEEP_ENABLE. */
static bool powers_off(const struct ports *ports, uint16_t port, uint8_t value)
{
    bool ours = false;
    for (unsigned i = 0; i < ARRAY_SIZE(ports->power_control); i++)
        ours = ours || (ports->power_control[i] && port == ports->power_control[i] + 1);
    return ours && (value & SLEEP_ENABLE >> 8);
}

/* The next data byte is the output port's until it comes, or another command wants one. */
static void note_keyboard(struct ports *ports, uint16_t port, uint8_t value)
{
    if (port == KEYBOARD_COMMAND && value == KEYBOARD_OUTPUT)
        ports->keyboard_output_next = true;
    else if (port == KEYBOARD_DATA ||
             (port == KEYBOARD_COMMAND && (value == KEYBOARD_MODE || value - KEYBOARD_BUFFERS < 3)))
        ports->keyboard_output_next = false;
}

/* Address bit 20 goes behind the nested tables' back; transfers go around the IOMMU. */
static bool is_refused(const struct ports *ports, uint16_t port, uint8_t value)
{
    bool a20 = port == SYSTEM_CONTROL || (port == KEYBOARD_DATA && ports->keyboard_output_next);
    return (a20 && !(value & A20_ON)) || (port == KEYBOARD_COMMAND && value == KEYBOARD_NO_A20) ||
           (port >= FW_CFG_DMA && port <= FW_CFG_DMA_END) ||
           watchdog_port_starts(&ports->watchdog, port, value);
}

/* Would this byte reset the machine, or one CPU (which is the same to us)? */
static bool resets(const struct ports *ports, uint16_t port, uint8_t value)
{
    bool output = port == KEYBOARD_DATA && ports->keyboard_output_next;
    return (output && !(value & 1)) ||
           (port == KEYBOARD_COMMAND && value >= KEYBOARD_PULSE && !(value & 1)) ||
           (port == SYSTEM_CONTROL && (value & SYSTEM_FAST_INIT)) ||
           (port == RESET_CONTROL && (value & RESET_CPU)) ||
           (port && port == ports->reset_port && value == ports->reset_value);
}

static bool is_config(uint16_t port, unsigned size)
{
    return (port >= CONFIG_DATA && port + size <= CONFIG_DATA + 4) ||
           (port == CONFIG_ADDRESS && size == 4);
}

static bool write_config(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
    struct ports *ports = &cpu->partition->ports;
    bool allowed = true;
    if (port == CONFIG_ADDRESS)
        value &= ~3u; /* reserved; QEMU adds them to the register's number */
    spin_lock(&ports->config_lock);
    uint32_t address = ports->config_address;
    uint32_t reg = (port - CONFIG_DATA) + (address & 0xfcu);
    if (port == CONFIG_ADDRESS)
        ports->config_address = value;
    if (port != CONFIG_ADDRESS && pci_is_guarded(address, reg, size))
        allowed = !pci_changes(io_read(port, size), value, size);
    else if (port != CONFIG_ADDRESS &&
             watchdog_config_starts(&ports->watchdog, address, reg, size, value))
        allowed = false;
    else
        io_write(port, size, value);
    spin_unlock(&ports->config_lock);
    return allowed;
}

/* Neither the address nor data within one dword: a chipset may take such an access apart, and half
 * of it would be a configuration write that nobody checked. A byte may be the reset register's. */
static bool is_odd_config(uint16_t port, unsigned size)
{
    return size > 1 && port + size > CONFIG_ADDRESS && port < CONFIG_DATA + 4;
}

/* The keyboard controller's command and its data are two writes: VTL0's CPUs must not come between
 * them and what is remembered of them, so what may be written is written under the lock. */
static bool write_guarded(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
    struct ports *ports = &cpu->partition->ports;
    bool reset = false, off = false, refused = false;
    spin_lock(&ports->config_lock);
    for (unsigned i = 0; i < size; i++) {
        uint16_t at = (uint16_t)(port + i);
        uint8_t byte = (uint8_t)(value >> 8 * i);
        reset = resets(ports, at, byte) || reset;
        off = powers_off(ports, at, byte) || off;
        refused = is_refused(ports, at, byte) || refused;
    }
    if (!reset && !off && !refused) {
        for (unsigned i = 0; i < size; i++)
            note_keyboard(ports, (uint16_t)(port + i), (uint8_t)(value >> 8 * i));
        io_write(port, size, value);
    }
    spin_unlock(&ports->config_lock);
    if (reset)
        reset_machine(cpu);
    if (off) {
        reset_prepare(cpu);
        io_write(port, size, value);
    }
    return !refused;
}

bool ports_write(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
    if (is_config(port, size))
        return write_config(cpu, port, size, value);
    if (is_odd_config(port, size))
        return false;
    return write_guarded(cpu, port, size, value);
}

bool ports_hold_watchdog(struct ports *ports, bool live)
{
    spin_lock(&ports->config_lock);
    bool held = watchdog_hold(&ports->watchdog, live);
    io_write(CONFIG_ADDRESS, 4, ports->config_address);
    spin_unlock(&ports->config_lock);
    return held;
}

uint32_t ports_read(struct cpu *cpu, uint16_t port, unsigned size)
{
    struct ports *ports = &cpu->partition->ports;
    spin_lock(&ports->config_lock);
    uint32_t value = io_read(port, size);
    spin_unlock(&ports->config_lock);
    return value;
}
