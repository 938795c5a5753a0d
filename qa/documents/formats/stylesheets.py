"""The style sheets in a web page -> which of its elements they hide, and how lists are numbered.

In doubt an element is shown: a rule hides only where it is for every screen, and what another rule
may show, on some screens or when a person points at it, is not hidden.  Sheets in other files are
not opened.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

import cssselect
import lxml.html
import regex
import tinycss2
from lxml import etree
from tinycss2.ast import AtRule, Node, QualifiedRule

_HIDING = regex.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|list-style", regex.I
)
_LIST_STYLE = "list-style"
_PROPERTIES = {
    "display": "display",
    "visibility": "visibility",
    "list-style": _LIST_STYLE,
    "list-style-type": _LIST_STYLE,
}
_HIDDEN_VALUES = frozenset({"none", "hidden", "collapse"})
# Characters of all sheets of a page, rules in rules, and selectors, at most.
_MAX_LENGTH = 1_000_000
_MAX_DEPTH = 5
_MAX_SELECTORS = 1000
_LONGEST_SELECTOR = 300
# Elements that all selectors look at, about, which takes some seconds; and how many others an
# element is in, on the average, on pages that people make.
_MAX_VISITS = 10_000_000
_MAX_MEAN_DEPTH = 200
# Media of every screen, and media of no screen.
_EVERY_SCREEN = frozenset({"", "all", "screen", "only screen", "only all"})
_NO_SCREEN = frozenset({"print", "only print", "speech", "aural", "braille", "tty", "embossed"})
# States that a person brings about, and what they leave of a selector without them.
_STATE = regex.compile(
    r":(?:hover|focus(?:-within|-visible)?|active|target|checked|open)(?![\w-])", regex.I
)
_NAME = regex.compile(r"([.#])([\w-]+)")
_BARE_STATE = regex.compile(r"(?<![\w\]\)*-])" + _STATE.pattern, regex.I)
_LAST_COMPOUND = regex.compile(r"[^\s>+~]+$")
# A page that hides itself waits for a script.
_NEVER_HIDDEN = frozenset({"html", "head", "body"})
_TRANSLATOR = cssselect.HTMLTranslator()


class _Rule(NamedTuple):
    """A selector with the name and the value of a property, and whether that hides an element.

    *weight* orders the rules as the cascade does: by importance, specificity and place.
    """

    selector: str
    xpath: str
    name: str
    value: str
    weight: tuple[bool, tuple[int, int, int], int]

    @property
    def hides(self) -> bool:
        """Whether an element may be missing from the page, or its number, by this rule."""
        return self.name == _LIST_STYLE or self.value in _HIDDEN_VALUES


def apply_style_sheets(page: lxml.html.HtmlElement) -> None:
    """Give the elements that the page's own style sheets hide the attribute `hidden`.

    Lists get the style of their numbers.
    """
    sheets = [(s.get("media", ""), s.text or "") for s in page.iter("style")]
    if not any(_HIDING.search(text) for _, text in sheets):
        return
    rules = _limit_visits(page, _iter_rules(sheets))
    winners: dict[tuple[etree._Element, str], _Rule] = {}
    _find_winners(page, [rule for rule in rules if rule.hides], winners)
    names = {name for element, _ in winners for name in _names_of(element)}
    showing = [rule for rule in rules if not rule.hides and _may_match(rule.selector, names)]
    _find_winners(page, showing, winners)
    for (element, name), rule in winners.items():
        if rule.hides and (rule.weight[0] or not _is_set_inline(element, name)):
            if name == _LIST_STYLE:
                element.set("style", f"{name}: {rule.value}; {element.get('style', '')}")
            else:
                element.set("hidden", "")


def _limit_visits(page: lxml.html.HtmlElement, rules: Iterable[_Rule]) -> list[_Rule]:
    """*rules* without those that would take too long on a *page* as large and deep as it is."""
    sizes = [len(element) for element in page.iter()]
    pairs = sum(size**2 for size in sizes)
    is_deep = is_too_deep(page)
    visits = 0
    affordable = []
    for rule in rules:
        # One with siblings in it looks at all pairs of these.
        cost = len(sizes) + pairs * rule.xpath.count("sibling")
        if visits + cost <= _MAX_VISITS and not (is_deep and _looks_inside(rule.xpath)):
            visits += cost
            affordable.append(rule)
    return affordable


def is_too_deep(page: lxml.html.HtmlElement) -> bool:
    """Whether elements are in so many others that nobody may look at all that is in each."""
    elements = depth = depths = 0
    for event, _ in etree.iterwalk(page, events=("start", "end")):
        elements += event == "start"
        depth += 1 if event == "start" else -1
        depths += depth
    return depths > 2 * _MAX_MEAN_DEPTH * elements


def _looks_inside(xpath: str) -> bool:
    """Whether an expression looks at what is in the elements that it finds."""
    return "/" in xpath or "[descendant" in xpath or "contains(." in xpath


def _find_winners(
    page: lxml.html.HtmlElement,
    rules: Iterable[_Rule],
    winners: dict[tuple[etree._Element, str], _Rule],
) -> None:
    """Enter each of *rules* for the elements that it matches, unless a rule there wins over it."""
    for rule in rules:
        for element in page.xpath(rule.xpath):
            key = (element, rule.name)
            before = winners.get(key)
            # What only shows an element matters where a rule hides it.
            is_winner = before.weight < rule.weight if before else rule.hides
            if is_winner and element.tag not in _NEVER_HIDDEN:
                winners[key] = rule


def _names_of(element: etree._Element) -> Iterator[str]:
    yield from (f".{name}" for name in element.get("class", "").split())
    yield f"#{element.get('id', '')}"


def _may_match(selector: str, names: set[str]) -> bool:
    """Whether a selector may be of an element with some of *names*."""
    last = _LAST_COMPOUND.search(selector)
    return last is not None and all(f"{m[1]}{m[2]}" in names for m in _NAME.finditer(last[0]))


def _is_set_inline(element: etree._Element, name: str) -> bool:
    return name in element.get("style", "").lower()


def _iter_rules(sheets: Iterable[tuple[str, str]]) -> Iterator[_Rule]:
    """The rules of all sheets, each with its media and its text, which matter for what is shown."""
    space = _MAX_LENGTH
    place = 0
    for media, text in sheets:
        nodes = tinycss2.parse_stylesheet(text[:space], skip_comments=True, skip_whitespace=True)
        space -= len(text[:space])
        for node, is_certain in _iter_qualified_rules(nodes, _may_hide(media)):
            for rule in _read_rule(node, place):
                if is_certain or not rule.hides:
                    place += 1
                    yield rule
            if place >= _MAX_SELECTORS:
                return


def _may_hide(media: str) -> bool | None:
    """Whether rules for *media* are for every screen; None if they are for no screen at all."""
    queries = {" ".join(query.lower().split()) for query in media.split(",")}
    if queries & _EVERY_SCREEN:
        return True
    return None if queries <= _NO_SCREEN else False


def _iter_qualified_rules(
    nodes: Iterable[Node], is_certain: bool | None, depth: int = 0
) -> Iterator[tuple[QualifiedRule, bool]]:
    """The rules of *nodes*, also those in others, and whether they are for every screen."""
    if is_certain is None or depth > _MAX_DEPTH:
        return
    for node in nodes:
        if isinstance(node, QualifiedRule):
            yield node, is_certain
        elif isinstance(node, AtRule) and node.content:
            is_media = node.lower_at_keyword == "media"
            of_rule = _may_hide(tinycss2.serialize(node.prelude)) if is_media else False
            inner = tinycss2.parse_rule_list(node.content, skip_comments=True, skip_whitespace=True)
            yield from _iter_qualified_rules(inner, of_rule and is_certain, depth + 1)


def _read_rule(node: QualifiedRule, place: int) -> Iterator[_Rule]:
    """A rule for each selector and property of *node*, whose first is number *place*."""
    declarations = tinycss2.parse_blocks_contents(
        node.content, skip_comments=True, skip_whitespace=True
    )
    for declaration in declarations:
        name = declaration.type == "declaration" and _PROPERTIES.get(declaration.lower_name)
        if name:
            value = tinycss2.serialize(declaration.value).strip().lower()
            rule = _Rule("", "", name, value, (declaration.important, (0, 0, 0), place))
            for selector, specificity, xpath in _translate(
                node.prelude, with_states=not rule.hides
            ):
                weight = (declaration.important, specificity, place)
                yield rule._replace(selector=selector, xpath=xpath, weight=weight)


def _translate(
    prelude: list[Node], *, with_states: bool
) -> Iterator[tuple[str, tuple[int, int, int], str]]:
    """Each selector of a rule with its specificity, as XPath.

    *with_states* also matches elements in other states, as if a person pointed at them.
    """
    text = tinycss2.serialize(prelude).strip()
    states = len(_STATE.findall(text)) if with_states else 0
    if states:
        text = _STATE.sub("", _BARE_STATE.sub("*", text))
    if len(text) > _LONGEST_SELECTOR * 10:
        return
    with suppress(cssselect.SelectorError, RecursionError):
        for selector in cssselect.parse(text):
            written = selector.canonical()
            if selector.pseudo_element is None and len(written) <= _LONGEST_SELECTOR:
                with suppress(cssselect.SelectorError):
                    ids, classes, tags = selector.specificity()
                    xpath = _TRANSLATOR.selector_to_xpath(selector)
                    yield written, (ids, classes + states, tags), xpath
