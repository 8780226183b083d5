# SPDX-License-Identifier: BSD-2-Clause
# The manual's list of system calls, printed from the table that the Secure Kernel runs by.

$(BUILD)/vtl1/list_syscalls: vtl1/tools/list_syscalls.c $(SK_TABLE) \
		$(wildcard vtl1/kernel/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -Iinclude -iquote vtl1/kernel -iquote $(SK) $(filter %.c,$^) -o $@
$(BUILD)/syscalls.md: $(BUILD)/vtl1/list_syscalls
	$(Q)$< >$@

.PHONY: check-syscalls
check-syscalls: $(BUILD)/syscalls.md
	$(Q)diff -u docs/syscalls.md $<
CHECK += check-syscalls
