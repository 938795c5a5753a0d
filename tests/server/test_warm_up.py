"""The live generation in the first process of a real `qa serve`, and in its workers."""

import os
import signal
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.conftest import BRIDGE, HARBOUR, build_index, run_service, write
from tests.processes import children, master, needs_proc, workers
from tests.waiting import wait_for

pytestmark = needs_proc
COUNT = 2


@pytest.fixture
def folder(tmp_path):
    """A folder with an index of its own, which is built anew."""
    write(tmp_path / "documents", harbour_md=HARBOUR)
    build_index(tmp_path)
    return tmp_path


def live(folder):
    return (folder / "CURRENT").read_text().strip()


def open_generations(process):
    """The generations of which a process has files open; one that has ended has none."""
    try:
        lines = Path(f"/proc/{process}/maps").read_text().splitlines()
    except OSError:
        return set()
    return {line.partition("/generations/")[2][:64].split("/")[0] for line in lines} - {""}


def ask(address, question):
    client = HTTPConnection(*address, timeout=60)
    client.request("GET", f"/ask?q={question}")
    answer = client.getresponse().read().decode()
    client.close()
    return answer


def test_it_is_opened_once_for_all_workers(folder):
    with run_service(folder, workers=COUNT) as address:
        leader = master(address[1])
        generations = [
            open_generations(process) for process in (leader, *workers(address[1], COUNT))
        ]

    assert generations == [{live(folder)}] * (1 + COUNT)


def test_nobody_holds_one_that_another_took_the_place_of(folder):
    with run_service(folder, workers=COUNT) as address:
        leader, followers = master(address[1]), workers(address[1], COUNT)
        before = live(folder)
        write(folder / "documents", bridge_md=BRIDGE)
        build_index(folder)
        wait_for(lambda: all(open_generations(pid) == {live(folder)} for pid in followers))
        wait_for(lambda: open_generations(leader) == set())
        answer = ask(address, "who+built+the+bridge")

    assert before != live(folder)
    assert '"document_id":"bridge"' in answer.replace(" ", "")


def test_a_worker_that_takes_the_place_of_another_has_the_live_one(folder):
    with run_service(folder, workers=COUNT) as address:
        leader, followers = master(address[1]), workers(address[1], COUNT)
        write(folder / "documents", bridge_md=BRIDGE)
        build_index(folder)
        wait_for(lambda: open_generations(leader) == set())
        os.kill(followers[0], signal.SIGKILL)
        wait_for(lambda: len({*children(leader)} - {*followers}) == 1)
        (new,) = {*children(leader)} - {*followers}
        wait_for(lambda: open_generations(leader) == open_generations(new) == {live(folder)})


def test_a_service_without_a_generation_begins_and_has_the_first_one_soon(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    with run_service(tmp_path, workers=COUNT) as address:
        followers = workers(address[1], COUNT)
        build_index(tmp_path)
        wait_for(lambda: all(open_generations(pid) == {live(tmp_path)} for pid in followers))
