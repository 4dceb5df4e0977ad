"""The rules of the house as data. To change a rule, change a line here and say why in the commit."""

# Folders of src/, top to bottom: a folder may include those before it, never those after it.
LAYERS = (
    "base", "crypto", "tlog", "json", "store", "net", "http", "repo", "dialect", "content", "catalog", "identity", "policy",
    "ledger", "bodies", "handover", "backup", "sim", "sandbox", "egress", "gateway", "endpoint", "lab", "workflow", "cli",
)

# Neighbours that only cli/ joins: none of them includes gateway/, nor gateway/ any of them.
JOINED_BY_CLI = {("gateway", other) for other in ("egress", "endpoint", "lab", "workflow")}

# Third-party headers (how their name starts) and the folders that may include them. ANYWHERE and the two kinds of test
# files are said by name. What is in no line here is refused: first it needs its reason in docs/dependencies.md.
ANYWHERE, TESTS, BENCHES = "anywhere", "*_test.cpp", "*_bench.cpp"
THIRD_PARTY = {
    "openssl/": ("crypto", "net"),
    "simdjson": ("json",),
    "sqlite3": ("store",),
    "nghttp2/": ("http",),
    "zstd": ("http", "content", "bodies"),  # bodies on the wire and as they are kept; texts in the index
    "git2": ("repo",),
    "archive": ("repo", "lab"),
    "expat": ("repo",),
    "zlib.h": ("http",),
    "brotli/": ("http",),
    "xxhash.h": ("crypto",),
    "yaml-cpp/": ("policy",),  # its document reader serves both YAML files
    "seccomp.h": ("sandbox",),
    "hs/": ("content",),
    "hs.h": ("content",),
    "re2/": ("content",),
    "toml++/": ("content", "endpoint"),  # rule files; settings of a client
    "CLI/": ("cli",),
    "fmt/": (ANYWHERE,),
    "gtest/": (TESTS,),
    "gmock/": (TESTS,),
    "benchmark/": (BENCHES,),
}

# What comes with the compiler and the kernel. C++'s own headers need no entry: they have neither dot nor slash.
SYSTEM_FOLDERS = ("arpa/", "asm/", "linux/", "net/", "netinet/", "sanitizer/", "sys/")
SYSTEM_HEADERS = {
    "assert.h", "ctype.h", "dirent.h", "dlfcn.h", "elf.h", "endian.h", "err.h", "errno.h", "execinfo.h", "fcntl.h",
    "fnmatch.h", "getopt.h", "glob.h", "grp.h", "ifaddrs.h", "inttypes.h", "libgen.h", "limits.h", "link.h",
    "locale.h", "malloc.h", "math.h", "netdb.h", "poll.h", "pthread.h", "pty.h", "pwd.h", "regex.h",
    "resolv.h", "sched.h", "semaphore.h", "setjmp.h", "signal.h", "spawn.h", "stdarg.h", "stddef.h", "stdint.h",
    "stdio.h", "stdlib.h", "string.h", "strings.h", "syslog.h", "termios.h", "time.h", "ucontext.h", "unistd.h",
    "utime.h",
}
SYSTEM_ENDINGS = ("intrin.h", "arm_neon.h", "arm_acle.h")

# Lines of a source file: beyond the first number ask what second thing lives there; beyond the second the header comment
# must say "Long because: …".
LINES_WARNED, LINES_MAX = 400, 800
SOURCES = (".h", ".cpp", ".py", ".sh")
README_LINES_MAX = 15

# What no tracked file may hold, each as (what, pattern). The patterns are written so that they do not match themselves.
# Invented people may have a home in test data.
INVENTED_HOMES = ("ada", "canary", "alice", "bob", "dev")
_START = r"(?<![\w.~}/-])"
FORBIDDEN = (
    ("an absolute path of one machine", _START + r"/(?:work|root)/"),
    ("an absolute path of one machine", _START + r"/home/(?!(?:%s)\b)[\w.-]" % "|".join(INVENTED_HOMES)),
    ("an unfinished mark", r"\b(?:TO" r"DO|FIX" r"ME)\b"),
    ("the host name of a package registry",
     r"(?:registry[.]npmjs|(?:files[.])?pythonhosted|pypi|deb[.]debian|security[.]debian|proxy[.]golang)[.]org|"
     r"(?:static[.]|index[.])?crates[.]io|repo\d?[.]maven[.]"),
)
