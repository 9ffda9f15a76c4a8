"""The room of the tokenizer: how the text is cut, which pairs become one, and what a vocabulary buys."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import gradio as gr

from model.training.parts import split
from model.training.settings import TrainingSettings
from viz.components.heading import heading
from viz.figures.theme import Theme
from viz.figures.tokens_per_character import tokens_per_character_figure
from viz.pages import room_head
from viz.pages.controls import Controls
from viz.pages.layout import Plan
from viz.pages.looking import Looking
from viz.pages.plot import plot
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.server.failing import one_or_why_not
from viz.server.limits import SEARCHING
from viz.training.desk import Desk, understood
from viz.training.fields import FieldsLaid, fields
from viz.training.form import settings_of
from viz.training.source import text_of
from viz.words.lines import problem, status_line
from viz.words.strings import say
from viz.words.tokens import display_token

NAME = "tokenizer"
SHOWN = 220
"""Characters of the sample that is cut into its tokens."""


@dataclass(frozen=True, kw_only=True)
class TokenizerLaid(FieldsLaid):
    """What the room is made of."""

    make: gr.Button
    outputs_of_make: list[Any]
    """Line, sample, merges, curve."""


def lay_out(_plan: Plan) -> TokenizerLaid:
    """Create the room."""
    with gr.Column(elem_classes=["tokenizer"]):
        with room_head.head():
            found = fields(NAME, ["tokenizer.kind"])
            with gr.Row(elem_classes=["tools"]):
                found |= fields(NAME, ["tokenizer.vocabulary"])
            with room_head.presses():
                make = room_head.action(say("train.tokenizer.make"), "tokenizer-make")
                line = room_head.line(say("train.tokenizer.invitation"), "tokenizer-line")
        with gr.Column(elem_classes=["card"]):
            heading("train.tokenizer.sample")
            sample = _html("tokenizer-sample")
        with gr.Row(elem_classes=["pair"]):
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.tokenizer.merges")
                merges = _html("tokenizer-merges")
            with gr.Column(elem_classes=["card"], min_width=320):
                heading("train.tokenizer.curve")
                curve = plot(None, "tokenizer-curve")
    return TokenizerLaid(fields=found, make=make, outputs_of_make=[line, sample, merges, curve])


def wire(laid: TokenizerLaid, looking: Looking) -> None:
    """Let the button of the room make a tokenizer of the data that stands in theirs."""
    page = looking.page
    data, desk = page.laid["data"], Desk(looking.trainings)
    paths = [*data.fields, *laid.fields]

    def make(visitor: Visitor, typed: object, *values: Any) -> list[Any]:
        *chosen, controls = values
        assert isinstance(controls, Controls)

        def made() -> list[Any]:
            desk.require_training()
            settings = settings_of(dict(zip(paths, chosen, strict=True)))
            return understood(
                lambda: _made(settings, text_of(visitor, settings.data, typed).texts, controls.theme)
            )

        return one_or_why_not(made, lambda why: [problem(why), gr.skip(), gr.skip(), gr.skip()])

    laid.make.click(
        page.taking(make),
        [looking.visitor, data.own, *data.fields.values(), *laid.fields.values(), *page.inputs],
        laid.outputs_of_make,
        trigger_mode="once",
        **{**QUIET, **SEARCHING, "show_progress": "minimal", "show_progress_on": laid.outputs_of_make[0]},
    )


def _made(settings: TrainingSettings, texts: Sequence[str], theme: Theme) -> list[Any]:
    """Return what there is to see of a tokenizer."""
    # Written with Transformers, which the page does not wait for.
    from model.training.tokenizers import (  # noqa: PLC0415
        bpe_tokenizer,
        characters_tokenizer,
        first_merges,
        length_curve,
    )

    train = split(texts, settings.data)["train"]
    sample = "".join(train)[:SHOWN]
    pairs = settings.tokenizer.kind == "bpe"
    made = bpe_tokenizer(train, settings.tokenizer.vocabulary) if pairs else characters_tokenizer(train)
    points = length_curve(made, "".join(train)) if pairs else []
    pieces = made.tokenize(sample)
    told = say("train.tokenizer.made", tokens=f"{len(made):,}", characters=f"{sum(map(len, train)):,}")
    return [
        status_line(told),
        _sample_html(made, made.encode(sample, add_special_tokens=False), len(pieces), len(sample)),
        _merges_html(first_merges(made, train)) if pairs else status_line(say("train.tokenizer.no_merges")),
        tokens_per_character_figure(points, theme=theme),
    ]


def _sample_html(tokenizer: Any, ids: Sequence[int], tokens: int, characters: int) -> str:
    parts = "".join(f"<span>{escape(display_token(tokenizer.decode([one])))}</span>" for one in ids)
    told = say("train.tokenizer.counted", tokens=tokens, characters=characters)
    return f"<p class='cut' translate='no' dir='auto'>{parts}</p>{status_line(told)}"


def _merges_html(merges: Sequence[Any]) -> str:
    head = "".join(
        f"<th scope='col'>{escape(say(f'train.tokenizer.column.{one}'))}</th>"
        for one in ("number", "pair", "token", "count")
    )
    rows = "".join(
        f"<tr><td class='n'>{number}</td><td>{_token(one.left)} + {_token(one.right)}</td>"
        f"<td>{_token(one.left + one.right)}</td><td class='n'>{one.count:,}</td></tr>"
        for number, one in enumerate(merges, 1)
    )
    return f"<table class='merges'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _token(written: str) -> str:
    """Return a token as byte-level tokenizers write it, its space as one."""
    text = written.replace("\u0120", " ").replace("\u010a", "\n").replace("\u0109", "\t")
    return f"<code translate='no'>{escape(display_token(text))}</code>"


def _html(elem_id: str) -> gr.HTML:
    return gr.HTML(elem_id=elem_id, apply_default_css=False)


TOKENIZER = Room(NAME, "train", lay_out, wire=wire)
"""The room."""
