"""What a program sends of citations that it saved, and what it is told became of them."""

import datetime
from typing import Annotated

from pydantic import FailFast, Field, StringConstraints

from qa.anchors import Anchor
from qa.contract.answered import Told
from qa.contract.asked import Offset, Strict, Written
from qa.quotes import Quote

_Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-fA-F]{0,64}$")]


class SavedCitation(Strict):
    """A citation as /ask gave it; only the words and the document's id must be there."""

    document_id: Written = Field(min_length=1)
    exact: Written = Field(pattern=r"\S", max_length=100_000)
    prefix: Written = ""
    suffix: Written = ""
    start: Offset | None = None
    end: Offset | None = None
    sha256: _Digest = ""
    title: Written | None = None
    publisher: Written | None = None
    date: datetime.date | None = None
    url: Written | None = None
    section: Written | None = None
    paragraph: Offset | None = None
    page: Offset | None = None
    read_url: Written | None = None
    fragment_url: Written | None = None
    address: Written | None = Field(default=None, description="Where a saved conversation has it.")

    @property
    def quote(self) -> Quote:
        """What to look for."""
        return Quote(
            self.document_id, self.exact, self.prefix, self.suffix, self.start, self.sha256
        )


class Saved(Strict):
    """Citations as they were saved."""

    citations: Annotated[list[SavedCitation], FailFast()] = Field(min_length=1, max_length=50)


class VerifiedBody(Told):
    """What became of citations, in their order, in the index of this name.

    Where they are *partial*, there was no time for those behind the last one; send them again.
    """

    generation: str
    citations: tuple[Anchor, ...]
    partial: bool = False
