"""Two models side by side: what either says is what it says alone, checked with Transformers."""

import json
import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from tests.pages.conftest import TINY_LIMITS, LoadedModel
from tests.patience import PATIENCE
from tests.tiny import saved_tiny, tiny_transformer
from viz.pages.controls import Controls
from viz.pages.visitor import Visitor
from viz.rooms.comparison.comparing import MOST_CHARACTERS, MOST_NEW, Comparing, ComparisonState
from viz.rooms.comparison.tables import next_html, texts_html, totals_html
from viz.server.models import BYTES_EACH, ModelChoice, Models
from viz.server.service import OWN, Service

TRAINED, TITLE = "run/7", "<i>mine</i>, step 7"
TEXT = "the other thing and then the"
CONTROLS = Controls(temperature=0.8, top_k=0, top_p=1.0, seed=7, precision="fast")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return saved_tiny("qwen2", 7, tmp_path_factory.mktemp("step"))


@pytest.fixture(scope="module")
def models(tiny, folder) -> Iterator[Models]:
    size = tiny_transformer("qwen2").num_parameters()
    own = Service(LoadedModel(tiny), TINY_LIMITS)
    choices = [ModelChoice(TRAINED, TITLE, str(folder), size)]
    made = Models(own, trained=lambda _: choices, memory=4 * size * BYTES_EACH, precision="exact")
    yield made
    made.close()
    own.engine.close()


@pytest.fixture
def visitor(newcomer, models) -> Visitor:
    visitor: Visitor = newcomer()
    visitor.models.now = models.own
    return visitor


@pytest.fixture
def comparing(models) -> Comparing:
    return Comparing(SimpleNamespace(showing=SimpleNamespace(models=models)))


def press(comparing, visitor, first: Any = OWN, second: Any = TRAINED, text: Any = TEXT, controls=CONTROLS):
    return list(comparing.compare_models(visitor, first, second, text, controls))


@torch.no_grad()
def test_bits_of_both_models_and_their_next_tokens_are_transformers_own(comparing, visitor, folder):
    *_, shown, last = press(comparing, visitor)
    compared = visitor.kept.of(ComparisonState).compared
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokens = torch.tensor(tokenizer.encode(TEXT))
    vocabulary = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    for place, model in enumerate(
        (tiny_transformer("gpt2"), AutoModelForCausalLM.from_pretrained(folder).eval())
    ):
        logprobs = model(tokens[None]).logits[0].double().log_softmax(-1)
        bits = -logprobs[:-1].gather(1, tokens[1:, None])[:, 0] / math.log(2)
        told = [stretch.bits[place] for stretch in compared.readings.stretches[1:]]
        np.testing.assert_allclose(told, bits, atol=1e-4)
        chances = logprobs[-1].exp().numpy()
        for row in compared.next:
            same = [token for token, text in enumerate(vocabulary) if text == row.text]
            if same:
                assert row.probabilities[place] == pytest.approx(chances[same].sum(), abs=1e-5)
        assert f"{bits.sum():,.1f}" in shown.totals
    assert compared.readings.stretches[0].bits is None
    difference = compared.readings.total_bits[0] - compared.readings.total_bits[1]
    assert (
        f"{abs(difference):,.1f} bits less" in last.line
        and "stopped" not in last.line
        and last.save["interactive"]
    )


def test_both_go_on_as_they_do_alone_with_the_same_dice(comparing, visitor, models):
    *_, shown, _last = press(comparing, visitor)
    runs = visitor.kept.of(ComparisonState).compared.runs
    for key, run in zip((OWN, TRAINED), runs, strict=True):
        service = models.open(visitor.models.owner, key)
        assert service.wait(PATIENCE)
        alone = service.new_run(TEXT, CONTROLS.settings, 7, "fast")
        written = service.write(alone, MOST_NEW, CONTROLS.settings, 7, visitor)
        assert written.wait(PATIENCE)
        assert run == written.latest() and run.finish_reason is not None
    shared = min(len(run.steps) for run in runs)
    assert [step.u for step in runs[0].steps[:shared]] == [step.u for step in runs[1].steps[:shared]]
    assert runs[0].text != runs[1].text, "they are two models"
    assert shown.texts == texts_html(visitor.kept.of(ComparisonState).compared.names, runs)


