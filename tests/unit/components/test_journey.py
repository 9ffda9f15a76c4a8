"""The journey tells each model by its own sizes, and each step by its own numbers."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from model.interior.journey import Look, ModelSizes
from tests.one_step import SIZES, STEP
from viz.components.journey import Journey, journey_value
from viz.components.token_map import STATIONS
from viz.words.tokens import BEGIN, END

GPT2 = replace(SIZES, heads=12, key_heads=12, width=768, vocab_size=50_257, neurons=3072, gated=False,
               activation="GELU", norm="layer", position="learned")  # fmt: skip
NEOX = replace(GPT2, position="rotary", tied=False, beside=True)
OPT = replace(GPT2, activation="ReLU", scaling=1.0)
EXPERTS = replace(SIZES, neurons=None, gated=False, experts=True, beside=None)
UNKNOWN = replace(SIZES, neurons=None, activation=None, norm=None, position=None, beside=None, gated=False)
MODELS = {
    "llama": SIZES, "gpt2": GPT2, "neox": NEOX, "opt": OPT, "experts": EXPERTS, "unknown": UNKNOWN
}  # fmt: skip


def stops(step: Any = STEP, sizes: ModelSizes = SIZES, **changes: Any) -> dict[str, dict[str, Any]]:
    return {one["name"]: dict(one) for one in journey_value(step, sizes, **changes)["stops"]}


def words(stop: dict[str, Any]) -> str:
    return " ".join(stop["sentences"]).replace(BEGIN, "").replace(END, "")


def leaves(element: Any) -> Iterator[str]:
    if isinstance(element, str):
        yield element
    elif isinstance(element, list):
        for one in element[1:]:
            yield from leaves(one)


def formula(stop: dict[str, Any]) -> str:
    return " ; ".join("".join(leaves(line)) for line in stop["formula"])


@pytest.mark.parametrize("sizes", MODELS.values(), ids=MODELS)
def test_every_station_has_a_sentence_and_a_shape_with_everything_filled_in(sizes):
    found = stops(sizes=sizes)
    assert list(found) == list(STATIONS)
    for name, stop in found.items():
        assert stop["sentences"] and stop["shape"] and (stop["page"], stop["room"]) == STATIONS[name]
        assert bool(stop["formula"]) == bool(stop["key"]) == (name != "text")
        text = " ".join([*stop["sentences"], stop["shape"], stop["key"], formula(stop)])
        assert not re.search(r"\{[a-z_]+\}|None", text)
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize("sizes", MODELS.values(), ids=MODELS)
def test_formulas_are_well_formed_mathml(sizes):
    arity = {"msub": 2, "msup": 2, "mfrac": 2, "munder": 2, "msqrt": 1}

    def check(element: Any) -> None:
        tag, *inside = element
        children = [one for one in inside if isinstance(one, list)]
        assert tag in ("math", "mrow", "mi", "mn", "mo", "mtext", *arity)
        assert len(children) == arity.get(tag, len(children))
        assert (not children) == (tag in ("mi", "mn", "mo", "mtext"))
        for one in children:
            check(one)

    for stop in stops(sizes=sizes).values():
        for line in stop["formula"]:
            assert line[0] == "math"
            check(line)


def test_shapes_are_those_of_the_model_and_of_the_text():
    found = {name: stop["shape"] for name, stop in stops().items()}
    assert found == {
        "text": "31 characters",
        "tokens": "8 numbers, one for each token",
        "embedding": "576 numbers for each of 8 tokens",
        "attention": "9 heads, each with 8 × 8 weights; 3 sets of keys and values, shared",
        "mlp": "576 → 1\u00a0536 → 576 numbers, for each of 8 tokens",
        "stream": "576 numbers for each of 8 tokens, 30 layers",
        "next": "576 numbers → 49\u00a0152 scores → 49\u00a0152 chances",
        "sampler": "49\u00a0152 → 31 chances that make 100\u00a0%",
        "dice": "1 number from 0 to 1",
        "joins": "8 + 1 = 9 tokens",
    }
    assert "shared" not in stops(sizes=GPT2)["attention"]["shape"]


def test_each_kind_of_model_has_its_own_formulas():
    at = {
        name: {one: formula(stop) for one, stop in stops(sizes=sizes).items()}
        for name, sizes in MODELS.items()
    }
    assert at["llama"]["embedding"] == "xi=E[ti]" and at["gpt2"]["embedding"] == "xi=E[ti]+P[i]"
    assert at["llama"]["attention"] == "softmax(QK⊤64+M)V" and at["opt"]["attention"] == "softmax(QK⊤+M)V"
    assert formula(stops(sizes=replace(SIZES, scaling=0.3))["attention"]) == "softmax(0.3·QK⊤+M)V"
    assert at["llama"]["mlp"] == "n=RMSNorm(x) ; Wdown(SiLU(Wgaten)⊙Wupn)"
    assert at["gpt2"]["mlp"] == "n=LayerNorm(x) ; WdownGELU(Wupn)" and "ReLU" in at["opt"]["mlp"]
    assert at["experts"]["mlp"] == at["unknown"]["mlp"] == "MLP(x)"
    assert at["llama"]["stream"] == "x←x+Attention(RMSNorm(x)) ; x←x+MLP(RMSNorm(x))"
    assert at["neox"]["stream"] == "x←x+Attention(LayerNorm(x)) ; +MLP(LayerNorm(x))"
    assert at["unknown"]["stream"] == "x←Layer(x)"
    assert "E⊤" in at["llama"]["next"] and "U" in at["neox"]["next"]
    capped = replace(SIZES, factor=0.25, cap=30.0)
    assert formula(stops(sizes=capped)["next"]) == "p=softmax(30·tanh(0.25·E⊤Norm(xT)30))"
    assert at["llama"]["dice"].startswith("u=0.3891 ; ")


def test_sentences_tell_the_numbers_of_the_step():
    found = {name: words(stop) for name, stop in stops().items()}
    assert "from ␣was most at ␣keeper, on average with 31.0\u00a0%" in found["attention"]
    assert "␣so from layer 26 on" in found["stream"]
    assert "␣so leads with 9.2\u00a0%" in found["next"] and "6.7 bits" in found["next"]
    assert "31 of 49\u00a0152 tokens stay" in found["sampler"] and "67.0\u00a0%" in found["sampler"]
    assert "0.3891, and falls on ␣lost" in found["dice"]
    assert "number 4" in found["joins"] and "4.2\u00a0%" in found["joins"] and "9 tokens" in found["joins"]
    assert stops()["joins"]["title"] == f"{BEGIN}␣lost{END}"
    head = stops(replace(STEP, look=Look(" keeper", 0.5, 3, 7)))["attention"]
    assert "In layer 3, head 7 looks" in words(head)
    rests = words(stops(replace(STEP, look=Look(" keeper", 0.1, 3, None, first=0.6)))["attention"])
    assert "rest on the first token with 60.0\u00a0%" in rests and "with 10.0\u00a0% of their" in rests
    assert "head 7 rests" in words(stops(replace(STEP, look=Look(" a", 0.1, 3, 7, first=0.6)))["attention"])


def test_what_was_not_read_is_not_told():
    found = stops(replace(STEP, look=None, settled=None))
    assert len(found["attention"]["sentences"]) == 1 and "Asked" not in words(found["stream"])
    assert "from the start" in words(stops(replace(STEP, settled=-1))["stream"])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"u": None, "forced": True}, "Here nobody threw: a person put ␣lost there."),
        ({"u": None, "chosen": None, "rank": None, "probability": None}, "Nobody has thrown yet."),
    ],
)
def test_who_put_the_token_there_is_told(changes, says):
    found = stops(replace(STEP, **changes))
    assert says in words(found["dice"]) and formula(found["dice"]).startswith("q1")
    assert words(found["joins"])


def test_rooms_may_differ_and_the_component_does_without_a_value():
    assert stops(rooms={"mlp": ("lab", "x")})["mlp"]["room"] == "x"
    assert Journey().api_info()["type"] == "object"
