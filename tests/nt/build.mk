# SPDX-License-Identifier: BSD-2-Clause
# The NT-style API: a program for its user half, a sample driver for its kernel half.

NT := $(BUILD)/tests/nt
NT_MODULE := $(NT)/module/nt_sample.ko

ALL += $(NT)/nt $(NT_MODULE)
GUEST += tests/nt:$(NT)/nt lib/nt_sample.ko:$(NT_MODULE)

$(NT)/nt: tests/nt/nt.c tests/nt/is_secure_process.h $(LIBOPENVSM)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static -Iinclude -Iinclude/nt -Ivtl0/lib $< $(LIBOPENVSM) -pthread -o $@

# It calls what openvsm.ko exports, so that is built first.
$(NT_MODULE): $(wildcard tests/nt/module/*) tests/nt/is_secure_process.h $(OPENVSM_KO)
	@mkdir -p $(@D)
	$(Q)cp tests/nt/module/* $(@D)
	$(Q)$(MAKE) --no-print-directory -s -C $(KERNEL_HEADERS) M=$(abspath $(@D)) OPENVSM=$(CURDIR) \
		KBUILD_EXTRA_SYMBOLS=$(abspath $(BUILD)/vtl0/driver/Module.symvers) \
		CC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= modules
	$(Q)strip --strip-debug $@
