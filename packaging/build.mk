# SPDX-License-Identifier: BSD-2-Clause
# VTL0's initrd, made of what every ring put into GUEST.

GUEST += init:packaging/initrd/init sbin/serve:packaging/initrd/serve bin/host:packaging/initrd/host \
	etc/motd:packaging/initrd/motd etc/profile:packaging/initrd/profile etc/passwd:packaging/initrd/passwd \
	etc/group:packaging/initrd/group bin/busybox:/bin/busybox

# Signed, and put where `ium run NAME` looks.
define sign
$(BUILD)/trustlets/$(1): $(2) $(3) $(IUM) | $(DEVELOPMENT_KEY)
	@mkdir -p $$(@D)
	$$(Q)$(IUM) sign --key $(DEVELOPMENT_KEY) --name $(1) $(if $(3),--policy $(3)) -o $$@ $(2) >/dev/null
GUEST += usr/lib/openvsm/trustlets/$(1):$(BUILD)/trustlets/$(1)
endef
ifdef DEVELOPMENT_KEY
TRUSTLETS += busybox:/bin/busybox
$(foreach entry,$(TRUSTLETS),$(eval $(call sign,$(word 1,$(subst :, ,$(entry))),$(word \
	2,$(subst :, ,$(entry))),$(word 3,$(subst :, ,$(entry))))))
endif

INITRD := $(BUILD)/initrd.cpio
ALL += $(INITRD)

# The list is rewritten only when it changes, so that a file taken out counts as a change too.
$(BUILD)/initrd.list: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(sort $(GUEST)) >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(INITRD): $(BUILD)/initrd.list packaging/initrd/assemble \
		$(foreach entry,$(GUEST),$(lastword $(subst :, ,$(entry))))
	$(Q)packaging/initrd/assemble $@ $<

.PHONY: FORCE
FORCE:
