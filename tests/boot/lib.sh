# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# What a machine started by GRUB has in common with every other; to be sourced.
# shellcheck source=tests/lib/tap.sh
. /lib/tap.sh

# said TEXT: in the kernel's log.
said() {
    dmesg | grep -e "$1"
}
never_said() {
    ! said "$1"
}
command_line_is_whole() {
    cat /proc/cmdline
    [ "$(cut -d ' ' -f 1 /proc/cmdline)" = console=ttyS0 ] && grep -q openvsm.mode=serve /proc/cmdline
}
# The screen has the kernel's messages too when it is a console.
console_is() {
    cat /sys/class/vtconsole/*/name
    grep -q "$1" /sys/class/vtconsole/*/name
}
runs_a_trustlet() {
    [ "$(echo hello | ium run busybox tr a-z A-Z)" = HELLO ]
}
acpi_is_there() {
    [ -e /sys/firmware/acpi/tables/FACP ] && said "ACPI: Interpreter enabled"
}

same_everywhere() {
    check "the command line arrives whole" command_line_is_whole
    check "ACPI works" acpi_is_there
    check "all CPUs are up" test "$(nproc)" = "$(host cpus)"
    check "VTL1 is up" ium status
    check "a trustlet runs" runs_a_trustlet
    check "nothing was on a page that is not Linux's" never_said 'general protection\|PANIC\|Oops'
}
