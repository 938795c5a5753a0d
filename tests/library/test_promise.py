"""What docs/python.md promises to keep: names, parameters and fields may be added, none removed."""

import dataclasses
import inspect

import pytest

import qa
from qa import errors

PARAMETERS = {
    qa.ask: "question index parameters",
    qa.open_index: "index settings",
    qa.build_index: "documents index settings force progress",
    qa.settings_from_environ: "environ",
    qa.Index.ask: "self question publisher document from_ to turns drop sort limit offset ranges"
    " generation timeout",
    qa.Index.verify: "self citations timeout",
    qa.Index.evaluate: "self questions",
    qa.TextDocument: "id text title author publisher date url language extra format",
    qa.Question: "text answers documents turns unanswerable",
}
FIELDS = {
    qa.Answer: "question standalone verdict confidence passages total offset sort facets query"
    " filters range none parts partial about generation took_ms",
    qa.Verification: "generation citations partial",
    qa.IndexVersion: "generation published documents passages languages analysis",
    qa.EvaluationReport: "measures outcomes notes",
    qa.QuestionOutcome: "question verdict confidence rank is_right took_ms",
}
PASSAGE = "rank text score answer marks reasons citation stable_id"
CITATION = (
    "document_id title publisher date url section paragraph page place start end exact prefix"
    " suffix sha256 read_url fragment_url certainty"
)
ERRORS = (
    "QAError SettingsError RequestError QuestionError FilterError InvalidCitationError"
    " DeadlineExceededError DocumentNotFoundError IndexingError BuildLockedError"
    " PublishRefusedError EvaluationError GenerationError NoLiveGenerationError"
    " GenerationNotFoundError AnalysisError CorruptIndexError"
)
NAMES = (
    "Answer EvaluationReport Index IndexVersion Question QuestionOutcome Settings TextDocument"
    " Verification __version__ ask build_index open_index settings_from_environ"
)


@pytest.mark.parametrize("function", PARAMETERS, ids=lambda function: function.__qualname__)
def test_no_parameter_is_removed_or_renamed_and_none_new_is_needed(function):
    parameters = inspect.signature(function).parameters
    expected = PARAMETERS[function].split()
    added = [parameter for name, parameter in parameters.items() if name not in expected]

    assert [name for name in parameters if name in expected] == expected
    assert all(parameter.default is not parameter.empty for parameter in added)


@pytest.mark.parametrize("record", FIELDS, ids=lambda record: record.__name__)
def test_no_field_is_removed_or_renamed(record):
    is_dataclass = dataclasses.is_dataclass(record)
    fields = record.__dataclass_fields__ if is_dataclass else record.model_fields

    assert set(FIELDS[record].split()) <= set(fields)


def test_passages_and_citations_keep_their_fields(index):
    (passage,) = qa.open_index(index).ask("who demanded guarantees?", limit=1).passages

    assert [name for name in PASSAGE.split() if not hasattr(passage, name)] == []
    assert [name for name in CITATION.split() if not hasattr(passage.citation, name)] == []


def test_records_cannot_be_changed(index):
    answer = qa.open_index(index).ask("who demanded guarantees?", limit=1)

    with pytest.raises(ValueError, match="frozen"):
        answer.verdict = "none"
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.passages[0].citation.title = "x"


def test_names_and_errors_stay():
    assert set(NAMES.split()) <= set(qa.__all__)
    assert all(issubclass(getattr(errors, name), errors.QAError) for name in ERRORS.split())
