/* SPDX-License-Identifier: BSD-2-Clause */
/* The lsaiso that the fuzzer's calls go to. */
#include "iso.h"

struct lsaiso test_iso;
