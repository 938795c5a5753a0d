"""Words to find in a document, `find` in its address -> their places, to be marked and reached."""

from typing import NamedTuple

import regex
from flask import request

from qa.analysis.tokenizer import Span, normalize
from qa.documents.document import Document
from qa.web.context import current_deadline, current_settings
from qa.web.pages.common import parameter_error
from qa.web.request_schemas import too_much

# Places that are marked, and paragraphs that are linked to.
_MAX_PLACES, _MAX_LINKS = 1000, 30


class FoundWords(NamedTuple):
    """What was looked for, where it is, and the numbers of the first paragraphs that have it.

    *is_cut* says that there are more places, *has_more* that there are more paragraphs.
    """

    words: str = ""
    spans: tuple[Span, ...] = ()
    paragraphs: tuple[int, ...] = ()
    is_cut: bool = False
    has_more: bool = False


def find_words(document: Document) -> FoundWords:
    """The places of what the address asks to find in *document*; case does not count."""
    words, most = normalize(request.args.get("find", "")), current_settings().max_filter
    if len(words) > most:
        raise parameter_error("find", too_much(len(words), most))
    if not words:
        return FoundWords()
    spans: list[Span] = []
    deadline = current_deadline()
    for match in regex.finditer(regex.escape(words), document.text, regex.IGNORECASE):
        if len(spans) == _MAX_PLACES or deadline.is_expired:
            return _locate(document, words, spans, is_cut=True)
        spans.append(Span(*match.span()))
    return _locate(document, words, spans, is_cut=False)


def _locate(document: Document, words: str, spans: list[Span], *, is_cut: bool) -> FoundWords:
    paragraphs = dict.fromkeys(document.paragraph_at(span.start) for span in spans)
    has_more = is_cut or len(paragraphs) > _MAX_LINKS
    return FoundWords(words, tuple(spans), tuple(paragraphs)[:_MAX_LINKS], is_cut, has_more)
