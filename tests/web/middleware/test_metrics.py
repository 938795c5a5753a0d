"""Counts and times of requests, over all workers of a real `qa serve`, replaced ones too."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qa.web.middleware import metrics_folder as tallies
from tests.conftest import ROOT, run_service
from tests.faults.service import wait_for
from tests.processes import children, master


def get(address, path):
    connection = HTTPConnection(*address, timeout=30)
    connection.request("GET", path)
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body


def samples(text):
    """All that is told, by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answers(address, verdict):
    return samples(get(address, "/metrics")[1]).get(
        ("verbatim_answers_total", ("verdict", verdict)), 0
    )


def test_what_is_counted_without_other_workers(client, searcher):
    before = samples(client.get("/metrics").get_data(as_text=True))
    client.get("/ask?q=harbour")
    client.get("/ask?q=mercury")
    client.get("/ask?limit=x")
    after = samples(client.get("/metrics").get_data(as_text=True))

    def increase(name, **labels):
        key = (name, *sorted(labels.items()))
        return after[key] - before.get(key, 0)

    route_labels = {"endpoint": "api.ask_get", "method": "GET"}
    assert increase("verbatim_requests_total", **route_labels, status="200") == 2
    assert increase("verbatim_requests_total", **route_labels, status="422") == 1
    assert increase("verbatim_answers_total", verdict="none") == 1
    assert increase("verbatim_request_seconds_count", endpoint="api.ask_get") == 3
    assert after["verbatim_index_info", ("generation", searcher.manifest.name)] == 1
    assert after["verbatim_index_documents",] == 2


def test_methods_and_addresses_that_are_none_add_no_labels(client):
    for number in range(5):
        client.open(f"/nowhere/{number}", method=f"X{number}")
    labels = {
        key[1:]
        for key in samples(client.get("/metrics").get_data(as_text=True))
        if "none" in str(key)
    }

    assert not [label for label in labels if "X1" in str(label) or "nowhere" in str(label)]


def test_all_workers_are_added_up_and_none_is_forgotten(index):
    with run_service(index, workers=2, max_requests=30) as address:
        for _ in range(150):
            assert get(address, "/ask?q=harbour")[0] == 200
        counted = answers(address, "found")
        leader = master(address[1])
        live = children(leader)
        (folder,) = {
            path.parent
            for path in tallies.SHARED_MEMORY.glob("verbatim-metrics-*/*.db")
            if int(path.stem.partition("_")[2]) in live
        }
        owners = {int(path.stem.partition("_")[2]) for path in folder.glob("*.db")}

    assert counted == 150
    # Those that ended are one, and one may be about to be added to it.
    assert len(owners - {0, leader}) <= 3
    assert not folder.exists()


def test_a_worker_that_is_killed_is_still_counted(index):
    with run_service(index, workers=2) as address:
        for _ in range(20):
            get(address, "/ask?q=harbour")
        leader = master(address[1])
        os.kill(children(leader)[0], signal.SIGKILL)
        ends = time.monotonic() + 20
        while len(children(leader)) < 2 and time.monotonic() < ends:
            time.sleep(0.1)

        assert answers(address, "found") == 20


def test_what_is_turned_away_is_counted(index):
    with run_service(index) as address:
        assert get(address, "/ask?q=" + "x" * 9000)[0] == 414
        values = samples(get(address, "/metrics")[1])

    assert values["verbatim_turned_away_total", ("status", "414")] == 1


@pytest.mark.parametrize("token", ["", "a-token-of-some-length"])
def test_metrics_ask_for_the_token_where_there_is_one(index, token):
    with run_service(index, token=token) as address:
        status, body = get(address, "/metrics")

    assert status == (401 if token else 200)
    assert token == "" or json.loads(body)["status"] == 401


def test_numbers_of_a_killed_service_go_and_those_of_a_running_one_stay(
    tmp_path, monkeypatch, index
):
    monkeypatch.setattr(tallies, "SHARED_MEMORY", tmp_path)
    program = "import pathlib, time; from qa.web.middleware import metrics_folder as tallies;"
    program += f"tallies.SHARED_MEMORY = pathlib.Path({str(tmp_path)!r});"
    program += "context = tallies.create_metrics_folder(); context.__enter__();"
    program += "print(flush=True); time.sleep(600)"
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(2)
    ]
    for process in processes:
        process.stdout.readline()
    (running,) = [folder for folder in tmp_path.iterdir() if has_open(processes[0], folder)]
    strange = tmp_path / "verbatim-metrics-locked-link"
    strange.symlink_to(index)
    # That of a version that held no lock.
    older = tmp_path / "verbatim-metrics-abcd"
    older.mkdir()
    processes[1].kill()
    processes[1].wait()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    with tallies.create_metrics_folder():
        (new,) = {*tmp_path.iterdir()} - {running, strange, older}

    assert {*tmp_path.iterdir()} == {running, strange, older}
    assert new.name.startswith("verbatim-metrics-")
    assert (index / "CURRENT").exists()
    processes[0].kill()
    processes[0].wait()
    for process in processes:
        process.stdout.close()


def has_open(process, folder):
    """Whether a process has a folder open."""
    return any(link.readlink() == folder for link in Path(f"/proc/{process.pid}/fd").iterdir())


@pytest.fixture
def memory(tmp_path, monkeypatch):
    """A folder where services of this test keep numbers: any other would empty the usual one."""
    folder, start = tmp_path / "memory", tmp_path / "start"
    folder.mkdir()
    start.mkdir()
    # What Python runs first, in any process.
    (start / "sitecustomize.py").write_text(
        "import pathlib\n"
        f"import {tallies.__name__} as tallies\n"
        f"tallies.SHARED_MEMORY = pathlib.Path({str(folder)!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{start}{os.pathsep}{ROOT}")
    return folder


def test_a_service_that_follows_a_killed_one_removes_its_numbers(index, memory):
    with contextlib.suppress(AssertionError), run_service(index) as address:
        get(address, "/ask?q=harbour")
        leader = master(address[1])
        followers = children(leader)
        (folder,) = memory.glob("verbatim-metrics-*")
        os.kill(leader, signal.SIGKILL)
        # Its workers see that, and end.
        wait_for(lambda: not any(map(is_there, followers)))
    assert folder.exists()
    with run_service(index) as address:
        get(address, "/livez")

        assert not folder.exists()


def is_there(pid):
    return Path(f"/proc/{pid}").exists()
