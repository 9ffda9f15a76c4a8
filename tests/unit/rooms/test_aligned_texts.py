"""Texts under one another: equal positions in one column, and every number that of the texts."""

import json
import math

from model.texts.comparison import Comparison, WrittenToken
from model.texts.run import Run, Step
from viz.rooms.replay.aligned_texts import AlignedText, AlignedTexts, aligned_texts_value

WORDS = [" the", " cat", "\n", "<b>", " the"]


def run() -> Run:
    steps = [
        Step(3 + index, index, word, word, 0.5, math.log(0.25), 0.5, 1, 1.0, 3)
        for index, word in enumerate(WORDS)
    ]
    return Run("tiny", "a b c", (7, 8, 9), steps=tuple(steps))


def text(token_ids: list[int], *, growing: bool = False, reason: str = "") -> AlignedText:
    tokens = tuple(WrittenToken(one, f"t{one}", -1.0) for one in token_ids)
    return AlignedText("Wild", Comparison(run(), tokens), reason, growing)


def test_every_token_is_told_from_the_original_by_its_position():
    value = aligned_texts_value(run(), [text([0, 1, 9, 3, 8, 5])])
    assert value["first"] == 3
    original, other = value["rows"]
    assert [cell[0] for cell in original["cells"]] == ["␣the", "␣cat", "↵", "<b>", "␣the"]
    assert {cell[2] for cell in original["cells"]} == {"same"}
    assert [cell[2] for cell in other["cells"]] == ["same", "same", "parted", "again", "other", "other"]
    assert [cell[1].split("position ")[1][0] for cell in other["cells"]] == list("345678")


def test_the_facts_are_those_of_the_comparison():
    value = aligned_texts_value(run(), [text([0, 1, 9, 3, 8], reason="so"), text([0, 1, 2, 3, 4])])
    original, parted, equal = value["rows"]
    assert "5 tokens" in original["facts"] and "−1.39" in original["facts"]
    assert "60.0 %" in parted["facts"] and "position 5" in parted["facts"] and "−1.00" in parted["facts"]
    assert parted["reason"] == "so"
    assert "100 %" in equal["facts"] and "position" not in equal["facts"]


def test_a_growing_text_has_no_facts_yet():
    (_, row) = aligned_texts_value(run(), [text([], growing=True)])["rows"]
    assert (row["facts"], row["cells"], row["growing"]) == ("", [], True)


def test_the_value_is_plain_json_and_the_script_is_told_whose_events_are_its_own():
    value = aligned_texts_value(run(), [text([1])])
    assert json.loads(json.dumps(value))["rows"][1]["name"] == "Wild"
    assert '"here": "replays"' in AlignedTexts().js_on_load
