"""The whole service as its users meet it: a real gunicorn, real requests."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest

from tests.conftest import BRIDGE, HARBOUR, ROOT, write
from tests.processes import reserve_port, workers
from tests.server.test_warm_up import live, open_generations
from tests.waiting import wait_for


def fetch(url, data=None):
    """Status, headers and text of a response."""
    request = Request(url, data, {"Content-Type": "application/json"} if data else {})
    try:
        with urlopen(request, timeout=60) as response:
            return response.status, response.headers, response.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def test_a_question_is_answered_with_a_citation_that_opens(server):
    _, _, text = fetch(f"{server}/ask?{urlencode({'q': 'who demanded guarantees?'})}")
    cited = json.loads(text)["passages"][0]["citation"]
    status, headers, page = fetch(server + cited["read_url"])

    assert (status, headers.get_content_type()) == (200, "text/html")
    assert '<mark class="answer"' in page


def test_the_page_answers_without_a_script(server):
    status, _, page = fetch(f"{server}/?{urlencode({'q': 'who demanded guarantees?'})}")

    assert status == 200
    assert "Captain Elsa Moberg" in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    "question",
    [
        "a" * 10_000,
        "?!…",
        "who is the of",
        "Moberg\x00",
        "北约承诺了什么？",
        "<script>alert(1)</script>",
        'title:x AND (y* OR "z" NOT w)',
        "🙂" * 3_000,
    ],
    ids=ascii,
)
def test_a_hostile_question_is_answered_or_refused(server, question):
    posted, _, _ = fetch(f"{server}/ask", json.dumps({"question": question}).encode())
    got, _, _ = fetch(f"{server}/ask?q={quote(question)}")
    status, _, page = fetch(f"{server}/?q={quote(question)}")

    assert posted in {200, 422}
    assert got in {200, 400, 414, 422}
    assert status in {200, 400, 414, 422}
    assert "<script>alert" not in page


@pytest.mark.parametrize(
    "body", [b'{"question": "\\ud800 Moberg"}', b'{"question": "Moberg\\u0000"}']
)
def test_characters_that_are_none_do_no_harm(server, body):
    assert fetch(f"{server}/ask", body)[0] == 200


def test_raw_bytes_in_an_address_do_no_harm(server):
    connection = HTTPConnection(server.removeprefix("http://"), timeout=60)
    connection.request("GET", "/?q=%ff%fe%00Moberg")

    status = connection.getresponse().status
    connection.close()

    assert status in {200, 302, 400}


def test_many_at_once_get_the_answers_that_one_gets(server):
    questions = ["who demanded guarantees?", "when was the bridge opened?", "mercury"] * 30

    def ask(question):
        body = json.loads(fetch(f"{server}/ask?{urlencode({'q': question})}")[2])
        del body["took_ms"]
        return json.dumps(body)

    expected = {question: ask(question) for question in set(questions)}
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, questions)) == [expected[question] for question in questions]


def wait_until_ready(url, process, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process.poll() is None, "the service stopped"
        try:
            return fetch(url)
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"nothing at {url} after {seconds} s")


@pytest.fixture(scope="module")
def first_service(tmp_path_factory):
    """`qa serve` over a folder of documents that had no index: its address and folder."""
    folder = tmp_path_factory.mktemp("first")
    write(folder / "documents", harbour_md=HARBOUR)
    with (
        reserve_port() as port,
        subprocess.Popen(
            [sys.executable, "-m", "qa", "serve", "--index", str(folder)],
            env=os.environ | {"PORT": str(port), "QA_MAX_REQUESTS": "40"},
            cwd=ROOT,
            stdout=subprocess.DEVNULL,  # a pipe that nobody reads would fill with the log
            text=True,
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{address}/livez", process)
        yield address, folder
        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=60) == 0


def rebuild(folder, **texts):
    """Build an index of these documents, and wait until each worker follows it."""
    for path in (folder / "documents").iterdir():
        path.unlink()
    write(folder / "documents", **texts)
    subprocess.run([sys.executable, "-m", "qa", "index", "--index", folder], check=True, cwd=ROOT)
    wait_for(lambda: all(open_generations(pid) == {live(folder)} for pid in workers(folder, 2)))


def test_serve_builds_the_index_and_follows_a_new_one(first_service):
    address, folder = first_service
    url = f"{address}/ask?{urlencode({'q': 'who opened the bridge over the Vesa?'})}"

    assert fetch(f"{address}/readyz")[0] == 200
    assert json.loads(fetch(url)[2])["verdict"] == "none"

    rebuild(folder, harbour_md=HARBOUR, bridge_md=BRIDGE)

    assert json.loads(fetch(url)[2])["passages"][0]["citation"]["document_id"] == "bridge"


def test_an_older_generation_is_asked_by_name_while_it_is_kept(first_service):
    address, folder = first_service
    url = f"{address}/ask?{urlencode({'q': 'who opened the bridge over the Vesa?'})}"
    rebuild(folder, pier_md=HARBOUR)
    before = json.loads(fetch(url)[2])["generation"]
    rebuild(folder, pier_md=HARBOUR, bridge_md=BRIDGE)
    pinned = json.loads(fetch(f"{url}&generation={before}")[2])

    assert json.loads(fetch(url)[2])["verdict"] == "found"
    assert (pinned["verdict"], pinned["generation"]) == ("none", before)
    command = [sys.executable, "-m", "qa", "generations", "--prune", "1", "--index", folder]
    subprocess.run(command, check=True, cwd=ROOT)
    status, headers, body = fetch(f"{url}&generation={before}")
    assert (status, headers.get_content_type()) == (410, "application/problem+json")
    assert before in json.loads(body)["detail"]


def test_an_index_that_vanishes_is_told_and_comes_back(first_service):
    address, folder = first_service
    shutil.move(folder / "CURRENT", folder / "moved")

    assert fetch(f"{address}/readyz")[0] == 503
    assert fetch(f"{address}/livez")[0] == 200

    shutil.move(folder / "moved", folder / "CURRENT")

    assert fetch(f"{address}/readyz")[0] == 200


def test_workers_are_replaced_without_a_failed_request(first_service):
    address, folder = first_service

    def one(_):
        return fetch(f"{address}/ask?q=harbour")[0]

    before = {*workers(folder, 2)}
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(one, range(300)))

    assert set(statuses) == {200}
    # Each is replaced once it has answered its last client.
    wait_for(lambda: one(0) == 200 and not before & {*workers(folder, 2)})
