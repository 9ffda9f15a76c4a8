"""Activation patching: where in a model does the difference between two prompts sit?

The activation of a clean run is put into the run of a corrupted prompt, one place after the other, and the
logit difference of an answer and a distractor says how much of the clean run's behaviour comes back (Vig et
al. 2020, "Investigating Gender Bias in Language Models Using Causal Mediation Analysis"; Meng et al. 2022,
"Locating and Editing Factual Associations in GPT"; Wang et al. 2022, "Interpretability in the Wild", for the
logit difference and for heads; Heimersheim and Nanda 2024, "How to use and interpret activation patching").
That is denoising: a high value says that what stands at a place is enough, given all else, not that the
model needs it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.interventions.effect import read_clean
from model.interventions.limits import MOST_TOKENS
from model.interventions.written import written_with
from model.network.changes import Change, Site, Variant, replaced_by
from model.sampler.settings import SamplerSettings
from model.texts.run import Run, Step

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.network.hooked_model import CleanPass, HookedModel
    from model.network.language_model import LanguageModel

LEAST_DIFFERENCE = 0.1
"""Between the logit differences of both prompts, nats: a share of less is a share of nothing."""
MOST_POSITIONS = 64
"""From the first token that differs on: a map of more takes minutes, and nobody can read it."""

ROWS = 160
"""Tokens of a pass, all its texts together: one takes a moment, also where all layers are computed."""

Values = NDArray[np.float32]


class TooAlike(ValueError):
    """Both prompts speak for the answer equally: there is nothing that could be restored."""

    def __init__(self, clean: float, corrupted: float) -> None:
        self.clean, self.corrupted = clean, corrupted
        super().__init__(
            f"the logit differences {clean:.3f} and {corrupted:.3f} are too close for a share of their gap"
        )


@dataclass(frozen=True, eq=False)
class Contrast:
    """Two prompts of T tokens each, as the model reads them, and two tokens that could follow."""

    clean: "CleanPass"
    corrupted: "CleanPass"
    answer: int
    distractor: int

    @property
    def clean_difference(self) -> float:
        """The logit of the answer less that of the distractor, after the clean prompt; nats."""
        return float(self._difference(self.clean.logits))

    @property
    def corrupted_difference(self) -> float:
        """The same after the corrupted prompt."""
        return float(self._difference(self.corrupted.logits))

    @property
    def first(self) -> int:
        """Position of the first token that differs; before it both runs are one."""
        pairs = zip(self.clean.token_ids, self.corrupted.token_ids, strict=True)
        return next(at for at, (one, other) in enumerate(pairs) if one != other)

    def restored(self, logits: "Tensor") -> Values:
        """Return (n,) how much of the clean logit difference (n, V) patched logits bring back.

        (patched - corrupted) / (clean - corrupted): 0 is the corrupted run, 1 the clean one.
        """
        corrupted = self.corrupted_difference
        shares = (self._difference(logits) - corrupted) / (self.clean_difference - corrupted)
        found: Values = shares.cpu().numpy()
        return found

    def _difference(self, logits: "Tensor") -> "Tensor":
        return logits[..., self.answer] - logits[..., self.distractor]


@dataclass(frozen=True)
class Place:
    """One place at which an activation of the clean run is put into the corrupted one."""

    site: Site
    layer: int
    column: int
    """The position; of the site "head" the head, which is patched at all positions."""


def contrast(
    model: "LanguageModel", clean: Sequence[int], corrupted: Sequence[int], answer: int, distractor: int
) -> Contrast:
    """Return two prompts as the model reads them.

    Args:
        model: that reads.
        clean: token ids of the prompt whose activations are put into the other.
        corrupted: of the other.
        answer: the token for which the clean prompt speaks.
        distractor: the one for which the corrupted prompt does.

    Raises:
        TooAlike: their logit differences are all but equal.
        ValueError: they are not of one length, equal, too long, or the two tokens are one.
        UnknownPart: nothing can be changed in this model.
    """
    if len(clean) != len(corrupted):
        raise ValueError(f"the prompts have {len(clean)} and {len(corrupted)} tokens, not equally many")
    if len(clean) > MOST_TOKENS:
        raise ValueError(f"a prompt must have {MOST_TOKENS} tokens at most, not {len(clean)}")
    if tuple(clean) == tuple(corrupted):
        raise ValueError("the prompts are equal")
    if answer == distractor:
        raise ValueError("answer and distractor are one token")
    found = Contrast(read_clean(model, clean), read_clean(model, corrupted), answer, distractor)
    if len(clean) - found.first > MOST_POSITIONS:
        raise ValueError(f"the prompts must differ in their last {MOST_POSITIONS} tokens alone")
    if abs(found.clean_difference - found.corrupted_difference) < LEAST_DIFFERENCE:
        raise TooAlike(found.clean_difference, found.corrupted_difference)
    return found


def variant_at(pair: Contrast, place: Place) -> Variant:
    """Return the corrupted run with what the clean one has at one place."""
    site, layer, column = place.site, place.layer, place.column
    if site == "head":
        value, stop = pair.clean.at(site, layer, column)[pair.first :], len(pair.clean.token_ids)
        return (Change(site, layer, replaced_by(value), head=column, start=pair.first, stop=stop),)
    value = pair.clean.at(site, layer)[column]
    return (Change(site, layer, replaced_by(value), start=column, stop=column + 1),)


def patched(model: "LanguageModel", pair: Contrast, site: Site) -> Iterator[Values]:
    """Yield the map of a site as far as it is known, pass by pass; whoever stops listening stops it.

    Others who change activations come between two passes.

    Args:
        model: that reads.
        pair: the prompts.
        site: "residual" entering each layer, "attention" or "mlp" written by it: (layers, T) by layer and
            position; "head": (layers, heads), each at all positions.

    Yields:
        What is restored, see `Contrast.restored`; NaN where it is not known yet. Before the first token
        that differs both runs are one: 0, which is not computed.

    Raises:
        UnknownPart: nothing can be changed in this model.
        ValueError: the model has no such site.
    """
    layers, heads, has_mlps = model.intervene(lambda hooked: (hooked.layers, hooked.heads, hooked.has_mlps))
    if site == "mlp" and not has_mlps:
        raise ValueError("the MLPs of this model could not be told apart")
    length = len(pair.clean.token_ids)
    values = np.full((layers, max(heads) if site == "head" else length), np.nan, dtype=np.float32)
    if site != "head":
        values[:, : pair.first] = 0
    first = pair.first
    for layer in range(layers):
        columns = range(heads[layer]) if site == "head" else range(first, length)
        places = [Place(site, layer, column) for column in columns]
        for some in _passes(places, first, length):
            variants = [variant_at(pair, place) for place in some]
            found = model.intervene(partial(_restored, pair, variants))
            values[layer, [place.column for place in some]] = found
            yield values.copy()


def _passes(places: Sequence[Place], first: int, length: int) -> Iterator[Sequence[Place]]:
    """Yield places of one layer in groups that are read in one pass.

    A pass computes the layers above, so those of several layers would be read from the lowest of them on, and
    the positions from the first that is changed in any of them on.
    """
    start = 0
    while start < len(places):
        begin = first if places[start].site == "head" else places[start].column
        count = max(1, ROWS // (length - begin))
        yield places[start : start + count]
        start += count


def _restored(pair: Contrast, batch: Sequence[Variant], hooked: "HookedModel") -> Values:
    return pair.restored(hooked.logits(pair.corrupted, batch))


def written_after(
    model: "LanguageModel", token_ids: Sequence[int], variant: Variant, max_new_tokens: int
) -> Iterator[Step]:
    """Yield the tokens that the model writes greedily after a prompt in which something is changed.

    Args:
        model: that writes.
        token_ids: the prompt.
        variant: what is changed; nothing for the prompt as it is.
        max_new_tokens: at most; less where the model's context is full or the text ends.
    """
    greedy = SamplerSettings(temperature=0.0, top_k=0, top_p=1.0)
    prompt = Run(model.info.identity, "", tuple(token_ids), greedy, 0)
    room = min(max_new_tokens, model.info.context_length - len(token_ids))
    if room > 0:
        yield from written_with(model, prompt, len(token_ids), variant, room)
