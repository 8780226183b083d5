# SPDX-License-Identifier: BSD-2-Clause
# What bash does by itself, without a child.
set -u
declare -A colour=([apple]=red [sky]=blue)
list=(one two "three four" five)
echo "arrays: ${#list[@]} ${list[2]} ${list[*]:1:2} ${!colour[*]} ${colour[sky]}"
for ((i = 0, sum = 0; i < 1000; i++)); do ((sum += i * i % 7)); done
echo "arithmetic: $sum $((2 ** 40)) $((0x1f & ~3)) $((7 / 2)) $((-7 % 3))"
text="The quick brown fox"
echo "strings: ${text#* } ${text%% *} ${text//o/0} ${text^^} ${text: -3} ${#text}"
if [[ $text =~ q([a-z]+).*(f.x)$ ]]; then echo "match: ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"; fi
case $text in *fox) echo "case: fox" ;; *) echo "case: none" ;; esac
printf 'printf: %05d|%-6s|%x|%q|%(%Y)T\n' 42 ab 255 "a b" 86400
factorial() { local n=$1; if ((n < 2)); then result=1; else factorial $((n - 1)); ((result *= n)); fi; }
factorial 15
echo "recursion: $result"
for n in {1..500}; do echo "line $n"; done >lines
mapfile -t lines <lines
echo "mapfile: ${#lines[@]} ${lines[499]}"
while read -r word number; do ((number % 100)) || echo "read: $word $number"; done <lines
exec 5<lines
read -r -u 5 first
read -r -n 3 -u 5 second
exec 5<&-
echo "descriptors: $first / $second"
read -r here <<<"a here string"
echo "here: $here"
echo appended >>lines
[[ -s lines && -f lines && ! -d lines && lines -nt script.bash ]] && echo "test: yes"
for file in *.bash li*; do echo "glob: $file"; done
trap 'echo "trap: $?"' EXIT
printf -v padded '%8.3f' 3.14159
echo "float: $padded"
unset 'list[1]'
echo "sparse: ${!list[*]}"
declare -i number=5+6
echo "integer: $number"
local_test() { local IFS=,; echo "IFS: ${list[*]}"; }
local_test
cd / && echo "cd: $PWD" && cd - >/dev/null
command -v nothing-like-this || echo "command: none"
echo "error next" && : <nothing-like-this
umask 077 && umask -S
exit 7
