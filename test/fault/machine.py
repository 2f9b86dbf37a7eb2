# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with a disk of its own that runs eddy and nothing else, and whose power can be taken."""

import os
import pathlib
import re
import shutil
import subprocess
import time

import servers
from nbd_disk import Disk

KERNEL = servers.ROOT / ".cache/linux"
MODULES = ["virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk", "failover", "net_failover", "virtio_net"]
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"
DISK_BYTES = 512 << 20
MEMORY = "512M"
ADDRESS, HOST = "10.0.2.15", "10.0.2.2"  # of the machine and of what runs it, in QEMU's own network
START_SECONDS = 120  # the processor is emulated, so that it runs everywhere; so eddy is the release binary
FIRST_PROCESS = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in {modules}; do insmod /modules/$module.ko; done
ip link set lo up
ip link set eth0 up
ip addr add {address}/24 dev eth0
ip route add default via {host}
mount -t ext4 /dev/vda /data
exec /bin/eddy serve --data /data/eddy {arguments}
"""


def kernel():
    """Of script/setup --full, or None."""
    return next(iter(sorted(KERNEL.glob("boot/vmlinuz-*"))), None)


def missing():
    """What script/setup --full would bring, in words; "": nothing."""
    found = {name: shutil.which(name, path=PATH) for name in ("qemu-system-x86_64", "busybox", "mkfs.ext4")}
    found["Linux (.cache/linux)"] = kernel()
    return ", ".join(name for name, place in found.items() if place is None)


def libraries(program):
    """Where the dynamic linker finds what PROGRAM needs."""
    listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return [pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", listing)]


def make_root(folder, binary, manifests, arguments):
    """The files that the machine has in memory; returns them as the archive that Linux unpacks at its start."""
    root = folder / "root"
    for name in ("bin", "modules", "manifests", "proc", "sys", "dev", "data", "tmp"):
        (root / name).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin/busybox")
    shutil.copy(binary, root / "bin/eddy")
    for library in libraries(binary):
        (root / library.parent.relative_to("/")).mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library.relative_to("/"))
    for name in MODULES:
        shutil.copy(next(KERNEL.rglob(f"{name}.ko")), root / "modules")
    for name, text in manifests.items():
        (root / "manifests" / name).write_text(text)
    init = root / "init"
    init.write_text(FIRST_PROCESS.format(modules=" ".join(MODULES), address=ADDRESS, host=HOST, arguments=" ".join(arguments)))
    init.chmod(0o755)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
    archive = folder / "root.cpio"
    with open(archive, "wb") as out:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=out, stderr=subprocess.DEVNULL, check=True)
    return archive


class Machine(servers.Server):
    """eddy in a virtual machine, its Kafka door and that of events on 127.0.0.1. `disk` is nbd_disk.Disk."""

    is_eddy = True

    def __init__(self, folder, manifests, arguments=()):
        super().__init__(folder)
        self.port, self.events_port = servers.free_port(), servers.free_port()
        doors = ["--kafka", f"{ADDRESS}:{self.port}", "--kafka-advertise", f"127.0.0.1:{self.port}", "--events", f"{ADDRESS}:{self.events_port}"]
        others = ["--nats", "off", "--nats-monitor", "off", "--console", "off", "--kube", "127.0.0.1:6443", "--insecure", "--apply", "/manifests"]
        self.archive = make_root(self.folder, servers.ROOT / "build/eddy", manifests, [*doors, *others, *arguments])
        image = self.folder / "disk"
        with open(image, "wb") as file:
            file.truncate(DISK_BYTES)
        subprocess.run([shutil.which("mkfs.ext4", path=PATH), "-q", "-F", image], check=True)
        self.disk = Disk(image)
        self.doors = {"kafka": ("127.0.0.1", self.port), "events": ("127.0.0.1", self.events_port)}

    def start(self):
        forward = ",".join(f"hostfwd=tcp:127.0.0.1:{port}-{ADDRESS}:{port}" for port in (self.port, self.events_port))
        command = f"""qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m {MEMORY} -nodefaults -display none -serial stdio -no-reboot
            -kernel {kernel()} -initrd {self.archive} -netdev user,id=net,{forward} -device virtio-net-pci,netdev=net,romfile=
            -blockdev driver=nbd,node-name=disk,server.type=unix,server.path={self.disk.socket_path} -device virtio-blk-pci,drive=disk""".split()
        command += ["-append", "console=ttyS0 quiet panic=-1 mitigations=off"]
        begin = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + START_SECONDS
        while not re.search(rb"^ready", self.log_path.read_bytes()[begin:], flags=re.M):
            if not self.is_running() or time.monotonic() > deadline:
                raise servers.ServerFailed(f"the machine does not come up\n{self.log()}")
            time.sleep(0.05)
        return self

    def lose_power(self, command, chance, seed):
        """Just before the next flush, or write (COMMAND of nbd_disk). Returns how many sectors were not flushed; each is lost with that CHANCE."""
        self.disk.stick(command, START_SECONDS)
        self.kill()
        return self.disk.lose_power(chance, seed)

    def close(self):
        if self.is_running():
            self.kill()
        self.disk.close()
