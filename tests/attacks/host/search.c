// SPDX-License-Identifier: BSD-2-Clause
/*
 * search FILE SECRET [FIRST BYTES [MAP MAP-FIRST]]: looks for any eight bytes of a secret (hex
 * digits) in a file, at every offset: as they are, reversed, swapped within words of 2, 4 and 8
 * bytes, and each of these as hex digits. Prints "OFFSET FORM" for the first hits in rising order
 * and, last, "hits N". With a map (a byte per page of FILE, from MAP-FIRST on in the file MAP, as
 * the guest's attack-stream writes it) also how many hits lie on VTL0's, VTL1's, the hypervisor's.
 * Exit status 0 when nothing was found, 1 when something was, 2 when it could not look.
 *
 * Eight bytes, because a register holds so many; by chance they occur in a GiB once in 10^8 times.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE        8u
#define SECRET_MAX   64u
#define NEEDLE_MAX   (2 * PIECE)
#define NEEDLES_MAX  4096u
#define PRINTED_HITS 16u
#define PAGE         4096u
#define OWNERS       3u

struct needle {
    uint8_t bytes[NEEDLE_MAX];
    uint32_t length;
    const char *form;
    int32_t next; /* of the same first two bytes, or -1 */
};
struct search {
    struct needle needles[NEEDLES_MAX];
    uint32_t count;
    int32_t heads[1u << 16];
    uint64_t hits;
    uint64_t first;     /* offset in the file of the data looked at */
    const uint8_t *map; /* owner of each page of the file, or NULL */
    uint64_t map_pages;
    uint64_t owned[OWNERS];
};

static uint32_t first_two(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8;
}

static void add_needle(struct search *search, const void *bytes, uint32_t length, const char *form)
{
    struct needle *needle = &search->needles[search->count];
    uint32_t head = 0;

    for (uint32_t i = 0; i < search->count; i++)
        if (search->needles[i].length == length && !memcmp(search->needles[i].bytes, bytes, length))
            return;
    memcpy(needle->bytes, bytes, length);
    head = first_two(needle->bytes);
    needle->length = length;
    needle->form = form;
    needle->next = search->heads[head];
    search->heads[head] = (int32_t)search->count++;
}

static void add_digits(struct search *search, const uint8_t *piece, const char *format,
                       const char *form)
{
    char digits[NEEDLE_MAX + 1] = {0};

    for (uint32_t i = 0; i < PIECE; i++)
        sprintf(digits + 2 * i, format, piece[i]);
    add_needle(search, digits, NEEDLE_MAX, form);
}

static void add_pieces(struct search *search, const uint8_t *bytes, uint32_t size, const char *form)
{
    for (uint32_t i = 0; i + PIECE <= size; i++) {
        add_needle(search, bytes + i, PIECE, form);
        add_digits(search, bytes + i, "%02x", form);
        add_digits(search, bytes + i, "%02X", form);
    }
}

/* Reverses the bytes within each word; a rest shorter than a word stays as it is. */
static void swap_words(uint8_t *to, const uint8_t *from, uint32_t size, uint32_t word)
{
    memcpy(to, from, size);
    for (uint32_t i = 0; i + word <= size; i += word)
        for (uint32_t j = 0; j < word; j++)
            to[i + j] = from[i + word - 1 - j];
}

static void add_secret(struct search *search, const uint8_t *secret, uint32_t size)
{
    static const char *const forms[] = {"swapped2", "swapped4", "swapped8"};
    uint8_t other[SECRET_MAX] = {0};

    add_pieces(search, secret, size, "plain");
    for (uint32_t i = 0; i < 3; i++) {
        swap_words(other, secret, size, 2u << i);
        add_pieces(search, other, size, forms[i]);
    }
    swap_words(other, secret, size, size);
    add_pieces(search, other, size, "reversed");
}

static void count_hit(struct search *search, uint64_t at, const char *form)
{
    uint64_t page = at / PAGE;

    if (search->hits++ < PRINTED_HITS)
        printf("%llu %s\n", (unsigned long long)at, form);
    /* What the map does not tell is VTL0's: the strict side. */
    if (search->map)
        search->owned[page < search->map_pages && search->map[page] < OWNERS ? search->map[page]
                                                                             : 0]++;
}

static void look(struct search *search, const uint8_t *data, uint64_t size)
{
    for (uint64_t at = 0; at + 1 < size; at++) {
        for (int32_t i = search->heads[first_two(data + at)]; i >= 0; i = search->needles[i].next) {
            const struct needle *needle = &search->needles[i];

            if (needle->length > size - at || memcmp(data + at, needle->bytes, needle->length))
                continue;
            count_hit(search, search->first + at, needle->form);
        }
    }
}

static uint32_t parse_secret(uint8_t *secret, const char *digits)
{
    size_t length = strlen(digits);

    if (length % 2 || length / 2 < PIECE || length / 2 > SECRET_MAX)
        return 0;
    for (uint32_t i = 0; i < length / 2; i++) {
        unsigned int byte = 0;

        if (!isxdigit((unsigned char)digits[2 * i]) || sscanf(digits + 2 * i, "%2x", &byte) != 1)
            return 0;
        secret[i] = (uint8_t)byte;
    }
    return (uint32_t)(length / 2);
}

/* -> mapping of bytes (made less if the file is shorter) from first on, or NULL. */
static const uint8_t *map_file(const char *name, uint64_t first, uint64_t *bytes)
{
    int file = open(name, O_RDONLY | O_CLOEXEC);
    struct stat status = {0};
    void *data = MAP_FAILED;

    if (file >= 0 && !fstat(file, &status) && first < (uint64_t)status.st_size) {
        if (*bytes > (uint64_t)status.st_size - first)
            *bytes = (uint64_t)status.st_size - first;
        data = mmap(NULL, *bytes, PROT_READ, MAP_SHARED, file, (off_t)first);
    }
    if (file >= 0)
        close(file);
    if (data == MAP_FAILED) {
        fprintf(stderr, "search: %s: cannot be read there\n", name);
        return NULL;
    }
    return data;
}

static int report(const struct search *search)
{
    printf("hits %llu\n", (unsigned long long)search->hits);
    if (search->map)
        printf("vtl0 %llu\nvtl1 %llu\nhypervisor %llu\n", (unsigned long long)search->owned[0],
               (unsigned long long)search->owned[1], (unsigned long long)search->owned[2]);
    return search->hits ? 1 : 0;
}

int main(int argc, char **argv)
{
    static struct search search;
    uint8_t secret[SECRET_MAX] = {0};
    uint32_t size = argc > 2 ? parse_secret(secret, argv[2]) : 0;
    uint64_t bytes = UINT64_MAX;
    const uint8_t *data = NULL;

    if (!size || (argc != 3 && argc != 5 && argc != 7)) {
        fprintf(stderr, "usage: search FILE SECRET-IN-HEX [FIRST BYTES [MAP MAP-FIRST]]\n");
        return 2;
    }
    memset(search.heads, 0xff, sizeof(search.heads));
    add_secret(&search, secret, size);
    if (argc >= 5) {
        search.first = strtoull(argv[3], NULL, 0);
        bytes = strtoull(argv[4], NULL, 0);
    }
    data = map_file(argv[1], search.first, &bytes);
    if (data && argc == 7) {
        search.map_pages = UINT32_MAX;
        search.map = map_file(argv[5], strtoull(argv[6], NULL, 0), &search.map_pages);
    }
    if (!data || (argc == 7 && !search.map))
        return 2;
    look(&search, data, bytes);
    return report(&search);
}
