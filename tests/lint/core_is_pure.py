#!/usr/bin/env python3
"""Checks by its symbols that the core asks nothing of the machine: no clock, socket, thread, lock, file or randomness.

usage: core_is_pure.py NM ARCHIVE...

An #include says what could be used; an undefined symbol says what is. C symbols must be on the list below, because
nearly all of the C library reaches the machine. C++ symbols of the standard library are refused by pattern, because
nearly all of it does not. Anything else that the core names must be defined in the core itself.
"""

import re
import subprocess
import sys

# Memory, strings, arithmetic, and what compilers call on their own.
C_ALLOWED = re.compile(
    r"""^(
      mem(cpy|move|set|cmp|chr|rchr) | str(len|cmp|ncmp|chr|ncpy) | bcmp | explicit_bzero
    | v?snprintf | strerror_r   # boost/system/result.hpp brings them: text into the caller's memory
    | malloc | calloc | realloc | free | aligned_alloc
    | abort | __assert_fail | __stack_chk_fail
    | __((mem|str)\w+|v?snprintf)_chk   # the same, as the release build hardens them
    | __cxa_\w+ | __gxx_personality_v0 | _Unwind_\w+ | __dynamic_cast | __dso_handle
    | __tls_get_addr | _GLOBAL_OFFSET_TABLE_ | _DYNAMIC | __(u?div|u?mod|popcount)\w+
    | (floor|ceil|round|trunc|sqrt|log|log2|exp|exp2|pow|fmod|ldexp|frexp)f?
    | __asan_\w+ | __ubsan_\w+ | __tsan_\w+ | __sanitizer_\w+ | __sancov_\w+ | __lsan_\w+ | __start___sancov\w+ | __stop___sancov\w+
    | __gcov\w+ | __emutls_get_address
    )$""",
    re.VERBOSE,
)

# Demangled names of the standard library that reach the machine.
STD_REFUSED = [
    (re.compile(r"std::(chrono::)?.*\bclock::(now|to_time_t)"), "clock"),
    (re.compile(r"std::chrono::.*::now\("), "clock"),
    (re.compile(r"std::(this_)?thread"), "thread"),
    (re.compile(r"std::(__)?(timed_|recursive_|shared_)*mutex|std::lock|std::condition_variable"), "lock"),
    (re.compile(r"std::__atomic_wait|std::__atomic_futex|std::atomic"), "lock"),
    (re.compile(r"std::(__future_base|future|promise|async|__once)"), "thread"),
    (re.compile(r"std::random_device"), "entropy"),
    (re.compile(r"std::(basic_)?([io]?f(stream|ilebuf)|filebuf|__basic_file)"), "file"),
    (re.compile(r"std::(experimental::)?filesystem"), "file"),
    (re.compile(r"std::w?(cout|cerr|cin|clog)\b|std::ios_base::Init"), "standard stream"),
    (re.compile(r"std::locale::locale\(char const\*\)"), "environment"),
]

C_REFUSED_WHY = [
    (re.compile(r"time|clock"), "clock"),
    (re.compile(r"socket|bind|listen|accept|connect|send|recv|poll|getaddrinfo|if_name"), "socket"),
    (re.compile(r"^pthread_mutex|^pthread_cond|^pthread_rwlock|^sem_|futex"), "lock"),
    (re.compile(r"^pthread_|^thrd_"), "thread"),
    (re.compile(r"getenv|setenv|environ"), "environment"),
    (re.compile(r"rand|entropy"), "entropy"),
    (re.compile(r"open|read|write|close|print|puts|putc|fput|stdout|stderr|stdin|unlink|stat"), "file"),
]


def symbols(nm, archive, *options):
    output = subprocess.run(
        [nm, "--format=posix", *options, archive], check=True, capture_output=True, text=True).stdout
    member = ""
    for line in output.splitlines():
        if line.endswith(":"):
            member = line.rstrip(":")
        elif line.strip():
            yield member, line.split()[0]


def demangle(names):
    result = subprocess.run(
        ["c++filt"], input="\n".join(names), check=True, capture_output=True, text=True)
    return result.stdout.split("\n")


def why_refused(symbol, readable):
    if not symbol.startswith("_Z"):
        if C_ALLOWED.match(symbol):
            return None
        return next((why for pattern, why in C_REFUSED_WHY if pattern.search(symbol)), "not on the list")
    for pattern, why in STD_REFUSED:
        if pattern.search(readable):
            return why
    plain = re.sub(r"^(vtable|VTT|typeinfo|typeinfo name|guard variable|construction vtable) for ", "", readable)
    if re.match(r"(std|__cxxabiv1|__gnu_cxx)::|operator (new|delete)", plain):
        return None
    # Templates and constructors of the standard library whose return type is printed first.
    if re.match(r"[\w:<>, *&()]*\bstd::", plain) and "sov::" not in plain:
        return None
    return "defined nowhere in the core"


def main(nm, archives):
    defined = {symbol for archive in archives for _, symbol in symbols(nm, archive, "--defined-only")}
    wanted = {}
    for archive in archives:
        for member, symbol in symbols(nm, archive, "--undefined-only"):
            if symbol not in defined:
                wanted.setdefault(symbol, member)
    names = sorted(wanted)
    problems = []
    for symbol, readable in zip(names, demangle(names)):
        why = why_refused(symbol, readable)
        if why:
            problems.append(f"{wanted[symbol]}: {readable}: {why}")
    for problem in problems:
        print(problem)
    if problems:
        print(f"{len(problems)} symbol(s) that a pure core does not need")
        return 1
    if not defined:
        print("the archives define nothing: this check saw no core")
        return 1
    print(f"{len(names)} outside symbols in {len(archives)} archives, all pure")
    return 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
