"""A saved page holds what the model computed: every number against Transformers, and any text as it is."""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, LogitsProcessorList
from transformers import generation as theirs

from model.engine.engine import Engine
from model.engine.internals import MEAN_HEAD
from model.network.language_model import LanguageModel
from model.sampler.settings import SamplerSettings
from model.texts.run import Run
from model.weights.embedded import embedded_model as embedded_folder
from tests.numerics.offline.saved import data_of, weights_of
from tests.numerics.writing import PLENTY, start, written
from viz.offline.attention import FINENESS, MOST_WEIGHTS, first_query, head_weights, heads_held, held
from viz.offline.document import document
from viz.offline.replay import ROWS, Replay, recorded

MEGABYTE = 1_000_000
LENGTH = 100
"""Tokens of the text for which the bound holds."""
LAYER, HEAD = 9, 3
HOSTILE = (
    "</script><script>window.ran = 1</script>",
    "<!--<script>",
    "]]>",
    "<img src=x onerror=window.ran=1>",
    "\u2028\u2029",
    "\u202eabc\u2066",
    "${window.ran = 1}",
    "`\\",
    "$policy $$",
    "\x00\x7f",
    "مرحبا",
    "\U0001f469\u200d\U0001f680",
    "&lt;b&gt; \"'",
)


def saved(model: LanguageModel, run: Run, layer: int = 0, head: int = MEAN_HEAD) -> Replay:
    """Return the replay of a run."""
    with Engine(model, PLENTY) as engine:
        pieces = model.text.pieces(run.token_ids)
        *_, last = recorded(engine, run, pieces, layer=layer, head=head, selected=len(pieces) - 1)
    assert last.done == last.whole and last.replay is not None
    return last.replay


@pytest.fixture(scope="module")
def run(embedded_model: LanguageModel) -> Run:
    begun = start(embedded_model, "The capital of France is", SamplerSettings())
    return written(embedded_model, begun, LENGTH - len(begun.prompt_token_ids))


@pytest.fixture(scope="module")
def page(embedded_model: LanguageModel, run: Run) -> str:
    return document(saved(embedded_model, run, LAYER, HEAD))


@pytest.fixture(scope="module")
def truth(embedded_model: LanguageModel, run: Run) -> Any:
    """What Transformers' eager forward pass says of the text."""
    folder, _ = embedded_folder(print)
    judge = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    with torch.inference_mode():
        return judge(torch.tensor([run.token_ids]), output_attentions=True)


@pytest.mark.embedded
def test_a_page_of_a_hundred_tokens_is_smaller_than_a_megabyte(run, page):
    assert len(run.token_ids) == LENGTH
    assert len(page.encode()) < MEGABYTE


@pytest.mark.embedded
def test_the_tables_are_those_of_transformers_and_its_warpers(run, page, truth):
    data = data_of(page)
    settings = run.settings
    chain = LogitsProcessorList(
        [
            theirs.TemperatureLogitsWarper(settings.temperature),
            theirs.TopKLogitsWarper(settings.top_k),
            theirs.TopPLogitsWarper(settings.top_p),
        ]
    )
    assert data["tables"][0] is None
    for position in range(1, LENGTH):
        table, logits = data["tables"][position], truth.logits[:, position - 1].double()
        raw = torch.softmax(logits, -1)[0]
        shaped = torch.softmax(chain(torch.tensor([run.token_ids[:position]]), logits), -1)[0]
        rows = table["rows"]
        assert len(rows) >= ROWS
        ids = [row["token_id"] for row in rows]
        np.testing.assert_allclose([row["raw"] for row in rows], raw[ids], atol=1e-4)
        np.testing.assert_allclose([row["shaped"] for row in rows], shaped[ids], atol=5e-4)
        assert run.token_ids[position] in ids
        others = table["others"]
        assert others["count"] == len(raw) - len(rows)
        assert others["raw"] == pytest.approx(1 - float(raw[ids].sum()), abs=1e-3)
        assert sum(row["raw"] for row in rows) + others["raw"] == pytest.approx(1, abs=1e-6)


