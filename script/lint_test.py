# SPDX-License-Identifier: Apache-2.0
"""lint.py is checked by snippets that are broken on purpose, and by their harmless neighbours."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lint  # noqa: E402

C = "// SPDX-License-Identifier: Apache-2.0\n"
H = C + "#pragma once\n"
PY = "# SPDX-License-Identifier: Apache-2.0\nCASES = ['a']\ndef test_one(case):\n    pass\n"
SIM = "# SPDX-License-Identifier: Apache-2.0\neddy_sim(store SOURCES a.c)\n  add_test(NAME sim/clean_${fault} COMMAND x)\n"


def rules(tmp_path, files):
    for path, text in files.items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        if path.startswith("src/") and path.count("/") > 1 and "README" not in path:
            readme = target.parent / "README.md"
            if not readme.exists():
                readme.write_text("What it is.\n")
    return [finding.split(": ")[1] for finding in lint.lint(tmp_path)]


def long_function(lines, name="f"):
    return f"static int {name}(int a)\n{{\n" + "    a++;\n" * (lines - 3) + "}\n"


BROKEN = {
    "includes_a_lower_room": ("layering", {"src/store/a.c": C + '#include "kafka/wire.h"\n'}),
    "includes_without_the_path": ("layering", {"src/store/a.c": C + '#include "a.h"\n'}),
    "includes_upwards_by_dots": ("layering", {"src/store/a.c": C + '#include "../kafka/a.h"\n'}),
    "is_in_an_unknown_room": ("layering", {"src/cellar/a.c": C}),
    "opens_a_file": ("system-call", {"src/store/a.c": C + "int f(void);\nint g(void)\n{\n    return open(0);\n}\n"}),
    "calls_after_a_comparison": ("system-call", {"src/store/a.c": C + "int g(void)\n{\n    return 1 > time(0);\n}\n"}),
    "makes_a_thread": ("system-call", {"src/store/a.c": C + "int g(void)\n{\n    return pthread_create(0);\n}\n"}),
    "knows_libuv": ("system-call", {"src/kafka/a.c": C + "#include <uv.h>\n"}),
    "includes_a_system_header": ("system-call", {"src/kafka/a.c": C + "#include <sys/socket.h>\n"}),
    "prints": ("system-call", {"src/cli/a.c": C + 'void g(void)\n{\n    printf("x");\n}\n'}),
    "reads_the_clock_in_a_test": ("system-call", {"src/kafka/a_test.c": C + "int g(void)\n{\n    return rand();\n}\n"}),
    "uses_an_atomic": ("locks", {"src/store/a.c": C + "static _Atomic int n;\n"}),
    "uses_a_builtin_atomic": ("locks", {"src/store/a.c": C + "int g(int *n)\n{\n    return __atomic_load_n(n, 0);\n}\n"}),
    "lacks_pragma_once": ("pragma-once", {"src/store/a.h": C}),
    "lacks_a_license": ("spdx", {"src/store/a.c": "int a;\n"}),
    "lacks_a_license_in_a_script": ("spdx", {"script/x": "#!/bin/sh\n"}),
    "lacks_a_license_in_go": ("spdx", {"test/a.go": "package main\n"}),
    "has_a_long_function": ("function-length", {"src/store/a.c": C + long_function(81)}),
    "grew": ("function-length", {"src/store/a.c": C + long_function(91), "script/long-functions.txt": "src/store/a.c f 90\n"}),
    "shrank": ("function-length", {"src/store/a.c": C + long_function(89), "script/long-functions.txt": "src/store/a.c f 90\n"}),
    "is_short_now": ("function-length", {"src/store/a.c": C + long_function(9), "script/long-functions.txt": "src/store/a.c f 90\n"}),
    "is_gone": ("function-length", {"src/store/a.c": C, "script/long-functions.txt": "src/store/a.c f 90\n"}),
    "has_a_long_readme": ("readme", {"src/store/a.c": C, "src/store/README.md": "x\n" * 41}),
    "has_a_long_main": ("main", {"src/main.c": C + "\n" * 150}),
    "is_unfinished": ("unfinished", {"src/store/a.c": C + "// TO" + "DO: later\n"}),
    "names_a_registry": ("registry-name", {"docs/a.md": "from registry.npmjs" + ".org\n"}),
    "links_nowhere": ("doc-path", {"README.md": "see [the page](docs/a.md#top)\n"}),
    "links_nowhere_from_its_folder": ("doc-path", {"docs/b.md": "see [the page](docs/b.md)\n"}),
    "names_a_file_that_is_not": ("doc-path", {"README.md": "see `store/b.c`\n", "src/store/a.c": C}),
    "names_a_file_that_is_elsewhere": (
        "doc-path",
        {"src/store/README.md": "read `a.h`\n", "src/store/b.c": C, "src/kafka/api/a.h": H, "src/kafka/api/README.md": "x\n"},
    ),
    "names_a_folder_that_is_not": ("doc-path", {"docs/a.md": "in `src/cellar/`\n", "src/store/a.c": C}),
    "names_a_script_that_is_not": ("doc-path", {"docs/a.md": "`script/run --all`\n", "script/lint.md": "x\n"}),
    "names_a_pattern_without_files": ("doc-path", {"docs/a.md": "`store/x*.c`\n", "src/store/a.c": C}),
    "names_a_test_that_is_not": ("doc-test", {"docs/status.md": "| client/test_a.py::test_two |\n", "test/client/test_a.py": PY}),
    "names_a_test_by_its_beginning": (
        "doc-test",
        {"docs/status.md": "| client/test_a.py::test_tw... |\n", "test/client/test_a.py": PY},
    ),
    "names_a_test_of_the_file_before": (
        "doc-test",
        {"docs/status.md": "| client/test_a.py::test_one, ::test_two |\n", "test/client/test_a.py": PY},
    ),
    "names_a_case_that_is_not": ("doc-test", {"docs/status.md": "client/test_a.py::test_one[b]\n", "test/client/test_a.py": PY}),
    "names_a_test_alone_that_is_not": (
        "doc-test",
        {"docs/status.md": "All in client/test_a.py\n\n| test_two[a] |\n", "test/client/test_a.py": PY},
    ),
    "names_a_file_of_tests_that_is_not": ("doc-test", {"docs/status.md": "| client/test_b.py::test_one |\n"}),
    "names_a_unit_test_that_is_not": (
        "doc-test",
        {"docs/status.md": "| store/a_test::counts |\n", "src/store/a_test.c": C + "static void adds(void **state)\n"},
    ),
    "names_a_simulation_that_is_not": ("doc-test", {"docs/status.md": "| sim/stars |\n", "test/sim/CMakeLists.txt": SIM}),
    "names_a_machine_path": ("machine-path", {"docs/a.md": "see /work" + "/x\n"}),
}


@pytest.mark.parametrize("case", BROKEN)
def test_catches_what(case, tmp_path):
    rule, files = BROKEN[case]
    assert rules(tmp_path, files) == [rule]


HARMLESS = {
    "own_room": {"src/store/a.c": C + '#include "store/a.h"\n#include "base/err.h"\n'},
    "system_calls_in_io": {"src/io/uv/a.c": C + "#include <uv.h>\nint g(void)\n{\n    return open(0);\n}\n"},
    "a_member_called_read": {"src/store/a.c": C + "int g(struct f *f)\n{\n    return f->read(f) + f->x.write(f);\n}\n"},
    "a_call_in_a_comment": {"src/store/a.c": C + "// open() is for io/; time() too, and _Atomic\n"},
    "a_call_in_a_string": {"src/store/a.c": C + 'const char *a = "open(x)";\n'},
    "a_longer_name": {"src/store/a.c": C + "int g(void)\n{\n    return topic_open(reopen(0));\n}\n"},
    "atomics_in_base": {"src/base/a.h": H + "#include <stdatomic.h>\n_Atomic int n;\n"},
    "a_test_that_prints": {"src/kafka/a_test.c": C + 'void g(void)\n{\n    printf("x");\n}\n'},
    "a_long_table": {"src/store/a.c": C + "static const int a[] = {\n" + "    1,\n" * 99 + "};\n"},
    "a_function_at_the_limit": {"src/store/a.c": C + long_function(80)},
    "a_listed_function": {"src/store/a.c": C + long_function(90), "script/long-functions.txt": "src/store/a.c f 90\n"},
    "documents_that_name_what_is_there": {
        "README.md": "[a](docs/a.md#x) [b](https://example.com/x) `script/x y` `store/a.c` `store/*.c` `store/` `/readyz` `acks/1`\n",
        "docs/a.md": "[up](../README.md) `build/eddy` `a.c` `<topic>/x.c` `x.c.y`\n",
        "script/x": "#!/bin/sh\n# SPDX-License-Identifier: Apache-2.0\n",
        "src/store/a.c": C,
        "src/store/README.md": "read `a.c`, `testing/b.h`, `../a.c`\n",
        "src/store/testing/b.h": H,
    },
    "tests_that_are_there": {
        "docs/status.md": "| client/test_a.py::test_one[a], ::test_o... | `test_a.py::test_one` | test/sim/a.c | io/a_test::adds, store_testing/b_test |\n"
        "| test/client/test_a.py | test_one | sim/store, sim/store_long, sim/clean_write, sim/clean_* |\n",
        "test/client/test_a.py": PY,
        "src/io/uv/a_test.c": C + "static void adds(void **state)\n",
        "src/store/testing/b_test.c": C,
        "test/sim/CMakeLists.txt": SIM,
        "test/sim/a.c": C,
    },
    "a_url_that_ends_like_a_path": {"docs/a.md": "see shared/work/x and https://example.com/work/\n"},
}


@pytest.mark.parametrize("case", HARMLESS)
def test_accepts(case, tmp_path):
    assert rules(tmp_path, HARMLESS[case]) == []
