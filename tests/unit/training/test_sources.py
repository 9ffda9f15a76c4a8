"""Texts that a training learns from: where they come from, how a file is read, and what is no text."""

import codecs

import pytest

from model.training.settings import DataSettings, SettingsError
from model.training.sources import (
    LEAST_CHARACTERS,
    STORIES_AT_ONCE,
    decoded,
    order,
    own_text,
    python_text,
    stories,
)

LINES = "Ein Bär ißt Äpfel.\nUnd dann schläft er.\n" * 10


def test_the_help_of_python_is_there_without_a_network():
    text = python_text(10_000)
    assert text.characters == 10_000 and "10,000 characters" in text.remark
    assert "assert" in text.texts[0]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (LINES.encode(), "UTF-8"),
        (LINES.encode("utf-8-sig"), "UTF-8"),
        (LINES.encode("utf-16"), "UTF-16"),
        (codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"), "UTF-16"),
        (LINES.encode("cp1252"), "Windows-1252"),
    ],
)
def test_a_file_is_read_in_its_encoding_which_is_told(data, encoding):
    found = own_text(data)
    assert found.texts == (LINES,) and f"read as {encoding}." in found.remark


def test_a_byte_that_windows_lacks_makes_it_latin_1():
    assert decoded(b"\xe4\x81") == ("ä\x81", "Latin-1")


def test_line_ends_of_other_systems_become_one():
    assert own_text(LINES.replace("\n", "\r\n")).texts == (LINES,)


def test_a_long_text_is_cut_and_that_is_told():
    assert own_text(LINES, 300).remark == "300 characters, the first of 400."


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "empty"),
        (" \n\t\n", "empty"),
        (b"", "empty"),
        ("too short\n", f"needs {LEAST_CHARACTERS} at least"),
        ("one line " * 100, "one single line"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 100, "binary file"),
        ("a\0b\n" * 100, "binary file"),
        (bytes(range(1, 32)) * 50, "no text"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        ("\ud800\n" * 300, "half a character"),
        (codecs.BOM_UTF8 + b"\xff" * 300, "damaged"),
        (codecs.BOM_UTF16_LE + b"a", "damaged"),
    ],
)
def test_what_is_no_text_is_refused_with_a_reason(given, said):
    with pytest.raises(SettingsError, match=said):
        own_text(given)


def test_stories_are_asked_for_until_there_are_enough_each_in_other_words():
    asked: list[str] = []
    seeds: list[int] = []
    told: list[str] = []

    def write(requests, seed):
        asked.extend(requests)
        seeds.append(seed)
        return [f" {request} {seed} " for request in requests]

    found = stories(DataSettings("stories", 2000, "cats"), write, 5, told=told.append)
    assert told == found and sum(map(len, found)) >= 2000
    assert len(asked) % STORIES_AT_ONCE == 0 and len(set(asked)) == len(asked)
    assert len(set(seeds)) == len(seeds) and asked[0] == order("cats", 0)


def test_stories_go_on_from_those_that_were_written():
    asked: list[str] = []

    def write(requests, seed):
        asked.extend(requests)
        return ["x" * 100 for _ in requests]

    found = stories(DataSettings("stories", 500), write, 0, before=["y" * 200] * 2, told=lambda _: None)
    assert found[:2] == ["y" * 200] * 2 and asked[0] == order("animals", 2)


def test_a_model_that_writes_nothing_is_told():
    with pytest.raises(SettingsError, match="wrote no stories"):
        stories(DataSettings("stories"), lambda requests, _: ["  "] * len(requests), 0, told=lambda _: None)
