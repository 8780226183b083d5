# SPDX-License-Identifier: BSD-2-Clause
# Host tests of the Secure Kernel's memory: the same sources, RAM at an address of the host's.

SK_UNIT := $(BUILD)/tests/unit
SK_UNIT_FLAGS := -DDIRECT_MAP_BASE=0x200000000000ull -Iinclude -Ivtl1/kernel -Itests/unit/vtl1
SK_UNIT_FRAMES := $(addprefix vtl1/kernel/,frame.c normal_memory.c) \
	tests/unit/vtl1/fake.c tests/unit/vtl1/fake_image.c
SK_UNIT_SPACE := $(addprefix vtl1/kernel/,address_space.c region.c page_table.c user_copy.c)
SK_UNIT_START := vtl1/kernel/start.c $(addprefix tests/unit/vtl1/,fake_program.c fake_random.c)
SK_UNIT_TESTS := $(addprefix $(SK_UNIT)/,frame address_space start memory_calls)

UNIT += $(SK_UNIT_TESTS)
$(SK_UNIT)/address_space: $(SK_UNIT_SPACE)
$(SK_UNIT)/start: $(SK_UNIT_SPACE) $(SK_UNIT_START)
$(SK_UNIT)/memory_calls: vtl1/kernel/memory_calls.c
$(SK_UNIT_TESTS): $(SK_UNIT)/%: tests/unit/vtl1/%_test.c $(SK_UNIT_FRAMES) \
		$(wildcard vtl1/kernel/*.h tests/unit/vtl1/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) $(SK_UNIT_FLAGS) $(filter %.c,$^) -lcmocka -o $@

GUEST += tests/lifecycle:tests/vm/lifecycle tests/starts-long:tests/vm/starts-long
