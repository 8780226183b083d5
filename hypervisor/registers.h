/* SPDX-License-Identifier: BSD-2-Clause */
/* Bits of control registers, for C and assembly: CR0, CR4 and RFLAGS by Linux's names, and EFER
 * (APM Vol.2 3.1.7), which Linux does not export. */
#ifndef HYPERVISOR_REGISTERS_H
#define HYPERVISOR_REGISTERS_H

#include <asm/processor-flags.h>

#define EFER_SCE     _BITUL(0)
#define EFER_LME     _BITUL(8)
#define EFER_LMA     _BITUL(10)
#define EFER_NXE     _BITUL(11)
#define EFER_SVME    _BITUL(12)
#define EFER_LMSLE   _BITUL(13)
#define EFER_FFXSR   _BITUL(14)
#define EFER_TCE     _BITUL(15)
#define EFER_MCOMMIT _BITUL(17)
#define EFER_INTWB   _BITUL(18)
#define EFER_UAIE    _BITUL(20)
#define EFER_AIBRSE  _BITUL(21)

#endif
