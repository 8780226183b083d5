/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the Secure Kernel does about its own mistakes. Never for values that VTL0 or a trustlet
 * chooses: those get an error.
 */
#ifndef SK_ASSERT_H
#define SK_ASSERT_H

/* Prints the sentence on the hypervisor's log and stops the machine (it is scrubbed by it). */
_Noreturn void sk_panic(const char *sentence);

#define SK_STRING1(x)   #x
#define SK_STRING(x)    SK_STRING1(x)
#define SK_CHECK(truth) ((truth) ? (void)0 : sk_panic(__FILE__ ":" SK_STRING(__LINE__) ": " #truth))

#endif
