# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the black-box tests.

broker  a running server that the tests of one file share; eddy, or the peer with --peer kafka
nats_server  a running eddy that the tests of one file share, for its NATS door
nats_door  starts one with a NATS door; eddy, or the peer with --peer nats
kube    a running eddy with a Kubernetes API that the tests of one file share (`kube_tools.Kube`; KUBE_ENVIRONMENT of the file has
        options for it); `start_kube` for one test; `kubectl` is the oldest and the newest kubectl on it, `both` eddy's own
        commands and the newest
eddy    a running eddy of its own, for tests that restart it, kill it or look into its folder
topic   a name that no other test uses
cli     runs a subcommand
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import uuid

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import servers  # noqa: E402

RUNNING = pytest.StashKey()


def pytest_addoption(parser):
    parser.addoption("--peer", choices=["eddy", "kafka", "nats"], default="eddy", help="what the tests run against")


def is_peer(config, name=None):
    """Whether the tests run against a peer, or against the one of that name."""
    chosen = config.getoption("--peer")
    return chosen == name if name else chosen != "eddy"


@pytest.fixture(scope="session")
def peer(request, tmp_path_factory):
    """One Apache Kafka for the whole run."""
    if not servers.Kafka.is_available():
        pytest.skip("Apache Kafka's jars are not there: script/setup --full")
    server = servers.Kafka(tmp_path_factory.mktemp("kafka")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def broker(request, tmp_path_factory):
    if is_peer(request.config, "nats"):
        pytest.skip("nats-server has no Kafka door")
    if is_peer(request.config, "kafka"):
        yield request.getfixturevalue("peer")
        return
    server = servers.Eddy(tmp_path_factory.mktemp("eddy")).start()
    request.config.stash.setdefault(RUNNING, []).append(server)
    yield server
    request.config.stash[RUNNING].remove(server)
    server.finish()


@pytest.fixture(scope="module")
def nats_server(request, broker):
    if is_peer(request.config):
        pytest.skip("Apache Kafka has no NATS door")
    return broker


def new_nats(config, folder, text="", options=None, is_auth=False):
    """A server with a NATS door, not yet started: the peer with the configuration TEXT, or eddy, which takes OPTIONS from
    its environment, and TEXT where it has none; as a file of --nats-auth when it says only who may come in."""
    if is_peer(config, "kafka"):
        pytest.skip("Kafka has no NATS door")
    if is_peer(config, "nats"):
        if not servers.Nats.is_available():
            pytest.skip("nats-server is not there: script/setup --full")
        return servers.Nats(folder, text)
    if is_auth:
        path = folder / "auth.conf"
        path.write_text(text)
        return servers.Eddy(folder, ["--nats", f"127.0.0.1:{servers.free_port()}", "--nats-auth", path], options)
    if options is not None or not text:
        return servers.Eddy(folder, ["--nats", f"127.0.0.1:{servers.free_port()}"], options)
    return servers.Nats(folder, text, binary=servers.eddy_as_nats_server(folder))


@contextlib.contextmanager
def nats_servers(config, new_folder):
    """A function that starts servers with a NATS door; all are ended behind it."""
    started = []

    def start(text="", options=None, is_auth=False):
        server = new_nats(config, new_folder(), text, options, is_auth)
        try:
            server.start()
        except servers.NotServed as refusal:
            pytest.skip(f"eddy does not serve this yet: {refusal}")
        started.append(server)
        config.stash.setdefault(RUNNING, []).append(started[-1])
        return started[-1]

    yield start
    for server in started:
        config.stash[RUNNING].remove(server)
        server.finish()


@pytest.fixture(scope="module")
def nats_door(request, tmp_path_factory):
    """nats_door(text="", options=None, is_auth=False): a running server, shared by the tests of one file that ask for the same."""
    with nats_servers(request.config, lambda: tmp_path_factory.mktemp("nats")) as start:
        running = {}

        def find_or_start(text="", options=None, is_auth=False):
            if text not in running:
                running[text] = start(text, options, is_auth)
            return running[text]

        yield find_or_start


@pytest.fixture
def start_nats(request, tmp_path_factory):
    """start_nats(text="", options=None, is_auth=False): such a server for one test, which may stop and restart it."""
    with nats_servers(request.config, lambda: tmp_path_factory.mktemp("nats")) as start:
        yield start


@contextlib.contextmanager
def kube_servers(config, folder):
    """A function that starts an eddy with a Kubernetes API, on a port that it keeps over a restart."""
    if is_peer(config):
        pytest.skip("no peer has a Kubernetes API")
    import kube_tools  # of client/, where the tests are

    started = []

    def start(*arguments, environment=None):
        door = f"127.0.0.1:{servers.free_port()}"
        started.append(servers.Eddy(folder / f"kube{len(started)}", ["--kube", door, *arguments], environment))
        config.stash.setdefault(RUNNING, []).append(started[-1])
        return kube_tools.Kube(started[-1].start())

    yield start
    for server in started:
        config.stash[RUNNING].remove(server)
        if server.process is not None:
            server.finish()


@pytest.fixture(scope="module")
def kube(request, tmp_path_factory):
    with kube_servers(request.config, tmp_path_factory.mktemp("kube")) as start:
        yield start(environment=getattr(request.module, "KUBE_ENVIRONMENT", None))


@pytest.fixture(scope="module", params=["old", "new"])
def age(request, kube):
    """Which kubectl."""
    kube.define_widgets()
    return request.param


@pytest.fixture(scope="module")
def home(age, tmp_path_factory):
    """One for all tests with this kubectl: what it has learnt of the server stays in its cache."""
    return tmp_path_factory.mktemp(f"home-{age}")


@pytest.fixture
def kubectl(kube, age, home):
    """kubectl in a namespace of its own."""
    import kube_tools

    return kube_tools.Kubectl(age, kube, home, kube.new_space())


@pytest.fixture(scope="module")
def newest_home(kube, tmp_path_factory):
    kube.define_widgets()
    return tmp_path_factory.mktemp("home-newest")


@pytest.fixture
def both(kube, newest_home, tmp_path):
    """eddy's commands and the newest kubectl in a namespace of their own."""
    import kube_tools

    return kube_tools.Both(kube, tmp_path, newest_home)


@pytest.fixture
def start_kube(request, tmp_path):
    """start_kube(*arguments, environment=None): such a server for one test, which may stop, kill and restart it."""
    with kube_servers(request.config, tmp_path) as start:
        yield start


@pytest.fixture
def start_eddy(request, tmp_path):
    """start_eddy(*arguments, environment=None): starts eddy in a folder of its own; ended after the test."""
    if is_peer(request.config):
        pytest.skip("looks into eddy itself, not at the protocol")
    started = []

    def start(*arguments, environment=None, folder=None):
        server = servers.Eddy(folder or tmp_path / f"eddy{len(started)}", arguments, environment)
        started.append(server)
        request.config.stash.setdefault(RUNNING, []).append(server)
        return server.start()

    yield start
    for server in started:
        request.config.stash[RUNNING].remove(server)
        if server.process is not None:
            server.finish()


@pytest.fixture
def eddy(start_eddy):
    return start_eddy()


@pytest.fixture
def topic():
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def cli(tmp_path):
    """cli(*arguments, lines=None, code=0): runs a subcommand of eddy; its standard output, or the error for code > 0."""
    binary = servers.Eddy(tmp_path).binary

    def run(*arguments, lines=None, code=0):
        done = subprocess.run(
            [binary, *map(str, arguments)],
            input="".join(line + "\n" for line in lines or []),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}{done.stderr}"
        if code:
            assert done.stderr.strip(), "a failure says what to do"
        return done.stderr if code else done.stdout

    return run


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for server in item.config.stash.get(RUNNING, []):
            report.sections.append((f"log of {server.folder.name}", server.log()))


@pytest.fixture
def promtool():
    path = shutil.which("promtool", path=f"{os.environ['PATH']}:{servers.ROOT}/.cache/promtool/usr/bin")
    if path is None:
        pytest.skip("promtool is not installed")
    return path
