"""A web page -> its article's headings and paragraphs, without menus, and its metadata."""

import codecs
import copy
import json
from collections import deque
from collections.abc import Iterable, Iterator

import lxml.html
import regex
from lxml import etree
from trafilatura import bare_extraction

from qa.documents.document import RawBlock
from qa.documents.formats.plain import decode
from qa.documents.metadata import Extract, date, titled
from qa.errors import UnreadableError

_CHARSET = regex.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]+)", regex.I)
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# As browsers do, what is declared in these is read in the supersets that it is really in.
_SUPERSETS = {
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
}
_DECLARATION = regex.compile(r"\A\s*<\?xml[^>]*\?>")


def read(data: bytes) -> Extract:
    """Read a web page: the article that trafilatura finds, else all that is not navigation."""
    text = _DECLARATION.sub("", _decode(data)).replace("\0", "")
    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        page = lxml.html.document_fromstring(text.encode(errors="replace"), parser=parser)
    except etree.ParserError as error:
        raise UnreadableError("no text") from error
    return titled(_article(page), _about(page), None)


def _decode(data: bytes) -> str:
    """The text of *data*: as its byte order mark says, its declaration, or as it looks."""
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith(_MARKS):
        name = declared[1].decode(errors="replace").lower()
        try:
            return data.decode(_SUPERSETS.get(name, name))
        except (LookupError, ValueError):
            pass
    return decode(data)


def _article(page: lxml.html.HtmlElement) -> list[RawBlock]:
    """The article as trafilatura finds it, or the whole page where it finds none.

    Of small pages it makes one paragraph, menus and all.  It is asked for text only: its metadata
    guesses dates and authors from anywhere on the page.
    """
    found = bare_extraction(
        copy.deepcopy(page), favor_recall=True, include_tables=True, include_comments=False
    )
    article = list(_blocks(getattr(found, "body", None)))
    whole = list(_blocks(page.find("body")))
    flattened = len(article) == 1 and _length(whole) < 1.2 * _length(article)
    return whole if flattened or _length(article) < 250 else article


def _length(blocks: list[RawBlock]) -> int:
    return sum(len(block.text) for block in blocks)


# The names of HTML and those of the tree that trafilatura makes.
_HIDDEN = frozenset(
    "aside button footer form header iframe nav noscript script select style svg template textarea "
    "title".split()
)
_BLOCK = frozenset(
    "address article blockquote body caption center dd details div dl dt fieldset figcaption "
    "figure h1 h2 h3 h4 h5 h6 hr li main ol p pre section summary table tbody td tfoot th thead tr "
    "ul cell head item list quote row".split()
)
_ROWS = frozenset({"tr", "row"})
_CELLS = ("td", "th", "cell")
# A row with these in it lays out a page rather than a table.
_LAYOUT = ("table", "p", "div", "ul", "ol", "h1", "h2", "h3", "list")
_LEVEL = regex.compile(r"h([1-6])")


def _blocks(root: etree._Element | None) -> Iterator[RawBlock]:
    """The text below *root*, cut where a block begins or ends."""
    if root is None:
        return
    words: list[str] = []
    walker = etree.iterwalk(root, events=("start", "end"))
    for event, element in walker:
        tag = str(element.tag)
        if tag in _BLOCK:
            level = _level(element) if event == "end" else 0
            yield from _joined(words, level)
            words = []
        if event == "end":
            words.append(element.tail or "")
        elif tag in _HIDDEN or element.get("hidden") is not None:
            walker.skip_subtree()
        elif tag in _ROWS and next(element.iterdescendants(*_LAYOUT), None) is None:
            walker.skip_subtree()
            cells = (_text(cell) for cell in element.iterchildren(*_CELLS))
            yield from _joined([" | ".join(filter(None, cells))])
        else:
            words += ["\n" if tag in {"br", "lb"} else "", element.text or ""]
    yield from _joined(words)


def _joined(words: Iterable[str], level: int = 0) -> Iterator[RawBlock]:
    text = "".join(words)
    if text.strip():
        yield RawBlock(text, level)


