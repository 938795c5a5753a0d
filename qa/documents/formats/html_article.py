"""A web page -> the blocks of its article, or of all but navigation where there is none.

trafilatura finds where the article is; what is read there are the page's own elements, since it
leaves out asides, captions and forms, and joins the lines of code.
"""

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import lxml.html
import regex
from lxml import etree
from trafilatura import bare_extraction

from qa.analysis.tokenizer import has_words
from qa.documents.document import RawBlock
from qa.documents.formats.html_blocks import PageBlock, element_text, is_hidden, iter_page_blocks
from qa.documents.formats.stylesheets import is_too_deep
from qa.documents.raw_document import count_omissions

# A shorter article is hardly one.
_SHORTEST_ARTICLE = 250
# Shorter texts are looked for as a whole block, since they may be part of any sentence.
_SHORTEST_PART = 25
# The share of an article's characters that the element around it has.
_CONTAINER_SHARE = 0.9

# Above the first text of an article, of this length, its lead is in as many blocks, all sentences.
_LONG_TEXT = 100
_LONGEST_LEAD = 20
_FEWEST_SPACES = 7
_SENTENCE_END = regex.compile(r"[.!?…][\"'”’»)]*$")

_NAVIGATION_TAGS = frozenset("nav menu footer header".split())
_NAVIGATION_ROLES = frozenset("navigation banner contentinfo search menu menubar dialog".split())
_NAVIGATION_CLASS = regex.compile(
    r"(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|share|sharing|social|related|comments?"
    r"|cookies?|consent|newsletter|subscribe|sidebar|footer|banner|ads?|advert\w*|promo|teasers?"
    r"|widgets?|pagination|pager|tags|toolbar|skip-link|recommend\w*|more-stories)(?:$|[\s_-])",
    regex.I,
)
# Longer elements are no navigation, whatever they are called.
_LONGEST_NAVIGATION = 2000
_ARTICLE_TAGS = frozenset({"article", "main"})
_FIGURE_TAGS = frozenset("figure figcaption table dl pre".split())
_MARGIN_TAGS = frozenset({"aside", "form"})


# What the text of a page lacks, by its tag.
_MEDIA = {
    "img": "a picture",
    "svg": "a picture",
    "video": "a video",
    "audio": "a recording",
    "iframe": "an embedded page",
    "object": "an embedded object",
    "embed": "an embedded object",
}
_MAX_TABLES, _MAX_TABLE_DEPTH = 2_000, 20
# Smaller pictures, in pixels, are bullets and icons, or count visitors.
_SMALLEST_PICTURE = 33
_SMALL = regex.compile(r"\s*(\d{1,9})\s*(?:px)?\s*", regex.I)


class Article(NamedTuple):
    """The blocks of an article, and what is on its page that they lack."""

    blocks: list[RawBlock]
    omissions: tuple[str, ...] = ()


def extract_article(page: lxml.html.HtmlElement) -> Article:
    """The article, or the whole page but its navigation."""
    body = page.find("body")
    if body is None:
        return Article([])
    blocks = _read_page(body)
    article = _find_article(page)
    matches = _match_blocks(blocks, article)
    length = sum(len(block.text) for block, matched in zip(blocks, matches, strict=True) if matched)
    if length < _SHORTEST_ARTICLE:
        regions = _PageRegions(body, blocks)
        whole = [block.block_with_number for block in blocks if regions.is_content(block)]
        return Article(whole, _count_media(body, regions))
    regions = _PageRegions(body, blocks, by_class=True)
    container = _find_container(blocks, matches)
    # Some pages call their lead a teaser, as others do their advertisements.
    content = _PageRegions(body, blocks).is_content
    lead = {
        number
        for number in _find_lead(blocks, matches, element_text(next(page.iter("title"), None)))
        if _is_sentence(blocks[number].text) and content(blocks[number], is_between=True)
    }
    selected = list(_select_blocks(blocks, matches, container, regions, lead))
    return Article(selected, _count_media(_find_outer(container), regions))


def _count_media(container: etree._Element, regions: "_PageRegions") -> tuple[str, ...]:
    """The pictures and the like in *container*, outside of navigation."""
    counts = dict.fromkeys(_MEDIA.values(), 0)
    walker = etree.iterwalk(container, events=("start",))
    for _, element in walker:
        tag = str(element.tag)
        if tag in _MEDIA:
            counts[_MEDIA[tag]] += not _is_icon(element, tag)
            walker.skip_subtree()
        elif element is not container and (is_hidden(element) or regions.is_navigation(element)):
            walker.skip_subtree()
    return count_omissions(counts)


