/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"
#include "cpu.h"
#include "io.h"
#include "platform/reset.h"
#include "platform/screen.h"
#include "platform/tsc.h"
#include "spinlock.h"
#include <stdarg.h>

#define COM1            0x3f8u
#define COM1_DIVISOR    (COM1 + 0)
#define COM1_INTERRUPT  (COM1 + 1)
#define COM1_FIFO       (COM1 + 2)
#define COM1_LINE       (COM1 + 3)
#define COM1_MODEM      (COM1 + 4)
#define COM1_STATUS     (COM1 + 5)
#define STATUS_EMPTY    0x20u
#define SENTENCE_MAX    240u

#define KEYBOARD_DATA   0x60u
#define KEYBOARD_STATUS 0x64u
#define KEYBOARD_FULL   1u
#define RESTART_SECONDS 30u

/* A port that is not there must not hold up the boot. */
#define WAIT_LIMIT      100000u

void log_init(void)
{
    io_write8(COM1_INTERRUPT, 0);
    io_write8(COM1_LINE, 0x80);
    io_write8(COM1_DIVISOR, 1); /* 115200 baud */
    io_write8(COM1_DIVISOR + 1, 0);
    io_write8(COM1_LINE, 3); /* 8n1 */
    io_write8(COM1_FIFO, 7);
    io_write8(COM1_MODEM, 3);
}

static void put(char c)
{
    for (unsigned i = 0; i < WAIT_LIMIT && !(io_read8(COM1_STATUS) & STATUS_EMPTY); i++)
        __builtin_ia32_pause();
    io_write8(COM1, (uint8_t)c);
}

void log_bytes(const char *bytes, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++) {
        if (bytes[i] == '\n')
            put('\r');
        put(bytes[i]);
    }
}

void log_text(const char *text)
{
    log_bytes(text, __builtin_strlen(text));
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        put(digits[--count]);
}

/* One conversion at p, which stands on '%'; returns where the text goes on. */
static const char *put_conversion(const char *p, va_list *arguments)
{
    if (p[1] == 's') {
        log_text(va_arg(*arguments, const char *));
        return p + 2;
    }
    if (p[1] == 'l' && (p[2] == 'u' || p[2] == 'x')) {
        put_number(va_arg(*arguments, uint64_t), p[2] == 'u' ? 10 : 16);
        return p + 3;
    }
    put(*p);
    return p + 1;
}

void log_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    while (*format)
        if (*format == '%')
            format = put_conversion(format, &arguments);
        else
            log_bytes(format++, 1);
    va_end(arguments);
}

/* A controller that is not there reads as all ones. */
static bool key_pressed(void)
{
    uint8_t status = io_read8(KEYBOARD_STATUS);
    return (status & KEYBOARD_FULL) && status != 0xff;
}

/* Long enough to read; then the boot loader may choose something else. Whoever is there can press a
 * key and take the time. */
static _Noreturn void stop(void)
{
    static const char notice[] = "The machine restarts in 30 seconds. Press a key to let it wait.";
    log_text(notice);
    log_text("\n");
    screen_show(5, 1, notice);
    uint64_t hz = tsc_calibrate(), start = cpu_rdtsc();
    while (key_pressed())
        io_read8(KEYBOARD_DATA);
    while (hz && !key_pressed()) {
        if (cpu_rdtsc() - start > hz * RESTART_SECONDS)
            reset_now();
        cpu_pause();
    }
    for (;;)
        __asm__ volatile("cli; hlt");
}

void fatal(const char *sentence)
{
    fatal_with(sentence, "");
}

void fatal_with(const char *sentence, const char *detail)
{
    log_format("hypervisor: fatal: %s%s\n", sentence, detail);
    screen_show(0, 1, "OpenVSM cannot start:");
    screen_show(1, 2, sentence);
    screen_show(3, 2, detail);
    stop();
}
