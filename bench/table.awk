# SPDX-License-Identifier: BSD-2-Clause
#
# Makes bench/run's table out of lines "SESSION.NAME NUMBER". Exit status 1: a limit is passed, or a
# number that has a limit is absent.
{ value[$1] = $2 }

# "1234567" -> "1,234,567".
function grouped(number,    text, sign) {
    text = sprintf("%d", number)
    while (match(text, /[0-9][0-9][0-9][0-9](,|$)/))
        text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
    return text
}

function shown(number, unit) {
    if (number == "")
        return "-"
    return unit == "x" ? sprintf("x%.3f", number) : grouped(number)
}

# A row: what, ours, native beside it (or ""), the limit (or "": only printed), peers, notes.
function row(name, text, ours, native, limit, unit, peers, notes,    verdict) {
    verdict = limit == "" ? "" : ours != "" && ours <= limit ? "ok" : "PAST"
    if (verdict == "PAST")
        past = 1
    if (format == "json") {
        printf "%s\n  {\"name\": \"%s\", \"ours\": %s, \"native\": %s, \"limit\": %s, \"ok\": %s}",
            rows++ ? "," : "", name, ours == "" ? "null" : ours, native == "" ? "null" : native,
            limit == "" ? "null" : limit, verdict == "PAST" ? "false" : "true"
        return
    }
    printf "%-46s %13s %13s %13s %-5s %s\n", text, shown(ours, unit), shown(native, unit),
        limit == "" ? "" : shown(limit, unit), verdict, peers
    if (notes != "")
        printf "    %s\n", notes
}

# VMRUNs, MSR accesses and flushes of one operation: icount prices them at nothing, hardware does not.
function per_operation(session, name,    key) {
    key = session "." name
    if (!((key "-vmrun") in value))
        return ""
    return "per operation: VMRUN " value[key "-vmrun"] ", RDMSR/WRMSR " value[key "-msr"] \
        ", TLB flushes " value[key "-flush"] \
        ((key "-xsave") in value ? ", XSAVE/XRSTOR " value[key "-xsave"] : "")
}

# "of them cpuid 42,876, apic-write 503"
function reasons(prefix,    key, text) {
    for (key in value) {
        if (index(key, prefix) == 1)
            text = text (text == "" ? "of them " : ", ") substr(key, length(prefix) + 1) " " \
                grouped(value[key])
    }
    return text
}

function ratio(session, base, names,    count, parts, i, ours, native) {
    count = split(names, parts, " ")
    for (i = 1; i <= count; i++) {
        if (!((session "." parts[i]) in value) || !((base "." parts[i]) in value))
            return ""
        ours += value[session "." parts[i]]
        native += value[base "." parts[i]]
    }
    return ours / native
}

