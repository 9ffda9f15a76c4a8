"""Which number format is the fast one on this machine: measured once, kept in the cache, close to float32."""

import hashlib
import json
import math
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import torch
import transformers
from torch import Tensor
from transformers import PreTrainedModel

from model.kernels.formats import FORMATS, Format, available, converted
from model.kernels.packed_linear import Unrepresentable
from model.network.network import Network
from model.reference.truth import Truth, UnrecordableModel
from model.weights.cache import Report, cache_folder, write_json
from model.weights.timing import Timing, measure

Precision = Literal["exact", "fast", "auto"]
"""What the person who starts the app says: `exact` is float32, the others use a `Choice`'s fast format."""

VERSION = 7
"""Changes when the measurement does, so that older ones are made again."""

LARGEST_DIVERGENCE = 2e-3
"""Nats from float32, on average over positions, that a fast format may cost."""
LEAST_SHARE = 0.9
"""Of the cores' time: a measurement during which others took more is not kept."""
LEAST_GAIN = 1.2
"""A format that is not this many times as fast as float32 is not worth any divergence."""

PROBE_TOKENS = 64
PROBE_TEXT = (
    "Every morning the keeper climbed the 214 steps of the old lighthouse, wiped the salt from its windows, "
    'and wrote the weather into a book: "Wind from the north-west, cold; two ships seen." Nobody had asked '
    "him to. But when a storm took the bridge in 1897, engineers came to read what he had written of the sea."
)
"""The divergence is that of its first `PROBE_TOKENS` tokens."""


@dataclass(frozen=True)
class Candidate:
    """What a format other than float32 costs and gains."""

    form: Format
    timing: Timing
    divergence: float
    """Mean KL(float32 || format) in nats, over the whole vocabulary and the positions of `PROBE_TEXT`."""
    batch_invariant: bool = True
    """Whether a text does not depend on the texts beside it; tried from the fastest format down to the first
    for which it holds: see `Network.batch_invariant`."""


@dataclass(frozen=True)
class Choice:
    """What was measured for one model on one machine, and what follows from it; JSON both ways."""

    exact: Timing
    """Of float32."""
    candidates: tuple[Candidate, ...]
    """All that can run the model."""
    exact_batch_invariant: bool = True
    """Whether float32 is batch invariant here."""

    @property
    def best(self) -> Candidate | None:
        """The fastest candidate that is close to float32 and clearly faster; None if there is none.

        Where float32 gives a text the same numbers whoever is beside it, so must the fast format.
        """
        worth_it = filter(self._is_worth_it, self.candidates)
        allowed = [one for one in worth_it if one.batch_invariant or not self.exact_batch_invariant]
        return min(allowed, key=lambda one: one.timing.mix, default=None)

    def _is_worth_it(self, one: Candidate) -> bool:
        close, gains = one.divergence <= LARGEST_DIVERGENCE, self.exact.mix / one.timing.mix
        return close and gains >= LEAST_GAIN

    @property
    def undisturbed(self) -> bool:
        """Whether the process had the cores to itself while it measured."""
        timings = [self.exact, *(one.timing for one in self.candidates)]
        return min(timing.share for timing in timings) >= LEAST_SHARE

    @property
    def fast(self) -> Format | None:
        """The fast format; None where that is float32 itself."""
        return self.best.form if self.best else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values: what was measured, not what follows from it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild a choice.

        Raises:
            ValueError: it is not one.
        """
        try:
            return cls(
                _timing(data["exact"]),
                tuple(
                    Candidate(
                        _format(one["form"]),
                        _timing(one["timing"]),
                        _number(one["divergence"]),
                        _truth(one["batch_invariant"]),
                    )
                    for one in data["candidates"]
                ),
                _truth(data["exact_batch_invariant"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a choice of a number format: {error!r}") from error

    def sentence(self) -> str:
        """Return one English sentence for the console."""
        best = self.best
        dependent = [one for one in self.candidates if not one.batch_invariant and self._is_worth_it(one)]
        if best is None and dependent:
            return "Fast: float32, since in a faster format a text would depend on those beside it here."
        if best is None:
            return (
                f"Fast: float32, since no other format is close to it and {LEAST_GAIN:g} times as fast here."
            )
        alone, together = self.exact.one / best.timing.one, self.exact.sixteen / best.timing.sixteen
        return (
            f"Fast: {best.form}, {alone:.1f} times float32 for one text and {together:.1f} times for "
            f"sixteen; {best.divergence:.1e} nats from float32."
        )


def choose(
    transformer: PreTrainedModel,
    truth: Truth,
    *,
    fingerprint: str,
    token_ids: Sequence[int],
    report: Report = print,
) -> Choice:
    """Return what is known of the formats for this model on this machine, measuring it first if need be.

    Kept in the cache for the model, device, number of threads and version of PyTorch. A damaged file there is
    measured again, one that cannot be written the next time. A format that cannot hold or run the model is no
    candidate.

    Args:
        transformer: causal LM in float32, not yet prepared for recording; it may be afterwards.
        truth: what Transformers says of it.
        fingerprint: of its weights.
        token_ids: of `PROBE_TEXT`; the first `PROBE_TOKENS` are read.
        report: receives sentences on the progress.
    """
    key = {
        "version": VERSION,
        "fingerprint": fingerprint,
        "device": device_name(transformer.device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }
    name = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    file = cache_folder() / "precision" / f"{name}.json"
    known = _stored(file, key)
    if known is not None:
        return known
    report("Measuring which number format is fastest on this machine (a few seconds, once).")
    measured = _measured(transformer, truth, token_ids[:PROBE_TOKENS], report)
    if measured.undisturbed:
        _store(file, {"key": key, "choice": measured.to_json()})
    else:
        report("Other programs took the cores meanwhile: it will be measured again at the next start.")
    return measured


def divergence(transformer: PreTrainedModel, second: PreTrainedModel, token_ids: Sequence[int]) -> float:
    """Return the mean KL(first || second) in nats over the whole vocabulary and all positions of a text."""
    return _divergence(_log_probabilities(transformer, token_ids), _log_probabilities(second, token_ids))


def device_name(device: torch.device) -> str:
    """Return what timings depend on: the name of the graphics card or of the processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    name = next(names, "") or platform.processor() or platform.machine()
    # Virtual machines call processors of many kinds by one name.
    return f"{device.type}, {name}, {torch.backends.cpu.get_cpu_capability()}"


