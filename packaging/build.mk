# SPDX-License-Identifier: BSD-2-Clause
# VTL0's initrd, made of what every ring put into GUEST.

GUEST += init:packaging/initrd/init sbin/serve:packaging/initrd/serve bin/host:packaging/initrd/host \
	etc/motd:packaging/initrd/motd etc/profile:packaging/initrd/profile etc/passwd:packaging/initrd/passwd \
	etc/group:packaging/initrd/group bin/busybox:/bin/busybox

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
