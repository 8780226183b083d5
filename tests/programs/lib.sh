# shellcheck shell=sh
# SPDX-License-Identifier: BSD-2-Clause
# Sourced by the tests of other people's programs, in the guest.
# shellcheck source=tests/lib/tap.sh
. /lib/tap.sh
directory=/tmp/programs

# fetch NAME…: the programs, into $directory.
fetch() {
    mkdir -p $directory && cd $directory && mebibytes=$(host programs "$@") &&
        dd if=/dev/nvme0n1 of=archive bs=1M count="$mebibytes" iflag=direct 2>/dev/null &&
        tar xf archive && rm archive && ls
}

# same INPUT PROGRAM WORD…: run plainly and as a trustlet, each in an empty directory with a copy of
# the input, the program gives the same output, errors, status and files.
same() {
    input=$1
    program=$2
    shift 2
    for how in plain signed; do
        rm -rf "${directory:?}/$how"
        mkdir $directory/$how
        cp "$input" $directory/$how
        cd $directory/$how || return
        run="$directory/$program"
        [ $how = signed ] && run="ium run $directory/$program.signed"
        # shellcheck disable=SC2086 # words
        $run "$@" <"$input" >output 2>errors
        echo $? >status
    done
    cd $directory || return
    cat plain/status
    tail -n 3 signed/output signed/errors
    sed -i "s,$directory/$program,,; s/^[a-z.]*bash: //" plain/errors signed/errors
    [ -s plain/output ] && diff -r plain signed
}

# serves COMMAND…: the server under so many requests; what it and its clients say.
serves() {
    mkfifo port
    "$@" serve "$how" >port &
    exec 5<port
    rm port
    read -r port <&5
    $directory/web ask "$port" "$requests"
    echo "clients $?"
    cat <&5
    exec 5<&-
    wait $!
    echo "server $?"
}

# same_service HOW REQUESTS: the HTTP server gives the right answers, plain and as a trustlet.
same_service() {
    how=$1
    requests=$2
    serves $directory/web >plain
    serves ium run $directory/web.signed >signed
    cat signed
    grep -qx "good $requests of $requests, at the end 404" plain && diff plain signed
}
