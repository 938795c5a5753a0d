"""`qa ask`: the options of /ask, three formats, and exit codes for scripts."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from qa.cli import main
from tests.conftest import build_index, write

GUARANTEES = "who demanded guarantees?"
LINDHOLM = "council of Lindholm"


@pytest.fixture
def ask(index):
    """Runs the command on the small index."""

    def run(question, *options, **environ):
        arguments = ["ask", question, *options, "--index", str(index)]
        return CliRunner().invoke(main, arguments, env=environ)

    return run


def documents_of(result):
    return [p["citation"]["document_id"] for p in json.loads(result.stdout)["passages"]]


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        (["--publisher", "Vesa Courier"], "&publisher=Vesa+Courier"),
        (["--publisher", "x", "--publisher", "y"], "&publisher=x&publisher=y"),
        (["--document", "harbour"], "&document=harbour"),
        (["--from", "2022-01-01"], "&from=2022-01-01"),
        (["--to", "2021-12-31"], "&to=2021-12-31"),
        (["--sort", "newest"], "&sort=newest"),
        (["--limit", "1", "--offset", "1"], "&limit=1&offset=1"),
        (["--no-ranges"], "&ranges=off"),
    ],
)  # fmt: skip
def test_each_option_does_what_the_parameter_of_that_name_does(ask, client, options, parameters):
    printed = json.loads(ask(f"{LINDHOLM} since 2020", "--format", "json", *options).stdout)
    answered = client.get(f"/ask?q=council+of+Lindholm+since+2020{parameters}").get_json()

    assert printed | {"took_ms": 0} == answered | {"took_ms": 0}


def test_turns_are_earlier_questions_and_their_words_may_be_dropped(ask):
    turns = ["--turn", "who built the harbour of Lindholm?", "--turn", "when was it built?"]
    followed = json.loads(ask("what did it cost?", *turns, "--json").stdout)
    dropped = json.loads(ask("what did it cost?", *turns, "--drop", "harbour", "--json").stdout)

    assert "harbour" in followed["query"]["carried"]
    assert "harbour" not in dropped["query"]["carried"]


def test_json_has_two_spellings(ask):
    long, short = (ask(GUARANTEES, *o).stdout for o in (("--format", "json"), ("--json",)))

    assert json.loads(long) | {"took_ms": 0} == json.loads(short) | {"took_ms": 0}


def test_csv_is_the_table_of_the_export(ask, client):
    (row,) = csv.DictReader(io.StringIO(ask(GUARANTEES, "--format", "csv", "--limit", "1").stdout))
    exported = client.get("/export.csv", query_string={"q": GUARANTEES}).text
    first = next(csv.DictReader(io.StringIO(exported, newline="")))

    assert row.keys() == first.keys()
    assert row["text"] == first["text"]
    assert row["address"].startswith("/documents/harbour?")


def test_addresses_are_whole_where_that_of_the_service_is_known(ask):
    result = ask(GUARANTEES, "--format", "csv", QA_URL="https://example.org/kb/")
    row = next(csv.DictReader(io.StringIO(result.stdout)))

    assert row["address"].startswith("https://example.org/kb/documents/harbour?")


def test_no_cell_is_a_formula_and_no_control_character_is_printed(tmp_path):
    write(tmp_path / "documents", sums_md="---\ntitle: =1+1\n---\nThe sums are =2+2.\n\nAll.")
    build_index(tmp_path)
    arguments = ["ask", "what \x1b[31mare the sums?", "--format", "csv", "--index", str(tmp_path)]
    result = CliRunner().invoke(main, arguments)
    (row,) = csv.DictReader(io.StringIO(result.stdout, newline=""))

    assert "\x1b" not in result.stdout
    assert row["title"] == "'=1+1"
    assert row["text"].endswith("=2+2.\n\nAll.")


def test_the_paragraphs_of_a_passage_stay_apart(ask):
    result = ask("the bridge of Mayor Ines Falk", "--limit", "1")

    assert "ninety years.\n\nEngineers chose granite" in result.stdout.replace(" \n", " ")
    assert "\\n" not in result.stdout


@pytest.mark.parametrize(
    ("question", "options", "code"),
    [
        (GUARANTEES, (), 0),
        ("boiling point of mercury", (), 1),
        ("boiling point of mercury", ("--format", "csv"), 1),
        ("boiling point of mercury", ("--format", "json"), 1),
        (GUARANTEES, ("--publisher", "nobody"), 1),
        ("how many documents are there?", (), 0),
    ],
)
def test_the_exit_code_says_whether_the_documents_answer(ask, question, options, code):
    assert ask(question, *options).exit_code == code


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--limit", "51"), "51 is over the limit of 50; ask for less, or raise QA_MAX_LIMIT"),
        (("--limit", "0"), "limit: "),
        (("--limit", "few"), "'--limit'"),
        (("--offset", "-1"), "offset: "),
        (("--offset", "10001"), "raise QA_MAX_OFFSET"),
        (("--sort", "best"), "'relevance', 'newest', 'oldest'"),
        (("--from", "yesterday"), "from: a date is written YYYY-MM-DD"),
        (("--from", "2022-01-01", "--to", "2021-01-01"), "swap the two"),
        (("--turn", "x" * 2001), "raise QA_MAX_QUESTION"),
        (("--publisher", "x" * 1001), "raise QA_MAX_FILTER"),
        (("--turn", "x") * 21, "raise QA_MAX_TURNS"),
        (("--document", "tower"), "document: not all of these are in the index: tower"),
        (("--format", "xml"), "'text', 'json', 'csv'"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_wrong_usage_and_says_what_to_do(ask, options, message):
    result = ask(GUARANTEES, *options)

    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stdout == ""


def test_the_limit_is_that_of_the_settings(ask):
    assert ask(GUARANTEES, "--limit", "51", QA_MAX_LIMIT="60").exit_code == 0


def test_an_empty_question_is_wrong_usage(ask):
    result = ask("")

    assert result.exit_code == 2
    assert "type at least one word" in result.stderr
