# SPDX-License-Identifier: BSD-2-Clause
# VTL1: the Secure Kernel.

SK := $(BUILD)/vtl1/kernel
SK_SOURCES := $(sort $(wildcard vtl1/kernel/*.c))
SK_OBJECTS := $(patsubst vtl1/kernel/%,$(SK)/%.o,$(SK_SOURCES) vtl1/kernel/entry.S)
# Linked at the top of the address space: 32-bit sign-extended addresses.
SK_CFLAGS := $(FREESTANDING) -mcmodel=kernel -Iinclude -Ivtl1/kernel -I$(SK)

# The first build makes a development key; its public half is built in. `ium sign --key` takes it.
DEVELOPMENT_KEY := $(BUILD)/keys/development.key

$(DEVELOPMENT_KEY): | $(BUILD)/bin/ium
	@mkdir -p $(@D)
	$(Q)$(BUILD)/bin/ium keygen $@ >/dev/null
$(SK)/trusted_keys.h: $(DEVELOPMENT_KEY)
	@mkdir -p $(@D)
	$(Q)sed 's/../0x&, /g; s/^/static const struct trusted_key trusted_keys[] = {{.development = 1, .key = {/; s/$$/}}};/' \
		$<.pub >$@
$(SK)/image.c.o: $(SK)/trusted_keys.h

$(SK)/%.c.o: vtl1/kernel/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(SK_CFLAGS) -MMD -MP -c $< -o $@
$(SK)/%.S.o: vtl1/kernel/%.S
	@mkdir -p $(@D)
	$(Q)$(CC) $(SK_CFLAGS) -MMD -MP -c $< -o $@

# libsodium's archive only: an undefined symbol that is neither its nor ours fails the link.
$(BUILD)/secure-kernel.elf: $(SK_OBJECTS) vtl1/kernel/kernel.lds
	$(Q)$(CC) -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 \
		-Wl,-z,noexecstack -Wl,--gc-sections -Wl,-T,vtl1/kernel/kernel.lds \
		-Wl,-Map,$(SK)/secure-kernel.map $(SK_OBJECTS) -l:libsodium.a -o $@

-include $(SK_OBJECTS:.o=.d)
ALL += $(BUILD)/secure-kernel.elf
