# SPDX-License-Identifier: BSD-2-Clause
# Unit tests of the LSA, native.

LSA_UNIT_CFLAGS = $(UNIT_FLAGS) -D_GNU_SOURCE -Iinclude -I$(LSA_GEN) -I$(LSAISO_DIR) -isystem /usr/include/tirpc
LSA_UNIT_SOURCES = tests/lsa/unit/iso.c tests/lsa/unit/clock.c \
	$(filter-out %/main.c %/server.c %/clock.c,$(LSAISO_SOURCES)) $(LSA_DER) \
	$(LSAISO_OUT)/krb5_asn1.o $(LSAISO_OUT)/lsa_xdr.o

$(BUILD)/tests/unit/lsa-%: tests/lsa/unit/test_%.c tests/lsa/unit/hex.h tests/lsa/unit/iso.c tests/lsa/unit/clock.c \
		tests/lsa/unit/iso.h $(LSAISO_SOURCES) $(LSA_DER) $(wildcard include/openvsm/lsa/*.h) \
		$(LSAISO_OUT)/lsa_xdr.o $(LSAISO_OUT)/krb5_asn1.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(LSA_UNIT_CFLAGS) -o $@ $< $(LSA_UNIT_SOURCES) -lcmocka $(LSAISO_LIBS)
UNIT += $(patsubst tests/lsa/unit/test_%.c,$(BUILD)/tests/unit/lsa-%,$(wildcard tests/lsa/unit/test_*.c))

# Against real peers, each its own realm on loopback; a few seconds each.
LSA_TESTS := kerberos gss programs ntlm samba users secrets
UNIT += $(LSA_TESTS:%=tests/lsa/%)

$(BUILD)/tests/lsa/%: tests/lsa/peer/%.c $(LSASS_OUT)/lsa_xdr.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(HOSTED) -Iinclude -I$(BUILD)/lsa-gen -I$(LSASS_DIR) -isystem /usr/include/tirpc -o $@ $< \
		$(LSASS_OUT)/lsa_xdr.o -ltirpc -lgssapi_krb5 -lkrb5 -lnettle
LSA_PEERS := $(patsubst tests/lsa/peer/%.c,$(BUILD)/tests/lsa/%,$(wildcard tests/lsa/peer/*.c))
ALL += $(LSA_PEERS)

# The one in the machine under test is static; it speaks lsa.x itself.
$(BUILD)/tests/lsa/guest: tests/lsa/peer/guest.c $(LSASS_OUT)/connection.o $(LSASS_OUT)/lsa_xdr.o
	@mkdir -p $(@D)
	$(Q)$(CC) $(LSASS_CFLAGS) -static -o $@ $^ -ltirpc -lnettle
ifdef DEVELOPMENT_KEY
GUEST += tests/lsa:tests/vm/lsa tests/lsa-attack:tests/vm/lsa \
	tests/lsa-attack.conf:tests/lsa/lsa-attack.conf
endif

LSA_FUZZ := $(BUILD)/tests/fuzz
LSA_FUZZ_LIBS = -ltirpc -ltasn1 -lnettle -lsodium
$(LSA_FUZZ)/lsa-rpc: tests/lsa/fuzz/rpc.c tests/lsa/unit/clock.c tests/lsa/unit/fuzz_state.c \
		$(filter-out %/main.c %/server.c %/clock.c,$(LSAISO_SOURCES)) $(LSA_DER) \
		$(LSAISO_OUT)/lsa_xdr.o $(LSAISO_OUT)/krb5_asn1.o
	@mkdir -p $(@D)
	$(Q)clang $(LSA_UNIT_CFLAGS) -fsanitize=fuzzer -Itests/lsa/unit -o $@ $(filter %.c %.o,$^) \
		$(LSA_FUZZ_LIBS)
$(LSA_FUZZ)/lsa-der: tests/lsa/fuzz/der.c $(LSAISO_DIR)/der.c $(LSA_DER) \
		$(wildcard $(LSAISO_DIR)/crypto/*.c) $(LSAISO_OUT)/krb5_asn1.o
	@mkdir -p $(@D)
	$(Q)clang $(LSA_UNIT_CFLAGS) -fsanitize=fuzzer -o $@ $(filter %.c %.o,$^) $(LSA_FUZZ_LIBS)
$(LSA_FUZZ)/lsa-message: tests/lsa/fuzz/message.c $(LSASS_DIR)/message.c $(LSASS_DIR)/keytab.c \
		$(LSASS_DIR)/principal.c $(LSA_DER) $(LSASS_OUT)/krb5_asn1.o
	@mkdir -p $(@D)
	$(Q)clang $(UNIT_FLAGS) -D_GNU_SOURCE -fsanitize=fuzzer -Iinclude -I$(LSA_GEN) -I$(LSASS_DIR) \
		-isystem /usr/include/tirpc -o $@ $(filter %.c %.o,$^) $(LSA_FUZZ_LIBS)
FUZZ += $(LSA_FUZZ)/lsa-rpc $(LSA_FUZZ)/lsa-der $(LSA_FUZZ)/lsa-message
