# SPDX-License-Identifier: Apache-2.0
"""Servers that tests and benchmarks start: the built eddy, and its peers, an unmodified Apache Kafka and nats-server.

Each runs on 127.0.0.1 and ports that are free, in a folder of its own, and is ended by its process id.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 20
KAFKA_START_SECONDS = 60
STOP_SECONDS = 20


class ServerFailed(Exception):
    """The server did not start, did not stop, or complained; the text holds the end of its log."""


class NotServed(ServerFailed):
    """Eddy, by the name of nats-server, said that it does not serve yet what it was asked for."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One process with a data folder. `host`, `port` and `bootstrap` are those of its Kafka door."""

    host = "127.0.0.1"
    port = 0
    is_eddy = False

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.log_path = self.folder / "log"
        self.process = None

    @property
    def bootstrap(self):
        return f"{self.host}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def log(self, size=6000):
        return self.log_path.read_text(errors="replace")[-size:] if self.log_path.exists() else ""

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """Ends the process as a crash would: nothing of its own runs any more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self):
        """Ends the process in order and returns its exit code."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise ServerFailed(f"did not stop within {STOP_SECONDS} s\n{self.log()}") from None
        return self.process.returncode

    def complaints(self):
        """What a sanitizer said, or an empty string."""
        found = re.search(r"(ERROR: \w+Sanitizer|runtime error:|WARNING: ThreadSanitizer).*", self.log(1 << 20), flags=re.S)
        return found.group(0)[:6000] if found else ""

    def finish(self):
        """Ends it and complains about what only shows at the end: leaks, a bad exit."""
        code = self.stop() if self.is_running() else 0
        words = self.complaints()
        assert not words, words
        assert not self.is_eddy or code == 0, f"exit code {code}\n{self.log()}"

    def peak_memory_bytes(self):
        return self._status_kilobytes("VmHWM") * 1024

    def memory_bytes(self):
        return self._status_kilobytes("VmRSS") * 1024

    def _status_kilobytes(self, field):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="ascii", errors="replace")
        return int(re.search(rf"^{field}:\s*(\d+)", text, flags=re.M).group(1))

    def cpu_seconds(self):
        """User and system time of the process and all its threads so far."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def eddy_binary():
    return pathlib.Path(os.environ.get("EDDY_BINARY") or ROOT / "build/eddy").resolve()


class Eddy(Server):
    """`eddy serve` on a folder. `doors` maps each door's name to its (host, port) once it is ready."""

    is_eddy = True

    def __init__(self, folder, arguments=(), environment=None, binary=None):
        super().__init__(folder)
        self.binary = pathlib.Path(binary).resolve() if binary else eddy_binary()
        self.arguments = list(arguments)
        self.environment = environment or {}
        self.doors = {}
        self.nats_port = 0
        self.monitor_port = 0

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        out_path = self.folder / "out"
        command = [self.binary, "serve", "--data", self.data, "--kafka", f"127.0.0.1:{self.port}", "--console", "127.0.0.1:0", *self.arguments]
        # An eddy from before it had these doors, with which bench/instructions compares, does not mind the environment.
        doors = {"EDDY_NATS": f"127.0.0.1:{self.nats_port}", "EDDY_NATS_MONITOR": f"127.0.0.1:{self.monitor_port}"}
        doors["EDDY_KUBE"] = "off"  # tests of the Kubernetes API open it, and this one with it
        doors["EDDY_EVENTS"] = "127.0.0.1:0"
        with open(out_path, "wb") as out, open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=out, stderr=log, env={**os.environ, **doors, **self.environment})
        deadline = time.monotonic() + START_SECONDS
        while not re.search(r"^ready", out_path.read_text(errors="replace"), flags=re.M):
            if self.process.poll() is not None:
                raise ServerFailed(f"ended with {self.process.returncode} before it was ready\n{self.log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"not ready within {START_SECONDS} s\n{out_path.read_text()}\n{self.log()}")
            time.sleep(0.002)
        for door, host, port in re.findall(r"^([\w-]+) listening on (\S+):(\d+)$", out_path.read_text(), flags=re.M):
            self.doors.setdefault(door, (host, int(port)))
        self.host, self.port = self.doors["kafka"]
        self.nats_port = self.doors["nats"][1] if "nats" in self.doors else 0
        return self

    @property
    def nats(self):
        return f"nats://{self.host}:{self.nats_port}"

    @property
    def nats_address(self):
        return self.doors["nats"]

    @property
    def monitor_address(self):
        return self.doors["nats-monitor"]

    def restart(self):
        """Starts again on the same folder and the same ports for Kafka and NATS, after stop() or kill()."""
        self.doors = {}
        return self.start()


def eddy_as_nats_server(folder):
    """A link by whose name eddy takes nats-server's flags and configuration."""
    link = pathlib.Path(folder) / "nats-server"
    if not link.is_symlink():
        link.symlink_to(eddy_binary())
    return link


class Nats(Server):
    """A nats-server with a configuration in its own syntax. `host` and `port` are those of its client port. The newest
    that script/setup --full built, or another program that goes by its name (`binary`): eddy does."""

    peer = ROOT / ".cache/nats/nats-server"

    def __init__(self, folder, config="", arguments=(), binary=None):
        super().__init__(folder)
        self.config = config
        self.arguments = list(arguments)
        self.binary = pathlib.Path(binary or self.peer)
        self.is_eddy = binary is not None and self.binary.resolve() == eddy_binary()

    @classmethod
    def is_available(cls):
        return cls.peer.exists()

    @classmethod
    def version(cls):
        words = subprocess.run([cls.peer, "-v"], capture_output=True, text=True, timeout=60, check=True).stdout
        return words.split("v")[-1].strip()

    @property
    def nats_address(self):
        return self.host, self.port

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        path = self.folder / "server.conf"
        path.write_text(self.config)
        command = [self.binary, "-a", self.host, "-p", str(self.port), "-c", path, *self.arguments]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                failure = NotServed if " yet\n" in self.log() else ServerFailed
                raise failure(f"ended with {self.process.returncode} before it was ready\n{self.log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"not ready within {START_SECONDS} s\n{self.log()}")
            time.sleep(0.01)
        return self

    def restart(self):
        return self.start()

    def _answers(self):
        """Whether INFO comes; then waits until the server has noticed that this connection is gone again."""
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as connection:
                if not connection.recv(5).startswith(b"INFO"):
                    return False
        except TimeoutError:  # INFO comes behind the handshake
            return "handshake_first" in self.config
        except OSError:
            return False
        time.sleep(0.05)
        return True


class Kafka(Server):
    """An Apache Kafka of one node (KRaft), from the jars that script/setup --full fetched."""

    jars = ROOT / ".cache/kafka/server"
    tools_jars = ROOT / ".cache/kafka/tools"

    def __init__(self, folder, settings=None, heap="1g", cluster=None):
        super().__init__(folder)
        self.settings = settings or {}
        self.heap = heap
        self.cluster = cluster or uuid.uuid4().hex[:22]

    @classmethod
    def is_available(cls):
        return any(cls.jars.glob("kafka_*.jar"))

    @classmethod
    def version(cls):
        return next(cls.jars.glob("kafka-clients-*.jar")).stem.rsplit("-", 1)[1]

    @classmethod
    def tool_command(cls, main_class, *arguments, heap="512m", quick=False):
        """The command line of one of Kafka's own tools; quick: to start soon rather than to run fast."""
        java = ["java", f"-Xmx{heap}", *(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"] if quick else [])]
        return [*java, "-cp", f"{cls.tools_jars}/*:{cls.jars}/*", main_class, *map(str, arguments)]

    def _write_settings(self):
        controller = free_port()
        self.port = self.port or free_port()
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "log.dirs": self.data,
            "offsets.topic.replication.factor": 1,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "transaction.state.log.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            **self.settings,
        }
        path = self.folder / "server.properties"
        path.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        return path

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self._write_settings()
        java = ["java", f"-Xms{self.heap}", f"-Xmx{self.heap}", "-XX:+UseG1GC", "-cp", f"{self.jars}/*"]
        if not (self.data / "meta.properties").exists():
            format_command = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{self.jars}/*", "kafka.tools.StorageTool"]
            done = subprocess.run(
                [*format_command, "format", "-t", self.cluster, "-c", path], capture_output=True, text=True, timeout=60, check=False
            )
            if done.returncode:
                raise ServerFailed(done.stdout + done.stderr)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*java, "kafka.Kafka", path], stdout=log, stderr=log)
        deadline = time.monotonic() + KAFKA_START_SECONDS
        while not self._answers():
            if self.process.poll() is not None:
                raise ServerFailed(f"Kafka ended with {self.process.returncode}\n{self.log()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServerFailed(f"Kafka was not ready within {KAFKA_START_SECONDS} s\n{self.log()}")
            time.sleep(0.02)
        return self

    def restart(self):
        return self.start()

    def _answers(self):
        """Whether ApiVersions v0 is answered: the door opens before the broker serves."""
        request = b"\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff"
        try:
            with socket.create_connection((self.host, self.port), timeout=2) as connection:
                connection.sendall(len(request).to_bytes(4, "big") + request)
                return len(connection.recv(64)) > 8
        except OSError:
            return False

    def complaints(self):
        return ""
