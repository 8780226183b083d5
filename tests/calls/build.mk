# SPDX-License-Identifier: BSD-2-Clause
# Calls into a trustlet.

CALLS := $(BUILD)/tests/calls
$(CALLS)/callee: tests/calls/callee.c tests/calls/calls.h vtl1/sdk/openvsm_trustlet.h include/openvsm/trustlet.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -Iinclude -Ivtl1/sdk -static $< -o $@
$(CALLS)/calls: tests/calls/calls.c tests/calls/calls.h $(LIBOPENVSM)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -Iinclude -static $(filter %.c %.a,$^) -pthread -o $@
$(CALLS)/report: tests/calls/report.c $(LIBOPENVSM)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -Iinclude -static $(filter %.c %.a,$^) -lsodium -o $@
ALL += $(CALLS)/callee $(CALLS)/calls $(CALLS)/report
TRUSTLETS += callee:$(CALLS)/callee:tests/calls/callee.policy callee-closed:$(CALLS)/callee
GUEST += tests/calls:$(CALLS)/calls tests/calls.conf:tests/calls/calls.conf
GUEST += tests/report:$(CALLS)/report tests/report.conf:tests/calls/report.conf
