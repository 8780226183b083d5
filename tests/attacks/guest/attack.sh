# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# What the attack scripts share, to be sourced after tap.sh: holders of secrets, the attack itself,
# and the host's search.
openvsm=
# shellcheck disable=SC2034 # for the scripts
[ -e /dev/openvsm ] && openvsm=1

# hold NAME COMMAND…: runs it until `release NAME`. Not to be called by check, whose subshell would
# take the pipe's end with it.
hold() {
    name=$1
    shift
    mkfifo "$name.in"
    "$@" <"$name.in" >"$name.out" 2>"$name.error" &
    echo $! >"$name.pid"
    case $name in
    plain) exec 4>plain.in ;;
    secure) exec 5>secure.in ;;
    esac
}

is_ready() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        grep -qE "ready|listening" "$1.out" && return 0
        sleep 0.5
    done
    cat "$1.error"
    return 1
}

# release NAME: lets it go on to its end, whose status is then in $released.
release() {
    echo go >"$1.in"
    wait "$(cat "$1.pid")"
    # shellcheck disable=SC2034 # for the scripts
    released=$?
}

attack() {
    host forget && host dump && attack-stream >counts && cat counts
}

count() {
    sed -n "s/^$1 //p" counts
}

# found WHERE SECRET: at least one hit, else status 1.
found() {
    host search "$1" "$2" >hits
    status=$?
    cat hits
    [ $status = 1 ]
}

absent() {
    host search "$1" "$2" >hits
    status=$?
    cat hits
    [ $status = 0 ]
}

# The dump holds the secret, and only where VTL1 is the owner.
in_vtl1_only() {
    found memory "$1" && grep -q '^vtl0 0$' hits && grep -q '^hypervisor 0$' hits &&
        ! grep -q '^vtl1 0$' hits
}

# In the dump of memory after its end: nowhere that VTL0 could read.
not_in_vtl0() {
    host search memory "$1" >hits
    cat hits
    grep -q '^vtl0 0$' hits
}


# not_mapped NAME FILE: the process lives, and no page of the file is in it.
not_mapped() {
    maps=/proc/$(cat "$1.pid")/maps
    cat "$maps" && ! grep -q "$2" "$maps"
}
