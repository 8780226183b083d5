# SPDX-License-Identifier: BSD-2-Clause
# Host tests of what in the hypervisor needs no CPU: the same sources, under the sanitizers.

HV_UNIT := $(BUILD)/tests/unit
HV_UNIT_HEADERS := $(wildcard hypervisor/*.h hypervisor/*/*.h include/openvsm/*.h \
	tests/unit/hypervisor/*.h)

HV_UNIT_TESTS := $(addprefix $(HV_UNIT)/,slat slat_race hypercall translate instruction boot screen)
UNIT += $(HV_UNIT_TESTS)
HV_SLAT := hypervisor/slat.c hypervisor/memory.c tests/unit/hypervisor/fake.c
HV_HYPERCALL := hypervisor/hypercall.c hypervisor/hypercall_memory.c hypervisor/hypercall_system.c \
	hypervisor/synthetic_msr.c hypervisor/vsm_registers.c hypervisor/translate.c \
	hypervisor/guest_memory.c tests/unit/hypervisor/fake_cpu.c $(HV_SLAT)
$(HV_UNIT)/slat: tests/unit/hypervisor/slat_test.c $(HV_SLAT)
$(HV_UNIT)/hypercall: tests/unit/hypervisor/hypercall_test.c $(HV_HYPERCALL)
$(HV_UNIT)/slat_race: tests/unit/hypervisor/slat_race_test.c $(HV_HYPERCALL)
$(HV_UNIT)/translate: tests/unit/hypervisor/translate_test.c $(HV_HYPERCALL)
$(HV_UNIT)/instruction: tests/unit/hypervisor/instruction_test.c hypervisor/instruction.c
$(HV_UNIT)/boot: tests/unit/hypervisor/boot_test.c hypervisor/elf.c hypervisor/platform/e820.c \
	hypervisor/platform/efi.c \
	hypervisor/platform/options.c
$(HV_UNIT)/screen: tests/unit/hypervisor/screen_test.c hypervisor/platform/screen.c

$(HV_UNIT_TESTS): $(HV_UNIT_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -Iinclude $(filter %.c,$^) -lcmocka -o $@

# Any bytes as hypercalls: FUZZ targets need clang.
FUZZ += $(BUILD)/tests/fuzz/hypercall
$(BUILD)/tests/fuzz/hypercall: tests/unit/hypervisor/hypercall_fuzz.c $(HV_HYPERCALL) $(HV_UNIT_HEADERS)
	@mkdir -p $(@D)
	$(Q)clang $(UNIT_FLAGS) -fsanitize=fuzzer -Iinclude $(filter %.c,$^) -o $@
FUZZ += $(BUILD)/tests/fuzz/instruction
$(BUILD)/tests/fuzz/instruction: tests/unit/hypervisor/instruction_fuzz.c hypervisor/instruction.c $(HV_UNIT_HEADERS)
	@mkdir -p $(@D)
	$(Q)clang $(UNIT_FLAGS) -fsanitize=fuzzer -Iinclude $(filter %.c,$^) -o $@
# What the firmware and the boot loader say. Seeds, in tests/fuzz/corpus: QEMU's own tables.
FUZZ += $(BUILD)/tests/fuzz/boot
$(BUILD)/tests/fuzz/boot: tests/fuzz/parsers/boot.c \
		$(addprefix hypervisor/platform/,multiboot.c acpi.c e820.c efi.c) $(HV_UNIT_HEADERS)
	@mkdir -p $(@D)
	$(Q)clang $(UNIT_FLAGS) -fsanitize=fuzzer -Iinclude $(filter %.c,$^) -o $@
