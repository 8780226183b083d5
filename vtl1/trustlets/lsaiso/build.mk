# SPDX-License-Identifier: BSD-2-Clause
# lsaiso: a static program; what must be linked is Debian's static archives.

LSAISO_DIR := vtl1/trustlets/lsaiso
LSAISO_OUT := $(BUILD)/lsaiso
LSA_GEN := $(BUILD)/lsa-gen
LSAISO_CFLAGS = $(HOSTED) -Iinclude -I$(LSA_GEN) -I$(LSAISO_DIR) -isystem /usr/include/tirpc
LSAISO_SOURCES := $(wildcard $(LSAISO_DIR)/*.c $(LSAISO_DIR)/crypto/*.c)
LSAISO_OBJECTS := $(LSAISO_SOURCES:$(LSAISO_DIR)/%.c=$(LSAISO_OUT)/%.o) \
	$(LSAISO_OUT)/lsa_der.o $(LSAISO_OUT)/lsa_xdr.o $(LSAISO_OUT)/krb5_asn1.o
LSAISO_LIBS := -ltirpc -ltasn1 -lnettle -lsodium

# What both halves of the LSA are made with: rpcgen's XDR, the ASN.1 tables, and what reads them.
LSA_DER := include/openvsm/lsa/der.c
$(LSA_GEN)/openvsm/lsa.h: include/openvsm/lsa.x
	@mkdir -p $(@D)
	$(Q)rm -f $@ && rpcgen -h -o $@ $<
$(LSA_GEN)/lsa_xdr.c: include/openvsm/lsa.x $(LSA_GEN)/openvsm/lsa.h
	$(Q)rm -f $@ && cp $< $(LSA_GEN)/lsa.x && cd $(LSA_GEN) && rpcgen -c -o lsa_xdr.c lsa.x && \
		sed -i 's|"lsa.h"|<openvsm/lsa.h>|' lsa_xdr.c
$(LSA_GEN)/krb5_asn1.c: include/openvsm/krb5.asn
	@mkdir -p $(@D)
	$(Q)asn1Parser -o $@ -n krb5_asn1 $< >/dev/null

$(LSAISO_OUT)/lsa_der.o: $(LSA_DER) $(LSA_GEN)/openvsm/lsa.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(LSAISO_CFLAGS) -MMD -MP -c $< -o $@

# Generated code is not held to our warnings.
$(LSAISO_OUT)/lsa_xdr.o: $(LSA_GEN)/lsa_xdr.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(LSAISO_CFLAGS)) -c $< -o $@
$(LSAISO_OUT)/krb5_asn1.o: $(LSA_GEN)/krb5_asn1.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(LSAISO_CFLAGS)) -c $< -o $@

$(LSAISO_OUT)/%.o: $(LSAISO_DIR)/%.c $(LSA_GEN)/openvsm/lsa.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(LSAISO_CFLAGS) -MMD -MP -c $< -o $@
-include $(LSAISO_OBJECTS:.o=.d)

$(BUILD)/lsaiso.elf: $(LSAISO_OBJECTS)
	$(Q)$(CC) -static -o $@ $^ $(LSAISO_LIBS)
ALL += $(BUILD)/lsaiso.elf
TRUSTLETS += lsaiso:$(BUILD)/lsaiso.elf:$(LSAISO_DIR)/lsaiso.policy
