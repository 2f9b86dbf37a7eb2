#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks that no compiler makes: order of the rooms, raw system calls, locks, length of functions, READMEs,
and (lint_docs.py) that what the documents name is there.

Usage: lint.py [ROOT]. Each finding is one line `path:line: rule: what to do`; the exit code is 1 when there is one.
lint_test.py feeds it snippets that are broken on purpose.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lint_docs  # noqa: E402

# DESIGN.md, "Rooms": a room may include itself and the rooms before it.
ROOMS = (
    "base io http store engine auth kafka nats cloudevents transform kube eventing camel runtime workflow "
    "observe console app cli"
).split()

MAX_FUNCTION_LINES = 80
MAX_MAIN_LINES = 150
MAX_README_LINES = 40
SKIPPED = {".git", "build", ".cache", ".venv", ".venv-kafka202", "__pycache__", ".pytest_cache", "node_modules"}

# Calls of the system, by the reason they are kept in src/io.
FILES = (
    "open openat creat close read write pread pwrite readv writev preadv pwritev pwritev2 lseek fsync fdatasync sync "
    "syncfs sync_file_range ftruncate truncate fallocate posix_fallocate mmap munmap msync rename renameat unlink unlinkat "
    "rmdir mkdir mkdirat opendir fdopendir readdir closedir scandir stat fstat lstat fstatat statfs statvfs access flock "
    "lockf fcntl ioctl dup dup2 pipe pipe2 link symlink readlink realpath chmod fopen fdopen freopen fclose fread fwrite "
    "fgets fseek ftell fflush getline tmpfile mkstemp mkdtemp chdir getcwd sendfile splice"
)
SOCKETS = (
    "socket socketpair bind listen accept accept4 connect send recv sendto recvfrom sendmsg recvmsg setsockopt getsockopt "
    "getsockname getpeername shutdown poll ppoll select epoll_create epoll_create1 epoll_ctl epoll_wait eventfd getaddrinfo "
    "gethostname gethostbyname"
)
CLOCK = (
    "clock_gettime time gettimeofday clock localtime localtime_r gmtime gmtime_r mktime timegm strftime tzset nanosleep "
    "usleep sleep alarm setitimer timerfd_create"
)
RANDOM = "rand srand rand_r random srandom drand48 lrand48 getrandom getentropy arc4random"
PROCESSES = (
    "system popen fork vfork execl execlp execle execv execvp execve execvpe posix_spawn posix_spawnp kill raise signal "
    "sigaction sigprocmask wait waitpid waitid getpid getppid getuid geteuid setsid prctl daemon sysconf getrlimit setrlimit"
)
PRINTING = "printf vprintf puts putchar fprintf vfprintf fputs fputc putc perror"
ENVIRONMENT = "getenv secure_getenv setenv putenv unsetenv"
BANNED_CALLS = {
    **dict.fromkeys(FILES.split(), "files belong to io/"),
    **dict.fromkeys(SOCKETS.split(), "sockets belong to io/"),
    **dict.fromkeys(CLOCK.split(), "time comes from io/"),
    **dict.fromkeys(RANDOM.split(), "randomness comes from io/"),
    **dict.fromkeys(PROCESSES.split(), "processes belong to io/"),
    **dict.fromkeys(PRINTING.split(), "print through io/ (programs) or the log (the rest)"),
    **dict.fromkeys(ENVIRONMENT.split(), "the environment is read by main and io/ only"),
}
BANNED_PREFIXES = {"pthread_": "threads belong to io/", "uv_": "libuv is known to io/ only", "thrd_": "threads belong to io/"}
TEST_MAY_CALL = set(PRINTING.split()) | set(ENVIRONMENT.split()) | {"fflush"}
# One place each, with its reason.
CALL_EXCEPTIONS = {
    ("src/base/assert.c", "fprintf"): "a failed assertion speaks before the process ends",
    ("src/base/assert.c", "fflush"): "a failed assertion speaks before the process ends",
    ("src/base/assert.h", "fprintf"): "a failed assertion speaks before the process ends",
    ("src/base/mem.c", "fputs"): "true exhaustion ends the process with a sentence",
    ("src/main.c", "getenv"): "main hands the environment to the option table",
}
SYSTEM_HEADERS = re.compile(
    r"<(unistd|fcntl|pthread|threads|uv|signal|poll|dirent|time|netdb|sched|spawn|termios|ifaddrs|"
    r"sys/(?!types|param|queue|cdefs)\w+|netinet/\w+|arpa/\w+|linux/\w+)\.h>"
)
LOCKS = re.compile(r"\b(_Atomic\b|atomic_\w+|__atomic_\w+|__sync_\w+|mtx_\w+)|<stdatomic\.h>")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

