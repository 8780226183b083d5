# SPDX-License-Identifier: BSD-2-Clause
# VTL1: the Secure Kernel.

SK := $(BUILD)/vtl1/kernel
SK_SOURCES := $(sort $(wildcard vtl1/kernel/*.c))
SK_OBJECTS := $(patsubst vtl1/kernel/%,$(SK)/%.o,$(SK_SOURCES) vtl1/kernel/entry.S)
# Linked at the top of the address space: 32-bit sign-extended addresses.
SK_CFLAGS := $(FREESTANDING) -mcmodel=kernel -Iinclude -Ivtl1/kernel -I$(SK)

# The first build makes a development key; its public half is built in. `ium sign --key` takes it.
DEVELOPMENT_KEY := $(BUILD)/keys/development.key

$(BUILD)/vtl1/tools/make_key: vtl1/tools/make_key.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) $< -lsodium -o $@
$(DEVELOPMENT_KEY): | $(BUILD)/vtl1/tools/make_key
	@mkdir -p $(@D)
	$(Q)$(BUILD)/vtl1/tools/make_key $@ >/dev/null
$(SK)/trusted_keys.h: $(DEVELOPMENT_KEY) $(BUILD)/vtl1/tools/make_key
	@mkdir -p $(@D)
	$(Q)$(BUILD)/vtl1/tools/make_key $(DEVELOPMENT_KEY) >$@
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
ALL += $(if $(wildcard vtl1/kernel/syscall.c),$(BUILD)/secure-kernel.elf)
