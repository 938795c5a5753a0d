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
    sizes = {url: len(page.request.get(url).body()) for url in loaded}
    quoted = sum(len(text.encode()) for text in page.locator("blockquote").all_text_contents())

    assert len(sizes) <= 4
    assert sum(sizes.values()) - quoted < 60_000
