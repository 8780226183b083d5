# SPDX-License-Identifier: BSD-2-Clause
# Each ring has a build.mk of its own, which adds to ALL, CHECK and the rules for its outputs.
# `./openvsm` calls this; `make V=1` shows the commands; `make CC=clang` builds with clang.

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

ALL :=
CHECK :=
.DEFAULT_GOAL := all
-include $(wildcard hypervisor/build.mk vtl1/build.mk vtl0/build.mk tests/build.mk bench/build.mk packaging/build.mk)

.PHONY: all check clean
all: $(ALL)
check: $(CHECK)
clean:
	rm -rf $(BUILD)
