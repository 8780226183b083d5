# SPDX-License-Identifier: BSD-2-Clause
# Host tests of what in the hypervisor needs no CPU: the same sources, under the sanitizers.

HV_UNIT := $(BUILD)/tests/unit
HV_FAKE := tests/unit/hypervisor/fake.c tests/unit/hypervisor/fake.h
HV_HEADERS := $(wildcard hypervisor/*.h hypervisor/*/*.h include/openvsm/*.h)

UNIT += $(HV_UNIT)/slat
$(HV_UNIT)/slat: tests/unit/hypervisor/slat_test.c hypervisor/slat.c hypervisor/memory.c

$(HV_UNIT)/slat: $(HV_FAKE) $(HV_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -Iinclude $(filter %.c,$^) -lcmocka -o $@
