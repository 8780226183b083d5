# SPDX-License-Identifier: BSD-2-Clause
# `make packaged` builds what is installed, `make install` puts it below DESTDIR. Nothing in it was
# made with a key: `openvsm provision` makes one on the machine that will run it.

VERSION := 0.1.0
PREFIX ?= /usr/local
PACKAGED := $(BUILD)/packaged
LIB = $(PREFIX)/lib/openvsm
MULTIARCH := $(shell $(CC) -print-multiarch)
PROGRAMS := $(BUILD)/vtl1/vault $(SAMPLES)/hello-glibc
LSA := $(addprefix $(BUILD)/,lsassd lsa lsa-ntlm-auth gss_openvsm_lsa.so pam_openvsm_lsa.so)

$(PACKAGED)/trusted_keys.c.o: vtl1/kernel/manifest.h include/openvsm/trustlet.h
	@mkdir -p $(@D)
	$(Q)printf '%s\n' '#include "manifest.h"' \
		'const struct trusted_keys trusted_keys = {.marker = TRUSTED_KEYS_MARKER};' | \
		$(CC) $(SK_CFLAGS) -x c -c - -o $@
$(PACKAGED)/secure-kernel.elf: $(filter-out %/trusted_keys.c.o,$(SK_OBJECTS)) \
		$(PACKAGED)/trusted_keys.c.o vtl1/kernel/kernel.lds
	$(Q)$(SK_LINK) -Wl,-Map,$@.map $(filter %.o,$^) -l:libsodium.a -o $@
	$(Q)strip $@
$(PACKAGED)/hypervisor.elf: $(BUILD)/hypervisor.elf
	@mkdir -p $(@D)
	$(Q)strip -o $@ $<
# With Debian's shared libraries, unlike the initrd's.
$(PACKAGED)/ium: $(IUM_OBJECTS) $(IUM_TOKEN) $(LIBOPENVSM)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LDFLAGS) $^ -lpopt -ljson-c -lsodium -lp11-kit -pthread -o $@

# A token can only be reached with this one.
ALL += $(PACKAGED)/ium

.PHONY: packaged install
packaged: $(PACKAGED)/secure-kernel.elf $(PACKAGED)/hypervisor.elf $(PACKAGED)/ium $(LIBOPENVSM) \
	$(PROGRAMS) $(LSA) $(BUILD)/lsaiso.elf

# into FOLDER,FILES[,MODE]
define into
install -d $(DESTDIR)$(1)
install -m $(or $(3),644) $(2) $(DESTDIR)$(1)/
endef
# from FILE,PATH,MODE: with the installed folder's name in it
define from
install -d $(dir $(DESTDIR)$(2))
sed 's|@LIB@|$(LIB)|g; s|@PREFIX@|$(PREFIX)|g; s|@VERSION@|$(VERSION)|g; s|@MULTIARCH@|$(MULTIARCH)|g' \
	$(1) >$(DESTDIR)$(2)
chmod $(3) $(DESTDIR)$(2)
endef

define install_lsa
$(call into,$(LIB)/programs,vtl1/trustlets/lsaiso/lsaiso.policy)
install $(BUILD)/lsaiso.elf $(DESTDIR)$(LIB)/programs/lsaiso
$(call into,$(PREFIX)/sbin,$(BUILD)/lsassd,755)
$(call into,$(PREFIX)/bin,$(BUILD)/lsa $(BUILD)/lsa-ntlm-auth,755)
$(call into,$(PREFIX)/lib/$(MULTIARCH)/gss,$(BUILD)/gss_openvsm_lsa.so)
$(call into,/etc/gss/mech.d,vtl0/lsass/gss/openvsm-lsa.conf)
$(call into,/lib/$(MULTIARCH)/security,$(BUILD)/pam_openvsm_lsa.so)
$(call from,packaging/system/pam-config,$(PREFIX)/share/pam-configs/openvsm-lsa,644)
$(call from,packaging/system/lsa.conf,/etc/openvsm/lsa.conf,644)
$(call from,packaging/system/lsaiso.service,/lib/systemd/system/lsaiso.service,644)
$(call from,packaging/system/lsassd.service,/lib/systemd/system/lsassd.service,644)
$(call into,$(PREFIX)/share/man/man1,docs/man/lsa.1 docs/man/lsa-ntlm-auth.1)
$(call into,$(PREFIX)/share/man/man5,docs/man/lsa.conf.5)
$(call into,$(PREFIX)/share/man/man8,docs/man/lsassd.8 docs/man/pam_openvsm_lsa.8)
endef

install: packaged
	$(call into,$(LIB),$(PACKAGED)/secure-kernel.elf $(PACKAGED)/hypervisor.elf)
	$(call into,$(LIB)/programs,$(PROGRAMS),755)
	mv $(DESTDIR)$(LIB)/programs/hello-glibc $(DESTDIR)$(LIB)/programs/hello
	$(call into,$(LIB)/programs,vtl1/trustlets/vault/vault.policy)
	ln -sfn /var/lib/openvsm/trustlets $(DESTDIR)$(LIB)/trustlets
	$(call from,packaging/system/started,$(LIB)/started,755)
	$(call from,packaging/system/openvsm,$(PREFIX)/sbin/openvsm,755)
	$(call from,packaging/system/openvsm.service,/lib/systemd/system/openvsm.service,644)
	$(call from,packaging/system/openvsm.default,/etc/default/openvsm,644)
	$(call from,packaging/grub/openvsm,/etc/grub.d/11_openvsm,755)
	$(call into,$(PREFIX)/bin,$(PACKAGED)/ium,755)
	$(call into,$(PREFIX)/share/man/man1,$(wildcard docs/man/ium*.1))
	$(call into,$(PREFIX)/share/man/man3,$(wildcard docs/man/*.3))
	$(call into,$(PREFIX)/share/man/man8,docs/man/openvsm.8)
	$(install_lsa)
	$(call into,$(PREFIX)/include/openvsm,$(filter-out %/lsa.h,$(wildcard include/openvsm/*.h)))
	$(call into,$(PREFIX)/include/nt,$(wildcard include/nt/*.h))
	$(call into,$(PREFIX)/include/openvsm,vtl0/lib/openvsm.h vtl0/lib/openvsm_rpc.h \
		$(wildcard vtl1/sdk/*.h))
	$(call into,$(PREFIX)/lib/$(MULTIARCH),$(LIBOPENVSM))
	$(call from,packaging/openvsm-trustlet.pc,$(PREFIX)/lib/$(MULTIARCH)/pkgconfig/openvsm-trustlet.pc,644)
	$(call from,packaging/openvsm.pc,$(PREFIX)/lib/$(MULTIARCH)/pkgconfig/openvsm.pc,644)
	$(call into,$(PREFIX)/share/doc/libopenvsm-dev/examples,vtl1/trustlets/samples/hello.c \
		vtl1/trustlets/vault/vault.c vtl1/trustlets/vault/vault.policy)
	$(call into,$(PREFIX)/share/doc/libopenvsm-dev/examples/adder,$(wildcard vtl1/trustlets/samples/adder/*))
	$(call into,$(PREFIX)/src/openvsm-$(VERSION),$(wildcard vtl0/driver/*.[ch]) vtl0/driver/Kbuild)
	$(call into,$(PREFIX)/src/openvsm-$(VERSION)/include/openvsm,$(wildcard include/openvsm/*.h))
	$(call into,$(PREFIX)/src/openvsm-$(VERSION)/include/nt,$(wildcard include/nt/*.h))
