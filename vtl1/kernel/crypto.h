/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cryptography that the Secure Kernel uses is libsodium's, by libsodium's names. All of it uses
 * the vector unit: call it between fpu_begin and fpu_end only, many at a time where that is
 * possible, for each pair saves and loads the whole vector state; or in a job, job.h.
 *
 * BLAKE2b takes about 6 instructions a byte, an Ed25519 signature 150,000, its check 650,000.
 */
#ifndef SK_CRYPTO_H
#define SK_CRYPTO_H

#include <sodium/crypto_aead_xchacha20poly1305.h>
#include <sodium/crypto_generichash_blake2b.h>
#include <sodium/crypto_sign_ed25519.h>
#include <sodium/crypto_stream_chacha20.h>
#include <sodium/utils.h>

/* Learns once, on the boot CPU, which implementations this CPU can run. fpu_init came before. */
void crypto_init(void);

#endif
