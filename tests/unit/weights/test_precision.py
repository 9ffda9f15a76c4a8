"""The choice of the fast format: its rule, its measurement and its place in the cache."""

import json
import math
from dataclasses import replace
from functools import cache
from typing import ClassVar

import pytest
import torch

from model.kernels.formats import available, converted
from model.kernels.packed_linear import Unrepresentable
from model.reference.truth import UnrecordableModel, truth_of
from model.weights import precision, timing
from model.weights.cache import cache_folder
from model.weights.precision import Candidate, Choice, choose, device_name, divergence
from model.weights.timing import Timing, measure
from tests.tiny import tiny_transformer

CPU = torch.device("cpu")
EXACT = Timing(0.034, 0.067, 0.237)


@torch.inference_mode()
def runs_here(form):
    """Tell whether PyTorch runs a format here: bfloat16 it does not with ATEN_CPU_CAPABILITY=avx2."""
    try:
        return (
            converted(tiny_transformer("gpt2"), form)(torch.arange(3, 67)[None], use_cache=False) is not None
        )
    except RuntimeError:
        return False


HERE = tuple(form for form in available(CPU) if runs_here(form))
"""The formats in which this machine runs a model, float32 first."""
needs_bfloat16 = pytest.mark.skipif("bfloat16" not in HERE, reason="PyTorch runs no bfloat16 here")


def candidate(form="float16 weights", gain=3.0, nats=2e-6):
    """Return a candidate that is `gain` times as fast as float32 at everything."""
    return Candidate(form, Timing(EXACT.one / gain, EXACT.sixteen / gain, EXACT.prompt / gain), nats)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GPT_INSIDE_OUT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def transformer():
    return tiny_transformer("gpt2")


@pytest.fixture
def timed(monkeypatch):
    """Every model takes as long as its format is said to take here; returns the formats measured so far."""
    gains = {"float32": 1.0, "float16 weights": 3.0, "int8 weights": 2.0, "bfloat16": 4.0, "float16": 0.5}
    seen = []

    def measured(model):
        packed = type(model.get_output_embeddings()).__name__
        known = {"Float16Linear": "float16 weights", "Int8Linear": "int8 weights"}
        seen.append(known.get(packed, str(model.dtype).removeprefix("torch.")))
        return candidate(gain=gains[seen[-1]]).timing

    monkeypatch.setattr(precision, "measure", measured)
    return seen


@cache
def truth(transformer):
    return truth_of(transformer)


def chosen(transformer, fingerprint="tiny", report=lambda line: None):
    return choose(
        transformer, truth(transformer), fingerprint=fingerprint, token_ids=range(3, 80), report=report
    )


def test_the_fastest_candidate_is_the_fast_format():
    choice = Choice(EXACT, (candidate(gain=2.0), candidate("bfloat16", 4.0), candidate("float16", 3.0)))
    assert choice.fast == choice.best.form == "bfloat16"


def test_a_candidate_too_far_from_float32_is_not_eligible_however_fast():
    choice = Choice(EXACT, (candidate("int8 weights", 9.0, nats=2.1e-3), candidate(gain=2.0, nats=2e-3)))
    assert choice.fast == "float16 weights"
    assert Choice(EXACT, choice.candidates[:1]).fast is None


@pytest.mark.parametrize(("gain", "fast"), [(1.19, None), (1.21, "float16 weights"), (0.5, None)])
def test_a_format_must_be_clearly_faster_to_be_worth_it(gain, fast):
    assert Choice(EXACT, (candidate(gain=gain),)).fast == fast


def test_a_format_that_depends_on_neighbours_yields_to_one_that_does_not_unless_float32_does_too():
    dependent = replace(candidate("bfloat16", 4.0), batch_invariant=False)
    assert Choice(EXACT, (candidate(gain=2.0), dependent)).fast == "float16 weights"
    assert Choice(EXACT, (dependent,)).fast is None
    assert Choice(EXACT, (candidate(gain=2.0), dependent), exact_batch_invariant=False).fast == "bfloat16"


class Proof:
    """In place of a network: what trying a format on this machine comes to."""

    tried: ClassVar[list[str]] = []
    dependent: ClassVar[set[str]] = set()
    unrecordable: ClassVar[set[str]] = set()

    def __init__(self, transformer, form, truth):
        self.tried.append(form)
        if form in self.unrecordable:
            raise UnrecordableModel("it differs")
        self.batch_invariant = form not in self.dependent


@pytest.fixture
def proof(monkeypatch):
    monkeypatch.setattr(Proof, "tried", [])
    monkeypatch.setattr(precision, "Network", Proof)
    return Proof


@needs_bfloat16
def test_formats_are_proven_from_the_fastest_down_until_one_holds(transformer, timed, proof, monkeypatch):
    """On a processor with 16-bit matrix units bfloat16 is fastest, and is what a proof may refuse."""
    monkeypatch.setattr(proof, "unrecordable", {"bfloat16"})
    monkeypatch.setattr(proof, "dependent", {"float16 weights"})
    lines = []
    choice = chosen(transformer, report=lines.append)
    expected = [form for form in ("bfloat16", "float16 weights", "int8 weights") if form in available(CPU)]
    assert proof.tried == ["float32", *expected]
    assert choice.fast == ("int8 weights" if "int8 weights" in expected else None)
    assert "bfloat16" not in [one.form for one in choice.candidates]
    assert lines[1] == "The format bfloat16 cannot be used for this model: it differs"
    assert chosen(transformer) == choice, "and it is remembered"


