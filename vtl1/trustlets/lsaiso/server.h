/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LSAISO_SERVER_H
#define LSAISO_SERVER_H

#include "state.h"

/* A listening UNIX stream socket at `path`. -> descriptor, or -1 with errno. */
int server_listen(const char *path);
/* Serves until the listening socket fails. */
void server_run(struct lsaiso *iso, int listener);

#endif
