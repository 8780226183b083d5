# SPDX-License-Identifier: BSD-2-Clause
# Machines started by firmware and GRUB, as on a desk.

ifdef DEVELOPMENT_KEY
GUEST += lib/boot.sh:tests/boot/lib.sh \
	$(foreach name,uefi uefi-6g bios bios-6g,tests/$(name):tests/boot/$(name))
endif
