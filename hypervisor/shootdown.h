/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making every CPU forget cached guest translations.
 *
 * VTL0 takes its interrupts directly and could mask any vector, so another CPU is reached by NMI,
 * which both VTLs' guests have intercepted. The partition counts flush requests in a generation; a
 * CPU publishes the newest one its guests are sure to obey. slat_flush_all_cpus() and
 * slat_serve_flush() (slat.h) are implemented here.
 */
#ifndef HYPERVISOR_SHOOTDOWN_H
#define HYPERVISOR_SHOOTDOWN_H

#include "cpu.h"

/* Brings the NMI of a kick to another CPU, at most one on its way. */
void shootdown_kick(struct cpu *target);
/* On the CPU itself, outside guest mode: obeys all requests so far. */
void shootdown_serve(struct cpu *cpu);

#endif
