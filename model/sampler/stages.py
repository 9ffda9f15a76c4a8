"""The stages of the sampler: each takes the distribution that the one before it left, and leaves another.

Named and defined as in Transformers' logits processors, in numpy and float64. Where theirs keep every
token that ties with the last one kept, ours go by the lower token id; nothing else differs unless a
docstring says so. Any order is possible, so every stage works on whatever is left, whole or cut.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from model.numbers import LN2
from model.sampler.circumstances import Circumstances
from model.sampler.distribution import Floats, Ids, Softmax, Stage, descending
from model.sampler.repeats import repeats
from model.sampler.settings import BAN, NothingLeft, SamplerSettings
from model.sampler.stage_records import DRY, XTC

Apply = Callable[[Stage, SamplerSettings, Circumstances], Stage]
"""A stage, given what was left before it, the settings, and the step."""


TINY = float(np.nextafter(0.0, 1.0))
"""The least probability that is one."""


def temperature(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Divide the logits by the temperature (Ackley et al. 1985); 0 keeps the most likely token alone."""
    softmax = before.softmax
    if settings.temperature == 0.0:
        return before.cut("temperature", before.leading(1))
    warmed = Softmax(_logits(softmax), settings.temperature, softmax.summary)
    return Stage("temperature", warmed, before.survivors, before)


