# SPDX-License-Identifier: Apache-2.0
"""The command line for the Kubernetes API: where it finds the server, and what it says when there is none."""

import json
import os
import subprocess

import pytest
import servers


def evaluated(folder, data, moved_to="/"):
    """The content of the file that KUBECONFIG names once a shell in FOLDER has evaluated `eddy env` and moved on."""
    script = 'eval "$("$1" env --data "$2")" && cd "$3" && cat "$KUBECONFIG"'
    words = ["sh", "-c", script, "sh", servers.eddy_binary(), data, moved_to]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=True).stdout


@pytest.mark.parametrize("name", ["data", "./data", "it's $HOME `x`", 'two "words"'])
def test_a_shell_finds_the_kubeconfig_from_wherever_it_goes(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    (folder / "kubeconfig").write_text("this one")
    assert evaluated(tmp_path, name) == "this one"
    assert evaluated("/", str(folder)) == "this one"


def test_env_names_what_a_running_server_wrote(tmp_path, cli):
    server = servers.Eddy(tmp_path, arguments=["--kube", "127.0.0.1:0"])
    server.start()
    try:
        data = next(path.parent for path in tmp_path.rglob("kubeconfig"))
        written = json.loads(evaluated("/", str(data)))
        assert written["kind"] == "Config"
        assert written["clusters"][0]["cluster"]["server"].startswith("https://127.0.0.1:")
        assert json.loads(cli("env", "--json", "--data", data)) == {"KUBECONFIG": f"{data}/kubeconfig"}
    finally:
        server.stop()


def test_the_data_folder_comes_from_the_environment(tmp_path):
    (tmp_path / "kubeconfig").touch()
    environment = dict(os.environ, EDDY_DATA=str(tmp_path))
    said = subprocess.run([servers.eddy_binary(), "env"], env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout == f"export KUBECONFIG='{tmp_path}/kubeconfig'\n"


def test_without_a_kubeconfig_nothing_is_printed_and_the_way_out_is_named(tmp_path, cli):
    said = cli("env", "--data", tmp_path, code=1)
    for word in (str(tmp_path), "kubeconfig", "eddy serve", "--kube"):
        assert word in said
