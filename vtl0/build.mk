# SPDX-License-Identifier: BSD-2-Clause
# VTL0's side: libopenvsm.a, ium, openvsm.ko.

VTL0_FLAGS := $(HOSTED) -Iinclude -Ivtl0/lib
IUM := $(BUILD)/bin/ium
LIBOPENVSM := $(BUILD)/lib/libopenvsm.a
OPENVSM_KO := $(BUILD)/vtl0/driver/openvsm.ko

LIBOPENVSM_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard vtl0/lib/*.c))
# With p11-kit or without, which a static program cannot load modules by.
IUM_TOKEN := $(BUILD)/vtl0/tools/token.o
IUM_NO_TOKEN := $(BUILD)/vtl0/tools/token_none.o
IUM_OBJECTS := $(filter-out $(IUM_TOKEN) $(IUM_NO_TOKEN),$(patsubst %.c,$(BUILD)/%.o,$(wildcard vtl0/tools/*.c)))

$(BUILD)/vtl0/lib/rpc.o: VTL0_FLAGS += -isystem /usr/include/tirpc
$(IUM_TOKEN): VTL0_FLAGS += -isystem /usr/include/p11-kit-1
$(BUILD)/vtl0/%.o: vtl0/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(VTL0_FLAGS) -MMD -MP -c $< -o $@
-include $(LIBOPENVSM_OBJECTS:.o=.d) $(IUM_OBJECTS:.o=.d) $(IUM_TOKEN:.o=.d) $(IUM_NO_TOKEN:.o=.d)

$(LIBOPENVSM): $(LIBOPENVSM_OBJECTS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Static: it runs in an initrd that has no libraries.
$(IUM): $(IUM_OBJECTS) $(IUM_NO_TOKEN) $(LIBOPENVSM)
	@mkdir -p $(@D)
	$(Q)$(CC) -static $^ -lpopt -ljson-c -lsodium -pthread -o $@

ALL += $(LIBOPENVSM) $(IUM)
GUEST += bin/ium:$(IUM)

# The kernel builds a module where its sources are: in a copy, so that the tree stays clean.
DRIVER_SOURCES := $(wildcard vtl0/driver/*.[ch] vtl0/driver/Kbuild)
$(OPENVSM_KO): $(DRIVER_SOURCES) $(wildcard include/openvsm/*.h)
	@mkdir -p $(@D)
	$(Q)cp -u $(DRIVER_SOURCES) $(@D)/
	$(Q)$(MAKE) -s -C $(KERNEL_HEADERS) M=$(abspath $(@D)) OPENVSM_INCLUDE=$(abspath include) \
		W=1 KCFLAGS=-Werror CC=gcc modules >$(@D)/build.log 2>&1 || { cat $(@D)/build.log; false; }
	@touch $@

ALL += $(OPENVSM_KO)
GUEST += lib/openvsm.ko:$(OPENVSM_KO)

# Host unit tests.
UNIT_VTL0 := $(BUILD)/tests/unit/ium $(BUILD)/tests/unit/libopenvsm $(BUILD)/tests/unit/carry $(BUILD)/tests/unit/map
$(BUILD)/tests/unit/ium: vtl0/tools/policy.c vtl0/tools/signature.c vtl0/tools/keyfile.c vtl0/lib/text.c
$(BUILD)/tests/unit/libopenvsm: vtl0/lib/syscall.c
$(BUILD)/tests/unit/map: vtl0/tools/map.c
$(BUILD)/tests/unit/carry: vtl0/lib/carry.c vtl0/lib/signals.c vtl0/lib/syscall.c
# A device of the test's own.
$(BUILD)/tests/unit/carry: UNIT_WRAP := -Wl,--wrap=ioctl,--wrap=lseek,--wrap=mmap,--wrap=pthread_create -pthread
$(UNIT_VTL0): $(BUILD)/tests/unit/%: tests/unit/vtl0/%.c $(wildcard vtl0/lib/*.h vtl0/tools/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -Iinclude -Ivtl0/lib -Ivtl0/tools $(filter %.c,$^) $(UNIT_WRAP) -lcmocka -lsodium -o $@
UNIT += $(UNIT_VTL0)

# VM tests of ium and the device, and the program that they run.
VM_VTL0 := $(BUILD)/tests/vm/tester $(BUILD)/tests/vm/threads $(BUILD)/tests/vm/signals $(BUILD)/tests/vm/device $(BUILD)/tests/vm/start_kernel
$(BUILD)/tests/vm/tester: tests/vm/trustlets/tester.c
$(BUILD)/tests/vm/threads: tests/vm/trustlets/threads.c
$(BUILD)/tests/vm/signals: tests/vm/trustlets/signals.c
$(BUILD)/tests/vm/device: tests/vm/device.c $(wildcard include/openvsm/*.h)
$(BUILD)/tests/vm/start_kernel: tests/vm/start_kernel.c
$(VM_VTL0):
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static -Iinclude $(filter %.c,$^) -pthread -o $@
ALL += $(VM_VTL0)
TRUSTLETS += tester:$(BUILD)/tests/vm/tester threads:$(BUILD)/tests/vm/threads signals:$(BUILD)/tests/vm/signals
VERSIONS := $(BUILD)/tests/vm/versions
$(VERSIONS): tests/vm/versions.c $(LIBOPENVSM)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static -Iinclude $^ -pthread -o $@
ALL += $(VERSIONS)
# The same programs under policies that refuse, and in two versions.
POLICIES := tests/vm/trustlets
TRUSTLETS += $(foreach name,confined granted,$(name):$(BUILD)/tests/vm/tester:$(POLICIES)/$(name).policy) \
	$(foreach name,small-stack small-memory version-1 version-2 version-other,$(name):$(BUILD)/vtl1/samples/hello-asm:$(POLICIES)/$(name).policy)
GUEST += tests/policy:tests/vm/policy tests/versions:$(VERSIONS) tests/versions.conf:tests/vm/versions.conf
GUEST += bin/tester:$(BUILD)/tests/vm/tester bin/threads:$(BUILD)/tests/vm/threads \
	bin/signals:$(BUILD)/tests/vm/signals tests/signals:tests/vm/signals \
	tests/threads:tests/vm/threads tests/threads-stress:tests/vm/threads-stress \
	tests/threads-long:tests/vm/threads-long tests/device:$(BUILD)/tests/vm/device \
	tests/ium-run:tests/vm/ium-run tests/ium-status:tests/vm/ium-status tests/ium-killed:tests/vm/ium-killed \
	tests/ium-killed-long:tests/vm/ium-killed tests/ium-killed-long.conf:tests/vm/ium-killed-long.conf tests/power:tests/vm/power \
	bin/start_kernel:$(BUILD)/tests/vm/start_kernel lib/other-kernel:tests/vm/other-kernel
