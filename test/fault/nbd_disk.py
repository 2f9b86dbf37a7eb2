# SPDX-License-Identifier: Apache-2.0
"""A disk with a volatile cache, which a virtual machine reaches by NBD: what was not flushed when the power fails is lost, sector by
sector, or is not, as chance has it."""

import mmap
import os
import random
import socket
import struct
import threading

SECTOR = 512

# The NBD protocol: handshake flags, options and their answers; transmission flags and commands.
MAGIC, OPTION_MAGIC, REPLY_MAGIC = b"NBDMAGIC", b"IHAVEOPT", 0x3E889045565A9
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
OPT_EXPORT_NAME, OPT_ABORT, OPT_GO = 1, 2, 7
REP_ACK, REP_INFO, REP_ERR_UNSUP = 1, 3, 1 << 31 | 1
INFO_EXPORT = 0
HAS_FLAGS, SEND_FLUSH, SEND_FUA = 1, 4, 8
REQUEST_MAGIC, SIMPLE_REPLY_MAGIC = 0x25609513, 0x67446698
READ, WRITE, DISCONNECT, FLUSH = range(4)
COMMAND_FUA = 1
EINVAL = 22


class Gone(Exception):
    """The machine has ended."""


class Disk:
    """The image at PATH, for one machine at a time, at a socket beside it."""

    def __init__(self, path):
        self.size = path.stat().st_size
        with open(path, "r+b") as image:
            self.image = mmap.mmap(image.fileno(), self.size)
        self.stuck_at = None  # the command that is not answered any more; none is behind it
        self.is_stuck = threading.Event()
        self.before = {}  # what each sector was at the last flush, of those that were written since
        self.socket_path = path.with_suffix(".sock")
        self.is_idle = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.fspath(self.socket_path))
        self.listener.listen(1)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(20)
        self.listener.close()
        self.image.close()

    def stick(self, command, seconds):
        """Waits for the next COMMAND that meets something that is not flushed: that, and what comes behind it, is never done."""
        self.is_stuck.clear()
        self.stuck_at = command
        assert self.is_stuck.wait(seconds), "the disk has nothing to do"

    def lose_power(self, chance, seed):
        """Of the machine, which has ended: each sector that was not flushed is lost with that CHANCE. Returns how many there were."""
        assert self.is_idle.wait(20)
        choose = random.Random(seed)
        count = len(self.before)
        for sector, was in self.before.items():
            if choose.random() < chance:
                self.image[sector * SECTOR : (sector + 1) * SECTOR] = was
        self.before.clear()
        return count

    def _serve(self):
        while True:
            try:
                self.peer, _ = self.listener.accept()
            except OSError:
                return
            self.is_idle.clear()
            try:
                self._handshake()
                while self._request():
                    pass
            except (Gone, ConnectionError):
                pass
            self.peer.close()
            self.is_idle.set()

    def _take(self, format):
        return struct.unpack(format, self._bytes(struct.calcsize(format)))

    def _bytes(self, size):
        data = bytearray()
        while len(data) < size:
            more = self.peer.recv(size - len(data))
            if not more:
                raise Gone
            data += more
        return bytes(data)

    def _handshake(self):
        self.peer.sendall(MAGIC + OPTION_MAGIC + struct.pack(">H", FIXED_NEWSTYLE | NO_ZEROES))
        self._take(">I")
        flags = HAS_FLAGS | SEND_FLUSH | SEND_FUA
        while True:
            magic, option, size = self._take(">8sII")
            assert magic == OPTION_MAGIC
            self._bytes(size)

            def reply(kind, data=b"", option=option):
                self.peer.sendall(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(data)) + data)

            if option == OPT_GO:
                reply(REP_INFO, struct.pack(">HQH", INFO_EXPORT, self.size, flags))
                reply(REP_ACK)
                return
            if option == OPT_ABORT:
                reply(REP_ACK)
                raise Gone
            reply(REP_ERR_UNSUP)

    def _request(self):
        magic, flags, command, cookie, offset, size = self._take(">IHHQQI")
        assert magic == REQUEST_MAGIC
        error, data = 0, b""
        if command == DISCONNECT:
            return False
        if command == self.stuck_at and self.before:
            self._stay_stuck()
        if command == READ:
            data = self.image[offset : offset + size]
        elif command == WRITE:
            self._write(offset, self._bytes(size), flags & COMMAND_FUA)
        elif command == FLUSH:
            self.before.clear()
        else:
            error = EINVAL
        self.peer.sendall(struct.pack(">IIQ", SIMPLE_REPLY_MAGIC, error, cookie) + data)
        return True

    def _stay_stuck(self):
        self.stuck_at = None
        self.is_stuck.set()
        while self.peer.recv(1 << 20):
            pass
        raise Gone

    def _write(self, offset, data, is_durable):
        assert offset % SECTOR == 0 and len(data) % SECTOR == 0
        for sector in range(offset // SECTOR, (offset + len(data)) // SECTOR):
            if is_durable:
                self.before.pop(sector, None)
            elif sector not in self.before:
                self.before[sector] = self.image[sector * SECTOR : (sector + 1) * SECTOR]
        self.image[offset : offset + len(data)] = data
