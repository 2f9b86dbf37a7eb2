# SPDX-License-Identifier: Apache-2.0
"""Everything about who may come in at once, while the users change: logins with right and wrong secrets, plain and hashed,
nkeys, permissions, answers, clients that go in the middle of it, and SIGHUP all the time. script/test runs it under ASan
and TSan too; what must hold whatever happens is asserted while it runs.
"""

import asyncio
import base64
import itertools
import json
import os
import random
import signal

import nats_cases
import nkeys
import pytest

SEED = b"SUAMLK2ZNL35WSMW37E7UD4VZ7ELPKW7DHC3BWBSD2GCZ7IUQQXZIORRBU"
NKEY = "UCK5N7N66OBOINFXAYC2ACJQYFSOD4VYNU6APEJTAVFZB2SVHLKGEW7L"
CLIENTS = 40
RELOAD_SECONDS = 0.1
PATIENCE = 20

# Each file has other users, passwords, permissions; in all of them `secret.>` is denied to those whose name begins with
# "ruled", nobody has the password "nope", and what one account publishes has its name as payload.
RULES = [
    '{ publish: ["open.>", "_R.>"], subscribe: { deny: "secret.>" } }',
    '{ subscribe: { allow: [">", "open.* q"], deny: ["secret.>", "open.b q"] } }',
    '{ publish: { deny: "secret.>" }, subscribe: { allow: "open.>", deny: "secret.>" }, allow_responses: true }',
    '{ publish: "none", subscribe: { allow: ["svc", "_R.>"], deny: "secret.>" }, allow_responses: { max: 2, expires: "50ms" } }',
]


def config(version):
    def users(account):
        rows = [f"{{ user: {account}{i}, password: p{i}{version if i % 3 == 0 else ''} }}" for i in range(6) if i != version]
        return "users = [ " + ", ".join(rows)

    ruled = [f"{{ user: ruled{i}, password: r, permissions: {RULES[(i + version) % len(RULES)]} }}" for i in range(4)]
    hashed = [f'{{ user: hashed{i}, password: "{nats_cases.BCRYPT}" }}' for i in range(2 + version % 2)]
    nkey = [f"{{ nkey: {NKEY} }}"] if version != 2 else []
    rest = ", ".join(ruled + hashed + nkey)
    return (
        f"accounts {{\n A {{ {users('a')}, {rest} ] }}\n B {{ {users('b')} ] }}\n}}\n"
        + ("no_auth_user: b5\n" if version % 2 else "")
        + (f'tls {{ cert_file: "{nats_cases.CERTIFICATE}", key_file: "{nats_cases.CERTIFICATE}" }}\nallow_non_tls: true\n' if version == 3 else "")
    )


