# SPDX-License-Identifier: Apache-2.0
"""`eddy edit` with editors that are shell scripts."""

import os
import stat

import pytest
from kube_tools import widget

ONE = "widget.shop.example.org/one"


@pytest.fixture
def edit(both):
    """edit(*scripts, code=0): edits the widget `one`; the editor runs the first script at its first start, and so on."""
    both.kubectl.apply(widget(replicas=2, tags=["a", "b"]))
    folder = both.eddy.folder / "editor"
    folder.mkdir()
    editor = folder / "editor"
    editor.write_text(f'n=$(cat {folder}/n 2>/dev/null || echo 0)\necho $((n + 1)) >{folder}/n\ncp "$1" {folder}/seen$n\nstat -c %a:%U "$1" >{folder}/mode\n. {folder}/script$n\n')
    editor.chmod(0o755)

    def run(*scripts, code=0, names=("widget", "one")):
        for number, script in enumerate(scripts):
            (folder / f"script{number}").write_text(script)
        environment = {"EDITOR": f"sh {editor}", "KUBE_EDITOR": "", "TMPDIR": str(both.eddy.folder)}
        return both.eddy.run("edit", *names, code=code, environment=environment)

    run.both = both
    run.seen = lambda number: (folder / f"seen{number}").read_text()
    run.folder = folder
    return run


def spec(edit):
    return edit.both.kubectl.tree("widget", "one")["spec"]


def left_behind(edit):
    return [name for name in os.listdir(edit.both.eddy.folder) if name.startswith("eddy-edit-")]


def test_what_was_changed_is_sent(edit):
    assert edit('sed -i "s/size: small/size: large/; /replicas:/d; s/^  - b$/  - c/" "$1"') == f"{ONE} edited\n"
    assert spec(edit) == {"size": "large", "colour": "grey", "tags": ["a", "c"]}
    assert edit.seen(0).startswith("# Change the object, save, and leave the editor")
    assert "\nkind: Widget\n" in edit.seen(0)
    assert "managedFields" not in edit.seen(0)
    assert (edit.folder / "mode").read_text().startswith("600:")
    assert not left_behind(edit)


def test_others_may_change_what_was_not_edited(edit):
    merge = '{"spec":{"replicas":7}}'
    kubectl = f"{edit.both.kubectl.program} --kubeconfig {edit.both.kube.kubeconfig} -n {edit.both.space}"
    edit(f"{kubectl} patch widget one --type=merge -p '{merge}' >/dev/null; sed -i 's/size: small/size: large/' \"$1\"")
    assert spec(edit)["replicas"] == 7
    assert spec(edit)["size"] == "large"


def test_without_a_change_nothing_happens(edit):
    version = edit.both.kubectl.tree("widget", "one")["metadata"]["resourceVersion"]
    for script in ("true", 'echo "# a remark" >>"$1"', ': >"$1"'):
        (edit.folder / "n").unlink(missing_ok=True)
        assert edit(script) == ""
    assert edit.both.kubectl.tree("widget", "one")["metadata"]["resourceVersion"] == version
    assert not left_behind(edit)


def test_what_is_refused_comes_back_with_its_reasons(edit):
    words = edit('sed -i "s/size: small/size: huge/" "$1"', 'sed -i "s/replicas: 2/replicas: 50/" "$1"', 'sed -i "s/size: huge/size: large/; s/replicas: 50/replicas: 5/" "$1"')
    assert words == f"{ONE} edited\n"
    assert '# It could not be saved:\n# * spec.size: Unsupported value: "huge"' in edit.seen(1)
    assert "\n  size: huge\n" in edit.seen(1)  # nothing is lost
    assert "# * spec.replicas: Invalid value: 50" in edit.seen(2)
    assert spec(edit)["replicas"] == 5
    assert not left_behind(edit)


def test_a_mistake_in_the_yaml_comes_back_with_its_line(edit):
    edit('sed -i "s/size: small/size: [small/" "$1"', 'sed -i "s/size: .small/size: large/" "$1"')
    line = next(line for line in edit.seen(1).splitlines() if line.startswith("# * line "))
    number = int(line.split()[3].rstrip(":"))
    assert "size: [small" in "\n".join(edit.seen(1).splitlines()[number - 3 : number])
    assert spec(edit)["size"] == "large"


def test_a_name_cannot_be_edited_and_unknown_fields_are_told(edit):
    rename = 'sed -i "s/name: one/name: two/" "$1"'
    back = 'sed -i "s/name: two/name: one/; s/  size: small/  size: small\\n  weight: 1/" "$1"'
    edit(rename, back, 'sed -i "/weight:/d; s/small/large/" "$1"')
    assert "# * metadata.name and metadata.namespace stay what they are\n" in edit.seen(1)
    assert 'unknown field "spec.weight"' in edit.seen(2)
    assert spec(edit)["size"] == "large"


def test_what_could_not_be_saved_is_kept(edit):
    words = edit('sed -i "s/size: small/size: huge/" "$1"', "true", code=1)
    assert "Edit cancelled, nothing valid was saved." in words
    kept = words.split("is kept in ")[1].strip()
    with open(kept, encoding="utf-8") as file:
        assert "size: huge" in file.read()
    assert stat.S_IMODE(os.stat(os.path.dirname(kept)).st_mode) == 0o700


def test_an_editor_that_fails_and_what_is_not_there(edit):
    words = edit("exit 3", code=1)
    assert "the editor ended with 3" in words
    assert spec(edit)["size"] == "small"
    assert 'widgets.shop.example.org "x" not found (NotFound)' in edit(code=1, names=["widget", "x"])
    assert "one object is edited" in edit(code=2, names=["widgets"])
    assert "did you mean" in edit(code=1, names=["widgt", "one"])
    words = edit.both.eddy.run("edit", "widget", "one", "--editor", "/no/such/editor", code=1)
    assert "/no/such/editor: the editor ended with 127; --editor, $KUBE_EDITOR and $EDITOR name another" in words
