# SPDX-License-Identifier: BSD-2-Clause
#
# awk -v want=table|calls -f syscalls.awk syscalls.tbl: the C initialisers of struct syscall_entry, or
# LOCAL_CALL(name) for each handler. Words become the names of syscall.h's enums as they stand, so that
# the compiler refuses what does not exist, at the table's line.

function fail(text) {
    print FILENAME ":" FNR ": " text >"/dev/stderr"
    failed = 1
    exit 1
}

function value(word) {
    return word in known ? known[word] : word
}

# "name(a,b)" -> name, with its words in part[1..parts]
function take_apart(word,    open) {
    parts = 0
    if ((open = index(word, "(")) == 0)
        return word
    if (word !~ /\)$/)
        fail("no end of " word)
    parts = split(substr(word, open + 1, length(word) - open - 1), part, ",")
    return substr(word, 1, open - 1)
}

# classes "a,b" -> TRUSTLET_CLASS_A | TRUSTLET_CLASS_B
function classes(words,    list, count, i, text) {
    count = split(value(words), list, ",")
    for (i = 1; i <= count; i++)
        text = text (i > 1 ? " | " : "") "TRUSTLET_CLASS_" toupper(list[i])
    return text
}

function result(word,    kind, i, text) {
    kind = take_apart(word in range ? "range(" range[word] ")" : word)
    for (i = 1; i <= parts; i++)
        text = text (part[i] ~ /^#/ ? ", .argument = " substr(part[i], 2) : ", .max = " value(part[i]))
    return ".result = {.kind = RESULT_" toupper(kind) text "}"
}

function argument(word,    null, kind, i, text, flags, units) {
    null = sub(/\?$/, "", word)
    kind = take_apart(word)
    flags = null ? "ARGUMENT_NULLABLE" : "0"
    for (i = 1; i <= parts; i++) {
        if (part[i] ~ /^#/) {
            units = split(substr(part[i], 2), unit, "*")
            text = text ", .length = " unit[1] ", .unit = " (units > 1 ? unit[2] : 1)
        } else if (part[i] in known || part[i] ~ /^[0-9]/) {
            text = text ", .unit = " value(part[i])
        } else {
            if (part[i] == "chunk" || part[i] == "ready")
                flags = flags " | ARGUMENT_CLIP | ARGUMENT_CHUNK"
            flags = flags " | ARGUMENT_" toupper(part[i])
        }
    }
    return "{.kind = ARGUMENT_" toupper(kind) text ", .flags = " flags "}"
}

# position=4, rule=open(2), check=poll
function property(word,    at, name, what, text) {
    at = index(word, "=")
    name = substr(word, 1, at - 1)
    what = take_apart(substr(word, at + 1))
    if (name == "rule" || name == "check")
        what = toupper(name) "_" toupper(what)
    return "." name " = " what (parts ? ", .rule_argument = " part[1] : "")
}

function marshalled(name, how,    i, text, given) {
    text = ".kind = SYSCALL_HOST, .host = __NR_" (how == "vtl0" ? name : substr(how, 6)) \
        ", .classes = " classes($3) ", " result($4)
    for (i = 5; i <= NF; i++) {
        if ($i ~ /=/)
            text = text ", " property($i)
        else
            given = given (given ? ", " : "") argument($i)
    }
    return text (given ? ", .argument = {" given "}" : "")
}

function how(name) {
    if (($2 == "here" || $2 == "alone") && NF == 2)
        return ".kind = SYSCALL_LOCAL, .local = local_" name ($2 == "alone" ? ", .check = CHECK_ALONE" : "")
    if ($2 == "process" && NF == 3)
        return ".kind = SYSCALL_FIELD, .value = offsetof(struct process, " $3 ")"
    if ($2 == "refused" && NF == 2)
        return ".kind = SYSCALL_REFUSED, .constant = -EPERM"
    if ($2 == "always" && NF == 3)
        return ".kind = SYSCALL_CONSTANT, .constant = " $3
    if ($2 == "choice" && NF == 4)
        return ".kind = SYSCALL_CHOICE, .choice = " substr($3, 2) ", .constant = " $4 \
            ", .rows = " name "_rows, .row_count = sizeof(" name "_rows) / sizeof(" name "_rows[0])"
    if ($2 ~ /^vtl0(:|$)/ && NF >= 4)
        return marshalled(name, $2)
    fail("how is this answered?")
}

BEGIN {
    range["zero"] = 0
    range["fd"] = "INT32_MAX"
    range["offset"] = "INT64_MAX"
    table = "const struct syscall_entry syscall_table[SYSCALL_TABLE_SIZE] = {\n"
}
{ sub(/[ \t]#[^0-9].*|^#.*/, "") }
NF == 0 { next }
$1 == "let" && NF == 3 { known[$2] = $3; next }
{
    split($1, named, ":")
    name = named[1]
    line = "#line " FNR " \"" FILENAME "\"\n"
    entry = "{.name = \"" name "\", .number = __NR_" name ", " how(name)
    if (($2 == "here" || $2 == "alone") && !(name in handlers)) {
        handlers[name]
        calls = calls "LOCAL_CALL(" name ")\n"
    }
    if (seen[$1]++)
        fail($1 " stands here twice")
    if ($2 == "choice")
        order[++choices] = name
    if ((2 in named) && named[2] == "host")
        hosts = hosts line "const struct syscall_entry " name "_host = " entry "};\n"
    else if (2 in named)
        rows[name] = rows[name] line entry ", .value = " named[2] "},\n"
    else
        table = table line "[__NR_" name "] = " entry "},\n"
}
END {
    if (failed)
        exit 1
    if (want == "calls") {
        printf "%s", calls
        exit
    }
    print "#include \"syscall.h\"\n\n#include \"linux_abi.h\"\n#include \"local.h\"\n#include \"process.h\"\n"
    print "#include <linux/close_range.h>\n#include <linux/fcntl.h>\n#include <linux/prctl.h>\n#include <linux/time.h>\n"
    for (i = 1; i <= choices; i++)
        print "static const struct syscall_entry " order[i] "_rows[] = {\n" rows[order[i]] "};\n"
    printf "%s%s};\n", hosts, table
}
