"""The page about what programs can call."""

import contextlib
import io
import json
import shlex
from urllib.parse import urlsplit

from qa.app import create_app
from qa.settings import Settings
from tests.web.pages.conftest import text

READ = "a-long-read-value"


def test_it_shows_all_that_the_document_says(get_page, client):
    main = text(get_page("/api").find(".//main"))
    described = client.get("/openapi.json").get_json()

    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method == "servers":
                continue
            assert f"{method.upper()} {path}" in main
            assert operation["summary"] in main
    assert "at most 2000 characters" in main


def test_a_token_is_asked_for_only_where_one_is_set(index, get_page):
    app = create_app(Settings(index=str(index), token=READ))
    headers = {"Accept": "text/html", "Authorization": f"Bearer {READ}"}
    with_token = app.test_client().get("/api", headers=headers).text

    assert "Bearer TOKEN" in with_token
    assert "Bearer TOKEN" not in text(get_page("/api").find(".//main"))


def test_every_link_on_it_leads_somewhere(get_page):
    page = get_page("/api")
    anchors = {link[1:] for link in page.xpath("//main//a/@href") if link.startswith("#")}

    assert anchors
    assert anchors <= set(page.xpath("//@id"))


def test_it_brings_nothing_of_others(get_page):
    page = get_page("/api")

    assert not [src for src in page.xpath("//*/@src") if "//" in src]
    assert not page.xpath("//script[not(@src)] | //style | //@style | //@onclick")


def examples_of(page):
    """The examples by operation and language."""
    return {
        (section.find(".//h2").get("id"), text(detail.find("summary")).partition(":")[0]): (
            detail.find(".//code").text_content()
        )
        for section in page.xpath("//section[@class='operation']")
        for detail in section.xpath(".//details[contains(@class, 'example')]")
    }


def test_every_operation_has_examples_in_three_languages(get_page, client):
    examples = examples_of(get_page("/api"))
    paths = client.get("/openapi.json").get_json()["paths"].values()
    operations = [item for methods in paths for item in methods.values() if isinstance(item, dict)]
    names = {operation["operationId"] for operation in operations}

    assert {*examples} == {(n, k) for n in names for k in ("curl", "Python", "JavaScript")}


def test_each_curl_example_is_answered(get_page, client):
    for (name, language), code in examples_of(get_page("/api")).items():
        if language != "curl":
            continue
        arguments = shlex.split(code)
        url = urlsplit(next(a for a in arguments if a.startswith("http")))
        path = f"{url.path}?{url.query}"
        if "-d" in arguments:
            response = client.post(path, json=json.loads(arguments[arguments.index("-d") + 1]))
        else:
            response = client.get(path)

        assert response.status_code == 200, (name, code, response.text)


def test_each_python_example_runs(get_page, client, monkeypatch):
    def urlopen(request):
        url = urlsplit(request.full_url)
        path = f"{url.path}?{url.query}"
        options = {"headers": [*request.header_items()], "data": request.data}
        return io.BytesIO(client.open(path, method=request.get_method(), **options).data)

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    for (name, language), code in examples_of(get_page("/api")).items():
        if language == "Python":
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(code, {})  # noqa: S102 - it is what the page gives to run

            assert output.getvalue().strip(), name


def test_a_form_without_scripts_gets_what_the_example_gets(get_page, client):
    form = get_page("/api").xpath("//section[h2/@id='ask']//form")[0]
    fields = {i.get("name"): i.get("value") for i in form.xpath(".//input") if i.get("value")}

    assert form.get("method") == "get"
    assert client.get(form.get("action"), query_string=fields).get_json()["verdict"] == "found"


def test_where_a_token_is_needed_examples_send_it(index):
    settings = Settings(index=str(index), token=READ)
    client = create_app(settings).test_client()
    page = client.get("/api", headers={"Authorization": f"Bearer {READ}"}).text

    assert page.count("Bearer TOKEN") > 20
    assert READ not in page


def test_there_is_a_page_before_there_is_an_index(tmp_path):
    page = create_app(Settings(index=str(tmp_path))).test_client().get("/api")

    assert page.status_code == 200
    assert "curl" in page.text
