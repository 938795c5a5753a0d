"""Settings: one place, read once, refused by name when wrong."""

import dataclasses

import pytest

from qa.errors import SettingsError
from qa.settings import Settings, settings_from_environ, settings_table


def test_defaults_need_no_environment():
    assert settings_from_environ({}) == Settings()


def test_values_are_cast_to_the_type_of_their_field():
    settings = settings_from_environ(
        {"QA_PORT": "9000", "QA_FOUND": "0.7", "QA_INDEX": "elsewhere"}
    )

    assert (settings.port, settings.found, settings.index) == (9000, 0.7, "elsewhere")


def test_lists_are_parted_by_commas():
    settings = settings_from_environ({"QA_TRUSTED_HOSTS": "a.example, b.example,"})

    assert settings.trusted_hosts == ("a.example", "b.example")


def test_a_platforms_own_names_are_read_behind_ours():
    assert settings_from_environ({"PORT": "5000"}).port == 5000
    assert settings_from_environ({"PORT": "5000", "QA_PORT": "9000"}).port == 9000
    assert settings_from_environ({"WEB_CONCURRENCY": "7"}).workers == 7


@pytest.mark.parametrize(
    "environ",
    [
        {"QA_X": "1"},
        {"QA_PORT": "x"},
        {"QA_PORT": "65536"},
        {"QA_FOUND": "high"},
        {"QA_FOUND": "nan"},
        {"QA_WEAK": "0.8"},
        {"QA_WORKERS": "0"},
        {"QA_TOKEN": "short"},
        {"QA_PASSAGE_MIN_WORDS": "1000"},
        {"WEB_CONCURRENCY": "0"},
        {"PORT": "tcp://10.0.0.1:80"},
        {"QA_INDEX": " "},
        {"QA_DOCUMENTS": "folder\nother"},
        {"QA_INDEX_PASSWORD": "\x1b[2J"},
        {"QA_INDEX": __file__},
        {"QA_FOLDER": __file__},
        {"QA_INDEX_CA": "/nonexistent/ca.pem"},
        {"QA_INDEX_USER": "me", "QA_INDEX_API_KEY": "key"},
        {"QA_TOKEN": "a token with spaces"},
        {"QA_TOKEN": "ein-längeres-geheimnis"},
        {"QA_LANGUAGE": "xx"},
        {"QA_RATE_STORAGE": "somewhere"},
        {"QA_OCR_LANGUAGES": "-1"},
    ],
)
def test_what_is_wrong_is_named(environ):
    with pytest.raises(SettingsError, match=next(iter(environ))):
        settings_from_environ(environ)


@pytest.mark.parametrize("item", dataclasses.fields(Settings), ids=lambda item: item.name)
def test_a_number_that_nothing_can_count_with_is_refused(item):
    if item.type not in {int, float}:
        return
    for text in ("1" + "0" * 20, "-1", "1e999", "nan", "x", "1,000"):
        with pytest.raises(SettingsError, match=f"QA_{item.name.upper()}"):
            settings_from_environ({f"QA_{item.name.upper()}": text})


def test_a_secret_is_not_in_the_message():
    with pytest.raises(SettingsError) as caught:
        settings_from_environ({"QA_INDEX_PASSWORD": "hunter2\n"})

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("code", ["en", "de", "zh", "pt", "fil"])
def test_languages_that_there_are_are_read(code):
    assert settings_from_environ({"QA_LANGUAGE": code}).language == code


def test_every_setting_has_help():
    assert len(settings_table()) == len(dataclasses.fields(Settings))
    assert all(help_text for _, _, help_text in settings_table())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("LANGUAGE", value) for value in ("english", "EN", "e", "en_GB", "../x")),
        *(("OCR_LANGUAGES", value) for value in ("eng deu", "eng+deu;rm", "deutsch!")),
        ("CORS_ORIGINS", "https://a.example/"),
        ("CORS_ORIGINS", "a.example"),
        ("CORS_ORIGINS", "https://a.example,null"),
        ("CORS_ORIGINS", "https://a.example/page"),
        *(("TRUSTED_HOSTS", value) for value in ("https://a.example", "a.example/kb", "a b")),
    ],
)
def test_a_value_of_the_wrong_form_is_named_when_settings_are_read(name, value):
    with pytest.raises(SettingsError, match=f"^QA_{name}: .* is not .*; correct or unset it"):
        settings_from_environ({f"QA_{name}": value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("LANGUAGE", value) for value in ("en", "yue")),
        *(("CORS_ORIGINS", value) for value in ("*", "https://a.example,http://[::1]:8000")),
        *(("TRUSTED_HOSTS", value) for value in (".a.example", "::1,bücher.example", "a:8000")),
    ],
)
def test_a_value_of_the_right_form_is_read(name, value):
    value_read = getattr(settings_from_environ({f"QA_{name}": value}), name.lower())

    assert value_read == value if name == "LANGUAGE" else value_read == tuple(value.split(","))
