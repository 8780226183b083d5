# SPDX-License-Identifier: BSD-2-Clause
# lsassd and what programs reach it with. LSA_GEN is made by vtl1/trustlets/lsaiso/build.mk.

LSASS_DIR := vtl0/lsass
LSASS_OUT := $(BUILD)/lsass
LSASS_CFLAGS = $(HOSTED) -fPIC -Iinclude -I$(BUILD)/lsa-gen -I$(LSASS_DIR) -isystem /usr/include/tirpc
LSASS_DAEMON := main server service context accept users logon exchange keytab store message kdc config \
	principal lsa_der connection
LSASS_GENERATED := $(LSASS_OUT)/lsa_xdr.o $(LSASS_OUT)/krb5_asn1.o

$(LSASS_OUT)/%.o: $(LSASS_DIR)/%.c $(BUILD)/lsa-gen/openvsm/lsa.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(LSASS_CFLAGS) -MMD -MP -c $< -o $@
$(LSASS_GENERATED): $(LSASS_OUT)/%.o: $(BUILD)/lsa-gen/%.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out $(WARNINGS),$(LSASS_CFLAGS)) -c $< -o $@
$(LSASS_OUT)/lsa_der.o: include/openvsm/lsa/der.c $(BUILD)/lsa-gen/openvsm/lsa.h
	@mkdir -p $(@D)
	$(Q)$(CC) $(LSASS_CFLAGS) -MMD -MP -c $< -o $@
# A header that an older build depended on may be gone.
$(LSASS_DIR)/%.h: ;
-include $(wildcard $(LSASS_OUT)/*.d)

$(BUILD)/lsassd: $(LSASS_DAEMON:%=$(LSASS_OUT)/%.o) $(LSASS_GENERATED)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -ltirpc -ltasn1 -lresolv -pthread
ALL += $(BUILD)/lsassd

LSA_TOOL := cli/lsa cli/commands cli/print connection
$(BUILD)/lsa: $(LSA_TOOL:%=$(LSASS_OUT)/%.o) $(LSASS_OUT)/lsa_xdr.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -ltirpc -lpopt -ljson-c
ALL += $(BUILD)/lsa

# Only the entry points of the mechanism are seen by the program it is loaded into.
LSA_GSS := gss/mech gss/cred gss/context gss/accept gss/message gss/ntlm ntlm/negotiate connection
$(BUILD)/gss_openvsm_lsa.so: $(LSA_GSS:%=$(LSASS_OUT)/%.o) $(LSASS_OUT)/lsa_xdr.o $(LSASS_DIR)/gss/exports.map
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,--version-script=$(LSASS_DIR)/gss/exports.map -o $@ $(filter %.o,$^) \
		-ltirpc -lgssapi_krb5
ALL += $(BUILD)/gss_openvsm_lsa.so

LSA_NTLM := ntlm/ntlm_auth ntlm/negotiate connection
$(BUILD)/lsa-ntlm-auth: $(LSA_NTLM:%=$(LSASS_OUT)/%.o) $(LSASS_OUT)/lsa_xdr.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -ltirpc -lnettle
ALL += $(BUILD)/lsa-ntlm-auth

LSA_PAM := pam/pam_openvsm_lsa connection
$(BUILD)/pam_openvsm_lsa.so: $(LSA_PAM:%=$(LSASS_OUT)/%.o) $(LSASS_OUT)/lsa_xdr.o $(LSASS_DIR)/pam/exports.map
	$(Q)$(CC) $(LDFLAGS) -shared -Wl,--version-script=$(LSASS_DIR)/pam/exports.map -o $@ $(filter %.o,$^) \
		-ltirpc -lpam
ALL += $(BUILD)/pam_openvsm_lsa.so