END {
    all = "workload-dd workload-sha256 workload-forks workload-find"
    clock = "workload-dd-ns workload-sha256-ns workload-forks-ns workload-find-ns"
    hello = value["native.native-hello"]
    kib = "ours.hypervisor-pages" in value ? 4 * value["ours.hypervisor-pages"] : ""
    for (name in value) {
        if (sub(/^lsa\.lsaiso-/, "", name))
            lsa[name] = value["lsa.lsaiso-" name]
        else if (sub(/^lsa\.native-/, "", name))
            mit[name] = value["lsa.native-" name]
    }
    full = value["lsa.lsaiso-full-ap"]
    cold = 40 * value["ours.trustlet-bytes"] + 2000000
    if (format == "json")
        printf "["
    else
        printf "%-46s %13s %13s %13s %-5s %s\n", "instructions, unless said", "OpenVSM", "native",
            "limit", "", "peers"
    row("null-hypercall", "null hypercall", value["ours.null-hypercall"], "", 100, "",
        "KVM 1,289, Xen PVH 5,829", per_operation("ours", "null-hypercall"))
    row("vtl-at-once", "VTL0-VTL1-VTL0, answered at once", value["echo.vtl-round-trip"], "", 200, "",
        "OP-TEE 1,307, KVM between vCPUs 6,927", per_operation("echo", "vtl-round-trip"))
    row("vtl-dispatched", "the same through the dispatcher", value["ours.vtl-round-trip"], "", 300, "",
        "", per_operation("ours", "vtl-round-trip"))
    row("getppid", "marshalled getppid()", value["ours.trustlet-getppid"],
        value["native.native-getppid"], 2000, "", "", per_operation("ours", "trustlet-getppid"))
    flood = value["ours.trustlet-getppid"]
    row("getppid-flood", "the same during a flood of refusals", value["ours.trustlet-getppid-flood"],
        "", flood == "" ? 0 : int(1.05 * flood), "", "", "")
    row("read", "read() of 4 KiB of a cached file", value["ours.trustlet-read"],
        value["native.native-read"], value["native.native-read"] + 3000, "", "", "")
    row("compute", "computing, in a trustlet", ratio("ours", "native", "compute"),
        "", 1.005, "x", "", "")
    futex = value["native.native-pingpong"]
    row("futex", "two threads wake each other by futex", value["ours.trustlet-pingpong"], futex,
        futex == "" ? 0 : 2 * futex, "", "", "")
    row("trustlet-call", "call into a waiting trustlet, one 4 KiB buffer", value["ours.trustlet-call"],
        "", 5000, "", "OP-TEE 13,750, AF_UNIX 64 B 18,912", per_operation("ours", "trustlet-call"))
    row("hello-warm", "static glibc hello, image known", value["ours.trustlet-warm"], hello,
        hello == "" ? 0 : 1.5 * hello, "", "KVM guest x1.2",
        per_operation("ours", "trustlet-warm"))
    row("hello-crowded", "the same with 199 others alive, over alone",
        value["ours.trustlet-warm"] && value["ours.trustlet-crowded"] ? \
        value["ours.trustlet-crowded"] / value["ours.trustlet-warm"] : "", "", 1.05, "x", "", "")
    row("hello-cold", "static glibc hello, image new", value["ours.trustlet-cold"], hello, cold, "",
        "", "")
    row("workload", "workload: dd, sha256, forks, find", ratio("ours", "native", all), "", 1.005, "x",
        "KVM x1.017, Xen PVH x1.031", "")
    row("forks", "its 300 forks alone", ratio("ours", "native", "workload-forks"), "", 1.02, "x",
        "KVM x1.142, Xen PVH x1.281", "")
    row("workload-clock", "its wall clock (printed only)", ratio("clock", "native-clock", clock), "",
        "", "x", "KVM x1.55, Xen PVH x1.49", "")
    row("lsa-ap", "AP-REQ and AP-REP through lsaiso", lsa["ap"], mit["ap"], mit["ap"] + 60000, "",
        "native: MIT, in the process", per_operation("lsa", "lsaiso-use"))
    row("lsa-ntlm", "NTLMv2 answer through lsaiso", lsa["ntlm"], mit["ntlm"], mit["ntlm"] + 35000, "",
        "native: gss-ntlmssp, in the process", "")
    row("lsa-wrap", "wrap of 64 KiB through lsaiso", mit["wrap"] ? lsa["wrap"] / mit["wrap"] : "", "", 1.2,
        "x", "", "")
    row("lsa-sessions", "AP-REQ and AP-REP, 1,000 sessions held", lsa["ap"] ? full / lsa["ap"] : "", "",
        1.02, "x", "", "")
    row("lsa-idle", "VTL1 entries per second, lsaiso idle",
        ("lsa.lsaiso-idle-exits" in value) ? value["lsa.lsaiso-idle-exits-vtl-call"] + 0 : "", "", 0,
        "", "", "")
    row("lend", "a page lent to VTL1 and taken back", value["small.lend"], "", "", "", "", "")
    row("lend-large", "the same with four times the memory",
        value["small.lend"] ? value["large.lend"] / value["small.lend"] : "", "", 1.05, "x", "", "")
    row("start", "loader to Linux, copying aside", value["ours.loader-to-linux"], "", 30000000, "",
        "Xen 424 M", "")
    row("start-uefi", "... from GRUB on UEFI", value["uefi.loader-to-linux"], "", 30000000, "", "", "")
    row("start-bios", "... from GRUB on a BIOS", value["bios.loader-to-linux"], "", 30000000, "", "", "")
    row("memory", "memory beside pool and donations, KiB", kib, "", 4096, "",
        "Xen 13-48 MB", "")
    row("exits-idle", "VM exits per second, idle", value["ours.idle-exits"], "", "", "", "",
        reasons("ours.idle-exits-"))
    row("exits-load", "VM exits per second, forking", value["ours.load-exits"], "", "", "", "",
        reasons("ours.load-exits-"))
    row("lines-hypervisor", "hypervisor, lines", value["lines.hypervisor"], "", 8000, "",
        "Jailhouse 8.5 k, Xen 380 k", "")
    row("lines-secure-kernel", "Secure Kernel, lines", value["lines.secure-kernel"], "", 8450, "",
        "OP-TEE core 79 k", "")
    if (format == "json")
        print "\n]"
    exit past
}
