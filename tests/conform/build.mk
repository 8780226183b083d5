# SPDX-License-Identifier: BSD-2-Clause
# What system calls answer, to a program and to a trustlet.

CONFORM := $(BUILD)/tests/conform/conform
$(CONFORM): $(wildcard tests/conform/*.c) tests/conform/conform.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static $(filter %.c,$^) -o $@
ALL += $(CONFORM)

ifdef DEVELOPMENT_KEY
TRUSTLETS += conform:$(CONFORM)
GUEST += bin/conform:$(CONFORM) tests/conform:tests/conform/compare \
	lib/conform-differences:tests/conform/differences
endif
