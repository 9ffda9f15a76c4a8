"""The values of the components: the numbers on the page are the numbers of the run."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model.sampler.sampling import draw, shape
from model.sampler.settings import BAN, SamplerSettings
from model.texts.run import Run, Step
from model.tokenizer.pieces import Piece
from viz.components.appearance import Appearance
from viz.components.bertviz_frame import (
    FAINT,
    LIBRARIES,
    MOST_TOKENS,
    VISIBLE,
    BertVizFrame,
    head_view_scripts,
    head_view_value,
    head_view_window,
)
from viz.components.dial import Dial
from viz.components.heading import heading_html
from viz.components.next_token import NextTokenBars, next_token_value, search_value
from viz.components.selection import Selection
from viz.components.theme import page_head, page_theme
from viz.components.tint import COLOUR_BY, legend, weight_of
from viz.components.token_strip import TokenStrip, shown_text, strip_value
from viz.launch import style_sheets
from viz.words.facts import facts_html, sampler_facts
from viz.words.percent import count, percent
from viz.words.tokens import isolated

STEP = Step(
    position=2,
    token_id=7,
    token=" sat",
    text=" sat",
    u=0.4,
    logprob=math.log(0.25),
    probability=0.5,
    rank=10,
    entropy_bits=6.0,
    kept=4,
)
RUN = Run("tiny@0", "The cat", (1, 2), steps=(STEP,))
PIECES = [Piece(1, "The", "The", "text"), Piece(2, " cat", " cat", "text"), Piece(7, " sat", " sat", "text")]


def strip(pieces: list[Piece], run: Run = RUN, **changes: Any) -> dict[str, Any]:
    return dict(strip_value(pieces, run, **{"selected": None, "colour_by": "surprisal", **changes}))


def piece(text: str, kind: str = "text", token: str | None = None) -> Piece:
    return Piece(0, text if token is None else token, text, kind)


def distribution(size: int = 50, **settings: Any) -> Any:
    logits = np.random.default_rng(3).normal(0, 2, size).astype(np.float32)
    return shape(logits, SamplerSettings(**{"top_k": 8, "top_p": 0.9, **settings}))


def name(token_id: int) -> str:
    return f" t{token_id}"


# Percentages and counts


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.612, "61.2 %"),
        (0.0099501, "1.0 %"),
        (0.0034, "0.34 %"),
        (0.00034, "0.034 %"),
        (0.000012, "0.0012 %"),
        (1.3e-9, "1.3e-7 %"),
        (0.99996, ">99.9 %"),
        (0.9994, "99.9 %"),
    ],
)
def test_a_percentage_keeps_two_digits_however_small(p: float, text: str) -> None:
    assert percent(p) == text


def test_only_zero_reads_zero_and_only_one_reads_a_hundred() -> None:
    for p in [*np.logspace(-300, -0.001, 400), *(1 - np.logspace(-15, -1, 100))]:
        text = percent(float(p))
        assert text not in ("100 %", "100.0 %")
        assert float(text.removesuffix(" %").lstrip(">")) > 0


def test_counts_have_their_thousands_apart() -> None:
    assert count(49152).replace("\u00a0", " ") == "49 152"


# Token strip


def test_prompt_tokens_are_not_tinted_and_generated_ones_are() -> None:
    tokens = strip(PIECES)["tokens"]
    assert [token["kind"] for token in tokens] == ["prompt", "prompt", "generated"]
    assert [token["weight"] for token in tokens] == [0.0, 0.0, pytest.approx(2 / 12, abs=1e-3)]


def test_tokens_travel_as_strings_that_say_the_same() -> None:
    value = strip(PIECES)
    sent = TokenStrip().postprocess(value)
    assert [json.loads(token) for token in sent["tokens"]] == value["tokens"]
    assert {**sent, "tokens": []} == {**value, "tokens": []}


def test_a_token_tells_the_chance_that_the_model_gave_it_and_one_of_the_prompt_tells_none() -> None:
    """Not what the sampler made of it: that is 50 % here."""
    assert [token["chance"] for token in strip(PIECES)["tokens"]] == ["", "", "25.0 %"]
    for colour_by in COLOUR_BY:
        assert strip(PIECES, colour_by=colour_by)["tokens"][2]["chance"] == "25.0 %"
    forced = replace(RUN, steps=(replace(STEP, u=None, forced=True, logprob=math.log(1e-7)),))
    assert strip(PIECES, forced)["tokens"][2]["chance"] == percent(1e-7), "also of one put there by hand"


def test_each_colouring_has_its_own_scale() -> None:
    assert weight_of(STEP, "probability") == pytest.approx(0.75)
    assert weight_of(STEP, "rank") == pytest.approx(1 / 3)
    assert weight_of(STEP, "surprisal") == pytest.approx(2 / 12)
    assert weight_of(STEP, "entropy") == pytest.approx(0.5)


@pytest.mark.parametrize("colour_by", COLOUR_BY)
def test_weights_stay_between_none_and_full(colour_by: Any) -> None:
    unlikely = replace(STEP, logprob=-80.0, rank=49152, entropy_bits=15.0)
    certain = replace(STEP, logprob=0.0, rank=1, entropy_bits=0.0)
    assert weight_of(unlikely, colour_by) == pytest.approx(1.0)
    assert weight_of(certain, colour_by) == 0.0


def test_the_legend_names_both_ends_and_equal_steps_of_the_weight() -> None:
    assert legend("rank")["ticks"] == ["1", "10", "100", f"{count(1000)}+"]
    assert legend("probability")["ticks"] == ["100 %", "50.0 %", "0 %"]
    assert legend("surprisal")["ticks"] == ["0", "4", "8", "12+ bits"]
    assert all(legend(colour_by)["low"] and legend(colour_by)["high"] for colour_by in COLOUR_BY)


def test_an_indentation_after_a_line_break_stands_on_the_new_line() -> None:
    (token,) = strip([piece("\n    ")])["tokens"]
    assert (token["text"], token["breaks"], token["tail"]) == ("↵", 1, "    ")
    (token,) = strip([piece(" end\n\n")])["tokens"]
    assert (token["text"], token["breaks"], token["tail"]) == (" end↵↵", 2, "")


def test_running_text_keeps_its_spaces_and_whitespace_becomes_visible() -> None:
    assert shown_text(piece(" cat")) == " cat"
    assert shown_text(piece("two words")) == "two words"
    assert shown_text(piece("  ")) == "␣␣"
    assert shown_text(piece("\n\n")) == "↵↵"
    assert shown_text(piece("\tx")) == "⇥x"


def test_newlines_break_the_line_after_their_token() -> None:
    assert [token["breaks"] for token in strip([piece("a"), piece(".\n"), piece("\n\n\n")])["tokens"]] == [
        0,
        1,
        2,
    ]


def test_bytes_and_special_tokens_are_chips() -> None:
    tokens = strip([piece("", "bytes", "<0xF0><0x9F>"), piece("🙂"), piece("", "special", "<|endoftext|>")])[
        "tokens"
    ]
    assert [(token["text"], token["mark"]) for token in tokens] == [
        ("<0xF0><0x9F>", "bytes"),
        ("🙂", ""),
        ("<|endoftext|>", "special"),
    ]


@pytest.mark.parametrize(
    ("token", "text", "shown", "mark"),
    [
        (" <0xF0><0x9F>", " ", "␣<0xF0><0x9F>", "bytes"),
        ("k<0xE2>", "k", "k<0xE2>", "bytes"),
        ("<0xA9>", "👩", "👩", ""),
        ("<0xA9><0xF0>", "👩", "👩<0xF0>", "bytes"),
        ("<0xA9>!", "👩!", "👩!", ""),
        ("<0xF0>", "<0xF0>", "<0xF0>", ""),
        ("<0xFF>", "", "<0xFF>", "bytes"),
    ],
)
def test_bytes_read_as_in_the_tables_until_their_character_is_there(token, text, shown, mark) -> None:
    (one,) = strip([piece(text, "text" if text else "bytes", token)])["tokens"]
    assert (one["text"], one["mark"]) == (shown, mark)
    assert ("takes several tokens" in one["title"]) == (mark == "bytes")
    assert one["title"].startswith(isolated(token.replace(" ", "␣")) + "\n")


def test_a_character_that_begins_behind_a_line_break_stands_on_the_new_line() -> None:
    (one,) = strip([piece("\n  ", token="\n  <0xE2>")])["tokens"]
    assert (one["text"], one["breaks"], one["tail"]) == ("↵", 1, "  <0xE2>")


def test_only_the_parts_of_a_word_are_kept_on_one_line() -> None:
    tokens = strip([piece(text) for text in ["un", "believ", "able", ",", " a", " ", "b", "中", "文"]])[
        "tokens"
    ]
    assert [token["joined"] for token in tokens] == [
        False,
        True,
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]


def test_a_word_without_an_end_may_still_be_broken() -> None:
    assert not all(token["joined"] for token in strip([piece("========")] * 20)["tokens"][1:])


def test_hovering_gives_id_probability_rank_and_surprisal() -> None:
    title = strip(PIECES)["tokens"][2]["title"]
    for part in ("␣sat", "id 7", "25.0 %", "50.0 %", "rank 10", "2.00 bits", "6.00 bits"):
        assert part in title


def test_a_token_put_there_by_hand_says_so() -> None:
    forced = strip(PIECES, Run("tiny@0", "The cat", (1, 2), steps=(replace(STEP, forced=True),)))
    assert "person" in forced["tokens"][2]["title"]


def test_markup_in_tokens_stays_as_it_is_because_scripts_set_text_only() -> None:
    nasty = ["<b>", "</script>", '"', "'", "${alert(1)}", "`", "\\"]
    value = strip([piece(text) for text in nasty])
    assert [token["text"] for token in value["tokens"]] == nasty
    json.dumps(value)


@pytest.mark.parametrize("component", [TokenStrip, NextTokenBars, BertVizFrame, Appearance, Selection])
def test_no_value_ever_reaches_a_template(component: Any) -> None:
    made = component()
    assert "{{" not in made.html_template and "${" not in made.html_template
    assert "innerHTML" not in made.js_on_load and made.css_template == ""
    assert made.api_info()["type"] == "object"


# Next token


def test_rows_and_the_rest_add_up_to_everything() -> None:
    shaped = distribution()
    value = next_token_value(shaped, token_of=name, chosen=int(shaped.ranking[2]), u=0.5, rows=10)
    others = value["others"]
    assert others is not None and len(value["rows"]) == 10 and others["count"] == 40
    assert sum(row["raw"] for row in value["rows"]) + others["raw"] == pytest.approx(1.0, abs=1e-12)
    assert sum(row["shaped"] for row in value["rows"]) + others["shaped"] == pytest.approx(1.0, abs=1e-12)


def test_rows_hold_the_numbers_of_the_distribution_in_order_of_rank() -> None:
    shaped = distribution()
    rows = next_token_value(shaped, token_of=name, chosen=None, u=None, rows=10)["rows"]
    assert [row["rank"] for row in rows] == list(range(1, 11))
    for row in rows:
        assert row["raw"] == shaped.probabilities[row["token_id"]]
        assert row["shaped"] == shaped.shaped[row["token_id"]]
        assert row["cut"] == shaped.cut_by(row["token_id"])
        assert row["token"] == f"␣t{row['token_id']}"


def test_cut_tokens_name_the_stage_that_cut_them() -> None:
    value = next_token_value(distribution(top_k=3, top_p=1.0), token_of=name, chosen=None, u=None, rows=5)
    assert [row["shaped_text"] for row in value["rows"][3:]] == ["cut: top-k", "cut: top-k"]
    greedy = next_token_value(distribution(temperature=0.0), token_of=name, chosen=None, u=None, rows=2)
    assert [row["shaped_text"] for row in greedy["rows"]] == ["100 %", "cut: greedy"]


def test_a_title_says_what_moved_a_logit_before_the_cut() -> None:
    logits = np.array([4.0, 3.0, 2.0, 1.0], dtype=np.float32)
    settings = {"repetition_penalty": 2.0, "logit_bias": {0: BAN, 3: 5.0}, "temperature": 0.7, "top_k": 2}
    value = next_token_value(
        shape(logits, SamplerSettings(**settings), [1]), token_of=name, chosen=None, u=None, rows=4
    )
    banned, repeated, untouched, boosted = (row["title"] for row in value["rows"])
    assert "rank 2 · logit 3.000" in repeated
    assert "lowered" in repeated and repeated.endswith("repetition 3.00 → 1.50")
    assert "raised" in boosted and boosted.endswith(" 1.00 → 6.00")
    assert banned.count("\n") == untouched.count("\n") == 1, "nothing moved them before they were cut or kept"


def test_a_table_keeps_its_height_while_as_many_rows_are_asked_for() -> None:
    assert next_token_value(distribution(), token_of=name, chosen=None, u=None, rows=7)["leading"] == 7
    assert search_value(distribution(), [1], name)["leading"] == 0


def test_a_chosen_token_beyond_the_rows_has_its_own() -> None:
    shaped = distribution()
    far = int(shaped.ranking[30])
    value = next_token_value(shaped, token_of=name, chosen=far, u=None, rows=5)
    last = value["rows"][-1]
    assert (last["token_id"], last["rank"], last["chosen"], last["gap"]) == (far, 31, True, True)
    assert value["others"] is not None and value["others"]["count"] == 50 - 6
    assert not any(row["gap"] for row in value["rows"][:-1])


def test_the_dice_row_is_where_the_draw_falls() -> None:
    shaped = distribution()
    for u in (0.0, 0.3, 0.7, 0.999):
        value = next_token_value(shaped, token_of=name, chosen=None, u=u, rows=3)
        assert [row["token_id"] for row in value["rows"] if row["dice"]] == [draw(shaped, u)]


def test_a_banned_token_is_known_by_its_row_whichever_stage_cut_it() -> None:
    shaped = distribution(top_k=3, top_p=1.0)
    first, last = int(shaped.ranking[0]), int(shaped.ranking[20])
    table = next_token_value(shaped, token_of=name, chosen=last, u=None, rows=3, banned={first, last})
    assert [row["banned"] for row in table["rows"]] == [True, False, False, True]
    assert table["rows"][-1]["cut"] == "top_k"
    found = search_value(shaped, [last, int(shaped.ranking[1])], name, banned={last})
    assert [row["banned"] for row in found["rows"]] == [False, True]


def test_a_forced_token_has_no_dice() -> None:
    value = next_token_value(distribution(), token_of=name, chosen=3, u=0.5, rows=3, forced=True)
    assert not any(row["dice"] for row in value["rows"])
    assert not any("u =" in fact["value"] for fact in value["facts"])


def test_every_bar_fits_its_round_scale() -> None:
    for temperature in (0.0, 0.3, 1.0, 5.0):
        shaped = distribution(temperature=temperature, top_k=0, top_p=1.0)
        value = next_token_value(shaped, token_of=name, chosen=None, u=None, rows=8)
        most = max(max(row["raw"], row["shaped"]) for row in value["rows"])
        assert most <= value["scale"] * (1 + 1e-9) <= max(2 * most, 1.0) * (1 + 1e-9)


def test_a_whole_vocabulary_leaves_no_others() -> None:
    assert next_token_value(distribution(), token_of=name, chosen=None, u=None, rows=99)["others"] is None


def test_the_facts_are_those_of_the_distribution() -> None:
    shaped = distribution()
    chosen = int(shaped.ranking[1])
    choice = next_token_value(shaped, token_of=name, chosen=chosen, u=0.25, rows=3)["facts"]
    assert [fact["value"] for fact in choice] == [
        f"#2 · {percent(float(shaped.probabilities[chosen]))}",
        "u = 0.2500",
    ]
    assert [fact["value"] for fact in sampler_facts(shaped)] == [
        f"{shaped.entropy_bits:.2f} → {shaped.shaped_entropy_bits:.2f} bits",
        f"{shaped.kept} of 50",
        percent(shaped.kept_mass),
    ]


def test_facts_are_escaped() -> None:
    assert "<b>" not in facts_html([{"value": "<b>", "label": "<b>", "title": '"<b>'}])


def test_a_search_lists_matches_by_rank_and_says_when_there_are_none() -> None:
    shaped = distribution()
    found = search_value(shaped, [int(shaped.ranking[20]), int(shaped.ranking[4])], name)
    assert [row["rank"] for row in found["rows"]] == [5, 21] and found["others"] is None
    assert search_value(shaped, [], name)["note"]


# BertViz


def head_view(tokens: list[str], heads: int = 2, **place: int) -> Any:
    weights = np.tril(np.random.default_rng(0).random((heads, len(tokens), len(tokens))))
    return head_view_value(tokens, weights / weights.sum(-1, keepdims=True), layer=5, **place)


def test_the_head_view_asks_no_other_host_and_shows_its_one_layer() -> None:
    page = head_view(["The", " cat"])["page"]
    assert "<script src" not in page
    assert '"include_layers":[5]' in page and '"layer":5' in page


def test_the_lines_of_one_head_among_many_stay_visible() -> None:
    page = head_view(["The", " cat"])["page"]
    assert VISIBLE in page and FAINT not in page


def test_tokens_cannot_leave_the_script_of_the_head_view() -> None:
    page = head_view(["</script>", "<!--", '"', "${x}", "\\"])["page"]
    assert page.count("</script>") == 1 and "<!--" not in page


def test_the_head_view_is_light() -> None:
    page = head_view([f" token{index}" for index in range(MOST_TOKENS)], heads=16)["page"]
    assert len(page) < 120_000


def test_a_window_says_what_it_leaves_out() -> None:
    assert "of 90" in head_view(["a", "b"], first=40, count=90)["note"]
    assert "outside" not in head_view(["a", "b"])["note"]


@pytest.mark.parametrize("count_", [1, 5, MOST_TOKENS, MOST_TOKENS + 1, 300])
def test_the_window_holds_the_query_of_the_selected_position(count_: int) -> None:
    for position in (None, 0, 1, count_ // 2, count_ - 1, count_):
        first, after = head_view_window(count_, position)
        assert 0 <= first < after <= count_ and after - first == min(count_, MOST_TOKENS)
        query = count_ - 1 if position is None else max(0, position - 1)
        assert first <= query < after


def test_the_vendored_libraries_can_stand_inside_a_script() -> None:
    page = head_view_scripts()
    assert page.count("</script>") == len(LIBRARIES) + 1 and "<!--" not in page


# Headings and style


def test_a_heading_escapes_its_words() -> None:
    assert heading_html("a < b", '"c" & d') == '<h2>a &lt; b</h2><p class="say">&quot;c&quot; &amp; d</p>'


def test_the_page_asks_no_font_host() -> None:
    theme = page_theme()
    assert not theme._stylesheets
    style = page_head(style_sheets())
    assert "url(" not in style and "@import" not in style and "//" not in style


TYPED = [(99999, 2), (-3, 0), (1.25, 1.25), (1, 1), (None, 0.8), (math.nan, 0.8), ("x", 0.8)]


@pytest.mark.parametrize(("typed", "meant"), TYPED)
def test_a_dial_takes_the_nearest_number_in_its_range(typed, meant):
    assert Dial(0, 2, 0.8, step=0.05).preprocess(typed) == pytest.approx(meant)