# Written in pieces, so that this file passes its own check.
REGISTRIES = re.compile(
    "|".join(
        re.escape(".".join(host))
        for host in (
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("repo", "maven", "apache", "org"),
            ("repo1", "maven", "org"),
            ("registry", "npmjs", "org"),
            ("proxy", "golang", "org"),
            ("crates", "io"),
            ("deb", "debian", "org"),
            ("security", "debian", "org"),
            ("docker", "io"),
            ("ghcr", "io"),
        )
    )
)
MACHINE_PATHS = re.compile(r"(?<![\w.$}~-])/(?:work|root|home/\w+)/\w")

TEXT_SUFFIXES = {".c", ".h", ".py", ".java", ".md", ".txt", ".json", ".yaml", ".yml", ".xml", ".cmake", ".sh", ".in", ".go", ".mod", ".sum", ".js", ""}
SPDX_SUFFIXES = {".c", ".h", ".py", ".java", ".cmake", ".sh", ".go", ".js"}


class Tree:
    """The files of the project and what was found in them."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.findings = []
        self.files = sorted(self._walk(self.root))

    def _walk(self, folder):
        for entry in folder.iterdir():
            if entry.is_symlink() or (entry.name in SKIPPED and (entry.is_dir() or entry.name == ".git")):
                continue
            if entry.is_dir():
                yield from self._walk(entry)
            elif entry.suffix in TEXT_SUFFIXES:
                yield entry.relative_to(self.root).as_posix()

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def found(self, path, line, rule, text):
        self.findings.append(f"{path}:{line}: {rule}: {text}")


def blank(match):
    """Spaces instead of the text, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", match.group(0))


def strip_comments(text):
    pattern = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/'
    return re.sub(pattern, lambda m: m.group(0) if m.group(0)[0] in "\"'" else blank(m), text, flags=re.S)


def strip_strings(text):
    return re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def room_of(path):
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else None


