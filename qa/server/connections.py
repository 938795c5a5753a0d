"""Connections with buffers, and which one to close: an idle one of the address with most."""

import socket
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterator
from enum import IntEnum
from typing import Any, Generic, TypeVar

from gunicorn import http
from gunicorn.workers.gthread import TConn

from qa.server.request_parser import IncomingRequest
from qa.web.middleware.rate_limits import SITE, client_group

T = TypeVar("T", bound=Hashable)


class State(IntEnum):
    """What a connection waits for; the connections of one address are closed in this order."""

    CLOSING = 0
    KEPT_ALIVE = 1
    RECEIVING = 2
    SENDING = 3


class Queue(Generic[T]):
    """A queue from which any item can be removed in constant time."""

    def __init__(self) -> None:
        # Not a dict: finding its first item takes longer the more items were removed before it.
        self._items: OrderedDict[T, None] = OrderedDict()

    def append(self, item: T) -> None:
        """Add *item* at the end, or move it there."""
        self._items[item] = None
        self._items.move_to_end(item)

    def remove(self, item: T) -> None:
        """Remove *item*."""
        del self._items[item]

    def __getitem__(self, place: int) -> T:
        """The first item, which is all that gunicorn uses."""
        if place or not self._items:
            raise IndexError(place)
        return next(iter(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)


class EvictionQueue(Generic[T]):
    """Items with owners, of which the owner with most items comes first.

    All operations take constant time.
    """

    def __init__(self) -> None:
        self._places: dict[T, tuple[str, int]] = {}
        # The items of each place, and the owners by how many items they have, the oldest first.
        self._queues: defaultdict[tuple[str, int], OrderedDict[T, None]] = defaultdict(OrderedDict)
        self._counts: dict[str, int] = {}
        self._owners: defaultdict[int, OrderedDict[str, None]] = defaultdict(OrderedDict)
        self._most = 0

    def add(self, item: T, owner: str, rank: int) -> None:
        """Add *item* as the newest of its *owner* and *rank*."""
        place = self._places[item] = owner, rank
        self._queues[place][item] = None
        self._count(owner, 1)

    def remove(self, item: T) -> None:
        """Remove *item*."""
        place = self._places.pop(item)
        queue = self._queues[place]
        del queue[item]
        if not queue:
            del self._queues[place]
        self._count(place[0], -1)

    def renew(self, item: T) -> None:
        """Make *item* the newest of its owner and rank."""
        self._queues[self._places[item]].move_to_end(item)

    def first(self) -> T | None:
        """The oldest item of the lowest rank of the owner with most items; None without any.

        Of owners with equally many, the one who has had so many for the longest time.
        """
        if not self._most:
            return None
        owner = next(iter(self._owners[self._most]))
        ranks = (self._queues.get((owner, state)) for state in State)
        return next(next(iter(queue)) for queue in ranks if queue)

    def __len__(self) -> int:
        return len(self._places)

    def _count(self, owner: str, change: int) -> None:
        """Change the count of *owner* by one."""
        owners, before = self._owners, self._counts.pop(owner, 0)
        if before:
            del owners[before][owner]
            if not owners[before]:
                del owners[before]
        now = before + change
        if now:
            self._counts[owner] = now
            owners[now][owner] = None
        # The highest count can only fall by one.
        self._most = max(now, self._most if self._most in owners else self._most - 1)


def owner_of(address: object) -> str:
    """Who owns a connection: its remote address, or the IPv6 network of its site."""
    return client_group(address[0], SITE) if isinstance(address, tuple) and address else ""


class BufferedSocket:
    """A client's socket that never blocks: what it does not take at once is *unsent*.

    The *head* of a response waits for the beginning of its body, and both are sent at once.
    """

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self.unsent = bytearray()
        self.head = b""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket has
        value = getattr(self._client, name)
        if callable(value):
            # It is called for each request: found without this from then on.
            setattr(self, name, value)
        return value

    def setblocking(self, _flag: bool) -> None:
        """Nothing: it never blocks, and gunicorn would say so with each request."""

    def sendall(self, data: bytes) -> None:
        """Send *data*, and buffer what the client does not take yet."""
        if self.head:
            data, self.head = self.head + data, b""
        count = 0
        if not self.unsent:
            try:
                count = self._client.send(data)
            except BlockingIOError:
                # contextlib.suppress would be three calls more for each response.
                count = 0
        if count < len(data):
            self.unsent += memoryview(data)[count:]

    def flush(self) -> int:
        """Send unsent bytes; return how many the client took."""
        try:
            sent = self._client.send(self.unsent)
        except BlockingIOError:
            return 0
        del self.unsent[:sent]
        return sent

    def is_silent(self) -> bool:
        """Whether there is nothing to read from the client."""
        try:
            return not self._client.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


# What to do when a client has sent or read something.
Then = Callable[["Connection", BufferedSocket], None]


def _call_nothing(_conn: "Connection", _client: BufferedSocket) -> None:
    """What a connection does that does not wait."""


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A client, and the request that it sends."""

    incoming: IncomingRequest
    parser: Any

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args)
        self.sock: Any = BufferedSocket(self.sock)
        self.owner = owner_of(self.client)
        # A thread gets it only with a complete request.
        self.initialized = True
        self.accepted_at = time.monotonic()
        # None while it does not wait.
        self.state: State | None = None
        # What to call when its client has sent or read something, and what the poller tells of it.
        self.then: Then = _call_nothing
        self.events = 0
        # What a thread leaves: whether it is done, whether the client may ask again, and what came
        # after the request.
        self.is_answered = self.keep_alive = False
        self.buffered = b""
        self.enqueued_at = 0.0
        # Bytes not sent when the response ended, and when the client last read some.
        self.unsent, self.progress = 0, 0.0

    def init(self) -> None:
        """Make the socket non-blocking, so that no thread waits for a client."""
        self.sock.setblocking(False)

    @property
    def is_reusable(self) -> bool:
        """Whether there is nothing to do but to wait for the next request."""
        return self.keep_alive and not self.buffered and not self.sock.unsent

    def hand_over(self) -> None:
        """Note that the request is complete, and pass it to gunicorn's parser if that is needed."""
        self.enqueued_at = time.monotonic()
        if self.incoming.head is not None:
            return
        if self.parser is None:
            # All of a request has been received: the parser must not read from the client.
            self.parser = http.get_parser(self.cfg, (), self.client)
        self.parser.unreader.unread(bytes(self.incoming.data))

    def take_remainder(self) -> bytes:
        """What came after the request that was answered."""
        if self.incoming.head is not None:
            return self.incoming.remainder
        taken: bytes = self.parser.unreader.take_buffered()
        return taken

    def skip_request(self) -> None:
        """Have the parser read nothing of a request that is not answered."""
        if self.incoming.head is None:
            self.parser.unreader.take_buffered()
            self.parser.unreader.unread(self.incoming.remainder)
