# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh
#
# TAP for shell scripts, to be sourced: check TEXT COMMAND…, then tap_end.
tap_count=0
tap_failures=0

# check TEXT COMMAND…: ok if the command succeeds. What it printed is shown if it does not.
check() {
    tap_count=$((tap_count + 1))
    tap_text=$1
    shift
    if tap_output=$("$@" 2>&1); then
        echo "ok $tap_count - $tap_text"
    else
        tap_failures=$((tap_failures + 1))
        echo "not ok $tap_count - $tap_text"
        printf '%s\n' "$tap_output" | sed 's/^/# /'
    fi
}

# skip TEXT REASON
skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# The plan, and the exit status.
tap_end() {
    echo "1..$tap_count"
    [ "$tap_failures" -eq 0 ]
}
