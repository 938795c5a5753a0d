"""The documents say what the code does: settings, commands, formats, files, examples, links."""

import inspect
import json
import re
import shlex
import shutil
import struct
import tomllib
from importlib.util import find_spec

import pytest
import yaml
from click.testing import CliRunner

from qa import __version__
from qa.app import create_app
from qa.cli import main
from qa.documents.format_registry import EXTENSIONS
from qa.library.index import AskParameters, Index
from qa.settings import settings_table
from tests.conftest import ROOT, SAMPLE, write

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, language=""):
    """The code blocks of a page that are marked as *language*, or not marked at all."""
    return [code for marked, code in _FENCED.findall(PAGES[page]) if marked == language]


def qa(*arguments):
    """The result of a command that should succeed."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])

    assert result.exit_code == 0, result.output
    return result


def words(text):
    """*text* on one line."""
    return " ".join(text.split())


# What the code has


def test_the_system_that_it_runs_on_is_said_to_people_and_to_pip():
    section = PAGES["README.md"].partition("## Two commands")[2].partition("\n## ")[0]

    assert "Operating System :: POSIX" in PROJECT["classifiers"]
    assert "on a POSIX system: Linux or macOS" in words(section)
    assert "WSL" in section


def test_the_settings_table_is_that_of_the_code():
    page = PAGES["docs/operating.md"].split("<!-- settings -->\n")[1]
    rows = [
        f"| `{name}` | {default or '(empty)'} | {help_} |"
        for name, default, help_ in settings_table()
    ]

    assert page.split("<!-- /settings -->")[0].splitlines() == rows


@pytest.mark.parametrize("command", main.list_commands(None))
def test_every_command_is_explained_with_options_that_it_has(command):
    usage = re.search(rf"^\| `qa {command}( .*?)`", PAGES["docs/operating.md"], re.MULTILINE)

    assert usage
    options = {name for option in main.get_command(None, command).params for name in option.opts}
    assert set(re.findall(r"--[\w-]+", usage[1])) <= options


@pytest.mark.parametrize("ending", EXTENSIONS)
def test_every_kind_of_file_is_listed(ending):
    assert f"`{ending}`" in PAGES["docs/documents.md"]


def test_the_version_is_one():
    assert PROJECT["version"] == __version__


def test_the_pythons_that_are_promised_are_those_that_ci_runs():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))
    job = workflow["jobs"]["check"]
    prefix = "Programming Language :: Python :: 3."
    promised = [c.removeprefix(prefix) for c in PROJECT["classifiers"] if c.startswith(prefix)]

    assert [f"3.{minor}" for minor in promised] == job["strategy"]["matrix"]["python"]
    assert PROJECT["requires-python"] == f">=3.{promised[0]}"
    assert job["steps"][-1] == {"run": ".ci/run"}
    assert f"Python 3.{promised[0]} to 3.{promised[-1]}" in PAGES["README.md"]
    assert "Operating System :: POSIX" in PROJECT["classifiers"]


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_commands_of_make_are_targets_of_the_makefile(page):
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    commands = re.findall(r"^make (\w+)", PAGES[page], re.MULTILINE)

    assert commands
    assert set(commands) <= set(targets)


# Where things are


def test_the_map_of_the_architecture_lists_each_file_once():
    listed, folder = [], ""
    for first in re.findall(r"^\| `([\w/.]+)` \|", PAGES["ARCHITECTURE.md"], re.MULTILINE):
        if first.endswith("/"):
            folder = first
        else:
            listed.append(folder + first)
    files = {p.relative_to(ROOT).as_posix() for p in (ROOT / "qa").rglob("*.py")}

    assert sorted(listed) == sorted(f for f in files if not f.endswith("__init__.py"))


@pytest.mark.parametrize("page", sorted(set(PAGES) - {"CHANGELOG.md"}))
def test_paths_that_are_named_are_there(page):
    """Those in our folders; a name in angle brackets is the reader's to choose."""
    paths = re.findall(r"`((?:qa|docs|tests|templates|benchmarks|index)/[\w/.*-]*)`", PAGES[page])
    modules = re.findall(r"python -m (benchmarks\.\w+)", PAGES[page])
    paths += [f"{module.replace('.', '/')}.py" for module in modules]
    created = {"index/synonyms.txt"}

    assert [path for path in paths if path not in created and not [*ROOT.glob(path)]] == []