class Peer:
    """One connection, which may end at any time: then what it is asked for raises OSError or IncompleteReadError."""

    def __init__(self, reader, writer, nonce):
        self.reader, self.writer, self.nonce = reader, writer, nonce

    @classmethod
    async def open(cls, address):
        reader, writer = await asyncio.open_connection(*address)
        line = await reader.readuntil(b"\r\n")
        return cls(reader, writer, json.loads(line[5:]).get("nonce", "") if line.startswith(b"INFO ") else "")

    async def say(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def connect(self, **options):
        words = json.dumps({"verbose": False, "headers": True, **options})
        await self.say(f"CONNECT {words}\r\nPING\r\n".encode())

    async def hear(self):
        """The next line, and the payload when it is a message."""
        line = await self.reader.readuntil(b"\r\n")
        if line.startswith(b"MSG "):
            return line, (await self.reader.readexactly(int(line.split()[-1]) + 2))[:-2]
        if line == b"PING\r\n":
            await self.say(b"PONG\r\n")
        return line, b""

    async def until_pong(self):
        heard = []
        while (event := await self.hear())[0] != b"PONG\r\n":
            heard.append(event)
        return heard

    def sign(self):
        return base64.urlsafe_b64encode(nkeys.from_seed(bytearray(SEED)).sign(self.nonce.encode())).rstrip(b"=").decode()


class Crowd:
    """What the clients do, one step after the other, and what they saw."""

    def __init__(self, address, dice):
        self.address, self.dice = address, dice
        self.let_in = dict.fromkeys(("plain", "ruled", "hashed", "nkey", "anonymous"), 0)
        self.heard = self.denied = 0

    def check(self, name, event):
        line, payload = event
        self.heard += line.startswith(b"MSG ")
        self.denied += b"Violation" in line
        if line.startswith(b"MSG ") and not line.startswith(b"MSG $"):  # nats-server tells of some accounts what happens in them
            account = b"B" if name[0] == "b" else b"A"
            assert payload in (account, b"ask"), f"{name} heard {event}"
            assert not (name.startswith("ruled") and line.startswith(b"MSG secret.")), f"{name} heard {event}"

    async def come_in(self, kind):
        peer = await Peer.open(self.address)
        name = {"plain": self.dice.choice("ab") + str(self.dice.randrange(6)), "ruled": f"ruled{self.dice.randrange(4)}"}.get(kind, kind)
        if kind == "plain":
            number = name[1]
            options = {"user": name, "pass": self.dice.choice([f"p{number}", *(f"p{number}{i}" for i in range(4))])}
        elif kind == "ruled":
            options = {"user": name, "pass": "r"}
        elif kind == "hashed":
            options = {"user": f"hashed{self.dice.randrange(3)}", "pass": "builder"}
        elif kind == "nkey":
            options = {"nkey": NKEY, "sig": peer.sign()}
        else:
            name, options = "b5", {}
        await peer.connect(**options)
        heard = await peer.until_pong()
        assert not any(b"Authorization" in line for line, _ in heard)
        self.let_in[kind] += 1
        return peer, name

    async def talks(self, kind):
        peer, name = await self.come_in(kind)
        account = b"B" if name[0] == "b" else b"A"
        words = [
            b"SUB > 1\r\nSUB open.* q 2\r\nSUB svc 3\r\nSUB secret.> 4\r\nSUB secret.a 5\r\nSUB _R.%d 6\r\n" % self.dice.randrange(9),
            b"PUB secret.a 1\r\n%s\r\nPUB open.b 1\r\n%s\r\nPUB elsewhere 1\r\n%s\r\n" % ((account,) * 3),
            b"PUB svc _R.%d 3\r\nask\r\n" % self.dice.randrange(9),
            b"UNSUB 1\r\nUNSUB 2 3\r\nSUB open.b q 7\r\nSUB secret.* q 8\r\n",
        ]
        for _ in range(self.dice.randrange(1, 12)):
            await peer.say(self.dice.choice(words) + b"PING\r\n")
            for event in await peer.until_pong():
                self.check(name, event)
                line = event[0].split()
                if line[0] == b"MSG" and line[1] == b"svc" and len(line) == 5:
                    await peer.say(b"PUB %s 1\r\n%s\r\n" % (line[3], account) * self.dice.randrange(4))
        if self.dice.random() < 0.3:
            await peer.connect(user="ruled1", **{"pass": self.dice.choice(["r", "nope"])})
            await peer.until_pong()
        return peer

    async def lies(self, kind):
        """Nobody is let in with a wrong secret."""
        peer = await Peer.open(self.address)
        wrong = {
            "plain": {"user": "a1", "pass": "nope"},
            "ruled": {"user": "ruled0", "pass": "nope"},
            "hashed": {"user": "hashed0", "pass": "nope"},
            "nkey": {"nkey": NKEY, "sig": base64.urlsafe_b64encode(os.urandom(64)).decode()},
            "anonymous": {"auth_token": "nope"},
        }
        await peer.connect(**wrong[kind])
        heard = await peer.reader.read(1 << 16)
        assert b"PONG" not in heard, heard
        return peer

    async def leaves(self, kind):
        """In the middle of a login, of a command."""
        peer = await Peer.open(self.address)
        words = [b'CONNECT {"user":"hashed0","pass":"builder"}\r\nPING\r\n', b"CONNECT {", b"PUB a 5\r\nab", b"", b"\r\n",
                 b"\x16\x03\x01\x02\x00"]
        await peer.say(self.dice.choice(words))
        await asyncio.sleep(self.dice.random() * 0.05)
        return peer

    async def run(self, until):
        while asyncio.get_running_loop().time() < until:
            kind = self.dice.choice(list(self.let_in))
            peer = None
            try:
                async with asyncio.timeout(PATIENCE):
                    peer = await self.dice.choices((self.talks, self.lies, self.leaves), (6, 2, 2))[0](kind)
            except TimeoutError:
                raise AssertionError(f"no answer within {PATIENCE} s to {kind}") from None
            except (OSError, asyncio.IncompleteReadError):
                pass  # it was closed: a reload, a wrong password of this moment
            finally:
                if peer is not None:
                    peer.writer.transport.abort() if self.dice.random() < 0.5 else peer.writer.close()


async def reload(server, path, until):
    for version in itertools.cycle(range(4)):
        if asyncio.get_running_loop().time() >= until:
            return
        path.with_suffix(".new").write_text(config(version))
        path.with_suffix(".new").rename(path)
        server.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(RELOAD_SECONDS)


async def works(address, **options):
    peer = await Peer.open(address)
    if "nkey" in options:
        options["sig"] = peer.sign()
    await peer.connect(**options)
    await peer.until_pong()
    peer.writer.close()


@pytest.mark.parametrize("seconds", [4, pytest.param(20, marks=pytest.mark.full)])
@pytest.mark.parametrize("is_auth", [True, False], ids=["eddy", "nats-server"])
def test_everybody_comes_and_goes_while_the_users_change(start_nats, is_auth, seconds):
    server = start_nats(config(0), None, is_auth)
    path = server.folder / ("auth.conf" if is_auth and server.is_eddy else "server.conf")
    crowd = Crowd(server.nats_address, random.Random(7))

    async def test():
        until = asyncio.get_running_loop().time() + seconds
        await asyncio.gather(reload(server, path, until), *(crowd.run(until) for _ in range(CLIENTS)))
        seen = f"let in {crowd.let_in}, heard {crowd.heard}, denied {crowd.denied}"
        # nats-server takes no other no_auth_user while it runs.
        assert all(count for kind, count in crowd.let_in.items() if server.is_eddy or kind != "anonymous"), seen
        assert crowd.heard > 100 and crowd.denied > 10, seen
        print(seen)
        # It works as if nothing had been.
        path.write_text(config(0))
        server.process.send_signal(signal.SIGHUP)
        await asyncio.sleep(1)
        for options in ({"user": "a1", "pass": "p1"}, {"user": "ruled3", "pass": "r"}, {"user": "hashed1", "pass": "builder"}, {"nkey": NKEY}):
            await asyncio.wait_for(works(server.nats_address, **options), PATIENCE)

    asyncio.run(test())