@needs_bfloat16
def test_where_even_float32_depends_on_neighbours_the_fastest_format_is_taken(
    transformer, timed, proof, monkeypatch
):
    monkeypatch.setattr(proof, "dependent", set(available(CPU)))
    choice = chosen(transformer)
    assert not choice.exact_batch_invariant
    assert choice.fast == "bfloat16"
    assert not choice.best.batch_invariant


def test_without_candidates_float32_is_both():
    choice = Choice(EXACT, ())
    assert choice.best is None
    assert choice.fast is None


def test_formats_are_compared_by_one_prompt_a_text_alone_and_sixteen_at_once():
    assert Timing(0.5, 0.25, 2.0).mix == 48 * 0.5 + 48 * 0.25 + 2.0
    alone = Candidate("float16", Timing(0.001, 0.2, 0.1), 0.0)
    together = Candidate("bfloat16", Timing(0.02, 0.02, 0.1), 0.0)
    assert Choice(EXACT, (alone, together)).fast == "bfloat16"


def test_the_sentence_says_what_is_gained_and_what_it_costs():
    timing = Timing(EXACT.one / 3.1, EXACT.sixteen / 4, 0.1)
    choice = Choice(EXACT, (Candidate("float16 weights", timing, 1.9e-6),))
    assert choice.sentence() == (
        "Fast: float16 weights, 3.1 times float32 for one text and 4.0 times for sixteen; "
        "1.9e-06 nats from float32."
    )
    assert Choice(EXACT, ()).sentence().startswith("Fast: float32, since no other format is close to it")
    dependent = replace(choice.candidates[0], batch_invariant=False)
    assert "a text would depend on those beside it" in Choice(EXACT, (dependent,)).sentence()
    slow = replace(candidate(gain=1.1), batch_invariant=False)
    assert "no other format is close to it" in Choice(EXACT, (slow,)).sentence()


def test_a_choice_survives_json():
    choice = Choice(EXACT, (candidate(), candidate("int8 weights", 2.0, 0.0)))
    assert Choice.from_json(json.loads(json.dumps(choice.to_json()))) == choice


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("exact"),
        lambda data: data.update(exact=[1, 2, 3]),
        lambda data: data["exact"].update(one="fast"),
        lambda data: data["exact"].update(one=True),
        lambda data: data["candidates"][0].update(form="int3"),
        lambda data: data["candidates"][0].update(form=[]),
        lambda data: data["candidates"][0].update(divergence=math.nan),
        lambda data: data["candidates"][0].update(batch_invariant=1),
        lambda data: data.pop("exact_batch_invariant"),
        lambda data: data["candidates"][0]["timing"].update(sixteen=-1.0),
        lambda data: data.update(candidates=None),
    ],
)
def test_json_that_is_no_choice_is_refused(damage):
    data = json.loads(json.dumps(Choice(EXACT, (candidate(),)).to_json()))
    damage(data)
    with pytest.raises(ValueError, match="not a"):
        Choice.from_json(data)


def test_every_available_format_is_measured_once_and_found_in_the_cache_afterwards(transformer, timed):
    lines = []
    choice = chosen(transformer, report=lines.append)
    assert timed == list(HERE)
    assert [one.form for one in choice.candidates] == list(HERE[1:])
    assert lines[0] == "Measuring which number format is fastest on this machine (a few seconds, once)."
    refused = [form for form in available(CPU) if form not in HERE]
    assert [line.partition(" cannot")[0] for line in lines[1:]] == [f"The format {form}" for form in refused]
    assert chosen(transformer, report=lines.append) == choice
    assert len(timed) == len(HERE)
    assert len(lines) == 1 + len(refused), "nothing more was said"


def test_the_divergence_of_a_candidate_is_that_of_the_first_tokens(transformer, timed, proof):
    half = next(one for one in chosen(transformer).candidates if one.form == "float16")
    second = precision.converted(transformer, "float16")
    assert half.divergence == pytest.approx(divergence(transformer, second, range(3, 67)), rel=1e-6)


def test_another_model_or_number_of_threads_is_measured_on_its_own(transformer, timed, proof, monkeypatch):
    chosen(transformer)
    each = len(timed)
    chosen(transformer, fingerprint="another")
    assert len(timed) == 2 * each
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    chosen(transformer)
    assert len(timed) == 3 * each
    chosen(transformer)
    assert len(timed) == 3 * each


def test_what_was_measured_while_other_programs_took_the_cores_is_not_kept(
    transformer, timed, proof, monkeypatch
):
    usual = precision.measure
    monkeypatch.setattr(precision, "measure", lambda model: replace(usual(model), share=0.6))
    lines = []
    chosen(transformer, report=lines.append)
    each = len(timed)
    chosen(transformer)
    assert len(timed) == 2 * each
    assert any("it will be measured again at the next start" in line for line in lines)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": 1, "choice": 2}', "\udcff"])
