"""Which connection to close to make room: an idle one of the address that has most of them."""

import contextlib
import socket
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from enum import IntEnum
from typing import Any, Generic, TypeVar

from gunicorn import http
from gunicorn.workers.gthread import TConn

from qa.server.request_parser import IncomingRequest
from qa.web.context import HEAD_READ
from qa.web.middleware.access import SITE, client_group

T = TypeVar("T", bound=Hashable)


class State(IntEnum):
    """What a connection is waiting for; those of one address are closed in this order."""

    CLOSING = 0
    KEPT_ALIVE = 1
    RECEIVING = 2
    SENDING = 3


class Queue(Generic[T]):
    """Things in the order in which they came, of which any leaves at the same small cost."""

    def __init__(self) -> None:
        # Not a dict: finding the first item of one takes longer the more before it have left.
        self._items: OrderedDict[T, None] = OrderedDict()

    def append(self, item: T) -> None:
        """Add *item* behind all others, even if it is here already."""
        self._items[item] = None
        self._items.move_to_end(item)

    def remove(self, item: T) -> None:
        """Take *item* out."""
        del self._items[item]

    def __getitem__(self, place: int) -> T:
        """The first item: gunicorn asks for that of its own queues."""
        if place or not self._items:
            raise IndexError(place)
        return next(iter(self._items))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)


class EvictionQueue(Generic[T]):
    """Things that belong to somebody: who has most of them is known at every moment.

    Adding, removing and asking take the same time however many there are.
    """

    def __init__(self) -> None:
        self._places: dict[T, tuple[str, int]] = {}
        self._queues: dict[tuple[str, int], Queue[T]] = {}
        self._counts: dict[str, int] = {}
        self._owners: defaultdict[int, Queue[str]] = defaultdict(Queue)
        self._most = 0

    def add(self, item: T, owner: str, rank: int) -> None:
        """Add *item* as the newest of its *owner* and *rank*."""
        place = self._places[item] = owner, rank
        self._queues.setdefault(place, Queue()).append(item)
        self._count(owner, 1)

    def remove(self, item: T) -> None:
        """Take *item* out."""
        place = self._places.pop(item)
        queue = self._queues[place]
        queue.remove(item)
        if not queue:
            del self._queues[place]
        self._count(place[0], -1)

    def renew(self, item: T) -> None:
        """Have *item* be the newest of its owner and rank."""
        self._queues[self._places[item]].append(item)

    def first(self) -> T | None:
        """The oldest item of the lowest rank of the owner who has most; None where there is none.

        Among owners who have as many, it is the one who has had so many for the longest time.
        """
        if not self._most:
            return None
        owner = self._owners[self._most][0]
        ranks = (self._queues.get((owner, state)) for state in State)
        return next(queue[0] for queue in ranks if queue)

    def __len__(self) -> int:
        return len(self._places)

    def _count(self, owner: str, change: int) -> None:
        """Have *owner* own one more or one less."""
        before = self._counts.pop(owner, 0)
        if before:
            self._leave(owner, before)
        now = before + change
        if now:
            self._counts[owner] = now
            self._owners[now].append(owner)
        # Whoever had most has at most one less now.
        self._most = max(now, self._most if self._most in self._owners else self._most - 1)

    def _leave(self, owner: str, count: int) -> None:
        self._owners[count].remove(owner)
        if not self._owners[count]:
            del self._owners[count]


def owner_of(address: object) -> str:
    """Whose connection it is: the address of its other end, or the network of its site."""
    return client_group(address[0], SITE) if isinstance(address, tuple) and address else ""


App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class BufferedSocket:
    """A client's socket that nobody waits for: what does not go out at once is the *rest*."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self.unsent = bytearray()
        # When the head of the request was read, by the monotonic clock: the app counts from there.
        self.head_read: float | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket has
        return getattr(self._client, name)

    def sendall(self, data: bytes) -> None:
        """Send *data*, or keep what of it the client does not take yet."""
        count = 0
        if not self.unsent:
            with contextlib.suppress(BlockingIOError):
                count = self._client.send(data)
        self.unsent += memoryview(data)[count:]

    def flush(self) -> int:
        """Send what the client takes of the rest; say how many bytes that was."""
        try:
            sent = self._client.send(self.unsent)
        except BlockingIOError:
            return 0
        del self.unsent[:sent]
        return sent

    def is_silent(self) -> bool:
        """Whether nothing of what came from the client waits to be read."""
        try:
            return not self._client.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


class Connection(TConn):  # type: ignore[misc]  # gunicorn ships no types
    """A client, and the request that comes in from it."""

    incoming: IncomingRequest
    parser: Any

    def __init__(self, *args: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args)
        self._client: socket.socket = self.sock
        self.sock: Any = BufferedSocket(self._client)
        self.owner = owner_of(self.client)
        # Its request is there before a thread sees it.
        self.initialized = True
        # None while it is in use.
        self.state: State | None = None
        self.keep_alive = False
        self.enqueued_at = 0.0
        # How much it had not read after its last answer, and when it last read some of that.
        self.unsent, self.progress = 0, 0.0

    def init(self) -> None:
        """Let no thread wait for a client."""
        self.sock.setblocking(False)

    def hand_over(self) -> None:
        """Give the request that is there to gunicorn's parser."""
        if self.parser is None:
            self.parser = http.get_parser(self.cfg, self._client, self.client)
        self.parser.unreader.unread(bytes(self.incoming.data))
        self.sock.head_read = self.incoming.head_read
        self.enqueued_at = time.monotonic()


def pass_head_read(app: App) -> App:
    """*app*, which learns when the head of each request was read."""

    def call_app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401
        environ[HEAD_READ] = environ["gunicorn.socket"].head_read
        return app(environ, start_response)

    return call_app
