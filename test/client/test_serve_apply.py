# SPDX-License-Identifier: Apache-2.0
"""eddy serve --apply: a folder of manifests is applied and followed."""

import json
import re
import time

import kube_tools
import pytest
import servers

SECONDS = 20
MAPS = "/api/v1/namespaces/{}/configmaps/{}"
WIDGETS = "/apis/shop.example.org/v1/namespaces/{}/widgets/{}"
MARK = "eddy.dev/applied-from"


def config_map(name, space=None, **data):
    metadata = {"name": name, **({"namespace": space} if space else {})}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


class Folder:
    """A folder that a server follows."""

    def __init__(self, path, start_kube):
        self.path = path
        self.path.mkdir()
        self.start_kube = start_kube
        self.kube = None

    def start(self, path=None):
        self.kube = self.start_kube("--apply", path or self.path)
        return self.settled()

    @property
    def server(self):
        return self.kube.server

    def log(self):
        return self.server.log(1 << 20)

    def write(self, name, *texts):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text("\n---\n".join(texts))

    def summaries(self):
        """(objects, errors, deleted) of each time when all was done."""
        found = re.findall(r"applied the manifests objects=(\d+) errors=(\d+) deleted=(\d+)", self.log())
        return [tuple(map(int, numbers)) for numbers in found]

    def settled(self, count=1):
        """The COUNTth summary."""
        return wait(lambda: len(self.summaries()) >= count and self.summaries()[count - 1], self.log)

    def errors(self):
        return [line.split(" ERROR ")[1] for line in self.log().splitlines() if " ERROR " in line]

    def get(self, name, space="default", path=MAPS):
        answer = self.kube.ask("GET", path.format(space, name))
        return answer.tree if answer.status == 200 else None

    def data(self, name, space="default"):
        found = self.get(name, space)
        return found and found.get("data", {})

    def wait_for(self, name, data, space="default"):
        """Until the map has that data; None: until it is gone."""
        wait(lambda: self.data(name, space) == data, lambda: f"{name} is {self.data(name, space)}\n{self.log()}")

    def stay(self, name, data, seconds=1.5):
        """The map has that data all the while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert self.data(name) == data
            time.sleep(0.1)


def wait(is_done, words):
    deadline = time.monotonic() + SECONDS
    while True:
        done = is_done()
        if done:
            return done
        assert time.monotonic() < deadline, words() if callable(words) else words
        time.sleep(0.02)


@pytest.fixture
def folder(tmp_path, start_kube):
    return Folder(tmp_path / "manifests", start_kube)


def test_every_manifest_is_applied_at_the_start(folder):
    folder.write("a.yaml", config_map("a", x="1"), "# nothing", config_map("b", x="1"))
    folder.write("deep/er/c.yml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")
    items = [json.loads(config_map("d")), json.loads(config_map("e", "kube-public"))]
    folder.write("list.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))
    folder.write(".hidden.yaml", config_map("hidden"))
    folder.write("readme.txt", "not: [read")
    assert folder.start() == (5, 0, 0)
    assert folder.data("a") == {"x": "1"}
    assert folder.data("e", "kube-public") == {}
    assert folder.data("hidden") is None
    owner = folder.get("a")["metadata"]
    assert owner["annotations"] == {MARK: str(folder.path)}
    assert [(entry["manager"], entry["operation"]) for entry in owner["managedFields"]] == [("eddy-apply", "Apply")]


def test_a_single_file_is_followed_too(folder):
    folder.write("one", config_map("a", x="1"))
    assert folder.start(folder.path / "one") == (1, 0, 0)
    folder.write("one", config_map("a", x="2"))
    folder.wait_for("a", {"x": "2"})
    (folder.path / "one").unlink()
    wait(lambda: any("cannot be looked at" in error for error in folder.errors()), folder.log)
    folder.stay("a", {"x": "2"})


def test_changes_count_within_a_second(folder):
    folder.write("a.yaml", config_map("a", x="1", y="1"))
    folder.start()
    times = []
    for number in range(5):
        begin = time.monotonic()
        folder.write("a.yaml", config_map("a", x=str(number + 2)))
        folder.wait_for("a", {"x": str(number + 2)})  # and y went
        times.append(time.monotonic() - begin)
    assert sorted(times)[2] < 1.0, times
    folder.write("new/b.yaml", config_map("b"))
    folder.wait_for("b", {})
    (folder.path / "new/b.yaml").unlink()
    folder.wait_for("b", None)
    assert folder.errors() == []


def test_an_object_that_moves_to_another_file_stays(folder):
    folder.write("a.yaml", config_map("a", x="1"), config_map("b", x="1"))
    folder.start()
    uid = folder.get("a")["metadata"]["uid"]
    (folder.path / "a.yaml").rename(folder.path / "b.yaml")
    folder.settled(2)
    folder.write("b.yaml", config_map("b", x="2"))
    folder.write("c.yaml", config_map("a", x="2"))
    folder.wait_for("a", {"x": "2"})
    assert folder.get("a")["metadata"]["uid"] == uid
    assert all(deleted == 0 for _, _, deleted in folder.summaries())
    # The same name of another kind is another object.
    folder.write("c.yaml", '{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}}')
    folder.wait_for("a", None)
    assert folder.get("a", path="/api/v1/namespaces/{}/secrets/{}") is not None


def test_a_file_that_is_written_in_steps_deletes_nothing(folder):
    folder.write("a.yaml", config_map("a", x="1"))
    folder.start()
    uid = folder.get("a")["metadata"]["uid"]
    for number in range(40):
        with open(folder.path / "a.yaml", "w", encoding="ascii") as file:
            file.flush()
            time.sleep(0.03)
            file.write(config_map("a", x=f"step {number}")[:30])
            file.flush()
            time.sleep(0.03)
            file.seek(0)
            file.write(config_map("a", x=f"step {number}"))
        backup = folder.path / "a.yaml~"
        (folder.path / "a.yaml").rename(backup)
        time.sleep(0.03)
        backup.rename(folder.path / "a.yaml")
    folder.wait_for("a", {"x": "step 39"})
    assert folder.get("a")["metadata"]["uid"] == uid
    assert folder.errors() == []


def test_a_broken_file_keeps_what_it_said_and_says_so_once(folder):
    folder.write("a.yaml", config_map("a", x="1"))
    folder.write("b.yaml", config_map("b", x="1"))
    folder.start()
    folder.write("a.yaml", config_map("a", x="2"), "x: [1,\ny: 2\n")
    wait(folder.errors, folder.log)
    (folder.path / "b.yaml").unlink()  # known as well as before: what a.yaml named counts
    folder.wait_for("b", None)
    folder.stay("a", {"x": "1"})
    (error,) = folder.errors()
    assert re.match(rf"a file of manifests cannot be read: what it said before stays at={folder.path}/a.yaml:\d+:\d+ why=", error), error
    folder.write("a.yaml", config_map("a", x="3"))
    folder.wait_for("a", {"x": "3"})
    assert len(folder.errors()) == 1
    folder.write("a.yaml", '{"apiVersion": "v1", "kind": "ConfigMap"}')
    wait(lambda: len(folder.errors()) == 2, folder.log)
    assert "a.yaml:1:1 " in folder.errors()[1] and "metadata.name" in folder.errors()[1]
    folder.stay("a", {"x": "3"})


def test_while_a_file_is_broken_at_a_start_nothing_is_deleted(folder):
    folder.write("a.yaml", config_map("a", x="1"))
    folder.write("b.yaml", config_map("b", x="1"))
    folder.start()
    folder.server.stop()
    folder.write("a.yaml", "{")
    (folder.path / "b.yaml").unlink()
    folder.server.restart()
    folder.settled(2)
    folder.stay("a", {"x": "1"}, 1)
    folder.stay("b", {"x": "1"}, 1)
    assert folder.log().count("nothing is deleted until it is known again") == 1
    folder.write("a.yaml", config_map("c"))
    for name in ("a", "b"):
        folder.wait_for(name, None)
    folder.wait_for("c", {})


def test_what_goes_while_eddy_is_away_is_deleted_at_the_next_start(folder):
    for name in ("a", "b", "c"):
        folder.write(f"{name}.yaml", config_map(name))
    folder.start()
    made = {"metadata": {"name": "mine", "annotations": {MARK: str(folder.path)}}}
    assert folder.kube.ask("POST", MAPS.format("default", ""), made).status == 201
    for name, end in (("a", folder.server.stop), ("b", folder.server.kill)):
        end()
        (folder.path / f"{name}.yaml").unlink()
        folder.server.restart()
        folder.wait_for(name, None)
    folder.settled(3)
    assert folder.summaries() == [(3, 0, 0), (2, 0, 1), (1, 0, 1)]
    assert folder.data("c") == {}
    # The mark alone could have been copied from another object.
    assert folder.data("mine") == {}


def test_it_goes_on_where_it_was_killed(folder):
    count = 300
    for number in range(count):
        folder.write(f"{number}.yaml", config_map(f"m{number}", x="1"))
    folder.kube = folder.start_kube("--apply", folder.path)
    folder.server.kill()
    for number in range(0, count, 2):
        (folder.path / f"{number}.yaml").unlink()
    folder.server.restart()
    time.sleep(0.01)
    folder.server.kill()
    folder.server.restart()
    assert wait(folder.summaries, folder.log)[-1][:2] == (count // 2, 0)
    names = {item["metadata"]["name"] for item in folder.kube.ask("GET", MAPS.format("default", "")).tree["items"]}
    assert names == {f"m{number}" for number in range(1, count, 2)}


def test_what_others_made_stays_without_the_folders_word(folder, tmp_path):
    """Another folder's objects, and those of people; what a folder took up is its own, as with kubectl apply --prune."""
    folder.write("a.yaml", config_map("a"))
    folder.start()
    for name in ("theirs", "taken"):
        assert folder.kube.ask("POST", MAPS.format("default", ""), {"metadata": {"name": name}, "data": {"x": "1"}}).status == 201
    folder.write("b.yaml", config_map("taken", y="1"))
    folder.wait_for("taken", {"x": "1", "y": "1"})
    folder.server.stop()
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.yaml").write_text(config_map("c"))
    arguments = folder.server.arguments
    folder.server.arguments = [other if argument == folder.path else argument for argument in arguments]
    folder.server.restart()
    folder.wait_for("c", {})
    folder.settled(3)
    assert folder.data("a") == {} and folder.data("theirs") == {"x": "1"}
    folder.server.stop()
    (folder.path / "b.yaml").unlink()
    folder.server.arguments = arguments
    folder.server.restart()
    folder.wait_for("taken", None)
    assert folder.data("c") == {} and folder.data("a") == {} and folder.data("theirs") == {"x": "1"}


