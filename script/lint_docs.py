# SPDX-License-Identifier: Apache-2.0
"""What the documents name must be there: the target of a link, a path in backticks, a test.

A path may be written from the root, from src/ or test/, or from the document's folder or the one above; a name without a
folder stands for something below that folder, or the one above where that is no top one, or for a room of src/; outside
of rooms, for anything. `*` and NAME stand for any characters.

A test is written FILE::NAME, with FILE a path or its last part, or a name of ctest (room/file_test). `::NAME` is in the file named last,
`NAME[CASE]` needs the words of CASE in the file, and `NAME_...` stands for any name that begins so. test_name alone is in
the file named last, too; sim/NAME is registered in CMake.
"""

import fnmatch
import posixpath
import re

CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)#\s]+)[^)\s]*\)")
PATH = re.compile(r"^[A-Za-z*][\w.*-]*(?:/[\w.*-]+)*/?$")
SUFFIXES = (".c", ".h", ".py", ".md", ".txt", ".cmake")
TEST = re.compile(r"(?P<file>[\w][\w./-]*)?::(?P<name>\w+)(?P<more>\.\.\.)?(?:\[(?P<case>[^\]\n]+)\])?")
FILE = re.compile(r"\b(?:test|src|client|fault|full|script)/[\w/]+\.(?:py|c)\b|\b\w+/\w+_test\b")
TEST_ALONE = re.compile(r"(?<![\w:/])(?P<name>test_\w+)(?P<more>\.\.\.)?(?:\[(?P<case>[^\]\n]+)\])?(?![\w./])")
SIM = re.compile(r"(?<![\w/])sim/([a-z_]\w*\*?)")
TEST_TABLES = ("docs/status.md", "docs/kafka.md", "docs/knative-reference.md")
HISTORY = {"CHANGELOG.md", "bench/RESULTS.md"}  # what was true once stays written there
EXCEPTIONS = {
    "script/long-functions.txt": "made with its first row",
    "cluster/": "engine/README.md: not there yet",
    "room/file_test": "the example of the form in docs/status.md",
}


class Places:
    """Where a name of a document may be."""

    def __init__(self, files):
        self.files = files
        folders = {parent for path in files for parent in _parents(path)}
        self.all = set(files) | folders
        self.tops = {path.split("/")[0] for path in folders}
        self.rooms = {path.split("/")[1] for path in folders if path.startswith("src/")}

    def has(self, document, path):
        folder, path = posixpath.dirname(document), path.rstrip("/").replace("NAME", "*")
        if "/" not in path:
            above = posixpath.dirname(folder)
            near = above + "/" if "/" in above else folder + "/" if "/" in folder else ""
            if path in self.rooms:
                return True
            return any(fnmatch.fnmatch(posixpath.basename(place), path) for place in self.all if place.startswith(near))
        bases = [folder, posixpath.dirname(folder), "", "src", "test"]
        names = [posixpath.normpath(posixpath.join(base, path)) for base in bases]
        return any(name in self.all or ("*" in name and fnmatch.filter(self.all, name)) for name in names)

    def test_files(self, name):
        """The files that FILE of a test may mean."""
        bases = ("", "test/", "test/client/", "src/")
        exact = [base + name for base in bases if base + name in self.files]
        if exact:
            return exact
        if "/" not in name:
            return [path for path in self.files if path.endswith("/" + name)]
        room, file = name.rsplit("/", 1)
        top = "src/" + room.replace("_", "/") + "/"
        return [path for path in self.files if path.startswith(top) and path.endswith(f"/{file}.c")]


def _parents(path):
    while "/" in path:
        path = path.rsplit("/", 1)[0]
        yield path


def _line(text, position):
    return text.count("\n", 0, position) + 1


def _is_path(places, text):
    looks = PATH.match(text) and (text.endswith((*SUFFIXES, "/")) or ("/" in text and text.split("/")[0] in places.tops))
    return looks and not text.startswith(("build/", "sim/"))


def _check_paths(tree, places, document, text):
    for match in LINK.finditer(text):
        target = match.group(1)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document), target))
        if "://" not in target and path not in places.all:
            tree.found(document, _line(text, match.start()), "doc-path", f"{target}: this link leads nowhere")
    for match in CODE.finditer(text):
        name = match.group(1).split()[0].split("::")[0] if match.group(1).strip() else ""
        if _is_path(places, name) and name not in EXCEPTIONS and not places.has(document, name):
            tree.found(document, _line(text, match.start()), "doc-path", f"{name}: there is no such file or folder")


def _has_test(source, name, more, case):
    end = r"\w*" if more else ""
    is_there = re.search(rf"\b(?:def|void) {name}{end}\(", source)
    return is_there and (case is None or case in source)


def _check_tests(tree, places, document, text):
    """Row by row: the file named last stands for what names none."""
    last, named = [], []
    for number, line in enumerate(text.splitlines(), 1):
        tests = [*TEST.finditer(line), *TEST_ALONE.finditer(line)]
        files = [match for match in FILE.finditer(line) if not any(t.start() <= match.start() < t.end() for t in tests)]
        finds = sorted(tests + files, key=lambda match: match.start())
        for match in finds:
            groups = match.groupdict()
            file = match.group(0) if not groups else groups.get("file")
            if file and file not in EXCEPTIONS:
                last, named = places.test_files(file), file
                if not last:
                    tree.found(document, number, "doc-test", f"{file}: there is no such file of tests")
            if groups and last and not any(_has_test(tree.text(path), groups["name"], groups["more"], groups["case"]) for path in last):
                tree.found(document, number, "doc-test", f"{match.group(0)}: there is no such test in {named}")


def _check_sims(tree, document, text):
    cmake = "".join(tree.text(path) for path in tree.files if path.endswith("CMakeLists.txt"))
    known = set(re.findall(r"eddy_sim\(\s*(\w+)", cmake)) | set(re.findall(r"NAME sim/([\w{}$]+)", cmake))
    known |= {name + "_long" for name in known}
    patterns = [re.sub(r"\$\{\w+\}", "*", name) for name in known]
    for match in SIM.finditer(text):
        name = match.group(1)
        if not any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(pattern, name) for pattern in patterns):
            tree.found(document, _line(text, match.start()), "doc-test", f"sim/{name}: CMake registers no such test")


def check(tree):
    places = Places(set(tree.files))
    for document in tree.files:
        if not document.endswith(".md") or document in HISTORY:
            continue
        text = tree.text(document)
        _check_paths(tree, places, document, text)
        if document in TEST_TABLES:
            _check_tests(tree, places, document, text)
            _check_sims(tree, document, text)
