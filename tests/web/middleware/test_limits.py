"""Most requests of one client: counted per household, told in the shape of all errors."""

import sys
import threading
import time

import pytest
from limits import parse

from qa.app import create_app
from qa.errors import SettingsError
from qa.settings import Settings
from qa.web.middleware import request_counter
from qa.web.middleware.request_counter import RequestCounter, SweptMemory

TOKEN = "a-token-of-some-length"  # noqa: S105 - of a test
# Windows begin and end by the clock, so limits are per year: a test would see two of a short one.


def client_with(index, **settings):
    return create_app(Settings(index=str(index), **settings)).test_client()


def statuses(client, count, path="/ask?q=harbour", **more):
    codes = []
    for _ in range(count):
        with client.get(path, **more) as response:
            codes.append(response.status_code)
    return codes


def test_what_is_over_the_limit_is_told_when_to_come_back(index):
    client = client_with(index, rate_limit="3/year")

    assert statuses(client, 4) == [200, 200, 200, 429]
    refused = client.get("/ask?q=harbour")
    assert refused.content_type == "application/problem+json"
    assert int(refused.headers["Retry-After"]) > 0


def test_all_addresses_count_together(index):
    client = client_with(index, rate_limit="3/year")
    paths = ["/", "/documents", "/about", "/ask?q=harbour"]

    assert [client.get(path).status_code for path in paths] == [200, 200, 200, 429]


def test_health_checks_and_styles_count_for_nothing(index):
    client = client_with(index, rate_limit="1/year")

    for path in ("/livez", "/readyz", "/static/style.css"):
        assert statuses(client, 3, path) == [200] * 3
    assert statuses(client, 2) == [200, 429]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
    ],
)
def test_clients_are_told_apart_by_address_or_household(index, first, second, same):
    client = client_with(index, rate_limit="1/year")

    assert statuses(client, 1, environ_base={"REMOTE_ADDR": first}) == [200]
    status = 429 if same else 200
    assert statuses(client, 1, environ_base={"REMOTE_ADDR": second}) == [status]


def test_what_is_refused_or_nowhere_counts_too(index):
    requests = [("GET", "/nowhere"), ("OPTIONS", "/static/app.js"), ("GET", "/static/nothing")]
    requests += [("POST", "/livez"), ("OPTIONS", "/livez"), ("PUT", "/metrics"), ("BREW", "/")]
    requests += [("OPTIONS", "/static/../../etc/passwd"), ("TRACE", "/documents/harbour")]
    for method, path in requests:
        client = client_with(index, rate_limit="1/year")

        assert client.open(path, method=method).status_code != 429, path
        assert client.get("/about").status_code == 429, path