def test_a_damaged_file_in_the_cache_is_measured_again_and_replaced(transformer, timed, proof, damage):
    choice = chosen(transformer)
    (file,) = (cache_folder() / "precision").iterdir()
    file.write_bytes(damage.encode("utf-8", "surrogateescape"))
    each = len(timed)
    assert chosen(transformer).fast == choice.fast
    assert len(timed) == 2 * each
    chosen(transformer)
    assert len(timed) == 2 * each


def test_a_choice_for_another_key_is_not_taken(transformer, timed, proof):
    chosen(transformer)
    (file,) = (cache_folder() / "precision").iterdir()
    data = json.loads(file.read_text())
    file.write_text(json.dumps({**data, "key": {**data["key"], "torch": "1.0"}}))
    each = len(timed)
    chosen(transformer)
    assert len(timed) == 2 * each


def test_a_cache_that_cannot_be_written_is_no_error(transformer, timed, proof, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GPT_INSIDE_OUT_CACHE", str(tmp_path / "file"))
    assert chosen(transformer) == chosen(transformer)
    assert len(timed) == 2 * len(HERE)


@pytest.mark.parametrize(
    "error",
    [Unrepresentable("it does not fit"), RuntimeError("not implemented\nfor Half"), AttributeError("weight")],
)
def test_a_format_that_cannot_hold_or_run_the_model_is_no_candidate(
    transformer, timed, proof, monkeypatch, error
):
    def refuse(model, form):
        if form == "bfloat16":
            raise error
        return real(model, form)

    real, lines = precision.converted, []
    monkeypatch.setattr(precision, "converted", refuse)
    choice = chosen(transformer, report=lines.append)
    assert [one.form for one in choice.candidates] == [form for form in HERE[1:] if form != "bfloat16"]
    reason = str(error).splitlines()[0]
    assert lines[1:] == [f"The format bfloat16 cannot be used for this model: {reason}"]


@needs_bfloat16
def test_a_format_whose_numbers_overflow_is_no_candidate(timed, proof):
    overflowing = tiny_transformer("gpt2")
    with torch.no_grad():
        overflowing.transformer.h[0].mlp.c_proj.weight.fill_(6e4)
    lines = []
    forms = [one.form for one in chosen(overflowing, report=lines.append).candidates]
    assert "float16" not in forms
    assert "bfloat16" in forms
    assert "The format float16 cannot be used for this model: its numbers overflow." in lines


def test_the_divergence_is_the_mean_of_kl_and_none_from_itself(transformer):
    ids = range(3, 30)
    second = precision.converted(transformer, "bfloat16")
    with torch.inference_mode():
        first, other = (
            model(torch.tensor([list(ids)])).logits[0].double() for model in (transformer, second)
        )
    expected = torch.distributions.kl_divergence(
        torch.distributions.Categorical(logits=first), torch.distributions.Categorical(logits=other)
    ).mean()
    assert divergence(transformer, second, ids) == pytest.approx(expected.item(), rel=1e-6)
    assert divergence(transformer, transformer, ids) == 0.0


@pytest.mark.parametrize("form", available(CPU))
def test_the_linear_layers_of_every_format_can_be_measured(transformer, form, monkeypatch):
    monkeypatch.setattr(timing, "SECONDS", 0.0)
    found = measure(converted(transformer, form))
    assert min(found.one, found.sixteen, found.prompt) > 0


class Clock:
    """Time that passes only while a layer computes, as long as it is told."""

    def __init__(self, monkeypatch, *costs):
        self.now, self.costs = 0.0, list(costs)
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def layer(self):
        def compute(x):
            self.now += self.costs.pop(0)
            return x

        return compute


def test_all_layers_count_each_at_the_best_time_of_its_size(monkeypatch):
    clock = Clock(monkeypatch, 1.0, 50.0, 7.0, 2.0, 1.5, 8.0)
    monkeypatch.setattr(timing, "SECONDS", 1000.0)
    monkeypatch.setattr(timing, "ROUNDS", 2)
    calls = [(size, clock.layer(), torch.zeros(1)) for size in ("narrow", "narrow", "wide")]
    assert timing._seconds(calls) == 1.0 + 1.0 + 7.0
    assert clock.costs == []


def test_when_time_is_up_only_sizes_with_few_samples_are_measured_on(monkeypatch):
    clock = Clock(monkeypatch, 1.0, 1.0, 9.0, 8.0, 7.0, 6.0)
    monkeypatch.setattr(timing, "SECONDS", 0.5)
    monkeypatch.setattr(timing, "LEAST_SAMPLES", 2)
    calls = [(size, clock.layer(), torch.zeros(1)) for size in ("narrow", "narrow", "wide")]
    assert timing._seconds(calls) == 1.0 + 1.0 + 8.0
    assert clock.costs == [7.0, 6.0]


def test_the_name_of_the_processor_says_more_than_its_make():
    name = device_name(CPU)
    assert name.startswith("cpu, ")
    assert torch.backends.cpu.get_cpu_capability() in name
