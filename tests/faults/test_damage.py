"""A live generation whose files are altered, cut short or gone: told or harmless, never quoted."""

import json
import os
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from qa.answers.pipeline import ask
from qa.engines.factory import open_engine
from qa.errors import CorruptIndexError
from qa.index.generations import GenerationFolder
from qa.publishing.builder import index_folder
from qa.settings import Settings
from qa.web.response_schemas import answer_body
from tests.conftest import SAMPLE
from tests.faults.load import Load
from tests.faults.places import ASKED
from tests.faults.service import get, run_service
from tests.processes import workers
from tests.waiting import wait_for

QUESTIONS = ["/ask?" + urlencode({"q": question}) for question in ASKED]


def answers(settings):
    """All that an index says: to questions, and its documents."""
    searcher = open_engine(settings).searcher()
    texts = []
    for question in ASKED:
        answer = answer_body(ask(searcher, settings, question))
        texts.append(answer.model_dump_json(exclude={"took_ms"}))
    return texts, [searcher.document(summary.id).text for summary in searcher.summaries()]


def flip_bit(data, bit):
    altered = bytearray(data)
    altered[bit // 8] ^= 1 << (bit % 8)
    return bytes(altered)


def test_any_flipped_bit_is_told_or_harmless(small, rounds, chance, tally):
    whole, folder = answers(small), live(small)
    files = sorted(path for path in folder.iterdir() if path.stat().st_size)
    for number in range(rounds(40, 1000)):
        path = files[number % len(files)]
        data = path.read_bytes()
        path.write_bytes(flip_bit(data, chance.randrange(len(data) * 8)))
        try:
            assert answers(small) == whole
            came = "answers the same"
        except CorruptIndexError:
            came = "told at the first use"
        with pytest.raises(CorruptIndexError):
            open_engine(small).open_verified(folder.name).check()
        path.write_bytes(data)
        tally[f"{path.name}: {came}, told by verify-index"] += 1

    assert answers(small) == whole


def live(settings):
    generations = GenerationFolder(Path(settings.index))
    return generations.folder_of(generations.live_name())


def flip(path, chance):
    data = path.read_bytes()
    with path.open("r+b") as file:
        file.write(flip_bit(data, chance.randrange(len(data) * 8)))


def truncate(path, chance):
    os.truncate(path, chance.randrange(path.stat().st_size))


def remove(path, chance):
    path.unlink()


DAMAGES = {"a flipped bit": flip, "a file cut short": truncate, "a file gone": remove}


def test_a_service_over_a_damaged_index_says_so_and_recovers(place, rounds, chance, tally):
    with run_service(place.index) as address:
        expected = {path: parse_answer(get(address, path)) for path in QUESTIONS}
        before = {*workers(place.index, 2)}
        for number in range(rounds(3, 60)):
            name = list(DAMAGES)[number % 3]
            folder = place.index / "generations" / place.live_state().generation
            files = sorted(path for path in folder.iterdir() if path.stat().st_size)
            path = chance.choice(files)
            DAMAGES[name](path, chance)
            statuses = set()
            for question in QUESTIONS * 3:
                status, text = get(address, question)
                assert status in {200, 503}, text
                assert status == 503 or parse_answer((status, text)) == expected[question]
                statuses.add(status)
            result = place.build()
            assert result.code == 0, result.error
            wait_for(lambda: answers_are(expected, address))
            tally[f"{name}, {path.name}: {sorted(statuses)}, then mended"] += 1

        assert {*workers(place.index, 2)} == before


def test_a_service_outlives_files_cut_short_in_the_middle_of_searches(place, rounds, chance, tally):
    place.change("that it is whole")
    assert place.build().code == 0
    folder = place.index / "generations" / place.live_state().generation
    files = sorted(path for path in folder.iterdir() if path.suffix == ".bin")
    with run_service(place.index) as address:
        expected = {path: parse_answer(get(address, path)) for path in QUESTIONS}
        with Load(address) as load:
            for _ in range(rounds(1, 50)):
                before = {*workers(place.index, 2)}
                path = chance.choice(files)
                time.sleep(chance.random() / 5)
                truncate(path, chance)
                time.sleep(0.2)
                result = place.build()
                assert result.code == 0, result.error
                wait_for(lambda: answers_are(expected, address))
                lost = len(before - {*workers(place.index, 2)})
                tally[f"{path.name} cut short: {lost} workers died, then mended"] += 1
    print(f"\n{len(load.seconds)} answers, of these told or cut off: {dict(load.failed)}")

    # What was answered was the same at any time.
    assert [texts for texts in load.answers.values() if len(texts) > 1] == []
    assert {reason for reason in load.failed if isinstance(reason, int)} <= {503}


def parse_answer(answer):
    status, text = answer
    assert status == 200, text
    values = json.loads(text)
    del values["took_ms"]
    return values


def answers_are(expected, address):
    """Whether all workers answer again; what they answer is as it was."""
    try:
        responses = [(path, get(address, path)) for path in [*expected] * 3]
    except OSError:
        return False
    if any(status == 503 for _, (status, _) in responses):
        return False
    assert all(parse_answer(answer) == expected[path] for path, answer in responses)
    return True


@pytest.fixture
def small(tmp_path):
    """Settings over an index of the sample corpus, without a service before it."""
    settings = Settings(index=str(tmp_path))
    index_folder(SAMPLE, open_engine(settings), settings)
    return settings
