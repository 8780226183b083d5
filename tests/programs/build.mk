# SPDX-License-Identifier: BSD-2-Clause
# Programs of other people, as they are: Debian's static bash, SQLite and OpenSSL. They come into the
# guest by its scratch disk (tests/host/programs), not with every boot. Whoever has not installed the
# packages has no such test.

PROGRAMS := $(BUILD)/tests/programs
PROGRAM_NEEDS := /bin/bash-static $(addprefix /usr/lib/x86_64-linux-gnu/,libsqlite3.a libssl.a)
PROGRAM_NAMES := bash sql crypto

# The linker warns of what getaddrinfo() would load; nobody calls it.
PROGRAM_LINK = $(CC) $(HOSTED) -static -Wl,--no-warnings $< -o $@
$(PROGRAMS)/sql: tests/programs/sql.c
	@mkdir -p $(@D)
	$(Q)$(PROGRAM_LINK) -lsqlite3 -lm
$(PROGRAMS)/crypto: tests/programs/crypto.c
	@mkdir -p $(@D)
	$(Q)$(PROGRAM_LINK) -lssl -lcrypto
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
