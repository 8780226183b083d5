/* SPDX-License-Identifier: BSD-2-Clause */
/* sql DATABASE: runs what stands on standard input, and prints the rows. */
#include <sqlite3.h>
#include <stdio.h>

static int print_row(void *unused, int count, char **values, char **names)
{
    (void)unused;
    (void)names;
    for (int i = 0; i < count; i++)
        printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
    puts("");
    return 0;
}

int main(int argc, char **argv)
{
    static char text[1 << 16];
    sqlite3 *database = NULL;
    char *error = NULL;
    size_t size = fread(text, 1, sizeof(text) - 1, stdin);
    text[size] = 0;
    if (argc != 2 || sqlite3_open(argv[1], &database) != SQLITE_OK) {
        fprintf(stderr, "sql: %s\n", database ? sqlite3_errmsg(database) : "no database");
        return 2;
    }
    int result = sqlite3_exec(database, text, print_row, NULL, &error);
    if (result != SQLITE_OK)
        printf("error %d: %s\n", result, error);
    printf("changes %d\n", sqlite3_total_changes(database));
    return sqlite3_close(database) == SQLITE_OK && result == SQLITE_OK ? 0 : 1;
}