def _level(element: etree._Element) -> int:
    match = _LEVEL.fullmatch(
        str(element.get("rend") or "h2" if element.tag == "head" else element.tag)
    )
    return int(match[1]) if match else 0


def _text(element: etree._Element | None) -> str:
    return "" if element is None else " ".join("".join(map(str, element.itertext())).split())


_DATES = (
    "article:published_time datepublished date dc.date dc.date.issued dcterms.date dcterms.issued "
    "dcterms.created pubdate publishdate publish-date publish_date publication_date "
    "parsely-pub-date sailthru.date citation_publication_date citation_date"
).split()
# What is said to browsers and crawlers rather than of the text.
_TECHNICAL = frozenset("viewport robots generator referrer googlebot bingbot rating progid".split())


def _about(page: lxml.html.HtmlElement) -> dict[str, object]:
    """What the head of a page says: Open Graph, JSON-LD, meta elements, the canonical link."""
    meta = _meta(page)
    linked = _linked_data(page)
    times = [time.get("datetime") for time in _times(page)]
    dates = [linked.get("datePublished"), *map(meta.get, _DATES), *times]
    site = meta.get("og:site_name") or linked.get("publisher")
    about = {
        "title": meta.get("og:title") or linked.get("headline") or _title(page),
        "author": linked.get("author") or _name(meta),
        "publisher": site or meta.get("dc.publisher"),
        "date": next(filter(date, dates), None),
        "url": _first(page, "//link[@rel='canonical']/@href") or meta.get("og:url"),
        "language": page.get("lang") or linked.get("inLanguage") or meta.get("og:locale"),
    }
    rest = {key: text for key, text in meta.items() if key.isidentifier() and key not in _TECHNICAL}
    return {key: value for key, value in about.items() if value} | {
        key: text for key, text in rest.items() if key not in about
    }


def _meta(page: lxml.html.HtmlElement) -> dict[str, str]:
    """The first value of each meta element by its lower-case name."""
    found: dict[str, str] = {}
    for element in page.iter("meta"):
        name = element.get("property") or element.get("name") or element.get("itemprop") or ""
        content = (element.get("content") or "").strip()
        if name and content:
            found.setdefault(name.strip().lower(), content)
    return found


def _name(meta: dict[str, str]) -> str | None:
    names = map(
        meta.get, ["author", "article:author", "dc.creator", "citation_author", "parsely-author"]
    )
    return next((name for name in names if name and "://" not in name), None)


def _linked_data(page: lxml.html.HtmlElement) -> dict[str, object]:
    """The JSON-LD object of the article: the first with a headline, else with a date."""
    objects: list[dict[str, object]] = []
    for script in page.xpath("//script[@type='application/ld+json']"):
        try:
            waiting = deque([json.loads(script.text or "", strict=False)])
        except (ValueError, RecursionError):
            continue
        while waiting:
            value = waiting.popleft()
            if isinstance(value, list):
                waiting += value
            elif isinstance(value, dict):
                objects.append(value)
                waiting += [value["@graph"]] if "@graph" in value else []
    for key in ("headline", "datePublished"):
        for value in objects:
            if value.get(key):
                return value
    return {}


def _times(page: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """The time element that dates the page: the article's first, or the only one."""
    times = page.xpath("(//article | //main)//time[@datetime]")[:1]
    everywhere = page.xpath("//time[@datetime]")
    return times or (everywhere if len(everywhere) == 1 else [])


def _title(page: lxml.html.HtmlElement) -> str | None:
    """The title, without the site's name where the page's own heading shows what is the title."""
    title = _text(next(page.iter("title"), None))
    headings = [text for text in map(_text, page.iter("h1")) if text]
    shown = next((text for text in headings if title.startswith(text)), None)
    return shown or title or (headings[0] if len(headings) == 1 else None)


def _first(page: lxml.html.HtmlElement, path: str) -> str | None:
    found = page.xpath(path)
    return str(found[0]) if found else None
