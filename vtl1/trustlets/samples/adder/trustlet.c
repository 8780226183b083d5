/* SPDX-License-Identifier: BSD-2-Clause */
/* A trustlet that adds. Its total lives in VTL1 and nowhere else. */
#include <openvsm_trustlet_rpc.h>

#include "adder.h"

void adder_1(struct svc_req *request, SVCXPRT *transport); /* rpcgen's */

static int total;

int *add_1_svc(terms *t, struct svc_req *request)
{
    static int sum;
    (void)request;
    sum = 0;
    for (u_int i = 0; i < t->value.value_len; i++)
        sum += t->value.value_val[i];
    total += sum;
    return &sum;
}

int *total_1_svc(void *nothing, struct svc_req *request)
{
    (void)nothing;
    (void)request;
    return &total;
}

int main(void)
{
    return ium_rpc_serve(adder_1, ADDER, ADDER_1);
}
