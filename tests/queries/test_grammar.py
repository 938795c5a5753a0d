"""Rules of word patterns: alternatives, repetition, references, what must follow, subjects."""

import pytest

from qa.analysis.tokenizer import Span
from qa.queries.grammar import Grammar

RULES = {
    "polite": "please|kindly",
    "verb": ["(tell|show) me", "list &(the)"],
    "request": "<polite>* <verb> (everything about)?",
    "around": "sum <subject> up",
    "any": "dear _",
    "nested": "((a|b)* (a|b)*)*",
}


@pytest.fixture(scope="module")
def grammar():
    return Grammar(RULES, str.split)


@pytest.mark.parametrize(
    ("rule", "text", "ends"),
    [
        ("request", "tell me the time", {2}),
        ("request", "please kindly show me everything about it", {4, 6}),
        ("request", "list the ships", {1}),
        ("request", "list price", set()),
        ("request", "", set()),
        ("any", "dear John", {2}),
        ("any", "dear", set()),
    ],
)
def test_a_rule_ends_wherever_it_can(grammar, rule, text, ends):
    assert grammar.match(rule, text.split()).keys() == ends


def test_a_subject_is_what_stands_between(grammar):
    assert grammar.match("around", "sum the two reports up".split()) == {5: Span(1, 4)}


def test_a_rule_knows_the_words_that_it_begins_with(grammar):
    assert grammar.first_words("request") == {"please", "kindly", "tell", "show", "list"}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("request", "please kindly tell show me list the everything about"),
        ("nested", "a b"),
        ("around", None),
        ("any", None),
    ],
)
def test_a_rule_knows_the_words_that_its_matches_are_made_of(grammar, rule, words):
    assert grammar.words_of(rule) == (None if words is None else {*words.split()})


def test_nested_repetition_takes_no_exponential_time(grammar):
    # It would never end.
    assert 60 in grammar.match("nested", ["a"] * 60)
