# SPDX-License-Identifier: BSD-2-Clause
# Host tests and fuzz targets of the Secure Kernel's parsers and of its marshalling engine.

UNIT += $(BUILD)/tests/unit/elf
$(BUILD)/tests/unit/elf: $(addprefix vtl1/kernel/,elf.c manifest.c) tests/unit/vtl1/elf_test.c \
		$(wildcard vtl1/kernel/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -Iinclude -Ivtl1/kernel $(filter %.c,$^) -lcmocka -o $@

MARSHAL_TESTS := $(addprefix $(BUILD)/tests/unit/,marshal marshal_random marshal_epoll)
UNIT += $(MARSHAL_TESTS)
MARSHAL_SOURCES := $(addprefix tests/unit/vtl1/,marshal_machine.c fake.c fake_image.c fake_random.c) \
	$(wildcard vtl1/kernel/marshal*.c vtl1/kernel/local_*.c vtl1/kernel/syscall*.c) $(SK_TABLE) \
	$(addprefix vtl1/kernel/,answer.c epoll.c frame.c address_space.c region.c page_table.c signals.c user_copy.c)
$(MARSHAL_TESTS): $(BUILD)/tests/unit/%: tests/unit/vtl1/%_test.c $(MARSHAL_SOURCES) \
		$(wildcard vtl1/kernel/*.h tests/unit/vtl1/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -DDIRECT_MAP_BASE=0x200000000000ull -Iinclude -iquote vtl1/kernel \
		-iquote $(SK) -iquote tests/unit/vtl1 $(filter %.c,$^) -lcmocka -o $@

# Seeds, in tests/fuzz/corpus: the headers of real programs, and real trailers.
SK_FUZZ := $(BUILD)/tests/fuzz
FUZZ += $(addprefix $(SK_FUZZ)/,elf manifest start marshal)
$(SK_FUZZ)/elf: vtl1/kernel/elf.c tests/fuzz/parsers/elf.c
$(SK_FUZZ)/manifest: vtl1/kernel/manifest.c tests/fuzz/parsers/manifest.c
$(SK_FUZZ)/elf $(SK_FUZZ)/manifest: $(wildcard vtl1/kernel/*.h)
	@mkdir -p $(@D)
	$(Q)clang $(UNIT_FLAGS) -fsanitize=fuzzer -Iinclude -iquote vtl1/kernel $(filter %.c,$^) -o $@
# On the machine of the host tests.
$(SK_FUZZ)/start: tests/fuzz/parsers/start.c $(SK_UNIT_SPACE) $(SK_UNIT_FRAMES) $(SK_UNIT_START)
$(SK_FUZZ)/marshal: tests/fuzz/parsers/marshal.c $(filter-out tests/unit/%_test.c,$(MARSHAL_SOURCES))
$(SK_FUZZ)/start $(SK_FUZZ)/marshal: $(wildcard vtl1/kernel/*.h tests/unit/vtl1/*.h)
	@mkdir -p $(@D)
	$(Q)clang $(UNIT_FLAGS) -fsanitize=fuzzer -DDIRECT_MAP_BASE=0x200000000000ull -Iinclude \
		-iquote vtl1/kernel -iquote $(SK) -iquote tests/unit/vtl1 $(filter %.c,$^) -lcmocka -o $@

# libsodium whole: the Secure Kernel's own shims are for ring 0. A small real program is what the mutants
# come from.
IMAGE_TESTS := $(addprefix $(BUILD)/tests/unit/,image image_mutants)
UNIT += $(IMAGE_TESTS)
$(BUILD)/tests/unit/image_mutants: $(addprefix vtl1/kernel/,address_space.c region.c page_table.c) \
	$(BUILD)/vtl1/samples/hello-musl
$(IMAGE_TESTS): $(BUILD)/tests/unit/%: tests/unit/vtl1/%_test.c tests/unit/vtl1/image/trusted_keys.c \
		$(addprefix tests/unit/vtl1/,image_machine.c fake_random.c fake.c) \
		$(addprefix vtl1/kernel/,image.c version.c signature.c manifest.c elf.c crypto.c frame.c normal_memory.c) \
		$(wildcard vtl1/kernel/*.h tests/unit/vtl1/*.h)
	@mkdir -p $(@D)
	$(Q)$(CC) $(UNIT_FLAGS) -DDIRECT_MAP_BASE=0x200000000000ull -Iinclude \
		-DPROGRAM='"$(abspath $(BUILD))/vtl1/samples/hello-musl"' \
		-iquote vtl1/kernel -iquote tests/unit/vtl1 -iquote tests/unit/vtl1/image \
		$(filter %.c,$^) -l:libsodium.a -lcmocka -o $@
