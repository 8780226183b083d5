# SPDX-License-Identifier: BSD-2-Clause
# Host tests of the Secure Kernel's memory: the same sources, RAM at an address of the host's.

SK_UNIT := $(BUILD)/tests/unit
SK_UNIT_FLAGS := -DDIRECT_MAP_BASE=0x200000000000ull -Iinclude -Ivtl1/kernel -Itests/unit/vtl1
SK_UNIT_MEMORY := $(addprefix vtl1/kernel/,frame.c normal_memory.c) tests/unit/vtl1/fake.c

UNIT += $(SK_UNIT)/frame $(SK_UNIT)/address_space
$(SK_UNIT)/frame: tests/unit/vtl1/frame_test.c $(SK_UNIT_MEMORY)
$(SK_UNIT)/address_space: tests/unit/vtl1/address_space_test.c $(SK_UNIT_MEMORY) \
	$(addprefix vtl1/kernel/,address_space.c region.c page_table.c user_copy.c)
$(SK_UNIT)/frame $(SK_UNIT)/address_space: $(wildcard vtl1/kernel/*.h tests/unit/vtl1/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) $(SK_UNIT_FLAGS) $(filter %.c,$^) -lcmocka -o $@
