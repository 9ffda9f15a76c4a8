"""Perplexity and bits per byte: against Transformers' own loss, and intervals against a bootstrap by hand."""

import csv
import io
import math

import numpy as np
import pytest
import torch

from model.interior.scoring import scored
from model.training.evaluation import Contender, comparing, evaluated, evaluating
from model.training.intervals import ratio_interval
from model.training.material import byte_positions, text_material, token_material
from model.training.settings import SettingsError
from tests.tiny import CONTEXT, tiny_tokenizer, tiny_transformer

TEXT = "The rain in Spain — 雨 — stays mainly in the plain. 🌧️ And then the others.\n" * 12


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
def test_perplexity_is_exp_of_transformers_loss(architecture):
    model, material = tiny_transformer(architecture), text_material(TEXT, tiny_tokenizer())
    losses, count = 0.0, 0
    for first in range(0, len(material.token_ids) - 1, 63):
        tokens = torch.tensor(material.token_ids[first : first + 64])[None]
        with torch.no_grad():
            losses += model(tokens, labels=tokens).loss.item() * (tokens.shape[1] - 1)
        count += tokens.shape[1] - 1
    found = evaluated(model, material, 64).evaluation("tiny", "rain")
    assert found.tokens == count == len(material.token_ids) - 1
    assert found.perplexity.value == pytest.approx(math.exp(losses / count), rel=1e-5)
    assert found.bytes == len(TEXT.encode()) - 1
    assert found.bits_per_byte.value == pytest.approx(losses / math.log(2) / found.bytes, rel=1e-5)


def test_a_short_text_has_the_bits_per_byte_that_the_page_tells_when_it_reads_it(engine):
    text = "The rain — 雨 — in the 🌧️."
    found = evaluated(tiny_transformer("gpt2"), text_material(text, tiny_tokenizer())).evaluation()
    told = scored(engine, text)
    assert found.bits_per_byte.value == pytest.approx(told.bits_per_byte, rel=1e-5)
    assert found.perplexity.value == pytest.approx(told.perplexity, rel=1e-5)


def test_tokens_and_their_text_have_the_same_bytes():
    tokenizer = tiny_tokenizer()
    of_text = text_material(TEXT, tokenizer)
    of_tokens = token_material(tokenizer.encode(TEXT), tokenizer)
    assert of_text.sizes.sum() == of_tokens.sizes.sum() == len(TEXT.encode())
    end = token_material([tokenizer.eos_token_id, *tokenizer.encode("the")], tokenizer)
    assert end.sizes.tolist() == [0, 3]


def test_the_length_of_the_blocks_changes_what_can_be_foreseen_and_not_what_is_scored():
    model, material = tiny_transformer("gpt2"), text_material(TEXT, tiny_tokenizer())
    short, long = (evaluated(model, material, length).evaluation() for length in (8, 10 * CONTEXT))
    assert (short.tokens, short.bytes) == (long.tokens, long.bytes)
    assert short.perplexity.value != long.perplexity.value


def test_what_does_not_count_is_left_out():
    model, tokenizer = tiny_transformer("gpt2"), tiny_tokenizer()
    token_ids = tokenizer.encode(TEXT)
    counted = np.arange(len(token_ids)) % 3 == 0
    blocks = evaluated(model, token_material(token_ids, tokenizer, counted), len(token_ids))
    with torch.no_grad():
        tokens = torch.tensor(token_ids[:CONTEXT])[None]
        labels = torch.where(torch.tensor(counted[:CONTEXT]), tokens, -100)
        loss = model(tokens, labels=labels).loss.item()
    assert blocks.nats[0] / blocks.tokens[0] == pytest.approx(loss, rel=1e-5)
    assert blocks.tokens.sum() == counted[1:].sum()


def test_the_interval_is_that_of_blocks_drawn_by_hand():
    random = np.random.default_rng(7)
    sizes = random.integers(20, 60, 40).astype(float)
    amounts = sizes * random.gamma(4, 1, 40)
    found = ratio_interval(amounts, sizes)
    drawn = random.integers(0, 40, (20_000, 40))
    low, high = np.percentile(amounts[drawn].sum(1) / sizes[drawn].sum(1), [2.5, 97.5])
    assert found.value == pytest.approx(amounts.sum() / sizes.sum())
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.03)
    assert found == ratio_interval(amounts, sizes), "the same draw every time"


def test_few_blocks_have_no_interval_and_equal_ones_an_interval_of_no_width():
    assert ratio_interval(np.ones(4), np.ones(4)).low is None
    equal = ratio_interval(np.full(9, 2.0), np.ones(9))
    assert (equal.low, equal.high) == (2.0, 2.0)


def test_models_are_compared_on_the_same_text_one_at_a_time():
    loaded = []

    def contender(name):
        def load():
            loaded.append(name)
            return tiny_transformer(name), tiny_tokenizer()

        return Contender(name, load)

    tables = list(comparing([contender("gpt2"), contender("llama")], TEXT, "rain", 16))
    assert loaded == ["gpt2", "llama"]
    assert [table.done for table in tables] == sorted(table.done for table in tables)
    assert tables[-1].done == 1
    rows = list(csv.DictReader(io.StringIO(tables[-1].to_csv())))
    alone = evaluated(tiny_transformer("llama"), text_material(TEXT, tiny_tokenizer()), 16).evaluation()
    assert [row["model"] for row in rows] == ["gpt2", "llama"]
    assert float(rows[1]["bits_per_byte"]) == alone.bits_per_byte.value
    assert alone.perplexity.low < alone.perplexity.value < alone.perplexity.high


def test_whoever_stops_listening_stops_it(monkeypatch):
    monkeypatch.setattr("model.training.evaluation.LOGITS", 1)
    model = tiny_transformer("gpt2")
    passes = []
    model.register_forward_hook(lambda *_: passes.append(1))
    reading = evaluating(model, text_material(TEXT, tiny_tokenizer()), 32)
    assert 0 < next(reading).done < 1
    reading.close()
    assert len(passes) == 1


@pytest.mark.parametrize("text", ["", "a"])
def test_a_text_in_which_nothing_follows_is_refused(text):
    with pytest.raises(SettingsError, match="to measure on"):
        evaluated(tiny_transformer("gpt2"), text_material(text, tiny_tokenizer()))


def test_tokens_of_another_model_are_refused():
    with pytest.raises(SettingsError, match="another tokenizer"):
        evaluated(tiny_transformer("gpt2"), token_material([1, 2, 264, 265], tiny_tokenizer()))


def test_bytes_are_those_of_utf_8():
    text = "aß€😀"
    assert byte_positions(text).tolist() == [0, 1, 3, 6, 10]
    assert byte_positions("").tolist() == [0]
