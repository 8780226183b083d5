/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LSASS_NTLM_NEGOTIATE_H
#define LSASS_NTLM_NEGOTIATE_H

#include <stdint.h>

#define NTLM_NEGOTIATE_SIZE 40
#define NTLM_SIGN           0x10u
#define NTLM_SEAL           0x20u

/* A NEGOTIATE_MESSAGE, MS-NLMP 2.2.1.1, that offers what lsaiso insists on; wish is SIGN, SEAL. */
void ntlm_negotiate(uint32_t wish, uint8_t out[NTLM_NEGOTIATE_SIZE]);

#endif
