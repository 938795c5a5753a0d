"""Behind a real proxy, at a path or at the root: every link leads on, and stays there."""

import contextlib
import json
import os
import shutil
import subprocess
import time
from collections import deque
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

import pytest
import regex

from tests.conftest import ROOT, reserve_port, run_service

OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")


def example(language, beginning):
    """The example of the page on operating that begins so, which is tried here."""
    pattern = rf"```{language}\n({regex.escape(beginning)}.*?)```"
    return regex.search(pattern, OPERATING, flags=regex.DOTALL)[1]


LOCATION = example("nginx", "location")
CADDYFILE = example("", "docs.example.org {")
ROUTES = example("yaml", "http:")
_LINKS = {"href", "src", "cite"}
_CADDY = ("caddy", "run", "--adapter", "caddyfile", "--config")
# A form is sent with what is typed in it, so these need only be where they belong.
_FORMS = {"action", "data-path"}
_QUESTIONS = ("what guarantees did Putin demand?", "how many documents are there?", "zebra stripes")
_STARTS = (
    *("", "documents", "documents.json", "about", "api", "problems", "openapi.json", "robots.txt"),
    *("opensearch.xml", "suggest?q=nato", "v1/version", "v1/documents.json", "static/app.js"),
    "documents.csv?sort=newest",
    *(
        f"{path}?q={quote(question)}"
        for path in ("", "ask", "v1/ask", "export.md", "export.json", "export.csv")
        for question in _QUESTIONS
    ),
)


@contextlib.contextmanager
def run_nginx(folder, port, location):
    """A real nginx on *port* with this *location*."""
    config = folder / "nginx.conf"
    paths = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{name}_temp_path {folder}/{name};" for name in paths)
    config.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}"
        f" http {{ access_log off; {temporary}"
        f" server {{ listen 127.0.0.1:{port}; {location} }} }}"
    )
    with run_proxy("nginx", "-e", "stderr", "-c", config, "-p", folder, home=folder) as process:
        yield process


@contextlib.contextmanager
def run_caddy(folder, port, site):
    """A real Caddy on *port* with this *site*."""
    config = folder / "Caddyfile"
    site = site.replace("docs.example.org", f"http://127.0.0.1:{port}")
    config.write_text(f"{{\n    admin off\n}}\n{site}")
    with run_proxy(*_CADDY, config, home=folder) as process:
        yield process


@contextlib.contextmanager
def run_traefik(folder, port, routes):
    """A real Traefik on *port* with these *routes*."""
    config = folder / "routes.yaml"
    config.write_text(routes.replace("docs.example.org", "127.0.0.1"))
    options = {
        "entryPoints.web.address": f"127.0.0.1:{port}",
        "providers.file.filename": config,
        "global.checkNewVersion": "false",
        "log.level": "ERROR",
    }
    arguments = [f"--{name}={value}" for name, value in options.items()]
    with run_proxy("traefik", *arguments, home=folder) as process:
        yield process


@contextlib.contextmanager
def run_proxy(*command, home):
    """The process of a proxy, which ends with the context; what it stores is in *home*."""
    homes = dict.fromkeys(["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"], str(home))
    process = subprocess.Popen(command, env=os.environ | homes)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


class Mount(NamedTuple):
    """Where readers find the service."""

    origin: str
    path: str

    def get(self, address, accept="*/*"):
        """Status, headers and body of what is at an *address* of ours."""
        parts = urlsplit(address)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.send("GET", target, accept)

    def send(self, method, target, accept="*/*", body=None):
        connection = HTTPConnection(urlsplit(self.origin).netloc, timeout=60)
        headers = {"Accept": accept, **({"Content-Type": "application/json"} if body else {})}
        with contextlib.closing(connection):
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode(errors="replace")

    def wait(self, process):
        """Wait until the service answers through the proxy."""
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            assert process.poll() is None
            with contextlib.suppress(OSError):
                if self.get(f"{self.origin}{self.path}readyz")[0] == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError("the service does not answer through the proxy")


# With the path left in, and nothing said of it.
_BARE_LOCATION = "location /kb/ { proxy_pass http://127.0.0.1:8000; }"
_ROOT_LOCATION = LOCATION.replace("/kb/", "/").replace(" /kb;", ' "";')
# By what the service is told of its path: the proxy, how it is run, and its configuration.
PROXIES = {
    "X-Forwarded-Prefix": ("nginx", run_nginx, LOCATION),
    "root": ("nginx", run_nginx, _ROOT_LOCATION),
    "QA_URL": ("nginx", run_nginx, _BARE_LOCATION),
    "Caddy": ("caddy", run_caddy, CADDYFILE),
    "Traefik": ("traefik", run_traefik, ROUTES),
}


@pytest.fixture(scope="module", params=[*PROXIES])
def mount(request, sample, tmp_path_factory):
    """The service behind a proxy, which is told of its path in one of these ways."""
    program, run, config = PROXIES[request.param]
    if not shutil.which(program):
        pytest.skip(f"there is no {program}")
    with reserve_port() as port:
        place = Mount(f"http://127.0.0.1:{port}", "/" if request.param == "root" else "/kb/")
        settings = {"trusted_proxies": 1}
        if request.param == "QA_URL":
            settings = {"url": f"{place.origin}/kb"}
        with run_service(sample.index, documents=sample.documents, **settings) as (host, own_port):
            config = config.replace("127.0.0.1:8000", f"{host}:{own_port}")
            with run(tmp_path_factory.mktemp("proxy"), port, config) as process:
                yield place.wait(process)


