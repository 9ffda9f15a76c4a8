"""A file of two columns: what is read of it, and what is said of one that has gaps."""

import pytest

from model.training.pairs import (
    MOST_CHARACTERS,
    MOST_IN_A_CELL,
    MOST_PAIRS,
    Pair,
    passages,
    read_pairs,
    task_text,
)
from model.training.settings import SettingsError

DOG = [Pair("the dog", "der Hund"), Pair("a cat", "eine Katze")]


@pytest.mark.parametrize(
    "text",
    [
        "the dog\tder Hund\na cat\teine Katze\n",
        "the dog,der Hund\r\na cat,eine Katze\r\n",
        "the dog;der Hund\na cat;eine Katze",
        'source,target\n"the dog",der Hund\n\n a cat , eine  Katze\n\n',
        "\ufeffSource\tTranslation\nthe dog\tder Hund\na cat\teine Katze\n",
        '"the\ndog","der Hund"\n"a cat","eine\nKatze"\n',
    ],
)
def test_a_table_of_two_columns_is_read_however_it_is_written(text):
    assert read_pairs(text) == DOG


def test_a_first_line_that_is_no_head_is_a_pair_and_quotes_of_tsv_are_letters():
    assert read_pairs('he says "hi"\tsource\n') == [Pair('he says "hi"', "source")]
    assert read_pairs('"Hello, you",Hallo\n') == [Pair("Hello, you", "Hallo")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no pairs"),
        ("\n \n", "no pairs"),
        ("source,target\n", "no pairs"),
        ("only one column\n", "Line 1 has one column"),
        ("a\tb\nc\td\te\n", "Line 2 has 3 columns"),
        ("a,b\n\nc,\n", "Line 3 has nothing in its second column"),
        ("a,b\n ,d\n", "Line 2 has nothing in its first column"),
        ('a,b\n"c\nd",e\n,f\n', "Line 4 has nothing in its first column"),
        ('a,b\n"c,d\n', "Line 2 cannot be read"),
        (f"a,b\nc,{'x' * (MOST_IN_A_CELL + 1)}\n", "Line 2 has 1,001 characters in its second column"),
        ("a,b\n" * (MOST_PAIRS + 1), "501 pairs"),
        ("a" * (MOST_CHARACTERS + 1), "1,000,001 characters"),
        (f"a,{'x' * 200_000}\n", "Line 1 cannot be read"),
        ("a\x00,b,c\n", "Line 1 "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, said):
    with pytest.raises(SettingsError, match=said):
        read_pairs(text)


def test_a_text_to_learn_from_has_the_pairs_as_lines():
    assert task_text(DOG) == "the dog\tder Hund\na cat\teine Katze\n"
    assert read_pairs(task_text(DOG)) == DOG


def test_passages_are_halves_of_a_text_evenly_over_it():
    words = [f"word{n}" for n in range(1000)]
    found = passages(" ".join(words), words=20, most=10)
    assert len(found) == 10
    assert found[0] == Pair(" ".join(words[:10]), " ".join(words[10:20]))
    assert found[-1].source.startswith("word900 ")
    with pytest.raises(SettingsError, match="3 words"):
        passages("only three words")
