/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NTLMv2, MS-NLMP section 3.3.2 and 3.4, client side. NTLMv1, LM and MS-CHAPv2 do not exist here.
 */
#ifndef LSAISO_NTLM_H
#define LSAISO_NTLM_H

#include <nettle/arcfour.h>

#include "bytes.h"

#define NTLM_KEY           16
#define NTLM_TEMP_OVERHEAD 32 /* what stands around the AV pairs in `temp` */
#define NTLM_SIGNATURE     16

/* NTOWFv2 from the NT hash; user and domain are UTF-8, at most 256 bytes each. -> 0 or -1. */
int ntlm_owf_v2(const uint8_t nt_hash[NTLM_KEY], struct bytes user, struct bytes domain,
                uint8_t out[NTLM_KEY]);

/* out takes NTLM_KEY + NTLM_TEMP_OVERHEAD + av_pairs.size bytes: NTProofStr and temp.
 * time is a FILETIME (100 ns since 1601). session_key gets the SessionBaseKey. -> out's size. */
size_t ntlm_response_v2(const uint8_t owf[NTLM_KEY], const uint8_t server_challenge[8],
                        const uint8_t client_challenge[8], uint64_t time, struct bytes av_pairs,
                        uint8_t *out, uint8_t session_key[NTLM_KEY]);
/* RC4 of one key under another, for the EncryptedRandomSessionKey. */
void ntlm_encrypt_key(const uint8_t with[NTLM_KEY], const uint8_t key[NTLM_KEY],
                      uint8_t out[NTLM_KEY]);
void ntlm_mic(const uint8_t exported[NTLM_KEY], struct bytes negotiate, struct bytes challenge,
              struct bytes authenticate, uint8_t out[16]);

/* One direction of signing and sealing with extended session security and 128-bit keys. */
struct ntlm_direction {
    uint8_t sign_key[NTLM_KEY];
    struct arcfour_ctx seal;
    uint32_t sequence;
    uint32_t key_exchange; /* the checksum is sealed as well */
};
/* from_client: the direction's keys are those for what the client sends. */
void ntlm_direction_init(struct ntlm_direction *d, const uint8_t exported[NTLM_KEY],
                         int from_client, int key_exchange);
/* MAC over the plaintext `message`; advances the sequence number. */
void ntlm_sign(struct ntlm_direction *d, struct bytes message, uint8_t out[NTLM_SIGNATURE]);
/* Encrypts in place, then signs the plaintext it had (3.4.3 order: seal first). */
void ntlm_seal(struct ntlm_direction *d, uint8_t *message, size_t size,
               uint8_t out[NTLM_SIGNATURE]);
/* -> 0, or -1 if the signature is wrong; constant time. */
int ntlm_verify(struct ntlm_direction *d, struct bytes message,
                const uint8_t signature[NTLM_SIGNATURE]);
int ntlm_unseal(struct ntlm_direction *d, uint8_t *message, size_t size,
                const uint8_t signature[NTLM_SIGNATURE]);

#endif
