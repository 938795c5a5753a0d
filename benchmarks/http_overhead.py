"""What HTTP costs around an answer: processor time per request, through a real gunicorn.

    python -m benchmarks.http_overhead [--index index]

One worker, several clients that ask again as soon as they are answered.  A cached answer needs no
search, so all that it costs is HTTP; the minimal Flask app has the same for what it does not have.
"""

import asyncio
import json
import statistics
from pathlib import Path
from urllib.parse import quote

import click
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.clients import Client
from benchmarks.servers import Server, serve

_HOST, _CLIENTS, _QUESTIONS, _BATCH = "127.0.0.1", 8, 40, 1000

console = Console(width=100)


def measure(server: Server, paths: list[str], rounds: int) -> float:
    """The processor time of a request to one of *paths*, in ms: the median of *rounds*."""
    # What is cached is in the cache by then, in every round.
    asyncio.run(_ask(server.port, paths, 2 * len(paths)))
    times = []
    for _ in range(rounds):
        before = server.processor_seconds()
        asyncio.run(_ask(server.port, paths, _BATCH))
        times.append((server.processor_seconds() - before) / _BATCH * 1000)
    return statistics.median(times)


async def _ask(port: int, paths: list[str], count: int) -> None:
    """Send *count* requests by several clients at once."""
    requests = [f"GET {path} HTTP/1.1\r\nHost: {_HOST}\r\n\r\n".encode() for path in paths]

    async def ask_again(client: Client, first: int) -> None:
        for number in range(first, count, _CLIENTS):
            if not await client.ask(requests[number % len(requests)]):
                raise click.ClickException("The service broke a connection.")

    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(Client, _HOST, port))[1] for _ in range(min(_CLIENTS, count))
    ]
    await asyncio.gather(*(ask_again(client, n) for n, client in enumerate(clients)))


@click.command(context_settings={"show_default": True})
@click.option("--index", type=click.Path(path_type=Path), default=Path("index"))
@click.option("--rounds", default=7)
def main(index: Path, rounds: int) -> None:
    """Print the processor time of each kind of request."""
    lines = (index / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [f"/ask?q={quote(json.loads(line)['question'])}" for line in lines[:_QUESTIONS]]
    table = Table("request", "processor time, ms", box=box.MARKDOWN)
    with serve("verbatim", index.resolve(), workers=1, max_requests=0) as server:
        for name, paths in (
            ("/livez", ["/livez"]),
            ("nothing at this address", ["/nothing"]),
            ("a cached answer", asked),
        ):
            table.add_row(name, f"{measure(server, paths, rounds):.2f}")
    # It opens its index, which there need not be, with the first question.
    with serve("tantivy", index.resolve(), workers=1) as server:
        table.add_row(
            "a minimal Flask app: nothing", f"{measure(server, ['/nothing'], rounds):.2f}"
        )
    console.print(table)


if __name__ == "__main__":
    main()