@pytest.mark.parametrize("path", ["/ask?q=x", "/metrics", "/static/app.js", "/nowhere", "/mcp"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
def test_a_wrong_token_counts_wherever_it_is_tried(index, path, method):
    client = client_with(index, rate_limit="3/year", token=TOKEN)
    guesses = [
        client.open(path, method=method, headers={"Authorization": f"Bearer {number}"}).status_code
        for number in range(5)
    ]
    response = client.get("/ask?q=harbour", headers={"Authorization": f"Bearer {TOKEN}"})

    assert guesses == [401] * 3 + [429] * 2
    # Nor is it told any more whether a guess is right.
    assert response.status_code == 429


@pytest.mark.parametrize("path", ["/problems", "/problems/nothing", "/problems?generation=x"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_wrong_token_counts_at_open_pages_that_tell_it_from_the_right_one(index, path, method):
    client = client_with(index, rate_limit="3/year", token=TOKEN)
    headers = {"Accept": "text/html"}
    guesses = [
        client.open(path, method=method, headers=headers | {"Authorization": f"Bearer {number}"})
        for number in range(5)
    ]
    right = client.get(path, headers=headers | {"Authorization": f"Bearer {TOKEN}"})

    assert [guess.status_code == 429 for guess in guesses] == [False] * 3 + [True] * 2
    assert right.status_code == 429


@pytest.mark.parametrize(
    "path",
    ["/", "/problems", "/static/app.js", "/metrics", "/suggest?q=h", "/nowhere", "/ask?q=harbour"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_who_guessed_too_often_is_not_told_that_a_guess_is_right(index, path, method):
    client = client_with(index, rate_limit="3/year", token=TOKEN)

    def guess(token):
        headers = {"Accept": "text/html", "Authorization": f"Bearer {token}"}
        response = client.open(path, method=method, headers=headers)
        return response.status_code, response.content_length, response.data

    wrong = [guess(number) for number in range(5)]

    assert wrong[-1][0] == 429
    assert guess(TOKEN) == wrong[-1]


def test_who_asked_too_often_still_gets_styles(index):
    client = client_with(index, rate_limit="1/year", token=TOKEN)
    let_in = {"Authorization": f"Bearer {TOKEN}"}

    assert statuses(client, 2, headers=let_in) == [200, 429]
    assert statuses(client, 2, "/static/style.css", headers=let_in) == [200] * 2
    assert statuses(client, 2, "/livez") == [200] * 2


def test_guesses_count_where_too_much_was_asked_with_the_token(index):
    client = client_with(index, rate_limit="1/year", token=TOKEN)
    let_in = {"Authorization": f"Bearer {TOKEN}"}

    assert statuses(client, 2, headers=let_in) == [200, 429]
    assert statuses(client, 2, "/static/style.css") == [429] * 2
    assert statuses(client, 1, "/static/style.css", headers=let_in) == [429]


def test_with_the_right_token_styles_and_metrics_count_for_nothing(index):
    client = client_with(index, rate_limit="1/year", token=TOKEN)
    let_in = {"Authorization": f"Bearer {TOKEN}"}

    for path in ("/metrics", "/static/style.css", "/livez"):
        assert statuses(client, 3, path, headers=let_in) == [200] * 3
    assert statuses(client, 2, headers=let_in) == [200, 429]


def test_browsers_that_ask_first_are_counted(index):
    client = client_with(index, rate_limit="2/year", cors_origins=("*",))
    headers = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}

    assert [client.options("/ask", headers=headers).status_code for _ in range(3)] == [
        204,
        204,
        429,
    ]


def test_all_networks_of_a_site_are_a_few_clients_and_no_more(index):
    client = client_with(index, rate_limit="2/year")
    addresses = [f"2001:db8:1:{number:x}::1" for number in range(100)]
    codes = [statuses(client, 1, environ_base={"REMOTE_ADDR": address})[0] for address in addresses]

    assert codes == [200] * 16 + [429] * 84
    assert statuses(client, 1, environ_base={"REMOTE_ADDR": "2001:db8:2::1"}) == [200]
    assert statuses(client, 1, environ_base={"REMOTE_ADDR": "192.0.2.1"}) == [200]


@pytest.mark.parametrize(
    ("limit", "most"), [("1 per 2 years", 8), ("2/month; 3 per year", 16), ("5/month, 9/year", 40)]
)
def test_a_site_has_the_same_multiple_of_every_limit(index, limit, most):
    client = client_with(index, rate_limit=limit)
    addresses = [f"2001:db8:1:{number:x}::1" for number in range(60)]
    codes = [statuses(client, 1, environ_base={"REMOTE_ADDR": address})[0] for address in addresses]

    assert codes.count(200) == most


def test_behind_a_trusted_proxy_clients_are_those_before_it(index):
    client = client_with(index, rate_limit="1/year", trusted_proxies=1)

    def status_for(forwarded):
        return statuses(client, 1, headers={"X-Forwarded-For": forwarded})[0]

    assert status_for("192.0.2.1") == 200
    assert status_for("192.0.2.2") == 200
    # What the client itself claims counts for nothing.
    assert status_for("198.51.100.7, 192.0.2.1") == 429


def test_nothing_is_limited_unless_it_is_told(index):
    assert set(statuses(client_with(index), 50, "/livez")) == {200}


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"rate_limit": "many"}, "QA_RATE_LIMIT"),
        ({"rate_limit": "1/year", "rate_storage": "nowhere://"}, "QA_RATE_STORAGE"),
        ({"rate_limit": "1/year", "rate_storage": "redis"}, "QA_RATE_STORAGE"),
    ],
)
def test_what_cannot_be_counted_is_refused_at_the_start(index, settings, name):
    with pytest.raises(SettingsError, match=name):
        client_with(index, **settings)


@pytest.mark.parametrize(
    "storage",
    [
        "nowhere://:s3cret@localhost",
        "redis://:s3cret@localhost:port",
        "redis://:s3cret/s3cret@localhost",
    ],
)
def test_what_is_refused_shows_no_password(index, storage):
    with pytest.raises(SettingsError, match="QA_RATE_STORAGE is neither memory:// nor") as refused:
        client_with(index, rate_limit="1/year", rate_storage=storage)

    assert "s3cret" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_missing_client_of_redis_is_told_with_what_brings_it(index, monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SettingsError, match=r"pip install 'verbatim-qa\[redis\]'"):
        client_with(index, rate_limit="1/year", rate_storage="redis://localhost")


def test_a_redis_that_hangs_is_waited_for_a_second_at_most(index):
    pytest.importorskip("redis")
    app = create_app(
        Settings(index=str(index), rate_limit="1/year", rate_storage="redis://localhost")
    )
    limits = app.extensions["rate_limits"]
    options = limits.counter.storage.storage.connection_pool.connection_kwargs

    assert options["socket_timeout"] == options["socket_connect_timeout"] == 1


def test_old_counts_are_removed_from_memory_without_a_thread(monkeypatch):
    storage = SweptMemory()
    storage.timer.join()
    before = threading.active_count()
    now = time.time()

    assert [storage.incr("a", 60), storage.incr("a", 60, 2), storage.incr("b", 600)] == [1, 3, 1]
    assert threading.active_count() == before
    monkeypatch.setattr(time, "time", lambda: now + 100)
    assert storage.incr("c", 60) == 1
    assert {*storage.storage} == {"b", "c"}
    assert storage.incr("a", 60) == 1


def test_no_count_is_lost_where_many_threads_begin_it():
    before = sys.getswitchinterval()
    limit, let_in = (parse("3/year"), "a client"), []

    def ask(counter, start):
        start.wait()
        let_in.extend(counter.hit([limit], 1) is None for _ in range(3))

    sys.setswitchinterval(1e-6)
    try:
        for _ in range(50):
            counter, start = RequestCounter("memory://"), threading.Barrier(8)
            threads = [threading.Thread(target=ask, args=(counter, start)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert let_in.count(True) == 3
            let_in.clear()
    finally:
        sys.setswitchinterval(before)


def test_counts_in_memory_are_no_more_than_so_many(monkeypatch):
    monkeypatch.setattr(request_counter, "_MAX_COUNTS", 10)
    storage = SweptMemory()
    storage.incr("often", 86400, 5)
    for number in range(1000):
        storage.incr(f"{number}", 86400)
        assert max(len(storage.storage), len(storage.expirations), len(storage.locks)) <= 10

    # Who asked most is not forgotten, nor who asked last.
    assert storage.incr("often", 86400) == 6
    assert storage.incr("999", 86400) == 2


def test_a_redis_that_went_away_is_not_asked_again_at_once(monkeypatch):
    pytest.importorskip("redis")
    counter, looks = RequestCounter("redis://localhost"), []
    monkeypatch.setattr(counter.storage, "check", lambda: looks.append(1))

    def hang(*_args):
        raise counter.storage.base_exceptions

    for name in ("acquire_sliding_window_entry", "get_sliding_window"):
        monkeypatch.setattr(counter.storage, name, hang)
    limit = (parse("3/year"), "a client")

    assert counter.hit([limit], 1) is None
    assert counter.find_window(limit)[1] == 2
    assert not looks
