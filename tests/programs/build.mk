# SPDX-License-Identifier: BSD-2-Clause
# Programs of other people, as they are: Debian's static bash, SQLite, OpenSSL and libmicrohttpd. They come into the
# guest by its scratch disk (tests/host/programs), not with every boot. Whoever has not installed the
# packages has no such test.

PROGRAMS := $(BUILD)/tests/programs
PROGRAM_NEEDS := /bin/bash-static $(addprefix /usr/lib/x86_64-linux-gnu/,libsqlite3.a libssl.a libmicrohttpd.a libgnutls.a)
PROGRAM_NAMES := bash sql crypto web

# The linker warns of what getaddrinfo() would load; nobody calls it.
PROGRAM_LINK = $(CC) $(HOSTED) -static -Wl,--no-warnings $< -o $@
$(PROGRAMS)/sql: tests/programs/sql.c
	@mkdir -p $(@D)
	$(Q)$(PROGRAM_LINK) -lsqlite3 -lm
$(PROGRAMS)/crypto: tests/programs/crypto.c
	@mkdir -p $(@D)
	$(Q)$(PROGRAM_LINK) -lssl -lcrypto
# It starts GnuTLS even where nobody asks for TLS. What that would call for smart cards and names in
# other alphabets (p11-kit has no archive in Debian) is left open.
$(PROGRAMS)/web: tests/programs/web.c
	@mkdir -p $(@D)
	$(Q)$(PROGRAM_LINK) -lmicrohttpd -lgnutls -lhogweed -lnettle -lgmp -ltasn1 -lidn2 \
		-Wl,--gc-sections -Wl,--unresolved-symbols=ignore-all
$(PROGRAMS)/bash: /bin/bash-static
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(PROGRAMS)/%.signed: $(PROGRAMS)/% $(IUM) | $(DEVELOPMENT_KEY)
	$(Q)$(IUM) sign --key $(DEVELOPMENT_KEY) --name $* -o $@ $< >/dev/null

ifeq ($(words $(wildcard $(PROGRAM_NEEDS))),$(words $(PROGRAM_NEEDS)))
ifdef DEVELOPMENT_KEY
ALL += $(PROGRAM_NAMES:%=$(PROGRAMS)/%) $(PROGRAM_NAMES:%=$(PROGRAMS)/%.signed)
GUEST += tests/programs:tests/programs/compare tests/programs-long:tests/programs/compare-long \
	$(foreach file,lib.sh script.bash rollback.sql wal.sql,lib/programs/$(file):tests/programs/$(file))
endif
endif
