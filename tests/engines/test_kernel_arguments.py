"""Arrays and numbers that are wrong: the kernel refuses them, and never crashes."""

import random
import struct

import numpy as np
import pytest

from qa.analysis.deadline import NO_DEADLINE
from qa.engines.base import K1, B
from qa.engines.kernel.loader import find_kernel, is_kernel_built
from qa.engines.whoosh.kernel_index import KernelIndex
from qa.engines.whoosh.term_table import WordTable
from qa.queries.parser import parse_query
from qa.ranking.features import Feature
from tests.engines.kernels import open_searcher

# Compiled where the package was installed with a C compiler.
pytestmark = pytest.mark.skipif(
    not is_kernel_built(),
    reason="the kernel is not compiled here: pip install -e . where there is a C compiler",
)


# A list to search, and one whose occurrences are sought, as the kernel takes them.
pack_list = struct.Struct("=iid").pack
pack_label = struct.Struct("=iii").pack


def index_arguments(searcher):
    """What the kernel's index is made of, each array a copy."""
    seen = []

    class Recorder:
        @staticmethod
        def Index(*arguments):  # noqa: N802 - as the kernel calls it
            seen.extend(arguments)

    KernelIndex(Recorder, searcher._files, searcher._fields, searcher._store, searcher._stem_table)

    def copy(value):
        if isinstance(value, tuple):
            return tuple(map(copy, value))
        return value.copy() if isinstance(value, np.ndarray) else value

    return [*map(copy, seen)]


def damage(rng, arguments):
    """Change some values of some arrays, or cut one."""
    fields = [list(field) for field in arguments[:4]]
    places = [(field, n) for field in fields for n, a in enumerate(field) if a is not None]
    places += [(arguments, n) for n in range(4, 9)]
    for row, n in rng.sample(places, rng.randint(1, 4)):
        array = row[n]
        if not len(array):
            continue
        if rng.random() < 0.2:
            row[n] = array[: rng.randrange(len(array))]
        elif array.dtype.kind in "ui":
            for _ in range(rng.randint(1, 20)):
                limits = np.iinfo(array.dtype)
                chance = rng.choice([0, limits.max, limits.min, rng.randrange(limits.max)])
                array[rng.randrange(len(array))] = chance
    return [*map(tuple, fields), *arguments[4:]]


def test_damaged_arrays_are_an_error_or_a_wrong_answer_never_a_crash(sample):
    searcher = open_searcher(sample, on=True)
    rng = random.Random(3)
    query = parse_query("What did NATO promise Ukraine about the alliance?", languages=("en",))
    passages = rng.sample(range(searcher.manifest.passages), 20)
    outcomes = []
    for _ in range(300):
        try:
            index = find_kernel().Index(*damage(rng, index_arguments(searcher)))
            damaged = KernelIndex.__new__(KernelIndex)
            damaged._index = index
            damaged._stems, damaged._words = searcher._stem_table, WordTable(searcher._fields)
            weights = {("stems", "nato"): 1.0, ("title", "nato"): 1.0, ("whole", "the"): 1.0}
            damaged.find_positions(query, np.array(passages))
            damaged.match_headings(query, np.zeros(3, np.int64))
            top = damaged.top_k(weights, 200, None, NO_DEADLINE, with_mask=True)
            damaged.order_candidates(top.numbers, top.scores)
        except ValueError:
            outcomes.append("error")
        else:
            outcomes.append("answer")

    assert {*outcomes} == {"error", "answer"}


@pytest.mark.parametrize(
    "arguments",
    [
        (b"", 5, np.zeros(3, bool), 0.0, False),
        (pack_list(9, 0, 1.0), 5, None, 0.0, False),
        (pack_list(-1, 0, 1.0), 5, None, 0.0, False),
        (pack_list(0, -1, 1.0), 5, None, np.inf, False),
        (pack_list(0, 1 << 30, 1.0), 5, None, np.inf, False),
    ],
)
def test_numbers_beyond_the_index_are_refused(sample, arguments):
    index = open_searcher(sample, on=True)._kernel_index._index
    with pytest.raises(ValueError, match="beyond the index"):
        index.search(*arguments)


@pytest.mark.parametrize("passages", [[-1], [1 << 40]])
def test_passages_beyond_the_index_are_refused(sample, passages):
    index = open_searcher(sample, on=True)._kernel_index._index
    with pytest.raises(ValueError, match="beyond the index"):
        index.positions(pack_label(0, 0, 0), 1, np.array(passages))
    with pytest.raises(ValueError, match="beyond the index"):
        index.candidates(np.array(passages), np.zeros(1, np.float32))
    with pytest.raises(ValueError, match="beyond the index"):
        index.headings(pack_label(2, 0, 0), 1, np.array(passages))


def feature_arrays():
    """The arrays of one candidate with two occurrences of two terms."""
    integers = [np.array(column) for column in ([0, 0], [1, 2], [0, 1])]
    one = np.ones(1, np.int64)
    return [
        *integers,
        np.ones(2, bool),
        np.ones(2, bool),
        *(one, one, one),
        np.zeros(1),
        np.array([0.5, 0.5]),
        np.ones(1),
        np.ones(1),
    ]


@pytest.mark.parametrize(
    ("place", "array"),
    [
        (0, [0, 1]),
        (0, [0, -1]),
        (1, [1, -2]),
        (1, [2, 1]),
        (1, [1, 1 << 40]),
        (2, [0, 2]),
        (2, [0]),
        (4, np.ones(3, bool)),
        (5, np.ones(2, np.int64)),
        (9, np.ones(9)),
        (8, np.ones(2)),
        (11, np.ones(0)),
        (3, np.ones(2)),
    ],
)
def test_occurrences_that_do_not_fit_are_refused(place, array):
    arrays = feature_arrays()
    assert len(find_kernel().features(tuple(arrays), np.ones(30), K1, B)) == 18 * 8
    arrays[place] = np.array(array)
    with pytest.raises(ValueError, match=r"fit together|wrong type"):
        find_kernel().features(tuple(arrays), np.ones(30), K1, B)


@pytest.mark.parametrize("place", range(4))
def test_scores_that_do_not_fit_are_refused(place):
    arrays = [np.ones(2), np.ones(2, np.int64), np.ones(2, np.int64), np.ones((2, len(Feature)))]
    assert find_kernel().order(*arrays, 0.2) == [0, 1]
    for wrong in (arrays[place][:1], arrays[place].astype(np.int16)):
        with pytest.raises(ValueError, match=r"fit together|wrong type"):
            find_kernel().order(*arrays[:place], wrong, *arrays[place + 1 :], 0.2)


def test_positions_beyond_the_discounts_need_more_of_them():
    arrays = feature_arrays()
    arrays[8] = None
    sizes = [len(find_kernel().features(tuple(arrays), np.ones(n), K1, B) or ()) for n in (3, 4)]

    assert sizes == [0, 18 * 8]
    with pytest.raises(ValueError, match="fit together"):
        find_kernel().features(tuple(arrays), np.ones(0), K1, B)
