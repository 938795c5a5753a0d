"""Clients that send a byte of their request each second, and reconnect when they are disconnected.

python -m benchmarks.slow_clients PORT COUNT
"""

import argparse
import asyncio
from collections.abc import Sequence

_REQUEST = b"GET /ask?q=who+is+slow HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"x" * 500


async def send_slowly(port: int) -> None:
    """One client, without end."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for at in range(len(_REQUEST)):
                writer.write(_REQUEST[at : at + 1])
                await writer.drain()
                await asyncio.sleep(1)
        except OSError:
            await asyncio.sleep(1)


async def run(port: int, count: int) -> None:
    """All clients, until they are stopped."""
    await asyncio.gather(*(send_slowly(port) for _ in range(count)))


def main(argv: Sequence[str] | None = None) -> None:
    """Start as many clients as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    arguments = parser.parse_args(argv)
    asyncio.run(run(arguments.port, arguments.count))


if __name__ == "__main__":
    main()
