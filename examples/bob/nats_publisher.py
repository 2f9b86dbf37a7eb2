# SPDX-License-Identifier: Apache-2.0
# Publishes one greeting to the subject "updates". A plain nats-py program: it runs on eddy and on nats-server alike.
import asyncio
import os

import nats

server = os.environ.get("NATS_URL", "nats://localhost:4222")


async def main():
    client = await nats.connect(server)
    await client.publish("updates", b"Hello from NATS!")
    await client.drain()


asyncio.run(main())