def test_a_folder_that_vanishes_deletes_nothing(folder, tmp_path):
    folder.write("a.yaml", config_map("a"))
    folder.start()
    folder.path.rename(tmp_path / "aside")
    wait(folder.errors, folder.log)
    folder.stay("a", {})
    (tmp_path / "aside").rename(folder.path)
    folder.write("a.yaml", config_map("a", x="2"))
    folder.wait_for("a", {"x": "2"})
    assert len(folder.errors()) == 1 and f"at={folder.path} " in folder.errors()[0]
    # An empty one is known to name nothing.
    (folder.path / "a.yaml").unlink()
    folder.wait_for("a", None)


def test_links_are_followed(folder):
    """As in a mounted ConfigMap, where all names are links into a folder that changes at once."""
    folder.write("..one/a.yaml", config_map("a", x="1"))
    folder.write("..two/a.yaml", config_map("a", x="2"))
    (folder.path / "..data").symlink_to("..one")
    (folder.path / "a.yaml").symlink_to("..data/a.yaml")
    (folder.path / "nowhere.yaml").symlink_to("nowhere")
    assert folder.start() == (1, 0, 0)
    (folder.path / "..next").symlink_to("..two")
    (folder.path / "..next").rename(folder.path / "..data")
    folder.wait_for("a", {"x": "2"})
    (folder.path / "circle").symlink_to(".")
    wait(folder.errors, folder.log)
    (folder.path / "a.yaml").unlink()
    folder.stay("a", {"x": "2"})
    (folder.path / "circle").unlink()
    folder.wait_for("a", None)


