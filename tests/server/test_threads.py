"""Threads answer what is put in, each once, and end when all is answered."""

import threading
import time

from qa.server.threads import RequestThreads


def test_all_that_is_put_in_is_answered_once():
    answered = []
    threads = RequestThreads(3, answered.append)
    threads.start()
    for number in range(200):
        threads.put(number)
    threads.shutdown()

    assert sorted(answered) == [*range(200)]


def test_one_that_takes_long_keeps_the_others_from_nothing():
    go_on, answered = threading.Event(), []

    def answer(item):
        if item == "slow":
            go_on.wait(60)
        answered.append(item)

    threads = RequestThreads(2, answer)
    threads.start()
    threads.put("slow")
    threads.put("quick")
    deadline = time.monotonic() + 60
    while not answered and time.monotonic() < deadline:
        time.sleep(0.001)
    go_on.set()
    threads.shutdown()

    assert answered == ["quick", "slow"]


def test_what_was_put_in_before_the_end_is_answered_by_then():
    answered = []
    threads = RequestThreads(1, answered.append)
    threads.put("early")
    threads.start()
    threads.shutdown(wait=False)
    threads.shutdown()

    assert answered == ["early"]
