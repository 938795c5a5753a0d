"""Functions are named by what they do: a verb, or a noun for a property, never a participle."""

import ast

import pytest

from tests.conftest import ROOT

IRREGULAR = frozenset(
    "told kept held found shown given made taken written known seen sent left lost met said chosen"
    " driven hidden drawn built bound broken spelt begun done gone laid led paid sold spent stood"
    " thrown thought understood forgotten".split()
)
# Nouns and verbs that only look like participles.
OTHERS = frozenset("need feed speed embed exceed seed proceed succeed".split())
PREPOSITIONS = frozenset("in by to of at from on with over into for".split())


def is_participle(word):
    return word in IRREGULAR or (word.endswith("ed") and word not in OTHERS)


def is_named_by_a_participle(name):
    first, *others = name.strip("_").lower().split("_")
    return is_participle(first) and (not others or others[0] in PREPOSITIONS)


@pytest.mark.parametrize("name", ["told", "_kept", "narrowed", "found_in"])
def test_such_a_name_is_noticed(name):
    assert is_named_by_a_participle(name)


@pytest.mark.parametrize("folder", ["qa", "benchmarks", "tests"])
def test_no_function_is_named_by_a_participle(folder):
    names = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and is_named_by_a_participle(node.name)
    ]

    assert names == []
