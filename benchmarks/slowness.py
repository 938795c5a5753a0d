"""Clients that send a byte of their request each second, and come back when they are let go.

python -m benchmarks.slowness PORT COUNT
"""

import asyncio
import sys

_REQUEST = b"GET /ask?q=who+is+slow HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"x" * 500


async def slow(port: int) -> None:
    """One of them."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for at in range(len(_REQUEST)):
                writer.write(_REQUEST[at : at + 1])
                await writer.drain()
                await asyncio.sleep(1)
        except OSError:
            await asyncio.sleep(1)


async def main(port: int, count: int) -> None:
    """All of them, until they are stopped."""
    await asyncio.gather(*(slow(port) for _ in range(count)))


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
