"""Errors that never reach the app: problem details for programs, a page for browsers."""

import hashlib
import json
import re
from base64 import b64encode

import lxml.html
import pytest

from qa.server.error_responses import build_busy_responses, problem_bytes
from qa.server.request_parser import IncomingRequest
from qa.settings import Settings
from qa.web.middleware.proxies import forwarded_mount


def parse(response):
    """The status line, the headers and the body of a response."""
    head, _, body = response.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


def test_a_program_gets_problem_details():
    status, headers, body = parse(build_busy_responses("/kb")[True, False])

    assert status == "HTTP/1.1 503 Service Unavailable"
    assert headers["Content-Type"] == "application/problem+json"
    assert json.loads(body)["status"] == 503
    assert json.loads(body)["type"].startswith("/kb/problems/")


def test_a_browser_gets_a_page_with_a_way_to_try_again():
    status, headers, body = parse(build_busy_responses("/kb")[False, True])
    page = lxml.html.fromstring(body.decode())

    assert status == "HTTP/1.1 503 Service Unavailable"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Retry-After"] == "1"
    assert int(headers["Content-Length"]) == len(body)
    assert page.xpath("//h1")[0].text == "The service is busy"
    # The address of the page has the question in it.
    assert page.xpath("//a/@href") == [""]


def test_the_style_of_the_page_is_the_one_that_its_policy_allows():
    _, headers, body = parse(problem_bytes(414, "", keep_alive=False, as_page=True))
    style = re.search(rb"<style>(.*)</style>", body)[1]
    digest = b64encode(hashlib.sha256(style).digest()).decode()

    assert f"style-src 'sha256-{digest}'" in headers["Content-Security-Policy"]
    assert "'unsafe-inline'" not in headers["Content-Security-Policy"]


def test_what_is_said_is_text():
    _, _, body = parse(problem_bytes(400, "<script>", keep_alive=False, as_page=True))

    assert b"<script>" not in body


@pytest.mark.parametrize(
    ("settings", "headers", "mount"),
    [
        ({"trusted_proxies": 1}, ["X-Forwarded-Prefix: /Kb/"], "/Kb"),
        ({"trusted_proxies": 1}, ["X-Forwarded-Prefix: /evil, /kb"], "/kb"),
        ({"trusted_proxies": 1}, ["X-Forwarded-Prefix: /evil", "X-Forwarded-Prefix: /kb"], "/kb"),
        ({"trusted_proxies": 2}, ["X-Forwarded-Prefix: /kb, /inner"], "/kb"),
        ({"trusted_proxies": 2}, ["X-Forwarded-Prefix: /kb"], ""),
        ({"trusted_proxies": 1}, ["X-Forwarded-Prefix: //evil.example"], ""),
        ({"trusted_proxies": 1}, ["X-Forwarded-Prefix: /" + "k" * 500], ""),
        ({"trusted_proxies": 1}, [], ""),
        ({}, ["X-Forwarded-Prefix: /kb"], ""),
    ],
)
def test_the_mount_of_an_error_is_that_of_a_trusted_proxy(settings, headers, mount):
    incoming = IncomingRequest(1024)
    incoming.feed("\r\n".join(["GET / HTTP/1.1", "Host: a", *headers, "", ""]).encode())

    assert forwarded_mount(incoming.forwarded_prefix, Settings(**settings)) == mount


@pytest.mark.parametrize(
    ("accept", "wants_page"),
    [("text/html,application/xhtml+xml", True), ("*/*", False), ("application/json", False)],
)
def test_a_browser_is_known_by_what_it_accepts(accept, wants_page):
    incoming = IncomingRequest(1000)
    incoming.feed(f"GET / HTTP/1.1\r\nHost: a\r\nAccept: {accept}\r\n\r\n".encode())

    assert incoming.is_complete
    assert incoming.wants_page == wants_page
