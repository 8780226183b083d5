# SPDX-License-Identifier: BSD-2-Clause
# A host test of the hypervisor beside those in hypervisor/unit.mk.

UNIT += $(HV_UNIT)/acpi
$(HV_UNIT)/acpi: tests/unit/hypervisor/acpi_test.c hypervisor/platform/acpi.c \
		tests/unit/hypervisor/fake.c $(HV_UNIT_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -Iinclude $(filter %.c,$^) -lcmocka -o $@
