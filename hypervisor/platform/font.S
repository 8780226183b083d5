/* SPDX-License-Identifier: BSD-2-Clause */
/* The first 128 characters, 16 rows of 8 pixels each, of a PSF 1 file that the build takes from a Debian
 * package: GNU Unifont. */
    .section .rodata
    .globl font
font:
    .incbin "font.psf", 4, 128 * 16
    .section .note.GNU-stack, "", @progbits