class _Links(HTMLParser):
    """The addresses in a page: of links and of forms."""

    def __init__(self, text):
        super().__init__()
        self.links, self.forms = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.links |= {values[name] for name in _LINKS & values.keys() if values[name]}
        self.forms |= {values[name] for name in _FORMS & values.keys() if values[name]}
        if values.get("property") in {"og:url", "og:image"}:
            self.links.add(values["content"])


def strings_of(value):
    """All strings in a JSON value; those of addresses are among them."""
    if isinstance(value, dict):
        # Texts of documents are none of ours.
        value = [each for name, each in value.items() if name not in {"text", "exact", "paths"}]
    if isinstance(value, list):
        for each in value:
            yield from strings_of(each)
    elif isinstance(value, str):
        yield value


def links_of(media_type, text, origin):
    """The addresses in a *text*, and those that are only the beginnings of some."""
    full = {*regex.findall(regex.escape(origin) + r"[^\s\"<>)\\{]*", text)}
    if media_type == "text/html":
        page = _Links(text)
        return page.links, page.forms
    if media_type == "application/manifest+json":
        values = json.loads(text)
        return {values["start_url"], *(icon["src"] for icon in values["icons"])}, {values["scope"]}
    if text.startswith("User-agent"):
        return set(), {*regex.findall(r"Disallow: (\S+)", text)}
    if media_type.endswith("xml"):
        return set(), full
    if not media_type.endswith("json"):
        return full, set()
    values = json.loads(text)
    servers = {each["url"] for each in values["servers"]} if "openapi" in values else set()
    paths = {each for each in strings_of(values) if regex.fullmatch(r"/[a-z?][^\s{]*", each)}
    return full | paths - servers, {f"{each.rstrip('/')}/" for each in servers}


class Crawl:
    """Follows the links of a service from page to page, of each kind in turn."""

    def __init__(self, mount):
        self.mount, self.root = mount, mount.origin + mount.path
        self.seen, self.waiting, self.visited, self.wrong = set(), {}, {}, []

    def add(self, address, source):
        """Note a link on the page *source*, which must stay below the mount."""
        url = urljoin(source, address).partition("#")[0]
        parts = urlsplit(url)
        if parts.hostname not in {"127.0.0.1", "localhost"}:
            return None
        if not url.startswith(self.root):
            self.wrong.append(f"{url} on {source} leaves the mount")
            return None
        return url

    def follow(self, address, source):
        url = self.add(address, source)
        if url and url not in self.seen:
            self.seen.add(url)
            path = url.removeprefix(self.root).partition("?")
            self.waiting.setdefault(path[0].partition("/")[0], deque()).append((url, source))

    def run(self, most):
        """Visit *most* addresses, or all."""
        while any(self.waiting.values()) and len(self.visited) < most:
            for kind in [*self.waiting]:
                if self.waiting[kind] and len(self.visited) < most:
                    self.visit(*self.waiting[kind].popleft())
        return self

    def visit(self, url, source):
        status, headers, text = self.mount.get(url, "text/html" if source == url else "*/*")
        self.visited[url] = headers.get_content_type()
        if status in {301, 302, 303, 307, 308}:
            self.follow(headers["Location"], url)
        elif status != 200:
            self.wrong.append(f"{url} on {source} gives {status}")
        links, forms = links_of(headers.get_content_type(), text, self.mount.origin)
        for link in links:
            self.follow(link, url)
        for form in forms:
            self.add(form.replace("{", "").replace("}", ""), url)


def test_every_link_stays_below_the_mount_and_leads_somewhere(mount, full):
    crawl = Crawl(mount)
    for start in _STARTS:
        crawl.follow(start, crawl.root)
    most = 500 if full else 100
    crawl.run(most)

    assert crawl.wrong == []
    assert len(crawl.visited) == most
    assert {"text/html", "application/json", "text/markdown", "text/css", "text/csv"} <= {
        *crawl.visited.values()
    }


def test_the_tools_of_programs_give_addresses_below_the_mount(mount):
    crawl = Crawl(mount)
    for name, arguments in (
        ("search", {"query": _QUESTIONS[0]}),
        ("search", {"query": _QUESTIONS[1]}),
        ("list_documents", {}),
    ):
        call = {"name": name, "arguments": arguments}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        status, _, text = mount.send("POST", f"{mount.path}mcp", body=json.dumps(body))
        content = json.loads(text)["result"]["structuredContent"]
        addresses = regex.findall(r"\"(http://127[^\"]*)\"", json.dumps(content))

        assert status == 200
        assert addresses
        for address in addresses:
            crawl.follow(address, crawl.root)
    crawl.run(10)

    assert crawl.wrong == []


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_the_links_of_an_error_stay_below_the_mount(mount, accept):
    status, headers, text = mount.send("GET", f"{mount.path}nowhere", accept)
    crawl = Crawl(mount)
    links, forms = links_of(headers.get_content_type(), text, mount.origin)
    for link in links | forms:
        crawl.add(link, f"{crawl.root}nowhere")

    assert status == 404
    assert links
    assert crawl.wrong == []
