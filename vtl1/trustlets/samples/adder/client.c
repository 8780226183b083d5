/* SPDX-License-Identifier: BSD-2-Clause */
/* client HOST-PID NUMBER…: has the trustlet that process HOST-PID carries add the numbers. */
#include <openvsm_rpc.h>
#include <stdio.h>
#include <stdlib.h>

#include "adder.h"

int main(int argc, char **argv)
{
    int values[1000];
    terms t = {{0, values}};
    struct openvsm_trustlet *trustlet;
    for (int i = 2; i < argc && i < 1002; i++)
        values[t.value.value_len++] = atoi(argv[i]);
    if (argc < 2 || openvsm_connect(atoi(argv[1]), &trustlet)) {
        perror("adder");
        return 1;
    }
    CLIENT *client = openvsm_rpc_client(trustlet, ADDER, ADDER_1);
    int *sum = client ? add_1(&t, client) : NULL;
    if (!sum) {
        perror("adder");
        return 1;
    }
    printf("sum %d\n", *sum);
    printf("total %d\n", *total_1(NULL, client));
    return 0;
}
