/* SPDX-License-Identifier: BSD-2-Clause */
#include "negotiate.h"

#include <string.h>

/* UNICODE, REQUEST_TARGET, NTLM, ALWAYS_SIGN, EXTENDED_SESSIONSECURITY, TARGET_INFO, VERSION, 128,
 * KEY_EXCH, 56 */
#define OFFER 0xe2888205u

void ntlm_negotiate(uint32_t wish, uint8_t out[NTLM_NEGOTIATE_SIZE])
{
    uint32_t flags = OFFER | wish;

    memset(out, 0, NTLM_NEGOTIATE_SIZE);
    memcpy(out, "NTLMSSP", 8);
    out[8] = 1;
    for (int i = 0; i < 4; i++)
        out[12 + i] = (uint8_t)(flags >> (8 * i));
    out[32] = 10; /* the version that goes with the answer's */
    out[39] = 15;
}
