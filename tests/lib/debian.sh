# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# A whole Debian under test, to be sourced: its starts, its ends, and what is asked of it between. UEFI
# comes with AHCI and an Intel network card, BIOS with virtio. Needs vm_root, this tree's folder.
#
# With no limit that a loaded computer could reach: what hangs is found by the machine's silence.

# shellcheck disable=SC2034 # some variables are for whoever sources this
# shellcheck source=tests/lib/vm.sh
. "${vm_root:?}/tests/lib/vm.sh"
# shellcheck source=tests/lib/tap.sh
. "$vm_root/tests/lib/tap.sh"
patience=3000
cpus=2
memory=2G

# debian_open TEST uefi|bios
debian_open() {
    run=$1-$2
    firmware=$2
    chipset=pc
    [ "$firmware" = bios ] || chipset=q35
    disk=$BUILD/$run.img
    installed=$BUILD/installed-$firmware.img
    tpm=$BUILD/$run.tpm
    debs=$BUILD/package-$firmware
}
debian_close() {
    rm -rf "$disk" "$disk.vars" "$tpm"
}

attempt() {
    started=no
    mkdir -p "$tpm"
    swtpm socket --tpm2 --tpmstate dir="$tpm" --ctrl type=unixio,path="$tpm/socket" --terminate \
        --daemon
    vm_start "$run-$1" $patience --cpus "$cpus" --memory "$memory" --chipset "$chipset" \
        --firmware "$firmware" --system "$disk" --tpm "$tpm/socket" && started=yes
}
# fail NAME TEXT: a start that ends with a sentence and a restart, at which QEMU ends.
fail() {
    attempt "$1"
    check "$2" ends_by_itself
}
ends_by_itself() {
    cat "$VM_DIR/console.log"
    [ "$started" = no ] && [ ! -s "$VM_DIR/timeout" ] &&
        grep -q "not the one that was installed" "$VM_DIR/console.log"
}
# start NAME TEXT: the machine, until it takes orders. Not within a check, which is a process of its
# own. It took so many seconds.
start() {
    before=$(date +%s)
    attempt "$1"
    check "$2" test $started = yes
    took=$(($(date +%s) - before))
}
# end VERB TEXT: reboot or poweroff, in the guest's way; QEMU ends with either.
end() {
    vm_run $patience systemctl --no-block "$1" >/dev/null
    vm_watch $patience
    cat <&9 >/dev/null
    wait "$vm_pid"
    vm_status=$?
    vm_unwatch
    check "$2" test $vm_status = 0
}
# The kernel's lines without their times and numbers, which differ from start to start.
note_dmesg() {
    vm_run $patience dmesg --facility kern |
        sed -e 's/^\[ *[0-9.]*\] //' -e 's/[0-9][0-9a-fx]*/N/g' | sort -u >"$BUILD/dmesg-$run-$1"
}
# The lines that only one of the two starts has, those aside that tests/debian/dmesg gives a reason for.
dmesg_is_as_before() {
    sed '/^#/d; /^$/d' "$vm_root/tests/debian/dmesg" >"$BUILD/dmesg-$run-reasons"
    diff "$BUILD/dmesg-$run-plain" "$BUILD/dmesg-$run-openvsm" | grep '^[<>] ' |
        grep -vE -f "$BUILD/dmesg-$run-reasons" && return 1
    return 0
}
says() {
    pattern=$1
    shift
    vm_run $patience "$@" >"$VM_DIR/said"
    cat "$VM_DIR/said"
    grep -q "$pattern" "$VM_DIR/said"
}
fails_with() {
    expected=$1
    shift
    vm_run $patience "$@"
    status=$?
    echo "status $status"
    [ $status = "$expected" ]
}
is_content() {
    check "systemd is content" vm_run $patience running
}
works() {
    check "VTL1 is up, and trusts no development key" says "not a development key" ium status
    check "a trustlet runs" says hello ium run busybox echo hello
    check "a sample runs" vm_run $patience ium run hello
    check "the keys of logons have their trustlet" says lsaiso ium ps
    check "lsassd is there" vm_run $patience systemctl is-active lsaiso lsassd
}
is_the_same_machine() {
    [ "$cpus" = 1 ] ||
        check "each other CPU goes off-line and comes back" vm_run $patience machine hotplug
    check "perf counts" vm_run $patience machine perf
    check "KVM says that virtualization is taken" vm_run $patience machine kvm
    check "suspend is refused while there are trustlets" vm_run $patience machine suspend
    check "the watchdog is refused beside a trustlet, and starts without" vm_run $patience machine watchdog
    check "the TPM is there" vm_run $patience machine tpm
}

# A fresh disk, with the packages installed on it.
install_it() {
    "$vm_root/packaging/package" "$debs" >&2 || exit 1
    rm -f "$disk" "$disk.vars"
    "$vm_root/tests/debian/disk" "$disk" "$debs"/openvsm_*.deb "$debs"/openvsm-tools_*.deb \
        "$debs"/openvsm-dkms_*.deb "$debs"/openvsm-lsa_*.deb || exit 1
    start new "Debian starts"
    is_content
    vm_run $patience left-behind before >/dev/null
    check "the packages install" vm_run $patience install-packages
    check "GRUB has an entry" says "menuentry.*OpenVSM" cat /boot/grub/grub.cfg
    end reboot "the machine restarts"
}