def test_what_cannot_be_looked_at_deletes_nothing(folder):
    folder.write("a.yaml", config_map("a"))
    folder.write("b.yaml", config_map("b"))
    folder.start()
    (folder.path / "b.yaml").unlink()
    (folder.path / "b.yaml").symlink_to("b.yaml")  # leads to itself
    (folder.path / "a.yaml").unlink()
    wait(folder.errors, folder.log)
    folder.stay("a", {})
    assert folder.data("b") == {}
    (folder.path / "b.yaml").unlink()
    for name in ("a", "b"):
        folder.wait_for(name, None)
    assert len(folder.errors()) == 1


def test_of_two_files_that_name_one_object_the_first_counts(folder):
    folder.write("a.yaml", config_map("a", x="1"))
    folder.write("b.yaml", config_map("b", x="1"), "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n")
    assert folder.start() == (2, 1, 0)
    (error,) = folder.errors()
    assert f"at={folder.path}/b.yaml:6:3 first={folder.path}/a.yaml:1:" in error
    assert folder.data("a") == {"x": "1"}
    (folder.path / "a.yaml").unlink()
    folder.wait_for("a", {})
    folder.settled(2)
    assert folder.summaries()[1] == (2, 0, 0)
    assert len(folder.errors()) == 1


def test_a_kind_and_its_objects_in_one_folder(folder):
    small = "apiVersion: shop.example.org/v1\nkind: Widget\nmetadata: {name: one, namespace: shop}\nspec: {size: small}\n"
    folder.write("a-widget.yaml", small)
    folder.write("b-space.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    folder.write("z-kind.yaml", kube_tools.DEFINITION)
    assert folder.start() == (3, 0, 0)
    assert folder.errors() == []
    assert folder.get("one", "shop", WIDGETS)["spec"] == {"size": "small", "colour": "grey"}
    folder.write("a-widget.yaml", small.replace("small", "huge"))
    wait(folder.errors, folder.log)
    assert f"at={folder.path}/a-widget.yaml:4:8 kind=Widget name=one" in folder.errors()[0]
    assert "Unsupported value" in folder.errors()[0]
    folder.write("a-widget.yaml", small.replace("size", "sise"))
    wait(lambda: len(folder.errors()) == 2, folder.log)
    assert f"at={folder.path}/a-widget.yaml:4:8 " in folder.errors()[1] and "did you mean" in folder.errors()[1]
    # What was refused is still named: it stays as it was.
    assert folder.get("one", "shop", WIDGETS)["spec"]["size"] == "small"
    folder.write("a-widget.yaml", small.replace("small", "large"))
    wait(lambda: folder.get("one", "shop", WIDGETS)["spec"]["size"] == "large", folder.log)
    (folder.path / "z-kind.yaml").unlink()
    wait(lambda: len(folder.errors()) == 3, folder.log)
    assert "there is no kind Widget in shop.example.org/v1" in folder.errors()[2]
    folder.write("z-kind.yaml", kube_tools.DEFINITION)
    wait(lambda: folder.get("one", "shop", WIDGETS), folder.log)


def test_many_kinds_and_their_objects(folder):
    names = [f"k{number}" for number in range(60)]
    for name in names:
        words = kube_tools.DEFINITION.replace("widget", name).replace("Widget", name.upper()).replace("wd", f"{name}s").replace("all, shop", "shop")
        one = {"apiVersion": "shop.example.org/v1", "kind": name.upper(), "metadata": {"name": "one"}, "spec": {"size": "small"}}
        folder.write(f"{name}.yaml", json.dumps(one), words)
    assert folder.start() == (120, 0, 0)
    assert folder.errors() == []


def test_what_went_with_its_namespace_comes_back_with_it(folder):
    space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
    folder.write("a.yaml", config_map("a", "shop", x="1"))
    folder.write("space.yaml", space)
    folder.start()
    (folder.path / "space.yaml").unlink()
    wait(lambda: folder.kube.ask("GET", "/api/v1/namespaces/shop").status == 404, folder.log)
    assert folder.data("a", "shop") is None
    folder.write("space.yaml", space)
    folder.wait_for("a", {"x": "1"}, "shop")
    assert folder.errors() == []


def test_what_fails_now_may_work_later(folder):
    folder.write("a.yaml", config_map("a", "later"))
    folder.write("b.yaml", config_map("gone"))
    assert folder.start() == (1, 1, 0)
    assert 'namespaces \\"later\\" not found' in folder.errors()[0]
    # No file names what cannot be told: nothing is deleted while a kind is not known.
    folder.write("w.yaml", "apiVersion: shop.example.org/v1\nkind: Widget\nmetadata: {name: one}\nspec: {size: small}\n")
    wait(lambda: len(folder.errors()) == 2, folder.log)
    (folder.path / "b.yaml").unlink()
    folder.stay("gone", {}, 3.5)  # tried again after 1 and 2 s, next after 4 s
    folder.kube.define_widgets()
    begin = time.monotonic()
    wait(lambda: folder.get("one", path=WIDGETS), folder.log)
    assert time.monotonic() - begin < 2, "at once when the kind comes"
    assert folder.kube.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "later"}}).status == 201
    folder.wait_for("a", {}, "later")
    folder.wait_for("gone", None)
    assert len(folder.errors()) == 2, "each once"


