"""What a page weighs, and how many requests it takes."""

from urllib.parse import urljoin

import pytest

from tests.browser.conftest import ASKED, FOLLOWED

PAGES = ["/", f"/?q={ASKED}", f"/?q={ASKED}&q={FOLLOWED}", "/about"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_light(open_page, path):
    page = open_page()
    loaded = set()
    page.on("request", lambda request: loaded.add(request.url))
    page.goto(path, wait_until="load")
    # Headless, Chromium may not fetch the icon.
    loaded.add(urljoin(page.url, page.locator("link[rel=icon]").get_attribute("href")))
    responses = [
        page.request.get(url, headers={"Accept-Encoding": "gzip"}) for url in sorted(loaded)
    ]
    # What is compressed says how long it is on its way.
    sizes = [int(response.headers["content-length"]) for response in responses]

    assert len(sizes) <= 5
    assert sum(sizes) < 60_000
