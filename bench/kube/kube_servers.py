# SPDX-License-Identifier: Apache-2.0
"""The servers that run.py compares: eddy with its Kubernetes API, and a kube-apiserver with its etcd."""
import base64
import json
import pathlib
import re
import ssl
import subprocess
import time
import urllib.request

from bench import ROOT, Eddy
from servers import Server, ServerFailed, free_port

PEER = ROOT / ".cache/kube"
TOKEN = "bench-token"
START_SECONDS = 60


class KubeApi:
    """What both have: an address, a token, the processes whose cost counts, and a kubeconfig."""

    tls = True

    def open(self, path, body=None):
        request = urllib.request.Request(f"http{'s' if self.tls else ''}://{self.address}{path}", body and json.dumps(body).encode(),
                                         {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10, context=ssl._create_unverified_context()) as answer:  # noqa: S323
            return answer.read()

    def new_space(self, name):
        self.open("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def cpu_seconds_of_all(self):
        """By the clocks of the processes (clock_getcpuclockid), which are finer than the ticks in /proc."""
        return sum(time.clock_gettime(~int(pid) << 3 | 2) for pid in self.pids.split(","))

    def memory_mb(self):
        return sum(int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii"))[1])
                   for pid in self.pids.split(",")) * 1024 / 1e6

    def wait_ready(self, started):
        """Seconds until /readyz says so."""
        while True:
            try:
                self.open("/readyz")
                return time.monotonic() - started
            except OSError:
                if not self.is_running():
                    raise ServerFailed(self.log()) from None
                if time.monotonic() - started > START_SECONDS:
                    raise ServerFailed(f"not ready\n{self.log()}") from None
                time.sleep(0.002)


class EddyKube(Eddy, KubeApi):
    def __init__(self, folder, tls=True):
        self.kube_port = free_port()
        self.tls = tls
        super().__init__(folder, ["--kube", f"127.0.0.1:{self.kube_port}", f"--kube-tls={str(tls).lower()}"])

    @property
    def address(self):
        return f"127.0.0.1:{self.kube_port}"

    @property
    def pids(self):
        return str(self.pid)

    @property
    def kubeconfig(self):
        return self.data / "kubeconfig"

    @property
    def token(self):
        return json.loads(self.kubeconfig.read_text())["users"][0]["user"]["token"]


class PlainEddyKube(EddyKube):
    """The same without TLS."""

    def __init__(self, folder):
        super().__init__(folder, tls=False)


class KubeApiserver(Server, KubeApi):
    """etcd and kube-apiserver with their defaults, the caller one of system:masters (no limits of priority and fairness)."""

    token = TOKEN

    def __init__(self, folder):
        super().__init__(folder)
        self.port, self.etcd_port, self.etcd = free_port(), free_port(), None

    @classmethod
    def is_available(cls):
        return (PEER / "kube-apiserver").exists() and (PEER / "etcd").exists()

    @classmethod
    def version(cls):
        words = [subprocess.run([PEER / name, "--version"], capture_output=True, text=True, timeout=60, check=True).stdout
                 for name in ("kube-apiserver", "etcd")]
        return f"kube-apiserver {words[0].split()[-1]} on etcd {words[1].split()[2]}"

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pids(self):
        return f"{self.process.pid},{self.etcd.pid}"

    @property
    def kubeconfig(self):
        return self.folder / "kubeconfig"

    def write_kubeconfig(self):
        authority = base64.b64encode((self.folder / "certs/apiserver.crt").read_bytes()).decode()
        self.kubeconfig.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "bench",
            "clusters": [{"name": "bench", "cluster": {"server": f"https://{self.address}", "certificate-authority-data": authority}}],
            "users": [{"name": "bench", "user": {"token": TOKEN}}],
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}]}))

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        key = self.folder / "key"
        if not key.exists():
            subprocess.run(["openssl", "genrsa", "-out", key, "2048"], capture_output=True, check=True)
        (self.folder / "tokens").write_text(f'{TOKEN},bench,1,"system:masters"\n')
        etcd_address, peer_address = f"http://127.0.0.1:{self.etcd_port}", f"http://127.0.0.1:{free_port()}"
        etcd = [PEER / "etcd", "--data-dir", self.data, "--listen-client-urls", etcd_address, "--advertise-client-urls", etcd_address,
                "--listen-peer-urls", peer_address, "--initial-advertise-peer-urls", peer_address, "--initial-cluster", f"default={peer_address}",
                "--log-level", "error"]
        command = [PEER / "kube-apiserver", "--etcd-servers", etcd_address, "--bind-address", "127.0.0.1", "--secure-port", str(self.port),
                   "--cert-dir", self.folder / "certs", "--token-auth-file", self.folder / "tokens", "--authorization-mode", "RBAC",
                   "--service-account-issuer", "https://bench.example", "--service-account-key-file", key,
                   "--service-account-signing-key-file", key, "--service-cluster-ip-range", "10.0.0.0/24",
                   "--disable-admission-plugins", "ServiceAccount"]
        self.started = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.etcd = subprocess.Popen(etcd, stdout=log, stderr=log)
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            self.wait_ready(self.started)
        except BaseException:
            self.stop()
            raise
        self.write_kubeconfig()
        return self

    restart = start

    def stop(self):
        try:
            return super().stop()
        finally:
            if self.etcd is not None:
                self.etcd.terminate()
                self.etcd.wait(20)