def test_an_object_that_is_still_going_is_made_again(folder):
    folder.write("a.yaml", config_map("a"))
    folder.start()
    merge = "application/merge-patch+json"
    path = MAPS.format("default", "a")
    assert folder.kube.ask("PATCH", path, {"metadata": {"finalizers": ["example.org/held"]}}, merge).status == 200
    (folder.path / "a.yaml").unlink()
    wait(lambda: "deletionTimestamp" in folder.get("a")["metadata"], folder.log)
    folder.write("a.yaml", config_map("a", x="2"))
    wait(folder.errors, folder.log)
    assert "is being deleted" in folder.errors()[0]
    assert folder.kube.ask("PATCH", path, {"metadata": {"finalizers": None}}, merge).status == 200
    folder.wait_for("a", {"x": "2"})


@pytest.mark.parametrize("age", ["old", "new"])
def test_edits_of_other_fields_survive(folder, tmp_path, age):
    folder.write("a.yaml", config_map("a", x="1", y="1"))
    folder.start()
    kubectl = kube_tools.Kubectl(age, folder.kube, tmp_path, "default")
    kubectl.run("patch", "configmap", "a", "-p", '{"data": {"z": "mine", "x": "mine too"}}')
    kubectl.run("label", "configmap", "a", "mine=yes")
    # The folder's own fields are its own again with the next change; those that leave it go, the others stay.
    folder.write("a.yaml", config_map("a", x="2"))
    folder.wait_for("a", {"x": "2", "z": "mine"})
    folder.server.stop()
    folder.server.restart()
    folder.settled(3)
    assert folder.data("a") == {"x": "2", "z": "mine"}
    assert folder.get("a")["metadata"]["labels"] == {"mine": "yes"}


