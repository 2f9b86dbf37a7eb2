# SPDX-License-Identifier: Apache-2.0
"""run_main.py FILE [stay]: runs a tutorial file that only defines `async def main()`; stay: keeps its loop running."""

import asyncio
import runpy
import sys

names = runpy.run_path(sys.argv[1])


async def run():
    await names["main"]()
    if sys.argv[2:] == ["stay"]:
        print("main is done", flush=True)
        await asyncio.Event().wait()


asyncio.run(run())