def top_k(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Keep exactly k tokens (Fan et al. 2018, arXiv:1805.04833). Transformers keeps ties with the k-th."""
    if not 0 < settings.top_k < before.kept:
        return _unchanged(before, "top_k")
    return before.cut("top_k", before.leading(settings.top_k))


def top_p(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Keep the fewest leading tokens whose probabilities reach p (Holtzman et al. 2020, arXiv:1904.09751)."""
    share = settings.top_p
    if share >= 1.0:
        return _unchanged(before, "top_p")
    token_ids, probabilities = before.until(lambda some: bool(np.cumsum(some)[-1] >= share))
    return before.cut("top_p", token_ids[: np.searchsorted(np.cumsum(probabilities), share) + 1])


def min_p(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Keep tokens at least p times as likely as the leading one (Nguyen et al. 2024, arXiv:2407.01082)."""
    return _likely(before, "min_p", lambda most_likely: settings.min_p * most_likely)


def epsilon_cutoff(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Keep tokens of at least this probability, and always one (Hewitt et al. 2022, arXiv:2210.15191)."""
    return _likely(before, "epsilon_cutoff", lambda _: settings.epsilon_cutoff)


def eta_cutoff(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Keep tokens of at least min(e, sqrt(e) exp(-H)), H in nats (Hewitt et al. 2022, arXiv:2210.15191)."""
    epsilon = settings.eta_cutoff
    floor = min(epsilon, epsilon**0.5 * float(np.exp(-before.entropy_bits * LN2)))
    return _likely(before, "eta_cutoff", lambda _: floor)


def typical_p(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Keep the tokens whose surprisal is closest to the entropy (Meister et al. 2022, arXiv:2202.00666).

    As many as it takes for their probabilities to reach p. The most likely token may be cut.
    """
    if settings.typical_p >= 1.0:
        return _unchanged(before, "typical_p")
    token_ids, probabilities = before.leading(before.kept), before.leading_probabilities
    with np.errstate(divide="ignore"):
        distances = np.abs(-np.log(probabilities) - before.entropy_bits * LN2)
    order = np.argsort(distances, kind="stable")
    enough = np.searchsorted(np.cumsum(probabilities[order]), settings.typical_p) + 1
    return before.cut("typical_p", token_ids[np.sort(order[:enough])])


def top_n_sigma(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Keep logits within n standard deviations of the largest (Tang et al. 2024, arXiv:2411.07641).

    Over the tokens left, with n - 1 in the denominator as in the authors' code. The temperature changes
    nothing: logits and deviation shrink alike. Transformers has no such processor.
    """
    scores = before.softmax.scores[before.token_ids].astype(np.float64)
    if settings.top_n_sigma == 0.0 or len(scores) < 2:
        return _unchanged(before, "top_n_sigma")
    floor = scores.max() - settings.top_n_sigma * scores.std(ddof=1)
    return before.cut("top_n_sigma", before.leading(int(np.count_nonzero(scores >= floor))))


def xtc_probability(before: Stage, settings: SamplerSettings, at: Circumstances) -> Stage:
    """Remove the tokens of at least this probability but the least likely of them, at some steps ("XTC").

    Exclude Top Choices, by p-e-w (2024, github.com/oobabooga/text-generation-webui/pull/6335). It acts where
    the coin shows less than the setting, and, as there, at no step where a line break or an end of the text
    would go; llama.cpp removes those too. Transformers has no such processor.
    """
    coin = 0.0 if at.coin is None else at.coin
    if coin >= settings.xtc_probability:
        return _unchanged(before, XTC)
    floor = max(settings.xtc_threshold, TINY)
    token_ids, probabilities = before.until(lambda some: bool(some[-1] < floor))
    excluded = token_ids[: max(0, np.count_nonzero(probabilities >= floor) - 1)]
    if len(excluded) == 0 or at.landmarks.spared.intersection(excluded.tolist()):
        return _unchanged(before, XTC)
    return before.cut(XTC, before.leading(before.kept)[len(excluded) :])


def repetition_penalty(before: Stage, settings: SamplerSettings, at: Circumstances) -> Stage:
    """Weaken tokens of the text (Keskar et al. 2019, arXiv:1909.05858).

    Positive logits are divided by the penalty, negative ones multiplied.
    """
    penalty, seen = settings.repetition_penalty, _seen(at.text)
    logits = _logits(before.softmax)[seen].astype(np.float64)
    weakened = np.where(logits < 0, logits * penalty, logits / penalty)
    return _reweighted(before, "repetition_penalty", seen, weakened)


def presence_penalty(before: Stage, settings: SamplerSettings, at: Circumstances) -> Stage:
    """Take the penalty from the logits of tokens that stand in the text, once (OpenAI API reference).

    The prompt counts, as for the repetition penalty. Transformers has no such processor.
    """
    seen = _seen(at.text)
    logits = _logits(before.softmax)[seen].astype(np.float64)
    return _reweighted(before, "presence_penalty", seen, logits - settings.presence_penalty)


def frequency_penalty(before: Stage, settings: SamplerSettings, at: Circumstances) -> Stage:
    """Take the penalty from the logits of tokens as often as they stand in the text (OpenAI API reference).

    The prompt counts, as for the repetition penalty. Transformers has no such processor.
    """
    seen, counts = np.unique(np.asarray(at.text, dtype=np.intp), return_counts=True)
    logits = _logits(before.softmax)[seen].astype(np.float64)
    return _reweighted(before, "frequency_penalty", seen, logits - settings.frequency_penalty * counts)


def dry_multiplier(before: Stage, settings: SamplerSettings, at: Circumstances) -> Stage:
    """Weaken tokens that would lengthen a repetition of the text, by `dry_penalties` ("DRY").

    Don't Repeat Yourself, by p-e-w (2024, github.com/oobabooga/text-generation-webui/pull/5677). The prompt
    counts. Transformers has no such processor.
    """
    if settings.dry_multiplier == 0.0:
        return _unchanged(before, DRY)
    token_ids, penalties = dry_penalties(settings, at)
    logits = _logits(before.softmax)[token_ids].astype(np.float64)
    return _reweighted(before, DRY, token_ids, logits - penalties)


def dry_penalties(settings: SamplerSettings, at: Circumstances) -> tuple[Ids, Floats]:
    """Return (n,) the tokens that DRY weakens at a step, and (n,) what it takes from their logits.

    multiplier * base^(length - allowed length), where the longest repetition that a token would lengthen is
    not shorter than allowed. As in the author's code no more than 50 tokens of one count. A token whose text
    holds a sequence breaker ends a repetition, as in llama.cpp; where its author takes the one token that a
    breaker becomes behind a letter, and llama.cpp breakers of several tokens too, ours are single tokens.
    """
    token_ids, lengths = repeats(at.text, at.landmarks.holding(settings.dry_sequence_breakers))
    long_enough = lengths >= settings.dry_allowed_length
    excess = (lengths[long_enough] - settings.dry_allowed_length).astype(np.float64)
    penalties: Floats = settings.dry_multiplier * settings.dry_base**excess
    return token_ids[long_enough], penalties


def no_repeat_ngram_size(before: Stage, settings: SamplerSettings, at: Circumstances) -> Stage:
    """Rule out tokens that would complete an n-gram of the text (Paulus et al. 2017, arXiv:1705.04304).

    Prompt included, as in Transformers.
    """
    banned = completions(at.text, settings.no_repeat_ngram_size)
    return _reweighted(before, "no_repeat_ngram_size", banned, np.full(len(banned), -np.inf))


def logit_bias(before: Stage, settings: SamplerSettings, _at: Circumstances) -> Stage:
    """Add to the logits of single tokens (OpenAI API reference); a bias of `BAN` rules a token out.

    Transformers' SequenceBiasLogitsProcessor for sequences of one token.

    Raises:
        OutOfRange: as `SamplerSettings.require_known` does.
    """
    settings.require_known(len(before.softmax.scores))
    token_ids = np.array([token_id for token_id, _ in settings.logit_bias], dtype=np.intp)
    biases = np.array([-np.inf if bias <= BAN else bias for _, bias in settings.logit_bias])
    return _reweighted(before, "logit_bias", token_ids, _logits(before.softmax)[token_ids] + biases)


FUNCTIONS = (
    logit_bias, repetition_penalty, presence_penalty, frequency_penalty, dry_multiplier, no_repeat_ngram_size,
    temperature, top_n_sigma, top_k, top_p, min_p, typical_p, epsilon_cutoff, eta_cutoff, xtc_probability,
)  # fmt: skip
APPLY: dict[str, Apply] = {function.__name__: function for function in FUNCTIONS}
"""Every stage by its name."""
RULING = ("logit_bias", "no_repeat_ngram_size")
"""Stages that rule tokens out, whatever others keep; the first of them is never passed over."""


def acted(model: Stage, settings: SamplerSettings, at: Circumstances) -> list[Stage]:
    """Return the model's own distribution and what every stage left of it, in the order in which they acted.

    That is the order asked for, but where a stage would rule out all that those before it kept: then it
    acts before them, so that they keep something else. A token that is banned is never drawn. Processors
    of Transformers would leave no token at all, and `generate` would end with an error.

    Raises:
        OutOfRange: as `SamplerSettings.require_known` does, or where all that the model gives a chance is
            banned.
    """
    first: tuple[str, ...] = ()
    while True:
        chain = (*first, *(name for name in settings.chain if name not in first))
        left = [model]
        for name in chain:
            stage = APPLY[name](left[-1], settings, at)
            if name in RULING and stage.kept == 0:
                if name not in first:
                    first = tuple(one for one in RULING if one in (*first, name))
                    break
                if name == RULING[0]:
                    raise NothingLeft
                stage = _unchanged(left[-1], name)  # nothing but repetitions could come
            left.append(stage)
        else:
            return left


def completions(text: Sequence[int], size: int) -> Ids:
    """Return the tokens that would complete an n-gram of `size` that stands in the text already."""
    if size < 1 or len(text) < size:
        return np.array([], dtype=np.intp)
    windows = np.lib.stride_tricks.sliding_window_view(np.asarray(text, dtype=np.intp), size)
    begun = np.asarray(text[len(text) - size + 1 :], dtype=np.intp)
    return np.unique(windows[(windows[:, :-1] == begun).all(axis=1), -1])


def _seen(text: Sequence[int]) -> Ids:
    return np.unique(np.asarray(text, dtype=np.intp))


def _logits(softmax: Softmax) -> NDArray[np.floating]:
    """Return (V,) the scores over their temperature: what a processor of Transformers would be handed.

    Next to temperature 0 they would overflow: then from the largest down, which a softmax cannot tell.
    """
    if softmax.temperature == 1.0:
        return softmax.scores
    top = softmax.largest / softmax.temperature
    return softmax.exponents() + (top if np.isfinite(top) else 0.0)


def _likely(before: Stage, name: str, floor_of: Callable[[float], float]) -> Stage:
    """Cut tokens below a probability that may depend on that of the most likely one; one always stays."""
    token_ids, probabilities = before.until(lambda some: bool(some[-1] < floor_of(float(some[0]))))
    floor = floor_of(float(probabilities[0]))
    return before.cut(name, token_ids[: max(1, np.count_nonzero(probabilities >= floor))])


def _unchanged(before: Stage, name: str) -> Stage:
    return Stage(name, before.softmax, before.survivors, before)


def _reweighted(before: Stage, name: str, token_ids: Ids, logits: Floats) -> Stage:
    """Give some tokens other logits, -inf to rule them out; the ranking of what was left may change."""
    if len(token_ids) == 0:
        return _unchanged(before, name)
    scores = _logits(before.softmax).astype(np.float64)
    scores[token_ids] = logits
    survivors = before.survivors
    if survivors is not None:
        survivors = np.sort(survivors)  # where scores tie the lower id goes first
        survivors = survivors[descending(scores[survivors])]
        survivors = survivors[: np.count_nonzero(scores[survivors] > -np.inf)]
    return Stage(name, Softmax(scores), survivors, before)
