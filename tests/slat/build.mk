# SPDX-License-Identifier: BSD-2-Clause
# A kernel module that races a donation with accesses from another CPU.

SLAT_RACE := $(BUILD)/tests/slat/slat_race.ko
GUEST += tests/slat-race:tests/slat/run lib/slat_race.ko:$(SLAT_RACE)

# kbuild wants the sources where it builds.
$(SLAT_RACE): tests/slat/slat_race.c tests/slat/Kbuild $(wildcard include/openvsm/*.h)
	@mkdir -p $(@D)
	$(Q)cp tests/slat/slat_race.c tests/slat/Kbuild $(@D)
	$(Q)$(MAKE) --no-print-directory -s -C $(KERNEL_HEADERS) M=$(abspath $(@D)) \
		OPENVSM=$(CURDIR) CC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= modules
	$(Q)strip --strip-debug $@