def test_the_strip_colours_each_piece_by_the_difference(comparing, visitor):
    *_, shown, _last = press(comparing, visitor)
    stretches = visitor.kept.of(ComparisonState).compared.readings.stretches
    tokens = [json.loads(token) for token in shown.strip["tokens"]]
    assert "".join(token["text"] for token in tokens).replace("␣", " ") == TEXT
    assert tokens[0]["kind"] == "unscored"
    for token, stretch in zip(tokens[1:], stretches[1:], strict=True):
        assert token["kind"] == ("against" if stretch.difference < 0 else "for")
        assert f"{stretch.bits[0]:.2f}" in token["title"] and f"{stretch.bits[1]:.2f}" in token["title"]
    assert max(token["weight"] for token in tokens) == 1.0


def test_names_and_texts_are_escaped_wherever_they_stand(comparing, visitor):
    *_, shown, _last = press(comparing, visitor, text="<script>alert(1)</script> the")
    compared = visitor.kept.of(ComparisonState).compared
    pages = [
        totals_html(compared.keys, compared.names, compared.tokens, compared.readings),
        next_html(compared.next, compared.names),
        texts_html(compared.names, compared.runs),
    ]
    for page in pages:
        assert "<i>mine" not in page and "<script" not in page
    assert shown.texts == pages[2] and f'data-model="{TRAINED}"' in shown.totals


def test_the_stretches_are_taken_away_as_a_table(comparing, visitor):
    assert "rows" not in (comparing.saved(visitor) or {})
    press(comparing, visitor)
    head, *body = comparing.saved(visitor)["rows"]
    assert len(set(head)) == 6 and head[2] == "tokens, tiny-gpt2" and "".join(row[1] for row in body) == TEXT
    assert body[0][4:] == ["", ""] and all(isinstance(bits, float) for bits in body[1][4:])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"second": OWN}, "same model twice"),
        ({"second": "run/8"}, "No such model"),
        ({"second": None}, "no second model here yet"),
        ({"first": None}, "No such model"),
        ({"text": "  "}, "Type a text"),
        ({"text": None}, "Type a text"),
        ({"text": "a" * (MOST_CHARACTERS + 1)}, "Type a text"),
        ({"text": "the other thing " * 200}, "token"),
        ({"controls": Controls(temperature=-1.0)}, "temperature"),
        ({"controls": Controls(seed=-4)}, "seed"),
        ({"controls": Controls(precision="<b>")}, "precision"),
    ],
)
def test_what_cannot_be_compared_is_said_and_the_next_press_is_heard(comparing, visitor, given, told):
    *_, last = press(comparing, visitor, **given)
    assert told in last.line and "problem" in last.line and "<b>" not in last.line
    assert not visitor.working
    *_, last = press(comparing, visitor)
    assert "bits less" in last.line


def test_cancel_ends_it_and_frees_the_places(comparing, visitor, models, brake):
    brake.pull()
    steps = comparing.compare_models(visitor, OWN, TRAINED, TEXT, CONTROLS)
    next(steps)
    for _ in steps:
        if visitor.kept.of(ComparisonState).compared is not None:
            break
    visitor.cancel("comparison")
    brake.release()
    *_, last = steps
    assert "stopped" in last.line and last.cancel["interactive"] is False
    assert not visitor.working


def test_the_lists_offer_the_models_of_the_visitor_and_begin_with_two_of_them(comparing, visitor):
    first, second = comparing.offer(visitor, None, None)
    assert [key for _, key in first["choices"]] == [OWN, TRAINED]
    assert (first["value"], second["value"]) == (OWN, TRAINED)
    kept = comparing.offer(visitor, TRAINED, OWN)
    assert [one["value"] for one in kept] == [TRAINED, OWN]
