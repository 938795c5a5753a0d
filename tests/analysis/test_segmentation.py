"""Scripts without spaces: what of a run can be found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.analysis.normalization import count_run_words, remove_stop_words, split_run
from qa.analysis.tokenizer import tokenize

RUNS = st.text(st.sampled_from("北大西洋公約한국어ニャーはกำที่ខ្មែរက္ကာ"), min_size=1)


def pieces(run):
    return [run[start:end] for start, end in split_run(run, 0, len(run))]


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("大西洋", ["大", "大西", "西", "西洋", "洋"]),
        ("대통령", ["대", "대통", "통", "통령", "령"]),
        ("サッカー", ["サッ", "ッカ", "カー"]),
        ("食べる", ["食", "食べ", "べる"]),
        ("ท่าเรือ", ["ท่า", "าเ", "เรื", "รือ"]),
        ("ខ្មែរ", ["ខ្មែរ"]),
        ("は", ["は"]),
    ],
)
def test_neighbours_are_words_and_so_are_chinese_and_korean_characters(run, expected):
    assert pieces(run) == expected


@given(RUNS, RUNS, RUNS)
def test_what_is_in_a_run_is_found_in_it(before, part, after):
    inside = [word.text for word in tokenize(before + "。" + part + "。" + after)]
    whole = " ".join([word.text for word in tokenize(part)])

    assert whole in " ".join(inside)


@given(st.text("北大西洋公約", min_size=1), st.text("北大西洋公約"), st.text("北大西洋公約"))
def test_a_part_of_a_chinese_run_is_a_part_of_its_words(part, before, after):
    run = before + part + after

    assert f" {' '.join(pieces(part))} " in f" {' '.join(pieces(run))} "


@given(RUNS)
def test_a_run_is_as_long_as_half_its_characters(run):
    assert 1 <= count_run_words(run) <= len(run)


@pytest.mark.parametrize(
    ("text", "stops", "rest", "ignored"),
    [
        ("谁为什么要求保证", {"谁", "什么", "为什么"}, "  要求保证", ("谁", "为什么")),
        ("무엇 을 무엇인가", {"무엇"}, "  을 무엇인가", ("무엇",)),
        ("NATO 是什么", {"what"}, "NATO 是什么", ()),
        ("NATO 是什么", set(), "NATO 是什么", ()),
    ],
)
def test_stop_words_are_taken_out_before_neighbours_are_paired(text, stops, rest, ignored):
    assert remove_stop_words(frozenset(stops), text) == (rest, ignored)