def check_layering(tree, path, code):
    room = room_of(path)
    rank = ROOMS.index(room) if room in ROOMS else len(ROOMS)
    if room is not None and room not in ROOMS:
        tree.found(path, 1, "layering", f"{room} is not a room of DESIGN.md; lint.py lists them")
        return
    for match in re.finditer(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', code, flags=re.M):
        target, line = match.group(1), line_of(code, match.start())
        first = target.split("/")[0]
        if "/" not in target or first not in ROOMS:
            tree.found(path, line, "layering", f'include "{target}" by its path from src/')
        elif ROOMS.index(first) > rank:
            tree.found(path, line, "layering", f"{room} may not include {first}, which stands below it")


def check_system_calls(tree, path, code):
    if room_of(path) == "io":
        return
    is_test = path.endswith(("_test.c", "/test.h")) or "/testing/" in path or "/spec/" in path
    for match in re.finditer(r"(->\s*|\.\s*)?\b([a-z_]\w*)\s*\(", strip_strings(code)):
        name = match.group(2)
        reason = BANNED_CALLS.get(name) or next((why for p, why in BANNED_PREFIXES.items() if name.startswith(p)), None)
        if reason is None or match.group(1) or (path, name) in CALL_EXCEPTIONS or (is_test and name in TEST_MAY_CALL):
            continue
        tree.found(path, line_of(code, match.start()), "system-call", f"{name}(): {reason}")
    for match in re.finditer(r"^[ \t]*#[ \t]*include[ \t]+(<[^>]+>)", code, flags=re.M):
        if SYSTEM_HEADERS.match(match.group(1)):
            tree.found(path, line_of(code, match.start()), "system-call", f"{match.group(1)} is for io/ only")


def check_locks(tree, path, code):
    if room_of(path) in ("base", "io"):
        return
    for match in LOCKS.finditer(code):
        tree.found(path, line_of(code, match.start()), "locks", f"{match.group(0)}: locks and atomics stay in base/ and io/")


def check_header(tree, path, code):
    if path.endswith(".h") and not re.search(r"^#pragma once$", code, flags=re.M):
        tree.found(path, 1, "pragma-once", "a header starts with #pragma once")


def functions_of(code):
    """Yields (name, first line, lines). clang-format puts the braces of a function, and only these, into column 0."""
    lines = code.split("\n")
    start = None
    for number, line in enumerate(lines):
        if line == "{" and number > 0:
            start = number
            while start > 0 and re.match(r"\s*[\w*(]", lines[start - 1]) and not lines[start - 1].endswith((";", "}", "{")):
                start -= 1
        elif line.startswith("}") and start is not None:
            signature = " ".join(lines[start:number]).split("{")[0]
            name = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", signature))
            if name:
                yield name.group(1), start + 1, number - start + 1
            start = None


def read_ratchet(tree, name="script/long-functions.txt"):
    rows = {}
    if not (tree.root / name).exists():
        return rows
    for number, line in enumerate(tree.text(name).splitlines(), 1):
        fields = line.split("#")[0].split()
        if len(fields) == 3 and fields[2].isdigit():
            rows[(fields[0], fields[1])] = int(fields[2])
        elif fields:
            tree.found(name, number, "function-length", "a row is: path function lines")
    return rows


def check_function_length(tree, ratchet, seen, path, code):
    for name, line, length in functions_of(strip_strings(code)):
        limit = ratchet.get((path, name))
        if limit is not None:
            seen.add((path, name))
        if limit is None and length > MAX_FUNCTION_LINES:
            tree.found(path, line, "function-length", f"{name} has {length} lines, the limit is {MAX_FUNCTION_LINES}")
        elif limit is not None and length > limit:
            tree.found(path, line, "function-length", f"{name} grew from {limit} to {length} lines; it may only shrink")
        elif limit is not None and length <= MAX_FUNCTION_LINES:
            tree.found(path, line, "function-length", f"{name} is short now: remove it from script/long-functions.txt")
        elif limit is not None and length < limit:
            tree.found(path, line, "function-length", f"{name} shrank to {length}: write that in script/long-functions.txt")


def check_every_file(tree, path, text):
    for rule, pattern, words in (
        ("registry-name", REGISTRIES, "no registry's host name in the tree"),
        ("machine-path", MACHINE_PATHS, "no path of one machine in the tree"),
    ):
        for match in pattern.finditer(text):
            tree.found(path, line_of(text, match.start()), rule, f"{match.group(0)}: {words}")
    name = path.split("/")[-1]
    needs_spdx = pathlib.PurePath(path).suffix in SPDX_SUFFIXES or name == "CMakeLists.txt" or text.startswith("#!")
    if needs_spdx and not any("SPDX-License-Identifier: Apache-2.0" in line for line in text.splitlines()[:3]):
        tree.found(path, 1, "spdx", "the first lines name the license: SPDX-License-Identifier: Apache-2.0")


def check_readmes(tree):
    folders = {str(pathlib.PurePosixPath(p).parent) for p in tree.files if p.startswith("src/") and p.endswith((".c", ".h"))}
    for folder in sorted(folders - {"src"}):
        readme = f"{folder}/README.md"
        if readme not in tree.files:
            tree.found(folder, 1, "readme", "each folder explains itself in a README.md")
        elif len(tree.text(readme).splitlines()) > MAX_README_LINES:
            tree.found(readme, 1, "readme", f"a folder's README has at most {MAX_README_LINES} lines")


def lint(root):
    """Returns the findings of the tree under ROOT, as lines."""
    tree = Tree(root)
    ratchet, seen = read_ratchet(tree), set()
    for path in tree.files:
        text = tree.text(path)
        check_every_file(tree, path, text)
        if not path.endswith((".c", ".h")):
            continue
        code = strip_comments(text)
        check_header(tree, path, code)
        check_function_length(tree, ratchet, seen, path, code)
        if not path.startswith("src/"):
            continue
        check_layering(tree, path, code)
        check_system_calls(tree, path, code)
        check_locks(tree, path, code)
        for match in UNFINISHED.finditer(text):
            tree.found(path, line_of(text, match.start()), "unfinished", f"{match.group(0)}: finish it, or file an issue")
    for path, name in sorted(set(ratchet) - seen):
        tree.found(path, 1, "function-length", f"{name} is gone: remove it from script/long-functions.txt")
    if "src/main.c" in tree.files and len(tree.text("src/main.c").splitlines()) > MAX_MAIN_LINES:
        tree.found("src/main.c", 1, "main", f"main.c is a table of contents of at most {MAX_MAIN_LINES} lines")
    check_readmes(tree)
    lint_docs.check(tree)
    return tree.findings


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    findings = lint(root)
    print("\n".join(findings), end="\n" if findings else "")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
