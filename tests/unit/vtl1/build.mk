# SPDX-License-Identifier: BSD-2-Clause
# Host tests and fuzz targets of the Secure Kernel's parsers and of its marshalling engine.

UNIT += $(BUILD)/tests/unit/elf
$(BUILD)/tests/unit/elf: $(addprefix vtl1/kernel/,elf.c manifest.c) tests/unit/vtl1/elf_test.c \
		$(wildcard vtl1/kernel/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -Iinclude -Ivtl1/kernel $(filter %.c,$^) -lcmocka -o $@
