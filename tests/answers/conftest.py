"""An index of a few facts among many reports that share their commonest words."""

import pytest

from qa.engines.factory import open_engine
from qa.publishing.builder import index_folder
from qa.settings import Settings

PEOPLE = """# The people of the observatory

## Mira Sandoval
Mira Sandoval leads the optics workshop and moved here from Lisbon in 2011.

## Pavel Orlic
Pavel Orlic mends telescopes; children like the brass one best.

## Prof. Lund
Prof. Lund compiled the atlas of comets in 1962.
"""
COSTS = """# Spending

## Roofing
Roofing the main dome cost 3.1 million, far more than expected.

## Ladders
Two ladders were acquired for 40,000 from a smith in Graz.
"""
RELEASES = """# What changed

Release 2.10 introduces offline maps. Release 2.1 repaired the clock.

Plugin X comes with release 2.1, plugin Y with release 2.10.
"""


@pytest.fixture(scope="module")
def observatory(tmp_path_factory):
    """Settings over an index of these."""
    folder = tmp_path_factory.mktemp("observatory")
    documents = folder / "documents"
    documents.mkdir()
    for name, text in (("people", PEOPLE), ("costs", COSTS), ("releases", RELEASES)):
        (documents / f"{name}.md").write_text(text)
    for number in range(40):
        (documents / f"report-{number}.txt").write_text(
            f"Report {number}\n\nOn day {number} a ladder was seen beside the dome, and"
            f" {number + 5} guests asked what it would cost. Gate {number % 7} was shut."
        )
    settings = Settings(index=str(folder / "index"), documents=str(documents))
    index_folder(documents, open_engine(settings), settings)
    return settings