def _is_icon(element: etree._Element, tag: str) -> bool:
    """Whether a picture is too small, or a drawing without words."""
    if tag == "svg":
        return next(element.iter("{*}text"), None) is None
    sizes = map(_SMALL.fullmatch, (element.get("width", ""), element.get("height", "")))
    return any(size and int(size[1]) < _SMALLEST_PICTURE for size in sizes)


def _read_page(body: etree._Element) -> list[PageBlock]:
    """The blocks of a page, also what is hidden if that is nearly all: it waits for a script."""
    blocks = list(iter_page_blocks(body))
    all_blocks = list(iter_page_blocks(body, with_concealed=True))
    length, full_length = (sum(len(b.text) for b in each) for each in (blocks, all_blocks))
    is_waiting = full_length > _SHORTEST_ARTICLE and length * 10 < full_length
    return all_blocks if is_waiting else blocks


def _find_article(page: lxml.html.HtmlElement) -> list[str]:
    """The texts of the blocks of the article that trafilatura extracts.

    Its metadata is not used: it guesses dates and authors from anywhere on the page.
    """
    if is_too_deep(page) or _has_too_many_tables(page):
        return []
    visible = copy.deepcopy(page)
    for element in [element for element in visible.iter() if is_hidden(element)]:
        if element.tag not in {"head", "title"} and element.getparent() is not None:
            element.drop_tree()
    for cell in visible.iter("td", "th"):
        # It would make all the cells that a cell may say it covers.
        cell.attrib.pop("colspan", None)
        cell.attrib.pop("rowspan", None)
    extraction = bare_extraction(
        visible, favor_recall=True, include_tables=True, include_comments=False
    )
    root = getattr(extraction, "body", None)
    if root is None:
        return []
    return [" ".join(str(text).split()) for text in root.itertext() if text.strip()]


def _has_too_many_tables(page: lxml.html.HtmlElement) -> bool:
    """Whether there are more tables, or more in one another, than people lay out.

    trafilatura takes time for each that grows with the number of the others.
    """
    depth = count = 0
    for event, _ in etree.iterwalk(page, events=("start", "end"), tag="table"):
        count += event == "start"
        depth += 1 if event == "start" else -1
        if depth > _MAX_TABLE_DEPTH or count > _MAX_TABLES:
            return True
    return False


def _match_blocks(blocks: Sequence[PageBlock], article: Sequence[str]) -> list[bool]:
    """Whether each block is in the article."""
    exact = Counter(article)
    joined = _squeeze("".join(article))
    matches: list[bool] = []
    for block in blocks:
        text = block.text
        is_part = len(text) >= _SHORTEST_PART and _squeeze(text) in joined
        is_whole = exact[text] > 0
        exact[text] -= is_whole
        matches.append(is_part or is_whole)
    return matches


def _squeeze(text: str) -> str:
    return "".join(filter(str.isalnum, text))


def _find_outer(container: etree._Element) -> etree._Element:
    """The article element around *container*, if there is one."""
    around = (container, *container.iterancestors())
    return next((element for element in around if element.tag in _ARTICLE_TAGS), container)


def _select_blocks(
    blocks: Sequence[PageBlock],
    matches: Sequence[bool],
    inner: etree._Element,
    regions: "_PageRegions",
    lead: set[int],
) -> Iterator[RawBlock]:
    """The blocks of the article, and what else is inside of *inner*, the element around it.

    *lead* has the numbers of blocks that belong to it, too.

    Of the article element, if the page has one, it is read what comes before, such as a lead, and
    the figures and tables that follow.
    """
    outer = _find_outer(inner)
    numbers = [number for number, matched in enumerate(matches) if matched]
    for number, (block, matched) in enumerate(zip(blocks, matches, strict=True)):
        is_inside = _is_below(block.element, inner)
        is_between = numbers[0] <= number <= numbers[-1] and is_inside
        is_article = is_inside and (is_between or inner.tag != "body")
        if not is_article and outer.tag != "body" and _is_below(block.element, outer):
            is_article = number < numbers[0] or _is_figure(block.element)
        is_content = is_article and regions.is_content(block, is_between=is_between)
        if matched or number in lead or is_content:
            yield block.block_with_number


