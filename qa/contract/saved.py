"""What a program sends of citations that it saved, and what it is told became of them."""

import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from qa.anchors import Anchor, Quote
from qa.contract.answered import Told
from qa.contract.asked import Name, Offset, Strict

_Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-fA-F]{0,64}$")]


class SavedCitation(Strict):
    """A citation as /ask gave it; only the words and the document's id must be there."""

    document_id: Name = Field(min_length=1)
    exact: Name = Field(pattern=r"\S", max_length=100_000)
    prefix: Name = ""
    suffix: Name = ""
    start: Offset | None = None
    end: Offset | None = None
    sha256: _Digest = ""
    title: Name | None = None
    publisher: Name | None = None
    date: datetime.date | None = None
    url: Name | None = None
    section: Name | None = None
    paragraph: Offset | None = None
    page: Offset | None = None
    read_url: Name | None = None
    fragment_url: Name | None = None
    address: Name | None = Field(default=None, description="Where a saved conversation has it.")

    @property
    def quote(self) -> Quote:
        """What to look for."""
        return Quote(
            self.document_id, self.exact, self.prefix, self.suffix, self.start, self.sha256
        )


class Saved(Strict):
    """Citations as they were saved."""

    citations: list[SavedCitation] = Field(min_length=1, max_length=50)


class VerifiedBody(Told):
    """What became of citations, in their order, in the index of this name."""

    generation: str
    citations: tuple[Anchor, ...]
