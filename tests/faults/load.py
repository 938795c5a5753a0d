"""A steady load on a service: what it is asked, what came of it, how long it took."""

import http.client
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import regex

QUESTION = "what does the extra note of this round say?"
PATHS = (
    "/ask?" + urlencode({"q": QUESTION}),
    "/?" + urlencode({"q": QUESTION}),
    "/documents/extra",
    "/?" + urlencode([("q", "what guarantees did Putin demand?"), ("q", QUESTION)]),
    "/documents/extra.json",
)
A_SECOND = 50


class Load:
    """Requests at a steady pace until it is stopped: what came of them, and how long each took.

    The time of one counts from when it was due: what waits behind a slow one is slow as well.
    """

    def __init__(self, address):
        self._address = urlsplit(address)
        self._local = threading.local()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._connections = []
        self.failed = Counter()
        self.answers = defaultdict(set)
        self.seconds = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._thread.join()
        for connection in self._connections:
            connection.close()

    def _run(self):
        with ThreadPoolExecutor(24) as pool:
            start, number = time.perf_counter(), 0
            while not self._stopped.is_set():
                due = start + number / A_SECOND
                time.sleep(max(0, due - time.perf_counter()))
                pool.submit(self._one, PATHS[number % len(PATHS)], due)
                number += 1

    def _one(self, path, due):
        # A slow machine is behind.
        if self._stopped.is_set():
            return
        try:
            response = self._get(path)
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._local.connection = None
            self.failed[repr(error)] += 1
            return
        self.seconds.append(time.perf_counter() - due)
        if response.status != 200:
            self.failed[response.status] += 1
            return
        generation = response.getheader("ETag").partition('"')[2].partition("-")[0]
        self.answers[path, generation].add(regex.sub(r'"took_ms":[0-9.]+', "", text))

    def report(self):
        """How long it all took."""
        seconds = sorted(self.seconds)
        middle, late = (1000 * seconds[len(seconds) * part // 100] for part in (50, 99))
        slow = sum(s > 0.5 for s in seconds)
        return (
            f"\n{len(seconds)} requests: p50 {middle:.0f} ms, p99 {late:.0f} ms, slowest"
            f" {1000 * seconds[-1]:.0f} ms, {slow} over 500 ms"
        )

    def _get(self, path):
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self._address.netloc, timeout=60)
            self._local.connection = connection
            self._connections.append(connection)
        connection.request("GET", path)
        return connection.getresponse()
