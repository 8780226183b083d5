# SPDX-License-Identifier: BSD-2-Clause
# A kernel module that looks at the CPU as VTL0 has it.

CPU_TEST := $(BUILD)/tests/cpu/cpu_test.ko
GUEST += tests/cpu:tests/cpu/run lib/cpu_test.ko:$(CPU_TEST)

# kbuild wants the sources where it builds.
$(CPU_TEST): tests/cpu/cpu_test.c tests/cpu/Kbuild $(wildcard include/openvsm/*.h)
	@mkdir -p $(@D)
	$(Q)cp tests/cpu/cpu_test.c tests/cpu/Kbuild $(@D)
	$(Q)$(MAKE) --no-print-directory -s -C $(KERNEL_HEADERS) M=$(abspath $(@D)) \
		OPENVSM=$(CURDIR) CC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= modules
	$(Q)strip --strip-debug $@
