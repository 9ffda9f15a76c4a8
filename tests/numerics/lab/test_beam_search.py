"""Beam search proposes what Transformers does, diverse beam search what the paper says, a pass a step."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise, takewhile
from typing import Any

import pytest
import torch

from model.engine.engine import Engine, UnknownPrecision
from model.lab.beam_search import MOST_BEAMS, MOST_SEARCHED, BeamSearch, beam_search
from model.lab.diverse_beam_search import MOST_DIVERSITY, diverse_beam_search
from model.numbers import OutOfRange
from tests.numerics.prompts import PROMPTS
from tests.numerics.writing import GREEDY, PLENTY, byte_ids, ended, start_with
from tests.tiny import CONTEXT, tiny_transformer

CHAT = "<|im_start|>user\nThe capital of France?<|im_end|>\n<|im_start|>assistant\nThe capital of France is"
"""What the embedded model ends after a word or two."""
CLOSE = 1e-3


def found(steps) -> BeamSearch:
    *_, last = steps
    return last


@pytest.fixture
def ends_for(engines, monkeypatch) -> Callable[[tuple[int, ...]], frozenset[int]]:
    """Make two tokens ends of text that the model likes to write behind a prompt, and return them."""

    def choose(prompt: tuple[int, ...]) -> frozenset[int]:
        monkeypatch.setattr(engines.model, "eos_token_ids", frozenset())
        likely = found(beam_search(engines, prompt, 5, 6)).hypotheses
        ends = frozenset([likely[1].token_ids[2], likely[-1].token_ids[5]])
        monkeypatch.setattr(engines.model, "eos_token_ids", ends)
        return ends

    return choose


def by_transformers(transformer, texts, beams: int, count: int, ends, length_penalty: float = 1.0) -> Any:
    """Return, for every text, the new tokens and the score of each hypothesis of `generate`, best first."""
    longest = max(map(len, texts))
    padding = [longest - len(text) for text in texts]
    with torch.inference_mode():
        output = transformer.generate(
            torch.tensor([[0] * count + list(text) for count, text in zip(padding, texts, strict=True)]),
            attention_mask=torch.tensor([[0] * count + [1] * (longest - count) for count in padding]),
            num_beams=beams,
            num_return_sequences=beams,
            do_sample=False,
            max_new_tokens=count,
            length_penalty=length_penalty,
            eos_token_id=list(ends),
            pad_token_id=min(ends),
            return_dict_in_generate=True,
            output_scores=True,
        )
    new = [up_to_an_end(row[longest:].tolist(), ends) for row in output.sequences]
    proposed = list(zip(new, output.sequences_scores.tolist(), strict=True))
    return [proposed[first : first + beams] for first in range(0, len(proposed), beams)]


def up_to_an_end(token_ids: list[int], ends) -> tuple[int, ...]:
    before = tuple(takewhile(lambda token_id: token_id not in ends, token_ids))
    return tuple(token_ids[: len(before) + 1])


def must_equal(ours: BeamSearch, theirs: list[tuple[tuple[int, ...], float]]) -> None:
    assert [one.token_ids for one in ours.hypotheses] == [token_ids for token_ids, _ in theirs]
    assert [one.score for one in ours.hypotheses] == pytest.approx([score for _, score in theirs], abs=CLOSE)


# Transformers


@pytest.mark.parametrize("length_penalty", [1.0, 0.0, 2.5, -1.0])
@pytest.mark.parametrize("beams", [2, 5])
def test_sequences_and_scores_are_those_of_transformers(
    tiny_models, engines, ends_for, beams, length_penalty
):
    transformer = tiny_transformer(tiny_models.info.name.removeprefix("tiny-"))
    for first in (1, 5):
        prompt = byte_ids(6, first)
        ends = ends_for(prompt)
        ours = found(beam_search(engines, prompt, beams, 10, length_penalty))
        [theirs] = by_transformers(transformer, [prompt], beams, 10, ends, length_penalty)
        must_equal(ours, theirs)
        for hypothesis in ours.hypotheses:
            assert hypothesis.finished == (hypothesis.token_ids[-1] in ends)
        kinds = {hypothesis.finished for hypothesis in ours.hypotheses}
        assert kinds == {True} if ours.finish_reason == "eos" else False in kinds


def test_some_hypotheses_of_every_architecture_come_to_an_end(engines, ends_for):
    prompt = byte_ids(6, 5)
    ends_for(prompt)
    assert any(one.finished for one in found(beam_search(engines, prompt, 5, 10, 0.0)).hypotheses), (
        "or no end of text is compared above"
    )


@pytest.mark.embedded
def test_sequences_and_scores_of_the_embedded_model_are_those_of_transformers(
    embedded_model, embedded_transformer
):
    prompts = [*(PROMPTS[index] for index in (0, 1, 2, 3, 4, 7, 10, 15, 16)), CHAT]
    texts = [embedded_model.encode(prompt) for prompt in prompts]
    theirs = by_transformers(embedded_transformer, texts, 3, 8, embedded_model.eos_token_ids)
    with Engine(embedded_model, PLENTY) as engine:
        ours = [found(beam_search(engine, text, 3, 8)) for text in texts]
    for our, their in zip(ours, theirs, strict=True):
        must_equal(our, their)
    assert [hypothesis.finished for hypothesis in ours[-1].hypotheses] == [True, True, False]


def test_one_beam_is_greedy_decoding(engines):
    prompt = byte_ids(6)
    greedy = ended(engines.write(start_with(prompt, settings=GREEDY), 12))
    [hypothesis] = found(beam_search(engines, prompt, 1, 12)).hypotheses
    assert hypothesis.token_ids == greedy.token_ids[len(prompt) :]
    assert hypothesis.logprob_sum == pytest.approx(sum(step.logprob for step in greedy.steps), abs=CLOSE)


# The tree


def test_the_tree_holds_every_candidate_and_adds_up(engines, ends_for):
    ends_for(byte_ids(6))
    steps = list(beam_search(engines, byte_ids(6), 4, 9))
    search = steps[-1]
    assert [node.id for node in search.nodes] == list(range(len(search.nodes)))
    assert Counter(node.step for node in search.nodes) == dict.fromkeys(range(len(steps)), 3 * 4)
    for node in search.nodes:
        before = 0.0 if node.parent is None else search.nodes[node.parent].logprob_sum
        assert node.logprob_sum == node.score == pytest.approx(before + node.logprob)
        assert (node.parent is None) == (node.step == 0)
        if node.parent is not None:
            assert (search.nodes[node.parent].fate, node.parent < node.id) == ("kept", True)
    kept = Counter(node.step for node in search.nodes if node.fate == "kept")
    assert all(kept[step] == 4 for step in range(len(steps) - 1))


def test_a_hypothesis_is_a_path_through_the_tree(engines, ends_for):
    ends_for(byte_ids(6))
    search = found(beam_search(engines, byte_ids(6), 4, 9, 0.7))
    assert len(search.hypotheses) == 4
    for hypothesis in search.hypotheses:
        path = search.path(hypothesis.node)
        assert tuple(node.token_id for node in path) == hypothesis.token_ids
        assert path[-1].fate == ("finished" if hypothesis.finished else "kept")
        assert hypothesis.logprob_sum == pytest.approx(sum(node.logprob for node in path))
        assert hypothesis.score == pytest.approx(hypothesis.logprob_sum / len(path) ** 0.7)


# Step by step


def test_every_step_is_shown_and_adds_to_the_one_before(endless, engine):
    steps = list(beam_search(engine, byte_ids(6), 3, 7))
    assert [search.finish_reason for search in steps] == [None] * 6 + ["length"]
    for number, (before, after) in enumerate(pairwise(steps), start=1):
        assert after.nodes[: len(before.nodes)] == before.nodes
        assert {len(one.token_ids) for one in before.hypotheses} == {number}


def test_who_stops_has_the_best_so_far(endless, engine):
    asked = iter([False, False, True])
    search = found(beam_search(engine, byte_ids(6), 3, 7, stop=lambda: next(asked)))
    assert search.finish_reason == "stop"
    assert [len(one.token_ids) for one in search.hypotheses] == [2, 2, 2]
    assert found(beam_search(engine, byte_ids(6), 3, 7, stop=lambda: True)) == BeamSearch((), (), "stop")


def test_a_search_ends_where_the_context_does(endless, engine):
    search = found(beam_search(engine, byte_ids(CONTEXT - 3), 2, 10))
    assert search.finish_reason == "context"
    assert [len(one.token_ids) for one in search.hypotheses] == [3, 3]
    assert list(beam_search(engine, byte_ids(CONTEXT), 2, 10)) == [BeamSearch((), (), "context")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"beams": 0}, "beams must be between 1 and 16"),
        ({"beams": MOST_BEAMS + 1}, "beams must be between 1 and 16"),
        ({"max_new_tokens": MOST_SEARCHED // 4 + 1}, "max_new_tokens must be between 1 and 256"),
        ({"max_new_tokens": 2.5}, "whole number"),
        ({"length_penalty": float("nan")}, "length_penalty must be between"),
        ({"groups": 3}, "groups must be between 1 and 4, and divide the 4 beams, not 3"),
        ({"groups": 2, "diversity_penalty": MOST_DIVERSITY + 1}, "diversity_penalty must be between"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_arguments_out_of_range_are_named_before_anything_is_computed(engine, passes, arguments, message):
    search = diverse_beam_search if "groups" in arguments else beam_search
    with pytest.raises(OutOfRange, match=message):
        search(engine, byte_ids(5), **{"beams": 4, "max_new_tokens": 3, **arguments})
    assert passes.tokens == 0


def test_an_empty_text_and_an_unknown_precision_are_refused(engine):
    with pytest.raises(ValueError, match="no token"):
        beam_search(engine, (), 2, 3)
    with pytest.raises(UnknownPrecision):
        beam_search(engine, byte_ids(5), 2, 3, precision="bfloat16")


# What it costs


def test_a_step_is_one_pass_and_reads_one_token_of_every_beam(endless, passes):
    with Engine(endless, PLENTY) as engine:
        found(beam_search(engine, byte_ids(40), 4, 8))
    read = [[len(span.token_ids) for span in spans] for spans in passes.spans]
    assert read == [[40]] + [[1] * 4] * 7


def test_hypotheses_that_were_given_up_are_forgotten_and_the_prompt_is_not(endless, engine):
    prompt = byte_ids(20)
    search = found(beam_search(engine, prompt, 4, 24))
    assert len({node.parent for node in search.nodes}) > 60, "so many texts were read"
    assert len(engine.store._known) <= 4
    assert engine.store.find("float32", prompt) is not None


def test_searches_beside_each_other_and_without_memory_find_the_same(endless):
    prompts = [byte_ids(20), byte_ids(20), byte_ids(12)]
    with Engine(endless, PLENTY) as engine:
        alone = [found(beam_search(engine, prompt, 4, 16)) for prompt in prompts]
    with Engine(endless, 0) as engine, ThreadPoolExecutor() as pool:
        begun = engine.write(start_with(byte_ids(20)), 60)
        together = list(pool.map(lambda prompt: found(beam_search(engine, prompt, 4, 16)), prompts))
        assert len(ended(begun).steps) == 60
    for ours, expected in zip(together, alone, strict=True):
        must_equal(ours, [(one.token_ids, one.score) for one in expected.hypotheses])


# Groups


def by_the_paper(transformer, prompt, groups: int, width: int, count: int, penalty: float):
    """Return (tokens, score) of the beams of every group, as Algorithm 1 goes, without an end of text."""
    beams: list[list[tuple[tuple[int, ...], float]]] = [[((), 0.0)] for _ in range(groups)]
    for _ in range(count):
        chosen: Counter[int] = Counter()
        for group in range(groups):
            continued = []
            for tokens, total in beams[group]:
                logprobs = transformer(torch.tensor([[*prompt, *tokens]])).logits[0, -1].log_softmax(-1)
                for token_id, logprob in enumerate(logprobs.tolist()):
                    continued.append(((*tokens, token_id), total + logprob - penalty * chosen[token_id]))
            beams[group] = sorted(continued, key=lambda one: -one[1])[:width]
            chosen.update(tokens[-1] for tokens, _ in beams[group])
    return beams


@pytest.mark.parametrize("penalty", [0.0, 0.7, 15.0])
def test_diverse_beams_are_those_of_the_paper(endless, engine, penalty):
    prompt = byte_ids(6)
    search = found(diverse_beam_search(engine, prompt, 6, 3, 5, penalty))
    with torch.inference_mode():
        expected = by_the_paper(tiny_transformer("gpt2"), prompt, 3, 2, 5, penalty)
    for group, beams in enumerate(expected):
        ours = [one for one in search.hypotheses if one.group == group]
        assert [one.token_ids for one in ours] == [tokens for tokens, _ in beams]
        assert [one.score * 5 for one in ours] == pytest.approx([total for _, total in beams], abs=CLOSE)
        for one in ours:
            penalties = sum(node.penalty for node in search.path(one.node))
            assert one.score * 5 == pytest.approx(one.logprob_sum - penalties)
    if penalty == 15.0:
        first = [{one.token_ids[0] for one in search.hypotheses if one.group == group} for group in range(3)]
        assert not first[0] & first[1] and not first[0] & first[2]


def test_one_group_is_beam_search(engines, ends_for):
    for first in (1, 5):
        prompt = byte_ids(6, first)
        ends_for(prompt)
        expected = list(beam_search(engines, prompt, 4, 10))
        assert list(diverse_beam_search(engines, prompt, 4, 1, 10)) == expected


def test_the_first_group_does_what_it_would_do_alone(engines, ends_for):
    for first in (1, 5):
        prompt = byte_ids(6, first)
        ends_for(prompt)
        alone = found(beam_search(engines, prompt, 2, 10)).hypotheses
        search = found(diverse_beam_search(engines, prompt, 6, 3, 10, 2.0))
        ours = [one for one in search.hypotheses if one.group == 0]
        assert [one.token_ids for one in ours] == [one.token_ids for one in alone]
        assert [one.score for one in ours] == pytest.approx([one.score for one in alone], abs=CLOSE)
