"""JSON that somebody kept -> the quotes in it, to be looked for again.

A citation as /ask gives it, a passage or a whole answer with some, a saved conversation, or the
CSL-JSON that we export; or a list of any of these.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import regex
from pydantic import ValidationError

from qa.contract.saved import SavedCitation
from qa.errors import SavedError
from qa.quotes import Quote


def quotes_in(values: object) -> list[Quote]:
    """The quotes in *values*; raise SavedError where there is none, or half a one."""
    found = [saved.quote for saved in _citations(values, "")]
    if not found:
        raise SavedError("There is no citation in it; an answer of verdict none has none.")
    return found


def _citations(values: object, place: str) -> Iterator[SavedCitation]:
    match values:
        case list():
            for number, each in enumerate(values):
                yield from _citations(each, f"{place}[{number}]")
        case {"turns": list(inner), "generation": _} | {"passages": list(inner)}:
            yield from _citations(inner, place)
        case {"citation": dict(inner)}:
            yield from _citations(inner, place)
        case {"annote": str(exact), "custom": {"read_url": str(address)}, "note": str(proof)}:
            yield _validated(_of_csl(exact, address, proof), place)
        case {"type": str(), "id": str(), "title": _}:
            raise SavedError(
                f"{_at(place)}this CSL-JSON has no quote; export a passage's citation."
            )
        case dict():
            yield _validated(values, place)
        case _:
            raise SavedError(f"{_at(place)}no citation; it needs `document_id` and `exact`.")


_TEXT_SUM = regex.compile(r"Text SHA-256 ([0-9a-f]{64})")


def _of_csl(exact: str, address: str, proof: str) -> dict[str, Any]:
    """What our CSL-JSON says of a quote: its words, the address that opens it, and the checksum."""
    parts = urlsplit(address)
    document_id = unquote(parts.path.partition("/documents/")[2])
    start = parse_qs(parts.query).get("cite", [""])[0].partition("-")[0]
    digest = _TEXT_SUM.search(proof)
    return {
        "document_id": document_id,
        "exact": exact,
        "start": int(start) if start.isascii() and start.isdigit() else None,
        "sha256": digest[1] if digest else "",
    }


def _validated(values: object, place: str) -> SavedCitation:
    try:
        return SavedCitation.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise SavedError(f"{_at(place)}no citation ({field}: {first['msg']}).") from None


def _at(place: str) -> str:
    return f"Entry {place}: " if place else ""