def test_a_kubectl_edit_is_made_again_at_the_next_start(folder):
    folder.write("a.yaml", config_map("a", x="1"))
    folder.start()
    path = MAPS.format("default", "a")
    assert folder.kube.ask("PATCH", path, {"data": {"x": "2"}}, "application/merge-patch+json").status == 200
    folder.stay("a", {"x": "2"}, 1)
    folder.server.stop()
    folder.server.restart()
    folder.wait_for("a", {"x": "1"})


def test_the_namespaces_that_are_always_there_stay(folder):
    folder.write("a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {a: b}}\n")
    folder.write("b.yaml", config_map("b"))
    assert folder.start() == (2, 0, 0)
    (folder.path / "a.yaml").unlink()
    folder.settled(2)
    folder.stay("b", {})
    assert folder.kube.ask("GET", "/api/v1/namespaces/default").tree["status"]["phase"] == "Active"


def test_the_environment_names_a_folder_relative_to_where_eddy_is(start_kube, tmp_path, monkeypatch):
    (tmp_path / "a/m").mkdir(parents=True)
    (tmp_path / "a/m/a.yaml").write_text(config_map("a"))
    monkeypatch.chdir(tmp_path / "a")
    monkeypatch.setenv("EDDY_APPLY", "../a/./m/")
    kube = start_kube()
    wait(lambda: kube.ask("GET", MAPS.format("default", "a")).status == 200, "not applied")
    found = kube.ask("GET", MAPS.format("default", "a")).tree
    assert found["metadata"]["annotations"] == {MARK: str(tmp_path / "a/m")}


def test_a_path_that_leads_nowhere_fails_the_start(start_kube, tmp_path):
    with pytest.raises(servers.ServerFailed) as ended:
        start_kube("--apply", tmp_path / "nowhere")
    assert f"--apply: there is no file or folder {tmp_path}/nowhere" in str(ended.value)
    assert "ended with 1 " in str(ended.value)
