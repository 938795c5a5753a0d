"""An open index -> whether its texts are as they were read, and its passages are in them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from qa.engines.base import Progress
from qa.engines.whoosh.stored_fields import StoredFields
from qa.errors import CorruptIndexError

# Documents that are checked before what was read of the files is unloaded.
_FORGET_EVERY = 500


def check_texts(
    store: StoredFields,
    folder: Path,
    numbers: Sequence[int | None],
    sums: Mapping[str, str],
    progress: Progress,
    forget_pages: Callable[[], None],
) -> None:
    """Raise CorruptIndexError unless the documents of these *numbers* are whole.

    *sums* are the checksums of their texts by id; a number is None where there is no document.
    """
    for place, number in enumerate(numbers):
        progress(place, len(numbers))
        if place % _FORGET_EVERY == 0:
            forget_pages()
        document = None if number is None else store.document(number)
        if number is None or document is None or sums.get(document.id) != document.sha256:
            name = document.id if document else "a document"
            raise CorruptIndexError.of_damage(folder, f"the text of {name!r} is not as it was read")
        end = 0
        for passage, (first, last, text) in enumerate(store.passage_texts(number)):
            inside = end <= first < last <= len(document.text)
            if not inside or document.text[first:last] != text:
                raise CorruptIndexError.of_damage(
                    folder, f"passage {passage} of {document.id!r} is not in it"
                )
            end = last
