"""What a program sends of citations that it saved, and what it is told became of them."""

import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from qa.anchors import Anchor, Quote
from qa.contract.answered import Told
from qa.contract.asked import Offset, Strict

# A length is looked at in UTF-8, so that what cannot be written down is refused.
_Text = Annotated[str, StringConstraints(strict=True, max_length=100_000)]
_Digest = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-fA-F]{0,64}$")]


class SavedCitation(Strict):
    """A citation as /ask gave it; only the words and the document's id must be there."""

    document_id: _Text = Field(min_length=1)
    exact: _Text = Field(pattern=r"\S", max_length=100_000)
    prefix: _Text = ""
    suffix: _Text = ""
    start: Offset | None = None
    end: Offset | None = None
    sha256: _Digest = ""
    title: _Text | None = None
    publisher: _Text | None = None
    date: datetime.date | None = None
    url: _Text | None = None
    section: _Text | None = None
    paragraph: Offset | None = None
    page: Offset | None = None
    read_url: _Text | None = None
    fragment_url: _Text | None = None
    address: _Text | None = Field(default=None, description="Where a saved conversation has it.")

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
