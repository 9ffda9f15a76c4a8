"""Contrastive search chooses as its formula says of what Transformers itself computes."""

import pytest
import torch
from torch.nn.functional import cosine_similarity

from model.engine.engine import Engine
from model.lab.contrastive_search import MOST_CANDIDATES, ContrastiveSearch, contrastive_search
from model.numbers import OutOfRange
from tests.numerics.writing import GREEDY, PLENTY, byte_ids, ended, start_with
from tests.tiny import CONTEXT, tiny_transformer


def found(steps) -> ContrastiveSearch:
    *_, last = steps
    return last


@torch.inference_mode()
def by_transformers(transformer, prompt, count: int, top_k: int, alpha: float) -> list[list[tuple]]:
    """Return (score, token, probability, penalty) of the candidates of every step, most likely first."""
    text, steps = list(prompt), []
    for _ in range(count):
        likely = transformer(torch.tensor([text])).logits[0, -1].softmax(-1).topk(top_k)
        texts = torch.tensor([[*text, token_id] for token_id in likely.indices.tolist()])
        hidden = transformer(texts, output_hidden_states=True).hidden_states[-1]
        penalties = cosine_similarity(hidden[:, -1:], hidden[:, :-1], dim=-1).amax(-1)
        scores = (1 - alpha) * likely.values - alpha * penalties
        columns = (scores, likely.indices, likely.values, penalties)
        steps.append(list(zip(*(column.tolist() for column in columns), strict=True)))
        text.append(max(steps[-1])[1])
    return steps


def must_equal(search: ContrastiveSearch, expected: list[list[tuple]]) -> None:
    assert search.token_ids == tuple(max(candidates)[1] for candidates in expected)
    for step, candidates in zip(search.steps, expected, strict=True):
        assert [one.token_id for one in step.candidates] == [token_id for _, token_id, *_ in candidates]
        for ours, (score, _, probability, penalty) in zip(step.candidates, candidates, strict=True):
            theirs = pytest.approx((score, probability, penalty), abs=1e-3)
            assert (ours.score, ours.probability, ours.penalty) == theirs
        assert step.chosen == max(step.candidates, key=lambda one: one.score)


@pytest.mark.parametrize(("top_k", "alpha"), [(4, 0.6), (3, 0.1), (2, 1.0)])
def test_tokens_penalties_and_scores_are_those_of_transformers(
    tiny_models, engines, monkeypatch, top_k, alpha
):
    monkeypatch.setattr(tiny_models, "eos_token_ids", frozenset())
    transformer = tiny_transformer(tiny_models.info.name.removeprefix("tiny-"))
    search = found(contrastive_search(engines, byte_ids(6), 8, top_k, alpha))
    must_equal(search, by_transformers(transformer, byte_ids(6), 8, top_k, alpha))
    assert search.finish_reason == "length"


@pytest.mark.embedded
def test_tokens_of_the_embedded_model_are_those_of_transformers(embedded_model, embedded_transformer):
    prompt = embedded_model.encode("Once upon a time there was a little robot who")
    with Engine(embedded_model, PLENTY) as engine:
        search = found(contrastive_search(engine, prompt, 4, 3, 0.6))
    must_equal(search, by_transformers(embedded_transformer, prompt, 4, 3, 0.6))


def test_without_a_penalty_or_a_choice_it_is_greedy(engines):
    greedy = ended(engines.write(start_with(byte_ids(6), settings=GREEDY), 12))
    expected = greedy.token_ids[6:]
    assert found(contrastive_search(engines, byte_ids(6), 12, 5, 0.0)).token_ids == expected
    assert found(contrastive_search(engines, byte_ids(6), 12, 1, 0.9)).token_ids == expected


def test_the_token_that_a_candidate_is_most_alike_is_named(endless, engine):
    prompt = byte_ids(6)
    search = found(contrastive_search(engine, prompt, 5))
    text = prompt + search.token_ids
    for number, step in enumerate(search.steps):
        assert step.position == len(prompt) + number
        hidden = torch.tensor(engine.read(text).hidden(step.position + 1))
        similar = cosine_similarity(hidden[-1:], hidden[:-1])
        assert step.chosen.alike == similar.argmax().item() < step.position
        assert step.chosen.penalty == pytest.approx(similar.max().item(), abs=1e-4)


def test_hidden_states_from_some_position_on_are_the_end_of_all(engine):
    internals = engine.read(byte_ids(40))
    assert internals.hidden(40).shape == (40, 48)
    assert (internals.hidden(35, first=33) == internals.hidden(40)[33:35]).all()


def test_it_ends_with_an_end_of_text(tiny_gpt2, engine, monkeypatch):
    monkeypatch.setattr(tiny_gpt2, "eos_token_ids", frozenset())
    tokens = found(contrastive_search(engine, byte_ids(6), 8)).token_ids
    end = tokens[4]
    monkeypatch.setattr(tiny_gpt2, "eos_token_ids", frozenset([end]))
    search = found(contrastive_search(engine, byte_ids(6), 8))
    assert search.finish_reason == "eos"
    assert search.token_ids == tokens[: tokens.index(end) + 1]


def test_every_step_is_shown_and_who_stops_keeps_what_there_is(endless, engine):
    steps = list(contrastive_search(engine, byte_ids(6), 4))
    assert [len(search.steps) for search in steps] == [1, 2, 3, 4]
    assert [search.finish_reason for search in steps] == [None, None, None, "length"]
    asked = iter([False, False, True])
    stopped = found(contrastive_search(engine, byte_ids(6), 4, stop=lambda: next(asked)))
    assert stopped == ContrastiveSearch(steps[1].steps, "stop")


def test_it_ends_where_the_context_does(endless, engine):
    search = found(contrastive_search(engine, byte_ids(CONTEXT - 2), 9))
    assert (len(search.steps), search.finish_reason) == (2, "context")
    full = list(contrastive_search(engine, byte_ids(CONTEXT), 9))
    assert full == [ContrastiveSearch((), "context")]


def test_a_step_is_one_pass_and_leaves_one_text_behind(endless, passes):
    with Engine(endless, PLENTY) as engine:
        search = found(contrastive_search(engine, byte_ids(40), 6, 4))
        known = [internals.token_ids for internals in engine.store._known.values()]
    read = [[len(span.token_ids) for span in spans] for spans in passes.spans]
    assert read == [[40]] + [[1] * 4] * 6
    assert known == [byte_ids(40) + search.token_ids]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"top_k": 0}, "top_k must be between 1 and 16"),
        ({"top_k": MOST_CANDIDATES + 1}, "top_k must be between 1 and 16"),
        ({"alpha": 1.1}, "alpha must be between 0.0 and 1.0"),
        ({"max_new_tokens": 257}, "max_new_tokens must be between 1 and 256"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_arguments_out_of_range_are_named_before_anything_is_computed(engine, passes, arguments, message):
    with pytest.raises(OutOfRange, match=message):
        contrastive_search(engine, byte_ids(5), **{"max_new_tokens": 3, **arguments})
    assert passes.tokens == 0