def _find_lead(blocks: Sequence[PageBlock], matches: Sequence[bool], title: str) -> range:
    """The numbers of the blocks between the heading of a page and the first text of its article."""
    texts = (
        number
        for number, (block, matched) in enumerate(zip(blocks, matches, strict=True))
        if matched and not block.block.level and len(block.text) >= _LONG_TEXT
    )
    first = next(texts, 0)
    for number in range(first - 1, max(-1, first - _LONGEST_LEAD), -1):
        block = blocks[number]
        level = block.block.level
        if level == 1 or (level and len(block.text) >= _SHORTEST_PART and block.text in title):
            return range(number + 1, first)
    return range(0)


def _is_sentence(text: str) -> bool:
    return text.count(" ") >= _FEWEST_SPACES and _SENTENCE_END.search(text[-5:]) is not None


def _is_figure(element: etree._Element) -> bool:
    return any(e.tag in _FIGURE_TAGS for e in (element, *element.iterancestors()))


def _find_container(blocks: Sequence[PageBlock], matches: Sequence[bool]) -> etree._Element:
    """The innermost element that has most of the article."""
    lengths: Counter[etree._Element] = Counter()
    total = 0
    for block, matched in zip(blocks, matches, strict=True):
        if matched:
            total += len(block.text)
            for element in (block.element, *block.element.iterancestors()):
                lengths[element] += len(block.text)
    around = [element for element, n in lengths.items() if n >= _CONTAINER_SHARE * total]
    return max(around, key=lambda element: sum(1 for _ in element.iterancestors()))


def _is_below(element: etree._Element, container: etree._Element) -> bool:
    return element is container or any(outer is container for outer in element.iterancestors())


class _PageRegions:
    """Tells what is navigation, by the elements around a block and its share of links.

    *by_class* is for pages with an article, where also the names of classes and ids count.
    """

    def __init__(
        self, body: etree._Element, blocks: Sequence[PageBlock], *, by_class: bool = False
    ) -> None:
        self._body = body
        self._by_class = by_class
        length = sum(len(block.text) for block in blocks)
        # Old pages are one form.
        self._page_forms = {
            form for form in body.iter("form") if len(element_text(form)) * 2 > length
        }
        self._kinds: dict[etree._Element, str] = {body: ""}

    def is_content(self, block: PageBlock, *, is_between: bool = False) -> bool:
        """Whether a block is text; in an aside or a form, only if it is several words.

        *is_between* is for blocks inside of an article, which may be short.
        """
        kind = self._kind(block.element)
        is_linked = block.link_length * 2 > len(block.text) and kind != "article"
        is_short = block.text.count(" ") < 3
        if kind == "navigation" or not has_words(block.text):
            return False
        return not (kind == "margin" and (is_short or is_linked)) and not (is_between and is_linked)

    def is_navigation(self, element: etree._Element) -> bool:
        """Whether an element is in a menu or the like."""
        return self._kind(element) == "navigation"

    def _kind(self, element: etree._Element) -> str:
        """The kind of region that an element is in: navigation, margin, article or none."""
        path: list[etree._Element] = []
        while element not in self._kinds:
            path.append(element)
            parent = element.getparent()
            element = self._body if parent is None else parent
        kind = self._kinds[element]
        for inner in reversed(path):
            kind = self._kinds[inner] = self._inner_kind(inner, kind)
        return kind

    def _inner_kind(self, element: etree._Element, outer: str) -> str:
        tag = str(element.tag)
        if outer == "navigation" or self._is_navigation(element, tag, outer):
            return "navigation"
        if tag in _ARTICLE_TAGS:
            return "article"
        is_margin = tag in _MARGIN_TAGS and element not in self._page_forms
        return "margin" if is_margin else outer

    def _is_navigation(self, element: etree._Element, tag: str, outer: str) -> bool:
        if tag in {"header", "footer"} and outer == "article":
            return tag == "footer" and not element_text(element).count(" ") > 3
        if tag in _NAVIGATION_TAGS or element.get("role", "").lower() in _NAVIGATION_ROLES:
            return True
        names = f"{element.get('class', '')} {element.get('id', '')}"
        is_named = self._by_class and _NAVIGATION_CLASS.search(names) is not None
        return is_named and len(element_text(element)) < _LONGEST_NAVIGATION
