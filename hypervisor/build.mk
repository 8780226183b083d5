# SPDX-License-Identifier: BSD-2-Clause
# The hypervisor: one freestanding ELF file, made 32-bit for Multiboot 1.
# Of libsodium's archive BLAKE2b is taken.
# make DEBUG=1 checks every VMCB before VMRUN.

HV_BUILD := $(BUILD)/hypervisor
HV_SOURCES := $(wildcard hypervisor/*.c hypervisor/vcpu/*.c hypervisor/platform/*.c hypervisor/iommu/*.c) \
	$(wildcard hypervisor/*.S hypervisor/vcpu/*.S hypervisor/platform/*.S)
HV_OBJECTS := $(patsubst hypervisor/%,$(HV_BUILD)/%.o,$(HV_SOURCES))
HV_FLAGS := $(FREESTANDING) -Iinclude -DDEBUG_BUILD=$(if $(DEBUG),1,0)

ALL += $(BUILD)/hypervisor.elf

# For the last words on a frame buffer.
$(HV_BUILD)/font.psf: /usr/share/consolefonts/Unifont-APL8x16.psf.gz
	@mkdir -p $(@D)
	$(Q)gunzip -c $< >$@
$(HV_BUILD)/platform/font.S.o: HV_FLAGS += -Wa,-I$(HV_BUILD)
$(HV_BUILD)/platform/font.S.o: $(HV_BUILD)/font.psf

$(HV_BUILD)/%.o: hypervisor/%
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_FLAGS) -MMD -MP -c $< -o $@

# The symbols are in the 64-bit file: gdb wants that one.
$(BUILD)/hypervisor.elf: $(HV_OBJECTS) hypervisor/hypervisor.lds
	$(Q)ld -nostdlib -static -z noexecstack --no-warn-rwx-segments -T hypervisor/hypervisor.lds \
		-Map $(HV_BUILD)/hypervisor.map -o $(HV_BUILD)/hypervisor64.elf $(HV_OBJECTS) \
		$(shell $(CC) -print-file-name=libsodium.a)
	$(Q)objcopy -I elf64-x86-64 -O elf32-i386 $(HV_BUILD)/hypervisor64.elf $@

-include $(HV_OBJECTS:.o=.d)
