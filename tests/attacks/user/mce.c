// SPDX-License-Identifier: BSD-2-Clause
/*
 * A machine check while a CPU runs VTL0 is VTL0's, and a trustlet does not notice.
 * (Those that find the CPU in VTL1 or in the hypervisor end the machine: tests/system/shutdown.)
 */
#include <stdio.h>
#include <unistd.h>
#include "attacker.h"
#include "victim.h"

#define MACHINE_CHECK 18u
/* What tests/host/machine-check puts into bank 1. */
#define BANK_STATUS   0xb200000000000000ull

int main(void)
{
    struct victim trustlet;
    char command[64] = "";
    FILE *checker = NULL;
    uint64_t bank = 0;
    uint32_t trap = 0;

    attacker_start();
    run_only_if(under_openvsm(), "there is no trustlet to be spared");
    victim_start(&trustlet, true);
    snprintf(command, sizeof(command), "host machine-check %u R15=%016llx", cpu_count() - 1,
             ATTACK_MACHINE_CHECK_MARK);
    /* It looks for the mark already when the CPU takes it on: then nothing else may run there. */
    checker = popen(command, "r");
    usleep(500000);
    run_on(cpu_count() - 1);
    trap = await_machine_check(&bank);
    ok(checker && pclose(checker) == 0, "the host had the CPU checked");
    ok(trap == MACHINE_CHECK && bank == BANK_STATUS,
       "a machine check in VTL0 comes to VTL0 (exception %u), and its bank says what it was "
       "(%#llx)",
       trap, (unsigned long long)bank);
    ok(victim_end(&trustlet) == 0, "a trustlet lives on, its secret whole");
    return done_testing();
}
