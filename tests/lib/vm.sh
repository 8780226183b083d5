# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# A machine under test, to be sourced: vm_start, vm_run, vm_stop. The guest's /sbin/serve takes the
# orders on its second serial port, which is QEMU's standard input and output.
#
# Needs vm_root, this tree's folder. Sets VM_DIR (exported, as are VM_MONITOR and VM_DISK, for the
# host's side of a test).

vm_build=$(realpath -m "${BUILD:-$vm_root/build}")
export BUILD="$vm_build"
# A machine that died must not take its tester along.
trap '' PIPE

# vm_start NAME BOOT-SECONDS MACHINE-OPTION… -> 0 once the guest waits for orders.
vm_start() {
    VM_DIR=$vm_build/vm/$1
    VM_MONITOR=$VM_DIR/monitor
    VM_DISK=$VM_DIR/disk
    export VM_DIR VM_MONITOR VM_DISK
    vm_patience=$2
    shift 2
    rm -rf "$VM_DIR"
    mkdir -p "$VM_DIR"
    mkfifo "$VM_DIR/orders" "$VM_DIR/answers" "$VM_MONITOR.in" "$VM_MONITOR.out"
    truncate -s 3G "$VM_DISK"
    "$vm_root/packaging/machine" "$@" -- \
        -serial "file:$VM_DIR/console.log" -serial stdio \
        -chardev "pipe,id=monitor,path=$VM_MONITOR" -mon chardev=monitor,mode=control \
        -drive "file=$VM_DISK,format=raw,if=none,id=disk,cache=unsafe" \
        -device nvme,drive=disk,serial=openvsm \
        <"$VM_DIR/orders" >"$VM_DIR/answers" 2>"$VM_DIR/qemu.log" &
    vm_pid=$!
    exec 8>"$VM_DIR/orders" 9<"$VM_DIR/answers"
    vm_watch "$vm_patience"
    while read -r vm_line <&9; do
        case $vm_line in
        *@ready) vm_unwatch && return 0 ;;
        esac
    done
    vm_unwatch
    return 1
}

# A machine that says nothing for so many seconds is killed, which ends every read from it. Where its
# CPUs were is kept.
vm_watch() {
    (
        trap 'kill $nap' TERM
        sleep "$1" &
        nap=$!
        wait $nap || exit
        timeout 10 "$vm_root/tests/lib/monitor" info registers -a >"$VM_DIR/registers"
        kill -9 "$vm_pid" && echo "no answer for $1 s; its CPUs: $VM_DIR/registers" >"$VM_DIR/timeout"
    ) >/dev/null 2>&1 8>&- 9<&- &
    vm_watcher=$!
}

vm_unwatch() {
    kill "$vm_watcher" 2>/dev/null
    wait "$vm_watcher" 2>/dev/null
    return 0
}

# vm_run SECONDS COMMAND ARG… -> its standard output, line by line; its exit status, or 255 when the
# machine died or hung.
vm_run() {
    echo "run $*" >&8 2>/dev/null || return 255
    # Longer than the guest's own limit, which gives the better message.
    vm_watch $(($1 + 20))
    vm_status=255
    while IFS= read -r vm_line <&9; do
        case $vm_line in
        @end\ *)
            vm_status=${vm_line#@end }
            break
            ;;
        @host\ *)
            # The guest cannot help it if the host is slow.
            vm_unwatch
            vm_serve_host "${vm_line#@host }"
            vm_watch $(($1 + 20))
            ;;
        *) printf '%s\n' "$vm_line" ;;
        esac
    done
    vm_unwatch
    return "$vm_status"
}

# The guest asks: tests/host/COMMAND ARG…, or what was built of the same name.
vm_serve_host() {
    vm_host_status=0
    # shellcheck disable=SC2086 # a command and its words
    set -- $1
    vm_command=$vm_root/tests/host/$1
    [ -x "$vm_command" ] || vm_command=$vm_build/tests/host/$1
    shift
    "$vm_command" "$@" >"$VM_DIR/host.out" 2>>"$VM_DIR/host.log" 8>&- 9<&- ||
        vm_host_status=$?
    sed 's/^/| /' "$VM_DIR/host.out" >&8
    echo "@status $vm_host_status" >&8
}

# Hundredths of a second of this computer's time that the machine has used. A loaded computer makes
# tests take longer, but does not make them take more of this.
vm_cpu_time() {
    sed 's/.*) //' "/proc/$vm_pid/stat" 2>/dev/null | { read -r _ _ _ _ _ _ _ _ _ _ _ user system _ &&
        echo $((user + system)); }
}

# What killed the machine, in one line; where its log is, in another. After vm_stop: a QEMU that crashed
# says nothing, but has a status of 128 and its signal.
vm_obituary() {
    if [ -s "$VM_DIR/timeout" ]; then
        cat "$VM_DIR/timeout"
    else
        tr -d '\r' <"$VM_DIR/console.log" |
            grep -E 'Kernel panic|hypervisor: fatal|secure kernel: fatal' | tail -n 1 |
            grep . || tail -n 1 "$VM_DIR/qemu.log" | grep . || echo "the machine ended by itself, QEMU with status $vm_status"
    fi
    echo "console: $VM_DIR/console.log"
}

# vm_stop -> 0 if the machine ended when it was told to.
vm_stop() {
    vm_watch 20
    echo off >&8 2>/dev/null
    exec 8>&-
    cat <&9 >/dev/null
    exec 9<&-
    wait "$vm_pid"
    vm_status=$?
    vm_unwatch
    rm -f "${VM_DISK:?}" "${VM_DIR:?}/orders" "$VM_DIR/answers" "${VM_MONITOR:?}".*
    return $vm_status
}
