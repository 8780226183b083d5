# SPDX-License-Identifier: BSD-2-Clause
# Trustlets: static programs of every kind that Debian's compilers make, signed by packaging.

SAMPLES := $(BUILD)/vtl1/samples
# musl-gcc wraps gcc; none of these is part of the Secure Kernel.
TRUSTLET_FLAGS := -O2 -g -Wall -Wextra -Werror

$(SAMPLES)/hello-glibc: vtl1/trustlets/samples/hello.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TRUSTLET_FLAGS) -static $< -o $@
$(SAMPLES)/hello-pie: vtl1/trustlets/samples/hello.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TRUSTLET_FLAGS) -fPIE -static-pie $< -o $@
$(SAMPLES)/hello-musl: vtl1/trustlets/samples/hello.c
	@mkdir -p $(@D)
	$(Q)musl-gcc $(TRUSTLET_FLAGS) -static $< -o $@
$(SAMPLES)/hello-asm: vtl1/trustlets/samples/hello.S
	@mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static $< -o $@
$(SAMPLES)/misbehave: vtl1/trustlets/samples/misbehave.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(TRUSTLET_FLAGS) -static $< -o $@
$(SAMPLES)/notebook: vtl1/trustlets/samples/notebook.c vtl1/sdk/openvsm_trustlet.h \
		include/openvsm/trustlet.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(TRUSTLET_FLAGS) -Iinclude -Ivtl1/sdk -static $< -o $@
$(BUILD)/vtl1/vault: vtl1/trustlets/vault/vault.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static $< -lsodium -o $@

SAMPLE_NAMES := hello-glibc hello-pie hello-musl hello-asm misbehave
ALL += $(SAMPLE_NAMES:%=$(SAMPLES)/%) $(BUILD)/vtl1/vault
# The same program four times: as itself, under another ID, and in two versions under a third.
SAMPLE_POLICIES := vtl1/trustlets/samples
ALL += $(SAMPLES)/notebook
TRUSTLETS += notebook:$(SAMPLES)/notebook:$(SAMPLE_POLICIES)/notebook.policy \
	notebook-old:$(SAMPLES)/notebook:$(SAMPLE_POLICIES)/notebook-old.policy \
	notebook-new:$(SAMPLES)/notebook:$(SAMPLE_POLICIES)/notebook-new.policy \
	notebook-other:$(SAMPLES)/notebook:$(SAMPLE_POLICIES)/notebook-other.policy
TRUSTLETS += $(foreach name,$(SAMPLE_NAMES),$(name):$(SAMPLES)/$(name)) \
	vault:$(BUILD)/vtl1/vault:vtl1/trustlets/vault/vault.policy
# The plain programs, to compare with and to ask the vault with.
GUEST += tests/samples:tests/vm/samples bin/vault:$(BUILD)/vtl1/vault \
	bin/misbehave:$(SAMPLES)/misbehave bin/notebook:$(SAMPLES)/notebook

# A trustlet whose interface is an .x file, built by the Makefile that its author would write: against
# the sources here, against an installed OpenVSM in tests/host's own test.
ADDER := $(SAMPLES)/adder
$(ADDER)/adder $(ADDER)/client &: $(wildcard $(SAMPLE_POLICIES)/adder/* vtl1/sdk/*.h vtl0/lib/*.h) $(BUILD)/lib/libopenvsm.a
	@mkdir -p $(ADDER)
	$(Q)cp $(SAMPLE_POLICIES)/adder/* $(ADDER)/
	$(Q)$(MAKE) --no-print-directory -s -C $(ADDER) PKG_CONFIG=true clean
	$(Q)$(MAKE) --no-print-directory -s -C $(ADDER) CC=$(CC) PKG_CONFIG=false \
		SDK="-I$(abspath include) -I$(abspath vtl1/sdk) -isystem /usr/include/tirpc" \
		HOST="-static -I$(abspath include) -I$(abspath vtl0/lib) -isystem /usr/include/tirpc" \
		LIBS="$(abspath $(LIBOPENVSM))"
ALL += $(ADDER)/adder
TRUSTLETS += adder:$(ADDER)/adder:$(SAMPLE_POLICIES)/adder/adder.policy
GUEST += bin/adder-client:$(ADDER)/client tests/adder:tests/vm/adder
