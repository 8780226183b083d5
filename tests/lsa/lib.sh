# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034,SC3043
# For the LSA's tests: a throw-away Kerberos realm, lsaiso and lsassd, all on loopback, all in $T,
# all stopped at exit; and TAP.

export LC_ALL=C
B=${BUILD:-build}
B=$(cd "$B" && pwd)
T=$(mktemp -d /tmp/lsa-test.XXXXXX)
chmod 755 "$T"
PIDS=
REALM=OPENVSM.TEST
HOST=localhost
export KRB5_CONFIG="$T/krb5.conf" KRB5_KDC_PROFILE="$T/kdc.conf" KRB5RCACHENAME=none:
export LSASSD_SOCKET="$T/lsassd.sock" LSAISO_SOCKET="$T/lsaiso.sock"
COUNT=0
BAD=0

cleanup() {
    for pid in $PIDS; do kill "$pid" 2>/dev/null; done
    # shellcheck disable=SC2086
    wait $PIDS 2>/dev/null
    if [ "$BAD" != 0 ]; then
        for log in "$T"/*.log; do
            [ -s "$log" ] && { echo "# --- $log"; tail -n 15 "$log" | sed 's/^/# /'; }
        done
    fi
    [ -n "${KEEP:-}" ] || rm -rf "$T"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

# ok NAME COMMAND…: one test, passed if the command succeeds.
ok() {
    name=$1
    shift
    COUNT=$((COUNT + 1))
    if "$@" >"$T/out" 2>"$T/err"; then
        echo "ok $COUNT - $name"
    else
        BAD=$((BAD + 1))
        echo "not ok $COUNT - $name"
        sed 's/^/#   /' "$T/out" "$T/err" | head -n 20
    fi
}

# says TEXT COMMAND…: the command fails, and TEXT is in what it says.
says() {
    text=$1
    shift
    "$@" >"$T/says" 2>&1 && { echo "it succeeded"; cat "$T/says"; return 1; }
    grep -qF -- "$text" "$T/says" || { cat "$T/says"; return 1; }
}

shows() {
    text=$1
    shift
    "$@" >"$T/says" 2>&1 || { cat "$T/says"; return 1; }
    grep -qF -- "$text" "$T/says" || { cat "$T/says"; return 1; }
}

finish() {
    echo "1..$COUNT"
    exit "$([ "$BAD" = 0 ] && echo 0 || echo 1)"
}

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] || skip_all "$tool is not installed"
    done
}
PATH=$PATH:/usr/sbin:/sbin

# start LOG COMMAND…: in the background, stopped at exit; its id is in $PID.
start() {
    log=$1
    shift
    "$@" >>"$T/$log.log" 2>&1 &
    PID=$!
    PIDS="$PIDS $PID"
}

wait_for() { # COMMAND…: a minute, which only a failure or a very busy computer takes
    n=0
    until "$@" >/dev/null 2>&1; do
        n=$((n + 1))
        [ "$n" -lt 600 ] || return 1
        sleep 0.1
    done
}

# A port that nobody has, for UDP and TCP, below those the kernel gives to connections: those come
# and go between our look and its use.
free_port() {
    perl -MIO::Socket::INET -e 'for (;;) {
        my @at = (LocalAddr => "127.0.0.1", LocalPort => 10000 + int rand 20000);
        next unless IO::Socket::INET->new(@at, Listen => 1);
        next unless IO::Socket::INET->new(@at, Proto => "udp");
        print "$at[3]\n";
        last;
    }'
}

# listens PORT: somebody does, on any IPv4 or IPv6 address (proc(5): state 0A).
listens() {
    cat /proc/net/tcp /proc/net/tcp6 | grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F:]* 0A "
}

# serves PATH: somebody listens at this UNIX socket; its file alone may be older or not ready.
serves() {
    grep -q " 00010000 0001 .* $1\$" /proc/net/unix
}

# stop PID: and waits for its end.
stop() {
    kill "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}

kadmin_q() {
    kadmin.local -r "$REALM" -q "$*" 2>&1
}

kdc_conf() {
    cat >"$T/kdc.conf" <<END
[kdcdefaults]
    kdc_listen = "${KDC_UDP-127.0.0.1:$KDC_PORT}"
    kdc_tcp_listen = "${KDC_TCP-127.0.0.1:$KDC_PORT}"
    ${KDC_LINE:-}
[realms]
    $REALM = {
        database_name = $T/principal
        key_stash_file = $T/stash
        acl_file = $T/acl
        max_life = 10h
        max_renewable_life = 7d
        supported_enctypes = $ENCTYPES
        default_principal_flags = +preauth
    }
[logging]
    kdc = FILE:$T/kdc.log
END
}

# realm [ENCTYPES]: krb5-kdc with the user alice (password "correct horse"), and the service keytab.
realm() {
    ENCTYPES=${1:-aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal}
    KDC_PORT=$(free_port)
    cat >"$T/krb5.conf" <<END
[libdefaults]
    default_realm = $REALM
    dns_lookup_kdc = false
    dns_lookup_realm = false
    rdns = false
    dns_canonicalize_hostname = false
    allow_weak_crypto = true
[realms]
    $REALM = {
        kdc = 127.0.0.1:$KDC_PORT
    }
[domain_realm]
    localhost = $REALM
END
    kdc_conf
    kdb5_util create -s -r "$REALM" -P masterkey >/dev/null 2>&1
    kadmin_q addprinc -pw '"correct horse"' alice >/dev/null
    kadmin_q modprinc -maxrenewlife 7d "krbtgt/$REALM" >/dev/null
    kadmin_q modprinc -maxrenewlife 7d alice >/dev/null
    for service in host HTTP sample; do
        kadmin_q addprinc -randkey "$service/$HOST" >/dev/null
        kadmin_q ktadd -k "$T/service.keytab" "$service/$HOST" >/dev/null
    done
    chmod 644 "$T/service.keytab"
    start_kdc
}

start_kdc() {
    # An older run's line must not stand for this one's.
    : >"$T/kdc.log"
    # shellcheck disable=SC2086 # words of a command
    start kdc ${KDC_PREFIX:-} krb5kdc -n -r "$REALM" -P "$T/kdc.pid"
    KDC_PID=$PID
    wait_for grep -q "commencing operation" "$T/kdc.log"
}

# restart_kdc [LINE]: with another line in its [kdcdefaults], or with KDC_UDP, KDC_TCP, KDC_PREFIX.
restart_kdc() {
    stop "$KDC_PID"
    KDC_LINE=${1:-}
    kdc_conf
    start_kdc
}

start_lsaiso() {
    rm -f "$LSAISO_SOCKET"
    # shellcheck disable=SC2086
    start lsaiso ${LSAISO_COMMAND:-$B/lsaiso.elf} --socket "$LSAISO_SOCKET" ${LSAISO_OPTIONS:-}
    LSAISO_PID=$PID
    wait_for serves "$LSAISO_SOCKET" && chmod 666 "$LSAISO_SOCKET"
}

# authority [LINE…]: lsaiso and lsassd; the lines go into lsa.conf.
authority() {
    {
        echo "default_realm = $REALM"
        echo "kdc.$REALM = 127.0.0.1:${KDC_PORT:-9}"
        echo "dns = no"
        echo "audit = $T/audit.log"
        for line in "$@"; do echo "$line"; done
    } >"$T/lsa.conf"
    [ -S "$LSAISO_SOCKET" ] || start_lsaiso
    start lsassd "$B/lsassd" --config "$T/lsa.conf" --socket "$LSASSD_SOCKET" \
        --lsaiso "$LSAISO_SOCKET"
    LSASSD_PID=$PID
    wait_for serves "$LSASSD_SOCKET" && return
    echo "Bail out! lsassd did not start"
    BAD=1
    exit 1
}

lsa() {
    "$B/lsa" "$@"
}

# log_on [PASSWORD [PRINCIPAL [OPTION…]]]
log_on() {
    password=${1:-correct horse}
    who=${2:-alice}
    if [ $# -gt 2 ]; then shift 2; else set --; fi
    printf '%s\n' "$password" | "$B/lsa" logon "$who" "$@"
}

# mechanism: programs started with `ours` use the interposer.
mechanism() {
    sed "s|/usr/lib/x86_64-linux-gnu/gss/gss_openvsm_lsa.so|$B/gss_openvsm_lsa.so|" \
        vtl0/lsass/gss/openvsm-lsa.conf >"$T/mech"
}

ours() {
    env OPENVSM_LSA=yes GSS_MECH_CONFIG="$T/mech" KRB5CCNAME=FILE:/nonexistent "$@"
}
