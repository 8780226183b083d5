# SPDX-License-Identifier: BSD-2-Clause
# The attacker: a kernel module and programs for VTL0, trustlets to attack, and the host's search.
#
# The programs are linked with musl whatever CC is: an initrd full of them must stay small.

ATTACKS := $(BUILD)/tests/attacks
ATTACK_MODULE := $(ATTACKS)/module/attack.ko
ATTACK_PATCH := $(ATTACKS)/patch/patch.ko
ATTACK_WATCHDOG := $(ATTACKS)/watchdog/watchdog.ko
ATTACK_TESTS := shell inject debuggers probes dma pci memory machine mce smm calls callee registers liar platform races plugged loops
ATTACK_TOOLS := stream carry destroy
ATTACK_COMMON := $(addprefix tests/attacks/user/,attacker.c survey.c host.c)
ATTACK_HEADERS := $(wildcard tests/attacks/*.h tests/attacks/user/*.h tests/fuzz/*.h) \
	tests/attacks/trustlets/pattern.h $(wildcard include/openvsm/*.h)
ATTACK_CC := musl-gcc -static -s $(HOSTED) -U_FORTIFY_SOURCE -Itests/attacks -Itests/attacks/user -Iinclude

ALL += $(ATTACKS)/search $(ATTACKS)/host-canary
GUEST += lib/attack.ko:$(ATTACK_MODULE) lib/patch.ko:$(ATTACK_PATCH) lib/watchdog.ko:$(ATTACK_WATCHDOG) bin/attack-marked:$(ATTACKS)/marked \
	$(foreach test,$(ATTACK_TESTS),tests/attack-$(test):$(ATTACKS)/$(test)) \
	$(foreach tool,$(ATTACK_TOOLS),bin/attack-$(tool):$(ATTACKS)/$(tool)) \
	tests/attack-fuzz:$(ATTACKS)/fuzz tests/attack-fuzz-long:$(ATTACKS)/fuzz \
	tests/attack-fuzz-long.conf:tests/fuzz/long.conf tests/attack-fuzz.conf:tests/fuzz/short.conf \
	lib/attack.sh:tests/attacks/guest/attack.sh bin/attack-doom:tests/attacks/guest/doom \
	tests/attack-secrets:tests/attacks/guest/secrets \
	tests/attack-vault:tests/attacks/guest/vault bin/attack-canary:$(ATTACKS)/canary \
	tests/attack-pci-q35:$(ATTACKS)/pci tests/attack-pci-q35.conf:tests/attacks/pci-q35.conf \
	tests/attack-dma-open:$(ATTACKS)/dma tests/attack-dma-open.conf:tests/attacks/dma-open.conf \
	tests/attack-dma.conf:tests/attacks/dma.conf \
	tests/attack-memory-6g:$(ATTACKS)/memory tests/attack-memory-6g.conf:tests/attacks/memory-6g.conf \
	tests/attack-callee.conf:tests/attacks/callee.conf \
	tests/attack-liar.conf:tests/attacks/liar.conf tests/attack-shell.conf:tests/attacks/shell.conf \
	tests/attack-probes.conf:tests/attacks/probes.conf tests/attack-inject.conf:tests/attacks/inject.conf \
	tests/attack-debuggers.conf:tests/attacks/debuggers.conf \
	$(foreach file,preload intruder,lib/attack-$(file).so:$(ATTACKS)/$(file).so) \
	$(foreach file,attack-marked ium,bin/$(file)-dynamic:$(ATTACKS)/$(file)-dynamic) \
	tests/attack-loops.conf:tests/attacks/loops.conf tests/attack-races.conf:tests/attacks/races.conf  tests/attack-plugged.conf:tests/attacks/plugged.conf \
	tests/attack-plugged-native:$(ATTACKS)/plugged tests/attack-plugged-native.conf:tests/attacks/plugged-native.conf \
	tests/attack-smm.conf:tests/attacks/smm.conf \
	$(foreach machine,q35 uefi native q35-native,tests/attack-smm-$(machine):$(ATTACKS)/smm \
		tests/attack-smm-$(machine).conf:tests/attacks/smm-$(machine).conf)
TRUSTLETS += attack-pattern:$(ATTACKS)/pattern attack-caller:$(ATTACKS)/caller attack-canary:$(ATTACKS)/canary \
	attack-marked:$(ATTACKS)/marked attack-revoked:$(ATTACKS)/pattern:tests/attacks/trustlets/revoked.policy

$(ATTACKS)/search: tests/attacks/host/search.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) $< -o $@
$(ATTACKS)/host-canary: tests/attacks/host/canary.c tests/attacks/trustlets/canary.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) $< -o $@

$(ATTACKS)/fuzz: $(wildcard tests/fuzz/*.c) $(ATTACK_COMMON) $(ATTACK_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(ATTACK_CC) -pthread $(filter %.c,$^) -o $@
$(addprefix $(ATTACKS)/,pattern caller canary): $(ATTACKS)/%: tests/attacks/trustlets/%.c $(ATTACK_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(ATTACK_CC) $< -o $@
# Its secret and its code stand where no other program has anything.
$(ATTACKS)/marked: tests/attacks/trustlets/marked.c $(ATTACK_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(ATTACK_CC) $(MARKED_LINK) $< -o $@
# Programs of VTL0's that a library can be put into, and such libraries.
MARKED_LINK := -Wl,--section-start=.tick=0x51000000 -Wl,--section-start=.mark=0x52000000
$(ATTACKS)/attack-marked-dynamic: tests/attacks/trustlets/marked.c $(ATTACK_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -fno-pie -no-pie -s $(MARKED_LINK) $< -o $@
$(ATTACKS)/ium-dynamic: $(IUM_OBJECTS) $(IUM_NO_TOKEN) $(LIBOPENVSM)
	@mkdir -p $(@D)
	$(Q)$(CC) -no-pie -s $^ -Wl,-Bstatic -lpopt -ljson-c -lsodium -Wl,-Bdynamic -pthread -o $@
$(ATTACKS)/%.so: tests/attacks/inject/%.c tests/attacks/inject/inject.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -fPIC -shared -s $< -o $@
$(ATTACKS)/shell $(ATTACKS)/inject $(ATTACKS)/debuggers $(ATTACKS)/platform $(ATTACKS)/pci $(ATTACKS)/probes $(ATTACKS)/loops $(ATTACKS)/mce $(ATTACKS)/smm: tests/attacks/user/victim.c
$(ATTACKS)/platform $(ATTACKS)/pci $(ATTACKS)/smm: tests/attacks/user/devices.c
$(ATTACKS)/callee: tests/calls/calls.h
# The kernel's own headers, which musl does not bring.
$(ATTACKS)/probes: ATTACK_CC += -idirafter /usr/include -idirafter /usr/include/x86_64-linux-gnu
$(ATTACKS)/%: tests/attacks/user/%.c $(ATTACK_COMMON) $(ATTACK_HEADERS)
	@mkdir -p $(@D)
	$(Q)$(ATTACK_CC) -pthread $(filter %.c,$^) -o $@

$(ATTACK_PATCH): $(wildcard tests/attacks/patch/*)
$(ATTACK_WATCHDOG): $(wildcard tests/attacks/watchdog/*)
$(ATTACK_PATCH) $(ATTACK_WATCHDOG):
	@mkdir -p $(@D)
	$(Q)cp $^ $(@D)
	$(Q)$(MAKE) --no-print-directory -s -C $(KERNEL_HEADERS) M=$(abspath $(@D)) CC=gcc \
		CONFIG_DEBUG_INFO_BTF_MODULES= modules

# kbuild wants the sources where it builds.
$(ATTACK_MODULE): $(wildcard tests/attacks/module/*) tests/attacks/attack.h $(wildcard include/openvsm/*.h)
	@mkdir -p $(@D)
	$(Q)cp tests/attacks/module/* $(@D)
	$(Q)$(MAKE) --no-print-directory -s -C $(KERNEL_HEADERS) M=$(abspath $(@D)) OPENVSM=$(CURDIR) \
		CC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= modules
	$(Q)strip --strip-debug $@
