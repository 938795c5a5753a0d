"""A web page -> its article's headings and paragraphs, without menus, and its metadata."""

import json
from collections import deque

import lxml.html
import regex
from lxml import etree

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.formats.html_article import extract_article
from qa.documents.formats.html_blocks import element_text, iter_page_blocks
from qa.documents.formats.plain import BYTE_ORDER_MARKS, decode_text
from qa.documents.formats.stylesheets import apply_style_sheets
from qa.documents.metadata import parse_date
from qa.documents.raw_document import RawDocument, build_raw_document
from qa.errors import UnreadableFileError

_CHARSET_DECLARATION = regex.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", regex.I)
_PAGE_START = regex.compile(rb"<(?:!doctype\s+html|html|head|body)\b", regex.I)
_BYTE_ORDER_MARKS = tuple(mark for mark, _ in BYTE_ORDER_MARKS)
# Like browsers, decode these encodings as the supersets that are meant.
_SUPERSETS = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
}
# Browsers show what follows these, which parsers leave out.
_END_OF_PAGE = regex.compile(r"</(?:html|body)\s*>", regex.I)
_XML_DECLARATION = regex.compile(r"\A\s*<\?xml[^>]*\?>")


def read_html(data: bytes) -> RawDocument:
    """Read a web page: its article, else all but navigation."""
    text = _XML_DECLARATION.sub("", _decode_html(data)).replace("\0", "")
    text = _END_OF_PAGE.sub("", text)
    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        page = lxml.html.document_fromstring(text.encode(errors="replace"), parser=parser)
    except etree.ParserError as error:
        raise UnreadableFileError("no text") from error
    apply_style_sheets(page)
    article = extract_article(page)
    raw_document = build_raw_document(article.blocks, _read_metadata(page))
    return raw_document._replace(omissions=article.omissions)


def read_page(page_source: str | bytes) -> list[RawBlock]:
    """All blocks of a page that is no web page, so has no menus: a message, a chapter of a book."""
    text = page_source if isinstance(page_source, str) else _decode_html(page_source)
    if not has_words(text):
        return []
    page = lxml.html.document_fromstring(
        _END_OF_PAGE.sub("", _XML_DECLARATION.sub("", text)).replace("\0", ""),
        parser=lxml.html.HTMLParser(remove_comments=True, remove_pis=True, huge_tree=True),
    )
    apply_style_sheets(page)
    body = page.find("body")
    return (
        []
        if body is None
        else [page_block.block_with_number for page_block in iter_page_blocks(body)]
    )


def _decode_html(data: bytes) -> str:
    """The text of *data*, by its byte order mark, its declaration, or detection."""
    declared = _CHARSET_DECLARATION.search(data[:4096])
    if declared and not data.startswith(_BYTE_ORDER_MARKS):
        name = declared[1].decode(errors="replace").lower()
        try:
            return data.decode(_SUPERSETS.get(name, name))
        except (LookupError, ValueError):
            pass
    try:
        return decode_text(data)
    except UnreadableFileError:
        # Browsers read a page whatever else is in it.
        if not _PAGE_START.search(data[:1024]):
            raise
        return data.replace(b"\0", b"").decode("cp1252", errors="replace")


_DATE_NAMES = (
    "article:published_time datepublished date dc.date dc.date.issued dcterms.date dcterms.issued "
    "dcterms.created pubdate publishdate publish-date publish_date publication_date "
    "parsely-pub-date sailthru.date citation_publication_date citation_date"
).split()
# For browsers and crawlers, not about the text.
_TECHNICAL_NAMES = frozenset(
    "viewport robots generator referrer googlebot bingbot rating progid".split()
)


def _read_metadata(page: lxml.html.HtmlElement) -> dict[str, object]:
    """The metadata of a page: Open Graph, JSON-LD, meta elements, the canonical link."""
    meta_elements = _read_meta_elements(page)
    linked_data = _read_linked_data(page)
    times = [time.get("datetime") for time in _find_time_elements(page)]
    dates = [linked_data.get("datePublished"), *map(meta_elements.get, _DATE_NAMES), *times]
    site = meta_elements.get("og:site_name") or linked_data.get("publisher")
    metadata = {
        "title": meta_elements.get("og:title") or linked_data.get("headline") or _page_title(page),
        "author": linked_data.get("author") or _author_name(meta_elements),
        "publisher": site or meta_elements.get("dc.publisher"),
        "date": next(filter(parse_date, dates), None),
        "url": _first_result(page, "//link[@rel='canonical']/@href") or meta_elements.get("og:url"),
        "language": page.get("lang")
        or linked_data.get("inLanguage")
        or meta_elements.get("og:locale"),
    }
    other_elements = {
        key: text
        for key, text in meta_elements.items()
        if key.isidentifier() and key not in _TECHNICAL_NAMES
    }
    return {key: value for key, value in metadata.items() if value} | {
        key: text for key, text in other_elements.items() if key not in metadata
    }


def _read_meta_elements(page: lxml.html.HtmlElement) -> dict[str, str]:
    """The first value of each meta element by its lower-case name; all names of authors."""
    contents: dict[str, list[str]] = {}
    for element in page.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        content = (element.get("content") or "").strip()
        if name and content:
            contents.setdefault(name.strip().lower(), []).append(content)
    return {
        name: ", ".join(dict.fromkeys(values)) if name in _AUTHOR_NAMES else values[0]
        for name, values in contents.items()
    }


_AUTHOR_NAMES = ("author", "article:author", "dc.creator", "citation_author", "parsely-author")


def _author_name(meta: dict[str, str]) -> str | None:
    names = map(meta.get, _AUTHOR_NAMES)
    return next((name for name in names if name and "://" not in name), None)


def _read_linked_data(page: lxml.html.HtmlElement) -> dict[str, object]:
    """The JSON-LD object of the article: the first with a headline, else with a date."""
    objects: list[dict[str, object]] = []
    for script in page.xpath("//script[@type='application/ld+json']"):
        try:
            pending = deque([json.loads(script.text or "", strict=False)])
        except (ValueError, RecursionError):
            continue
        while pending:
            value = pending.popleft()
            if isinstance(value, list):
                pending += value
            elif isinstance(value, dict):
                objects.append(value)
                pending += [value["@graph"]] if "@graph" in value else []
    for key in ("headline", "datePublished"):
        for value in objects:
            if value.get(key):
                return value
    return {}


def _find_time_elements(page: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """The time element that dates the page: the article's first, or the only one."""
    times = page.xpath("(//article | //main)//time[@datetime]")[:1]
    all_times = page.xpath("//time[@datetime]")
    return times or (all_times if len(all_times) == 1 else [])


def _page_title(page: lxml.html.HtmlElement) -> str | None:
    """The title, without the site's name where a heading of the page shows which part that is."""
    title = element_text(next(page.iter("title"), None))
    headings = [text for text in map(element_text, page.iter("h1")) if text]
    matching_heading = next((text for text in headings if title.startswith(text)), None)
    return matching_heading or title or (headings[0] if len(headings) == 1 else None)


def _first_result(page: lxml.html.HtmlElement, path: str) -> str | None:
    results = page.xpath(path)
    return str(results[0]) if results else None
