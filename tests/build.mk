# SPDX-License-Identifier: BSD-2-Clause
# The VM tests that are scripts, and what they use.

TYPIST := $(BUILD)/tests/vm/typist
ALL += $(TYPIST)
GUEST += lib/tap.sh:tests/lib/tap.sh bin/typist:$(TYPIST) tests/boot:tests/vm/boot

$(TYPIST): tests/vm/typist.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static $< -lutil -o $@

ifdef DEVELOPMENT_KEY
GUEST += tests/busybox:tests/vm/busybox tests/ium-refuses:tests/vm/ium-refuses \
	tests/ium-alone:tests/vm/ium-alone sbin/tour:tests/tour/tour
endif
