# SPDX-License-Identifier: BSD-2-Clause
# `./openvsm` calls this. `make V=1` shows the commands; `make CC=clang BUILD=…` builds with clang.
#
# Each ring has build files of its own (RING/*.mk, RING/*/build.mk), which hold the rules for its outputs
# and add to
#   ALL    what `make` builds
#   UNIT   host unit tests: programs that print TAP and exit 0
#   CHECK  targets that check the sources themselves, run by `make check`
#   FUZZ   libFuzzer targets, built with clang by `make fuzz`
#   GUEST  what goes into VTL0's initrd, as PATH-IN-GUEST:FILE. An executable tests/NAME in the guest
#          is a VM test; see tests/README.md.
#   TRUSTLETS  what is signed with the development key and put into the guest, as NAME:FILE or
#          NAME:FILE:POLICY; `ium run NAME` finds it there.

BUILD ?= build
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
Q := $(if $(V),,@)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wmissing-prototypes -Wundef -Wvla -Wstrict-prototypes
# What is linked into a ring of its own (hypervisor, Secure Kernel).
FREESTANDING := -std=c11 -ffreestanding -fno-common -fno-strict-aliasing -fno-pic -fno-pie \
	-mno-red-zone -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -O2 -g $(WARNINGS)
HOSTED := -std=gnu11 -O2 -g -fno-common $(WARNINGS) -D_FORTIFY_SOURCE=2 -fstack-protector-strong
# Host unit tests: the same sources under both sanitizers.
UNIT_FLAGS := -std=gnu11 -O1 -g -fno-common $(WARNINGS) -fsanitize=address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer

# The guest's kernel: `./openvsm` writes its release down in build/kernel/; without it, the newest
# one whose headers are installed.
KERNEL_RELEASE ?= $(or $(shell cat build/kernel/release 2>/dev/null),$(notdir \
	$(patsubst %/build,%,$(lastword $(sort $(wildcard /lib/modules/*/build))))))
KERNEL_HEADERS ?= /usr/src/linux-headers-$(KERNEL_RELEASE)

ALL :=
CHECK :=
UNIT :=
FUZZ :=
GUEST :=
TRUSTLETS :=
.DEFAULT_GOAL := all
# packaging comes last: it makes the initrd of what the others put into GUEST.
include $(foreach ring,hypervisor vtl1 vtl0 tests bench packaging,$(sort $(wildcard \
	$(ring)/*.mk $(ring)/*/build.mk $(ring)/*/*/build.mk)))

.PHONY: all check unit fuzz clean
.DELETE_ON_ERROR:
all: $(ALL)
check: $(CHECK)
unit: $(UNIT)
fuzz: $(FUZZ)
clean:
	rm -rf $(BUILD)

# For the scripts that run what was built.
.PHONY: list-unit list-fuzz
list-unit:
	@printf '%s\n' $(UNIT)
list-fuzz:
	@printf '%s\n' $(FUZZ)
