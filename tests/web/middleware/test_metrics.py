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

from qa.app import create_app
from qa.publishing.build_record import read_build_record
from qa.settings import Settings
from qa.web.middleware import metrics_folder as tallies
from tests.commands.test_cli import run
from tests.conftest import HARBOUR, ROOT, run_service, write
from tests.processes import children, master, needs_proc, reserve_port
from tests.waiting import wait_for


def get(address, path):
    connection = HTTPConnection(*address, timeout=60)
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


def count_workers(address):
    return samples(get(address, "/metrics")[1])["verbatim_workers",]


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


def test_answers_of_the_cache_are_counted(index):
    client = create_app(Settings(index=str(index))).test_client()
    names = [("verbatim_answer_cache_total", ("result", result)) for result in ("hit", "miss")]
    before = samples(client.get("/metrics").text)
    for _ in range(3):
        client.get("/ask?q=harbour")
    after = samples(client.get("/metrics").text)

    assert [after[name] - before.get(name, 0) for name in names] == [2, 1]


def test_the_age_of_the_index_and_the_last_build_are_told(tmp_path):
    write(tmp_path / "documents", harbour_md=HARBOUR)
    write(tmp_path, questions_jsonl='{"question": "Who built it?", "contains": ["Atlantis"]}\n')
    client = create_app(Settings(index=str(tmp_path))).test_client()
    started = int(time.time())
    numbers = []
    for options in ([], [], ["--dry-run"]):
        assert run("index", "--index", tmp_path, *options).exit_code == 0
        numbers.append(samples(client.get("/metrics").text))
    (tmp_path / "documents" / "harbour.md").unlink()
    assert run("index", "--index", tmp_path).exit_code == 1
    numbers.append(samples(client.get("/metrics").text))
    results = [
        result
        for values in numbers
        for result in ("published", "unchanged", "refused", "failed")
        if ("verbatim_last_build_info", ("result", result)) in values
    ]

    assert results == ["published", "unchanged", "unchanged", "failed"]
    first = numbers[0]
    assert started <= first["verbatim_index_published_timestamp_seconds",] <= time.time()
    assert started <= first["verbatim_last_build_timestamp_seconds",] <= time.time()
    assert first["verbatim_last_build_seconds",] > 0
    assert (first["verbatim_golden_questions",], first["verbatim_golden_answered",]) == (1, 0)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"result": "x"}', "\xff", "9" * 20_000])
def test_a_record_of_a_build_that_cannot_be_read_is_none(tmp_path, content):
    (tmp_path / "last_build.json").write_text(content, encoding="latin-1")

    assert read_build_record(tmp_path) is None


@pytest.fixture(scope="module")
def address(index):
    """A service of two workers."""
    with run_service(index, workers=2) as address:
        yield address


@needs_proc
def test_the_memory_of_all_processes_is_told(address):
    # The first may answer before the second begins.
    wait_for(lambda: count_workers(address) == 2)
    numbers = samples(get(address, "/metrics")[1])

    for process in ("master", "workers"):
        assert 1 << 20 < numbers["verbatim_memory_bytes", ("process", process)] < 1 << 31


@needs_proc
def test_a_single_process_has_no_master(client):
    numbers = samples(client.get("/metrics").text)

    assert numbers["verbatim_workers",] == 1
    assert ("verbatim_memory_bytes", ("process", "master")) not in numbers


def test_gunicorn_itself_counts_and_logs_all_with_our_configuration(index, tmp_path):
    log = tmp_path / "log"
    with reserve_port() as port, log.open("w") as output:
        command = [sys.executable, "-m", "gunicorn", "-c", "python:qa.server.gunicorn_config"]
        gunicorn = subprocess.Popen(
            [*command, "--bind", f"127.0.0.1:{port}", "--workers=2", "qa.app:create_app()"],
            env=os.environ | {"QA_INDEX": str(index), "QA_MAX_WAIT_MS": "60000"},
            cwd=ROOT,
            stdout=output,
        )
        address = ("127.0.0.1", port)
        try:
            wait_for(lambda: "Serving at" in log.read_text())
            for _ in range(20):
                assert get(address, "/ask?q=harbour")[0] == 200
            counted = answers(address, "found")
            wait_for(lambda: count_workers(address) == 2)
        finally:
            gunicorn.terminate()
            gunicorn.wait(timeout=60)
    logged = [line for line in log.read_text().splitlines() if "api.ask_get" in line]

    assert (counted, len(logged)) == (20, 20)


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

        def owners():
            return {int(path.stem.partition("_")[2]) for path in folder.glob("*.db")}

        # Those that ended are one; on a busy machine some are about to be added to it.
        wait_for(lambda: len(owners() - {0, leader}) <= 2)

    assert counted == 150
    assert not folder.exists()


def test_a_worker_that_is_killed_is_still_counted(index):
    with run_service(index, workers=2) as address:
        for _ in range(20):
            get(address, "/ask?q=harbour")
        leader = master(address[1])
        os.kill(children(leader)[0], signal.SIGKILL)
        ends = time.monotonic() + 60
        while len(children(leader)) < 2 and time.monotonic() < ends:
            time.sleep(0.1)

        assert answers(address, "found") == 20


def test_what_is_turned_away_is_counted(address):
    assert get(address, "/ask?q=" + "x" * 9000)[0] == 414
    values = samples(get(address, "/metrics")[1])

    assert values["verbatim_turned_away_total", ("status", "414")] == 1


def test_metrics_ask_for_the_token_where_there_is_one(address, index):
    assert get(address, "/metrics")[0] == 200
    with run_service(index, token="a-token-of-some-length") as protected:  # noqa: S106 - of a test
        status, body = get(protected, "/metrics")

    assert status == json.loads(body)["status"] == 401


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
