# SPDX-License-Identifier: BSD-2-Clause
# VTL1: the Secure Kernel.

SK := $(BUILD)/vtl1/kernel
SK_SOURCES := $(sort $(wildcard vtl1/kernel/*.c))
SK_OBJECTS := $(patsubst vtl1/kernel/%,$(SK)/%.o,$(SK_SOURCES) vtl1/kernel/entry.S) \
	$(SK)/trusted_keys.c.o $(SK)/syscalls.c.o
# Linked at the top of the address space: 32-bit sign-extended addresses.
SK_CFLAGS := $(FREESTANDING) -mcmodel=kernel -Iinclude -Ivtl1/kernel -I$(SK)

# The first build makes a development key; its public half is built in. `ium sign --key` takes it.
DEVELOPMENT_KEY := $(BUILD)/keys/development.key

$(DEVELOPMENT_KEY): | $(BUILD)/bin/ium
	@mkdir -p $(@D)
	$(Q)$(BUILD)/bin/ium keygen $@ >/dev/null
# In an object of its own: the compiler must not know the keys that installing replaces.
$(SK)/trusted_keys.c: $(DEVELOPMENT_KEY)
	@mkdir -p $(@D)
	$(Q){ echo '#include "manifest.h"'; echo 'const struct trusted_keys trusted_keys = {'; \
		echo '.marker = TRUSTED_KEYS_MARKER, .count = 1, .keys = {{.development = 1, .key = {'; \
		sed 's/../0x&, /g' $<.pub || exit 1; echo '}}}};'; } >$@
$(SK)/trusted_keys.c.o: $(SK)/trusted_keys.c
	$(Q)$(CC) $(SK_CFLAGS) -c $< -o $@

# The table of system calls, in C: its entries, and the names of the handlers.
SK_TABLE := $(SK)/syscalls.c $(SK)/local_calls.h
$(SK)/syscalls.c: SYSCALLS := table
$(SK)/local_calls.h: SYSCALLS := calls
$(SK_TABLE): vtl1/kernel/syscalls.tbl vtl1/kernel/syscalls.awk
	@mkdir -p $(@D)
	$(Q)awk -v want=$(SYSCALLS) -f vtl1/kernel/syscalls.awk $< >$@
$(SK)/syscalls.c.o: $(SK)/syscalls.c $(wildcard vtl1/kernel/*.h)
	$(Q)$(CC) $(SK_CFLAGS) -c $< -o $@
$(SK_OBJECTS): | $(SK)/local_calls.h

$(SK)/%.c.o: vtl1/kernel/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(SK_CFLAGS) -MMD -MP -c $< -o $@
$(SK)/%.S.o: vtl1/kernel/%.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(SK_CFLAGS) -MMD -MP -c $< -o $@

# libsodium's archive only: an undefined symbol that is neither its nor ours fails the link.
SK_LINK := $(CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
	-Wl,-z,noexecstack -Wl,--gc-sections -Wl,-T,vtl1/kernel/kernel.lds
# gdb wants the file with symbols; the other is what is loaded and measured.
$(SK)/secure-kernel.elf: $(SK_OBJECTS) vtl1/kernel/kernel.lds
	$(Q)$(SK_LINK) -Wl,-Map,$(SK)/secure-kernel.map $(SK_OBJECTS) -l:libsodium.a -o $@
$(BUILD)/secure-kernel.elf: $(SK)/secure-kernel.elf
	$(Q)strip -o $@ $<

-include $(SK_OBJECTS:.o=.d)
ALL += $(BUILD)/secure-kernel.elf