@pytest.mark.embedded
def test_what_was_drawn_and_how_surprising_it_was_is_that_of_the_run(run, page):
    data = data_of(page)
    for step in run.steps:
        (chosen,) = [row for row in data["tables"][step.position]["rows"] if row["chosen"]]
        assert (chosen["token_id"], chosen["rank"], chosen["dice"]) == (step.token_id, step.rank, True)
        assert chosen["shaped"] == pytest.approx(step.probability, abs=1e-9)
        assert any(f"{step.u:.4f}" in fact["value"] for fact in data["tables"][step.position]["facts"])
        assert data["course"][step.position] == pytest.approx([step.surprisal_bits, step.entropy_bits])
    assert data["course"][: data["prompt"]] == [None] * len(run.prompt_token_ids)


@pytest.mark.embedded
def test_attention_is_eager_s_within_half_a_level_of_a_byte(page, truth):
    heads = weights_of(page)
    layers, count = len(truth.attentions), truth.attentions[0].shape[1]
    assert len(heads) == layers + count, "the mean of every layer, and all heads of the open one"
    assert data_of(page)["heads"][data_of(page)["opened"]]["name"] == f"layer {LAYER}, head {HEAD}"
    for name, rows in heads.items():
        layer, head = re.fullmatch(r"layer (\d+), (?:mean of all heads|head (\d+))", name).groups()
        of_layer = truth.attentions[int(layer)][0]
        expected = (of_layer.mean(0) if head is None else of_layer[int(head)]).numpy()
        for query, row in enumerate(rows):
            assert np.abs(np.sqrt(row) - np.sqrt(expected[query, : query + 1])).max() <= FINENESS + 1e-3


def test_a_long_text_holds_fewer_heads_the_open_one_first_and_then_fewer_rows():
    everything = heads_held(30, 9, 100, 4, 2)
    assert len(everything) == 39 and (4, 2) in everything and (29, MEAN_HEAD) in everything
    assert heads_held(30, 9, 1024, 4, 2) == [(4, 2)]
    assert heads_held(30, 9, 700, 4, 2) == [(4, MEAN_HEAD), (4, 2)]
    for length in (1, 2, 1094, 1095, 1500, 2048):
        first = first_query(length)
        assert held(length) - held(first) <= MOST_WEIGHTS
        assert first == 0 or held(length) - held(first - 1) > MOST_WEIGHTS, "no row is left out in vain"


def test_a_row_is_read_as_it_was_held():
    random = np.random.default_rng(3)
    weights = np.tril(random.random((1200, 1200)))
    weights /= weights.sum(-1, keepdims=True)
    one = head_weights(0, 0, weights)
    assert one.first > 0
    for query in (one.first, 1000, 1199):
        assert np.abs(np.sqrt(one.row(query)) - np.sqrt(weights[query, : query + 1])).max() <= FINENESS + 1e-9


class Tags(HTMLParser):
    """The elements of a document, and the title."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def elements(page: str) -> Counter[str]:
    tags = Tags()
    tags.feed(page)
    return Counter(tags.found)


@pytest.fixture(scope="module")
def plain(tiny_gpt2: LanguageModel) -> Counter[str]:
    """The elements of the page of a harmless text."""
    return elements(document(saved(tiny_gpt2, start(tiny_gpt2, "in the"))))


@pytest.mark.parametrize("prompt", [*HOSTILE, *map("".join, pairwise(HOSTILE))])
def test_whatever_a_text_says_the_document_has_the_same_elements(tiny_gpt2, plain, prompt):
    page = document(saved(tiny_gpt2, start(tiny_gpt2, prompt)))
    assert elements(page) == plain
    head = page.partition("<noscript>")[0]
    assert "<!--" not in page and not set("\u2028\u2029\u202e\u2066\x00") & set(head)
    run = json.loads(data_of(page)["run"])
    assert run["prompt"] == prompt, "and the text is whole"


def test_the_policy_lets_in_the_script_and_the_style_of_the_page_and_nothing_else(tiny_gpt2):
    page = document(saved(tiny_gpt2, start(tiny_gpt2, HOSTILE[0])))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = [f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in (script, style)]
    assert policy.split("; ") == [
        "default-src 'none'",
        f"script-src {hashes[0]}",
        f"style-src {hashes[1]}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert not re.search(r"\beval\b|new Function|innerHTML|fetch\(|https?://(?!www\.w3\.org)", script)
    assert not re.search(r"url\(|@import", style)


def test_half_a_character_in_a_prompt_is_no_obstacle(tiny_gpt2):
    run = start(tiny_gpt2, "in the")
    broken = Run(run.model, "\ud800 in", run.prompt_token_ids)
    assert "? in" in document(saved(tiny_gpt2, broken))
