"""BLEU and chrF: the numbers of sacrebleu's own command line."""

import json
import subprocess
import sys

import pytest

from model.training.pairs import Pair, passages
from model.training.settings import SettingsError
from model.training.translation import Written, closeness, continuing, translating

PAIRS = [
    Pair("Der Hund schläft.", "The dog is sleeping on the old sofa."),
    Pair("Es regnet.", "It is raining again, and nobody has an umbrella."),
    Pair("Wer ist da?", "Who is there at the door?"),
    Pair("Ich lese ein Buch.", "I am reading a book about the sea."),
    Pair("Die Katze frisst.", "The cat eats its fish — all of it."),
    Pair("Guten Morgen!", "Good morning to all of you!"),
]
ANSWERS = [
    "The dog is sleeping on a sofa.",
    "It is raining again, and nobody has one.",
    "Who is at the door?",
    "I am reading a book about the sea.",
    "A cat eats fish.",
    "",
]


def test_bleu_and_chrf_are_those_of_the_command_line(tmp_path):
    answers = dict(zip([pair.source + "\t" for pair in PAIRS], ANSWERS, strict=True))
    *_, last = translating(PAIRS, lambda prompt: answers[prompt] + "\nWhat comes after a line is not taken.")
    found = closeness(last.written)
    hypotheses, references = tmp_path / "hypotheses", tmp_path / "references"
    hypotheses.write_text("".join(line + "\n" for line in ANSWERS), encoding="utf-8")
    references.write_text("".join(pair.reference + "\n" for pair in PAIRS), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", str(references), "-i", str(hypotheses), "-w", "8"]
    command += ["-m", "bleu", "chrf", "--confidence", "-f", "json"]
    told = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    for interval, metric, signature in zip((found.bleu, found.chrf), told, found.signatures, strict=True):
        assert interval.value == pytest.approx(metric["score"], abs=1e-6)
        assert (interval.low + interval.high) / 2 == pytest.approx(metric["confidence_mean"], abs=1e-6)
        assert (interval.high - interval.low) / 2 == pytest.approx(metric["confidence_var"], abs=1e-6)
        assert metric["signature"] == signature
    assert 0 < found.bleu.value < 100
    assert found.to_row()["chrf"] == found.chrf.value


def test_the_very_references_have_full_marks_and_nothing_has_none():
    same = closeness([Written(pair, pair.reference) for pair in PAIRS])
    assert (same.bleu.value, same.chrf.value) == (pytest.approx(100), pytest.approx(100))
    nothing = closeness([Written(pair, "") for pair in PAIRS])
    assert (nothing.bleu.value, nothing.chrf.value) == (0, 0)
    assert closeness([Written(pair, pair.reference) for pair in PAIRS[:2]]).bleu.low is None


def test_a_continuation_is_as_long_as_its_reference():
    pairs = passages("one two three four five six seven eight nine ten", words=10)
    asked = []

    def write(prompt):
        asked.append(prompt)
        return "  six seven\neight nine ten eleven twelve"

    *_, last = continuing(pairs, write)
    assert asked == ["one two three four five"]
    assert last.written[0].hypothesis == "six seven eight nine ten"
    assert last.done == 1


def test_whoever_stops_listening_stops_it_and_has_what_was_written():
    asked = []
    task = translating(PAIRS, lambda prompt: asked.append(prompt) or "x")
    first = next(task)
    task.close()
    assert (len(asked), len(first.written), first.done) == (1, 1, 1 / 6)


def test_nothing_cannot_be_compared():
    with pytest.raises(SettingsError, match="Nothing has been written"):
        closeness([])
