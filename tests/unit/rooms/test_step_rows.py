"""The tokens of a text as rows of a spreadsheet."""

import json
import math

from model.sampler.settings import SamplerSettings
from model.texts.run import Run, Step
from model.tokenizer.pieces import Piece
from viz.rooms.branches.step_rows import NAMES, step_rows

OTHER = SamplerSettings(temperature=0.0)
PIECES = [
    Piece(1, "<s>", "", "special"),
    Piece(5, "=1+1", "=1+1", "text"),
    Piece(6, "<0xE4>", "", "bytes"),
    Piece(7, "<0xB8><0xAD>", "中", "text"),
]
STEPS = (
    Step(2, 6, "<0xE4>", "", 0.25, -math.log(2), 0.75, 2, 3.0, 9, forced=True),
    Step(3, 7, "<0xB8><0xAD>", "中", 0.5, -math.log(4), 1.0, 1, 2.5, 1, settings=OTHER),
)
RUN = Run("tiny@0", "=1+1", (1, 5), steps=STEPS)


def rows() -> list[dict[str, object]]:
    names, *found = step_rows(RUN, PIECES)
    assert names == list(NAMES) and all(len(row) == len(NAMES) for row in found)
    return [dict(zip(NAMES, row, strict=True)) for row in found]


def test_every_token_has_a_row_with_what_it_reads_and_its_bytes():
    assert [row["position"] for row in rows()] == [0, 1, 2, 3]
    assert [row["token"] for row in rows()] == [piece.token for piece in PIECES]
    assert [row["bytes"] for row in rows()] == ["", "3D 31 2B 31", "E4", "B8 AD"]


def test_tokens_of_the_prompt_have_no_numbers_of_a_step():
    for row in rows()[:2]:
        assert {row[name] for name in NAMES[NAMES.index("u") :]} == {None}


def test_a_step_tells_both_probabilities_and_its_own_settings():
    first, second = rows()[2:]
    assert math.isclose(float(str(first["probability"])), 0.5) and first["shaped_probability"] == 0.75
    assert math.isclose(float(str(second["surprisal_bits"])), 2) and (first["forced"], second["forced"]) == (
        "true",
        "false",
    )
    assert json.loads(str(first["settings"])) == RUN.settings.to_json()
    assert json.loads(str(second["settings"])) == OTHER.to_json()


def test_a_text_whose_last_token_is_not_shown_yet_has_rows_as_far_as_it_is():
    assert len(step_rows(RUN, PIECES[:3])) == 1 + 3
