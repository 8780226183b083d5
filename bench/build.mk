# SPDX-License-Identifier: BSD-2-Clause
# What `./openvsm bench` runs in the guest, and a VTL1 that answers at once.

BENCH := $(BUILD)/bench
BENCH_NATIVE := getppid hello spawn work flood pingpong
# These look at or carry trustlets.
BENCH_HOSTS := carry exits call
BENCH_PROGRAMS := $(BENCH_NATIVE:%=$(BENCH)/%) $(BENCH_HOSTS:%=$(BENCH)/%)
BENCH_MODULE := $(BENCH)/module/openvsm_bench.ko
BENCH_ECHO := $(BENCH)/echo.elf

ALL += $(BENCH_PROGRAMS) $(BENCH_MODULE) $(BENCH_ECHO)
TRUSTLETS += work:$(BENCH)/work pingpong:$(BENCH)/pingpong getppid:$(BENCH)/getppid hello:$(BENCH)/hello answer:$(BENCH)/answer:bench/answer.policy
ALL += $(BENCH)/answer
GUEST += $(foreach program,$(BENCH_NATIVE) $(BENCH_HOSTS),bench/$(program):$(BENCH)/$(program)) bench/measure:bench/measure \
	bench/workload:bench/workload bench/lsa-world:bench/lsa-world bench/lsa:$(BENCH)/lsa lib/openvsm_bench.ko:$(BENCH_MODULE)

$(BENCH_HOSTS:%=$(BENCH)/%): $(LIBOPENVSM)
$(BENCH)/answer: bench/answer.c vtl1/sdk/openvsm_trustlet.h include/openvsm/trustlet.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static -Iinclude -Ivtl1/sdk $< -o $@
$(BENCH)/%: bench/%.c bench/tsc.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -static -Iinclude $(filter %.c %.a,$^) -pthread -o $@

# The one that is not static: it loads GSS mechanisms. Their libraries come over the disk.
$(BENCH)/lsa: bench/lsa.c bench/tsc.h $(LSASS_OUT)/connection.o $(LSASS_OUT)/lsa_xdr.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(LSASS_CFLAGS) -Ibench $(filter %.c %.o,$^) -o $@ -lgssapi_krb5 -ltirpc
ALL += $(BENCH)/lsa

# kbuild wants the sources where it builds.
$(BENCH_MODULE): $(wildcard bench/module/*) $(wildcard include/openvsm/*.h)
	@mkdir -p $(@D)
	$(Q)cp bench/module/* $(@D)
	$(Q)$(MAKE) --no-print-directory -s -C $(KERNEL_HEADERS) M=$(abspath $(@D)) \
		OPENVSM_INCLUDE=$(abspath include) CC=gcc CONFIG_DEBUG_INFO_BTF_MODULES= modules

$(BENCH_ECHO): bench/echo/echo.S bench/echo/echo.lds
	@mkdir -p $(@D)
	$(Q)$(CC) -nostdlib -static -Wl,--build-id=none -Wl,-T,bench/echo/echo.lds $< -o $@
