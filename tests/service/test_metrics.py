"""Counts and times of requests, over all workers of a real `qa serve`, replaced ones too."""

import json
import os
import signal
import time
from http.client import HTTPConnection

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qa.service import tallies
from tests.conftest import served
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

    def grown(name, **labels):
        key = (name, *sorted(labels.items()))
        return after[key] - before.get(key, 0)

    asked = {"endpoint": "api.ask_get", "method": "GET"}
    assert grown("verbatim_requests_total", **asked, status="200") == 2
    assert grown("verbatim_requests_total", **asked, status="422") == 1
    assert grown("verbatim_answers_total", verdict="none") == 1
    assert grown("verbatim_request_seconds_count", endpoint="api.ask_get") == 3
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
    with served(index, workers=2, max_requests=30) as address:
        for _ in range(150):
            assert get(address, "/ask?q=harbour")[0] == 200
        counted = answers(address, "found")
        leader = master(address[1])
        live = children(leader)
        (folder,) = {
            path.parent
            for path in tallies.MEMORY.glob("verbatim-metrics-*/*.db")
            if int(path.stem.partition("_")[2]) in live
        }
        owners = {int(path.stem.partition("_")[2]) for path in folder.glob("*.db")}

    assert counted == 150
    # Those that ended are one, and one may be about to be added to it.
    assert len(owners - {0, leader}) <= 3
    assert not folder.exists()


def test_a_worker_that_is_killed_is_still_counted(index):
    with served(index, workers=2) as address:
        for _ in range(20):
            get(address, "/ask?q=harbour")
        leader = master(address[1])
        os.kill(children(leader)[0], signal.SIGKILL)
        ends = time.monotonic() + 20
        while len(children(leader)) < 2 and time.monotonic() < ends:
            time.sleep(0.1)

        assert answers(address, "found") == 20


def test_what_is_turned_away_is_counted(index):
    with served(index) as address:
        assert get(address, "/ask?q=" + "x" * 9000)[0] == 414
        told = samples(get(address, "/metrics")[1])

    assert told["verbatim_turned_away_total", ("status", "414")] == 1


@pytest.mark.parametrize("token", ["", "a-token-of-some-length"])
def test_metrics_ask_for_the_token_where_there_is_one(index, token):
    with served(index, token=token) as address:
        status, body = get(address, "/metrics")

    assert status == (401 if token else 200)
    assert token == "" or json.loads(body)["status"] == 401
