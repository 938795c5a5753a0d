"""Keep-alive clients that ask a service: at a fixed rate whatever comes back, or one after another.

    python -m benchmarks.clients PORT QUESTIONS PHASES

where QUESTIONS is a file of JSON and PHASES a list of phases in JSON:
`{"rate": 150, "seconds": 60}` sends 150 requests a second (an open loop: who is late finds the next
ones waiting), `{"at_once": 16, "seconds": 10}` keeps so many under way.  A line of JSON comes back
for each phase.

Times are counted from when a request was to be sent.
"""

import argparse
import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

_HOST = "127.0.0.1"
_PATIENCE = 30.0


class Client(asyncio.Protocol):
    """One connection; an answer is read as far as its length says."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self._answer: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        self._transport = transport  # type: ignore[assignment]

    def ask(self, request: bytes) -> "asyncio.Future[int]":
        """Send *request*; its status comes later, 0 when the connection breaks."""
        assert self._transport is not None  # noqa: S101 - for mypy
        self._data.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Look whether all of the answer is there."""
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0 or self._answer is None or self._answer.done():
            return
        head = bytes(self._data[:end]).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(self._data) >= end + 4 + length:
            self._answer.set_result(int(head.split(b" ", 2)[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell who waits that nothing comes."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(0)
        self._transport = None

    @property
    def open(self) -> bool:
        """Whether it can be asked again."""
        return self._transport is not None and not self._transport.is_closing()


class Timed(NamedTuple):
    """When a request was due, how long its response took from then on, and its status."""

    due: float
    milliseconds: float
    status: int


class Crowd:
    """Clients that are free, and all responses: when one was due, its milliseconds, its status."""

    def __init__(self, port: int, requests: list[bytes]) -> None:
        self._port = port
        self._requests = requests
        self._free: list[Client] = []
        self._random = random.Random(1)  # noqa: S311 - draws questions
        self.responses: list[Timed] = []

    async def ask(self, due: float) -> None:
        """Ask a question that was to be sent at the time *due*."""
        loop = asyncio.get_running_loop()
        try:
            client = await self._client()
            async with asyncio.timeout(_PATIENCE):
                status = await client.ask(self._random.choice(self._requests))
            if status and client.open:
                self._free.append(client)
        except (OSError, TimeoutError):
            status = 0
        self.responses.append(Timed(due, 1000 * (loop.time() - due), status))

    async def _client(self) -> Client:
        while self._free:
            client = self._free.pop()
            if client.open:
                return client
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(Client, _HOST, self._port)
        return client


async def at_rate(crowd: Crowd, rate: float, seconds: float) -> None:
    """Send *rate* requests a second, whether or not those before are answered."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    under_way: set[asyncio.Task[None]] = set()
    for number in range(int(rate * seconds)):
        due = started + number / rate
        await asyncio.sleep(max(0.0, due - loop.time()))
        task = asyncio.create_task(crowd.ask(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    if under_way:
        await asyncio.wait(under_way)


async def at_once(crowd: Crowd, many: int, seconds: float) -> None:
    """Keep *many* requests under way."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds

    async def one() -> None:
        while loop.time() < until:
            await crowd.ask(loop.time())

    await asyncio.gather(*(one() for _ in range(many)))


def measure(responses: list[Timed], seconds: float) -> dict[str, Any]:
    """What came of a phase: how many, how fast, what else than answers, when the last of that."""
    start = min(r.due for r in responses)
    end = max(r.due + r.milliseconds / 1000 for r in responses)
    answered = sorted(r.milliseconds for r in responses if r.status == 200)
    others = [(r.due - start, r.status) for r in responses if r.status != 200]
    statuses: dict[str, int] = {}
    for _, status in others:
        statuses[str(status)] = statuses.get(str(status), 0) + 1
    measures: dict[str, Any] = {
        "sent": len(responses),
        "answered": len(answered),
        "per_second": len(answered) / max(seconds, end - start),
        "others": statuses,
        "last_other_s": max((when for when, _ in others), default=None),
    }
    for part in (50, 95, 99):
        place = min(len(answered) - 1, len(answered) * part // 100)
        measures[f"p{part}_ms"] = answered[place] if answered else None
    measures["max_ms"] = answered[-1] if answered else None
    return measures


async def run(port: int, requests: list[bytes], phases: list[dict[str, float]]) -> None:
    """Go through the *phases*, one after the other, with the same connections."""
    crowd = Crowd(port, requests)
    for phase in phases:
        crowd.responses = []
        if "rate" in phase:
            await at_rate(crowd, phase["rate"], phase["seconds"])
        else:
            await at_once(crowd, int(phase["at_once"]), phase["seconds"])
        line = json.dumps(measure(crowd.responses, phase["seconds"]))
        print(line, flush=True)  # noqa: T201 - read by service.py


def main(argv: Sequence[str] | None = None) -> None:
    """Ask as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("port", type=int)
    parser.add_argument("questions", type=Path, help="a list in a file of JSON")
    parser.add_argument("phases", type=json.loads, help="a list in JSON")
    arguments = parser.parse_args(argv)
    requests = [
        f"GET /ask?q={quote(question)} HTTP/1.1\r\nHost: {_HOST}\r\n\r\n".encode()
        for question in json.loads(arguments.questions.read_text(encoding="utf-8"))
    ]
    asyncio.run(run(arguments.port, requests, arguments.phases))


if __name__ == "__main__":
    main()
