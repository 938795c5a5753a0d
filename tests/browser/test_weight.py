"""What a page weighs, and how many requests it takes."""

from urllib.parse import urljoin

import pytest

from tests.browser.conftest import ASKED, FOLLOWED

PAGES = ["/", f"/?q={ASKED}", f"/?q={ASKED}&q={FOLLOWED}", "/about"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_light(opened, path):
    page = opened()
    loaded = {}
    page.on("response", lambda response: loaded.setdefault(response.url, response))
    page.goto(path, wait_until="networkidle")
    sizes = {url: len(response.body()) for url, response in loaded.items()}
    # Headless, Chromium fetches no icon.
    icon = page.locator("link[rel=icon]").get_attribute("href")
    sizes[urljoin(page.url, icon)] = len(page.request.get(icon).body())
    quoted = sum(len(text.encode()) for text in page.locator("blockquote").all_text_contents())

    assert len(sizes) <= 4
    assert sum(sizes.values()) - quoted < 60_000
