"""The kernel counts facets as NumPy does."""

import random
from datetime import date

import numpy as np
import pytest

from qa.engines.document_summary import DocumentSummary
from qa.engines.kernel.loader import find_kernel, is_kernel_built, switch_kernel
from qa.engines.whoosh.facets import FacetColumns

# Compiled where the package was installed with a C compiler.
pytestmark = pytest.mark.skipif(
    not is_kernel_built(),
    reason="the kernel is not compiled here: pip install -e . where there is a C compiler",
)


def make_summaries(rng, count):
    """Documents with few publishers, some of which differ in case only, years and types."""
    names = [None, "", "Éditions", "BBC", "bbc", *(f"Publisher {n}" for n in range(150))]
    dates = [None, *(date(year, 1, 1) for year in range(2000, 2012))]
    return [
        DocumentSummary(
            f"{n:04}", f"{n}{rng.choice(['', '.md', '.txt'])}", "T", rng.choice(names),
            rng.choice(dates), 1, 1, "",
        )
        for n in range(count)
    ]  # fmt: skip


class Documents:
    """As much of a store as facets need: one passage in each document."""

    def __init__(self, summaries):
        self.ids = [summary.id for summary in summaries]
        self.first_passages = self.document_of = np.arange(len(summaries))

    def __len__(self):
        return len(self.ids)

    def id(self, number):
        return self.ids[number]


def test_the_kernel_counts_facets_as_numpy_does():
    rng = random.Random(5)
    for size in (1, 3, 40, 900):
        summaries = make_summaries(rng, size)
        facets = FacetColumns(Documents(summaries), summaries)
        for most in (0, 1, 50):
            matches = np.array([rng.randint(0, most) for _ in range(size)], np.int32)
            switch_kernel(on=True)
            compiled = facets.sum_documents(matches)
            switch_kernel(on=False)
            computed = facets.sum_documents(matches)
            switch_kernel(on=True)

            assert compiled == computed
            for name in ("publishers", "years", "types"):
                assert [*getattr(compiled, name).items()] == [*getattr(computed, name).items()]


@pytest.mark.parametrize("group", [-1, 3])
def test_groups_beyond_the_facets_are_refused(group):
    counts, groups = np.ones(3, np.int32), np.array([0, group, 1])
    with pytest.raises(ValueError, match="beyond the index"):
        find_kernel().tally(counts, groups, (np.zeros(3, np.int64),), 10)
    with pytest.raises(ValueError, match="beyond the index"):
        find_kernel().tally(counts, np.zeros(3, np.int64), (np.array([-1]),), 10)
