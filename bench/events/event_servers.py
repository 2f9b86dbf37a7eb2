# SPDX-License-Identifier: Apache-2.0
"""The servers that run.py compares: eddy with a Broker, and nginx as a reverse proxy; and the nginx that receives from both."""
import http.client
import json
import re
import shutil
import socket
import subprocess
import time

from bench import ROOT, Eddy
from servers import Server, ServerFailed, free_port

NGINX = ROOT / ".cache/nginx/usr/sbin/nginx"
START_SECONDS = 20
READY_SECONDS = 600
NAMESPACE = "default"
EVENTING = f"/apis/eventing.knative.dev/v1/namespaces/{NAMESPACE}"

NGINX_CONFIG = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/log;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {upstream}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        {locations}
    }}
}}
"""


def cpu_us(pid):
    """By the clock of the process (clock_getcpuclockid), which is finer than the ticks in /proc."""
    return time.clock_gettime(~pid << 3 | 2) * 1e6


class Nginx(Server):
    """One process that does everything, as a worker does. Nothing is logged."""

    def __init__(self, folder, locations, upstream=""):
        super().__init__(folder)
        self.port = free_port()
        self.locations, self.upstream = locations, upstream

    @staticmethod
    def program():
        return shutil.which("nginx") or NGINX

    @classmethod
    def is_available(cls):
        return shutil.which("nginx") is not None or NGINX.exists()

    @classmethod
    def version(cls):
        words = subprocess.run([cls.program(), "-v"], capture_output=True, text=True, check=True).stderr
        return words.split("/")[-1].strip()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(folder=self.folder, port=self.port, upstream=self.upstream, locations=self.locations))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([self.program(), "-p", self.folder, "-c", config, "-e", self.log_path], stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                if not self.is_running() or time.monotonic() > deadline:
                    raise ServerFailed(f"nginx does not start\n{self.log()}") from None
                time.sleep(0.01)


class Receiver(Nginx):
    """Answers 202 to whatever comes, and counts it."""

    def __init__(self, folder):
        super().__init__(folder, "location / { return 202; }\n        location = /status { stub_status; }")

    def start(self):
        super().start()
        self.link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        self.looks = 0
        return self

    def count(self):
        self.link.request("GET", "/status")
        self.looks += 1
        return int(re.search(r"^ \d+ \d+ (\d+)", self.link.getresponse().read().decode(), flags=re.M)[1]) - self.looks

    def wait(self, wanted, seconds=120):
        """Until it has so many. Returns when that was (time.monotonic)."""
        deadline = time.monotonic() + seconds
        while (count := self.count()) < wanted:
            if time.monotonic() > deadline:
                raise ServerFailed(f"{count} of {wanted} events have arrived")
            time.sleep(0.002)
        return time.monotonic()


class Proxy(Nginx):
    """What comes goes on to the receiver, over connections that are kept."""

    path = "/"

    def __init__(self, folder, receiver):
        upstream = f"upstream receiver {{ server {receiver.address}; keepalive 256; keepalive_requests 1000000000; keepalive_timeout 1h; }}"
        locations = 'location / { proxy_pass http://receiver; proxy_http_version 1.1; proxy_set_header Connection ""; }'
        super().__init__(folder, locations, upstream)


class EddyEvents(Eddy):
    """With a Broker, and as many Triggers as it is asked for."""

    path = f"/{NAMESPACE}/default"

    def __init__(self, folder):
        super().__init__(folder, ["--kube", "127.0.0.1:0", "--kube-tls=false"])

    @property
    def address(self):
        return "{}:{}".format(*self.doors["events"])

    def start(self):
        super().start()
        self.token = json.loads((self.data / "kubeconfig").read_text())["users"][0]["user"]["token"]
        self.link = http.client.HTTPConnection(*self.doors["kube"], timeout=60)
        return self

    def ask(self, method, path, tree=None):
        self.link.request(method, path, tree and json.dumps(tree), {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        answer = self.link.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise ServerFailed(f"{method} {path}: {answer.status} {body}")
        return json.loads(body)

    def create(self, kind, name, spec):
        self.ask("POST", f"{EVENTING}/{kind.lower()}s", {
            "apiVersion": "eventing.knative.dev/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})

    def wait_ready(self, kind, count):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            items = self.ask("GET", f"{EVENTING}/{kind.lower()}s")["items"]
            ready = sum(any(one["type"] == "Ready" and one["status"] == "True" for one in item.get("status", {}).get("conditions", []))
                        for item in items)
            if ready == count:
                return
            time.sleep(0.2)
        raise ServerFailed(f"{ready} of {count} {kind}s are ready")

    def broker(self):
        self.create("Broker", "default", {})
        self.wait_ready("Broker", 1)

    def triggers(self, specs, before=0):
        """Creates them, and waits until all, with those that were there before, are ready."""
        for number, spec in enumerate(specs, before):
            self.create("Trigger", f"t{number}", {"broker": "default", **spec})
        self.wait_ready("Trigger", before + len(specs))