def anchors(text):
    """The anchors of the headings of a page, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_leads_somewhere(page):
    text = re.sub(r"`[^`\n]+`", "", _FENCED.sub("", PAGES[page]))
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not target.is_file() or (anchor and anchor not in anchors(target.read_text("utf-8"))):
            broken.append(link)

    assert broken == []


def test_the_readme_leads_to_every_other_page():
    linked = set(re.findall(r"\]\(([\w/.-]+\.md)\)", PAGES["README.md"]))

    assert linked == set(PAGES) - {"README.md"}


def test_the_readme_is_short_and_its_picture_small():
    picture = (ROOT / "docs" / "page.png").read_bytes()
    width, height = struct.unpack(">II", picture[16:24])

    assert len(PAGES["README.md"].encode()) < 6000
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) < 150_000
    assert 1200 <= width <= 1400
    assert 700 <= height <= 900
    assert "](docs/page.png)" in PAGES["README.md"]


def test_the_changes_of_a_version_are_grouped_once_each():
    for version in re.split(r"^## ", PAGES["CHANGELOG.md"], flags=re.MULTILINE)[1:]:
        groups = re.findall(r"^### (.+)$", version, re.MULTILINE)

        assert groups == [g for g in ("Added", "Changed", "Fixed", "Security") if g in groups]


# Examples


def test_the_example_of_the_command_line_prints_what_is_shown(sample):
    command = re.search(r'^\.venv/bin/qa (ask ".*)$', PAGES["README.md"], re.MULTILINE)[1]
    printed = words(qa(*shlex.split(command), "--index", sample.index).stdout)
    (example,) = [block for block in blocks("README.md") if block.startswith("[1]")]

    for part in example.split("…"):
        assert words(part) in printed


def matches_example(example, answer):
    """Whether *answer* is as *example*, where … stands for anything."""
    if isinstance(example, dict):
        return all(key == "…" or matches_example(example[key], answer.get(key)) for key in example)
    if isinstance(example, list):
        return all(map(matches_example, example, answer))
    if isinstance(example, str):
        first, *rest = example.split("…")
        return answer.startswith(first) and all(part in answer for part in rest)
    return round(answer, 2) == example


def test_the_example_of_the_api_answers_what_is_shown(sample):
    (example,) = map(json.loads, blocks("README.md", "json"))
    (url,) = re.findall(r"curl 'http://127.0.0.1:8000(/ask\?[^']+)'", PAGES["README.md"])
    answer = create_app(sample).test_client().get(url).get_json()

    assert matches_example(example, answer)
    assert not matches_example({**example, "verdict": "weak"}, answer)


def test_the_requests_of_the_api_are_answered(sample):
    client = create_app(sample).test_client()
    page = PAGES["docs/api.md"]
    (url,) = re.findall(r"curl 'http://127.0.0.1:8000([^']+)'", page)
    body, batch = re.findall(r"-d '(.*)'", page)

    assert client.get(url).get_json()["verdict"] == "found"
    answer = client.post("/ask", json=json.loads(body)).get_json()
    assert answer["verdict"] == "found"
    assert answer["query"]["carried"]
    answers = client.post("/v1/ask", json=json.loads(batch)).get_json()["answers"]
    assert [each["question"] for each in answers] == ["who signed the Founding Act?", "when?"]


def test_the_error_of_the_api_is_the_one_that_is_shown(sample):
    example = json.loads(blocks("docs/api.md", "json")[1])
    client = create_app(sample).test_client()

    assert client.get("/ask?q=x&limit=900").get_json() == example


def test_the_answer_of_the_api_has_the_fields_that_are_shown(sample):
    example = json.loads(blocks("docs/api.md", "json")[0])
    answer = create_app(sample).test_client().get("/ask?q=who+said+Russia+has+no+veto").get_json()

    def fields(value):
        if isinstance(value, dict):
            return {key: fields(inner) for key, inner in value.items() if inner != {}}
        return fields(value[0]) if isinstance(value, list) and value else None

    assert fields(example) == fields(answer)


def test_the_metadata_of_the_sidecar_are_cited(tmp_path):
    (sidecar,) = blocks("docs/documents.md", "yaml")
    write(tmp_path / "documents", act_txt="The parties signed the act in Paris.")
    (tmp_path / "documents" / "act.txt.meta.yaml").write_text(sidecar, encoding="utf-8")
    qa("index", "--index", tmp_path)
    answer = json.loads(
        qa("ask", "who signed the act in Paris?", "--json", "--index", tmp_path).stdout
    )
    citation = answer["passages"][0]["citation"]
    expected = yaml.safe_load(sidecar)

    assert expected.pop("language") == "en"
    assert citation["date"] == str(expected.pop("date"))
    assert expected == {name: citation[name] for name in expected}


def test_the_synonyms_are_searched_for(tmp_path):
    (synonyms,) = [block for block in blocks("docs/asking.md") if "NATO" in block]
    write(tmp_path / "documents", pact_txt="The North Atlantic Treaty Organization was founded.")
    write(tmp_path, synonyms_txt=synonyms)
    qa("index", "--index", tmp_path)
    answer = json.loads(qa("ask", "NATO founded", "--json", "--index", tmp_path).stdout)

    assert answer["query"]["expanded"] == {"NATO": ["North Atlantic Treaty Organization"]}


def test_the_golden_questions_are_answered(tmp_path):
    questions, judgements = blocks("docs/operating.md", "json")
    write(tmp_path, questions_jsonl=questions, feedback_jsonl=judgements)
    result = qa("index", SAMPLE, "--index", tmp_path)

    assert "2 golden questions: 2 answered" in result.stdout


def python_examples(page):
    """The Python examples of a page, each with what it prints, if that is shown."""
    fenced = _FENCED.findall(PAGES[page])
    for (language, code), (next_language, printed) in zip(
        fenced, [*fenced[1:], ("", "")], strict=True
    ):
        if language == "python":
            yield code, printed if next_language == "text" else ""


def test_the_examples_of_the_python_api_print_what_is_shown(tmp_path, monkeypatch, capsys, offline):
    """One after the other, as in a notebook; those of a framework that is missing are left out."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(SAMPLE, tmp_path / "documents")
    qa("index", tmp_path / "documents", "--index", tmp_path / "index")
    names, left_out = {}, []
    for code, shown in python_examples("docs/python.md"):
        framework = re.search(r"from qa\.integrations\.(\w+)", code)
        package = framework and {"langchain": "langchain_core"}.get(framework[1], framework[1])
        if package and not find_spec(package):
            left_out.append(package)
            continue
        exec(code, names)  # noqa: S102 - our own
        printed = capsys.readouterr().out
        pattern = ".*".join(re.escape(part) for part in shown.split("…"))
        assert re.fullmatch(pattern, printed, re.DOTALL), printed
    if left_out:
        pytest.skip(f"All other examples work; not installed: {', '.join(left_out)}")


def test_every_keyword_of_a_question_is_explained():
    page = PAGES["docs/python.md"].partition("| keyword |")[2].partition("\n\n")[0]
    keywords = set(inspect.signature(Index.ask).parameters) - {"self", "question"}

    assert set(re.findall(r"`(\w+)`[,| ]", page.replace("| `", "| `"))) >= keywords
    assert keywords == set(AskParameters.__annotations__)