def _measured(transformer: PreTrainedModel, truth: Truth, token_ids: Sequence[int], report: Report) -> Choice:
    reference = _log_probabilities(transformer, token_ids)
    exact = measure(converted(transformer, "float32"))
    candidates = []
    for form in available(transformer.device)[1:]:
        try:
            candidates.append(_candidate(transformer, form, reference, token_ids))
        except (Unrepresentable, RuntimeError, AttributeError, TypeError, MemoryError) as error:
            # Code of a model may ask for what only a plain linear layer has, or for an operation not written.
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            report(f"The format {form} cannot be used for this model: {reason}")
    invariant = Network(transformer, "float32", truth).batch_invariant
    return _proven(Choice(exact, tuple(candidates), invariant), transformer, truth, report)


def _proven(choice: Choice, transformer: PreTrainedModel, truth: Truth, report: Report) -> Choice:
    """Return a choice whose best candidate is proven to be recordable and, if float32 is, batch invariant."""
    while choice.best is not None:
        best = choice.best
        others = tuple(one for one in choice.candidates if one is not best)
        try:
            invariant = Network(transformer, best.form, truth).batch_invariant
        except (UnrecordableModel, Unrepresentable) as error:
            report(f"The format {best.form} cannot be used for this model: {error}")
            choice = replace(choice, candidates=others)
            continue
        if invariant == best.batch_invariant:
            break
        choice = replace(choice, candidates=(*others, replace(best, batch_invariant=invariant)))
    return choice


def _candidate(
    transformer: PreTrainedModel, form: Format, reference: Tensor, token_ids: Sequence[int]
) -> Candidate:
    """Measure a format on a second model, which is gone when this returns."""
    second = converted(transformer, form)
    apart = _divergence(reference, _log_probabilities(second, token_ids))
    if not math.isfinite(apart):
        raise Unrepresentable("its numbers overflow.")
    return Candidate(form, measure(second), apart)


@torch.inference_mode()
def _log_probabilities(transformer: PreTrainedModel, token_ids: Sequence[int]) -> Tensor:
    """Return (T, V) float64 on the CPU: float32 would lose divergences below 1e-6."""
    logits = transformer(torch.tensor([list(token_ids)], device=transformer.device), use_cache=False).logits
    result: Tensor = logits[0].cpu().double().log_softmax(-1)
    return result


def _divergence(first: Tensor, second: Tensor) -> float:
    likely = first.exp()
    terms = (likely * (first - second)).masked_fill(likely == 0, 0.0)  # a logit may be -inf
    return terms.sum(-1).mean().clamp(min=0.0).item()


def _stored(file: Path, key: Mapping[str, Any]) -> Choice | None:
    """Return the choice that the file holds for the key; None if it is absent or damaged."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Choice.from_json(found["choice"]) if found["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _store(file: Path, value: Mapping[str, Any]) -> None:
    """Keep what was measured; where nothing can be written it is measured again the next time."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, value)


def _timing(data: Mapping[str, Any]) -> Timing:
    return Timing(*(_number(data[name]) for name in ("one", "sixteen", "prompt", "share")))


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(f"not a number of a choice: {value!r}")
    return float(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"not a truth value: {value!r}")
    return value


def _format(value: Any) -> Format:
    form: Format = value
    if form not in FORMATS:
        raise ValueError(f"not a number format: {value!r}")
    return form
