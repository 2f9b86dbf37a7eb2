# SPDX-License-Identifier: Apache-2.0
# Prints what is published to the subject "updates". COUNT ends it after that many messages. A plain nats-py program.
import asyncio
import os

import nats

server = os.environ.get("NATS_URL", "nats://localhost:4222")
count = int(os.environ.get("COUNT", "0"))


async def main():
    client = await nats.connect(server)
    subscription = await client.subscribe("updates")
    print("Subscribed to updates", flush=True)
    number = 0
    async for message in subscription.messages:
        print(f"Received: {message.data.decode()}", flush=True)
        number += 1
        if number == count:
            break
    await client.close()


asyncio.run(main())
