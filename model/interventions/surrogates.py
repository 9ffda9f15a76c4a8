"""Which tokens a prediction hangs on by hiding many sets of them: LIME and kernel SHAP, both Captum's.

Captum draws the sets and fits the line through what they are worth. It would read the model for each of them
in one go; so it is asked twice, with the same dice: first which sets it wants, which are then read batch by
batch, and then for the line.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model.interventions.hiding import Hidden, Hiding
from model.interventions.token_scores import Method, Progress, Sampled, Scoring, TokenScores

if TYPE_CHECKING:  # Torch takes seconds to import, and the page is up before it is there.
    from torch import Tensor

    from model.network.hooked_model import HookedModel
    from model.network.language_model import LanguageModel

SAMPLES = 256
"""Sets that are drawn, unless somebody asks for more or fewer."""
SEED = 0
KERNEL_WIDTH = 0.25
"""Of LIME's weights exp(-d²/2w²), d the cosine distance to the whole text: as in the authors' code."""
RIDGE = 1.0
"""Of its regression, likewise."""

Worth = Callable[["Tensor"], "Tensor"]
"""(n, M) which of M tokens are there, 1 or 0, to (n,) what these are worth."""
Surrogate = Callable[[Worth, int, int], NDArray[np.float64]]
"""What is worth what, M and the number of samples to (M,) scores."""


def lime(model: "LanguageModel", hiding: Hiding, samples: int = SAMPLES, seed: int = SEED) -> Scoring:
    """Score tokens by a line through readings near the whole text (Ribeiro et al. 2016).

    As in the authors' code for texts: how many tokens are hidden is drawn evenly, then which; a reading
    counts the more the fewer are hidden; the line is a ridge regression.

    Args:
        model: that reads.
        hiding: readings of the text.
        samples: sets of hidden tokens that are drawn; the first is the whole text.
        seed: of the dice.
    """
    return (yield from _sampled("lime", _lime, model, hiding, samples, seed))


def kernel_shap(model: "LanguageModel", hiding: Hiding, samples: int = SAMPLES, seed: int = SEED) -> Scoring:
    """Score tokens by their Shapley values, estimated from some sets (Lundberg and Lee 2017).

    The Shapley value of a token is what it adds to the tokens that are there, in the mean over all orders in
    which tokens may come. All values add up to what the whole text has more than one with all tokens hidden.
    Arguments as of `lime`.
    """
    return (yield from _sampled("kernel_shap", _kernel_shap, model, hiding, samples, seed))


def _sampled(
    method: Method, fit: Surrogate, model: "LanguageModel", hiding: Hiding, samples: int, seed: int
) -> Scoring:
    if hiding.count == 1:  # there is nothing to draw: a token alone adds what is lost without it
        yield from _all_read(hiding, [hiding.all])
        lost = hiding.values[frozenset()] - hiding.values[hiding.all]
        return TokenScores(method, np.array([lost, np.nan]), Sampled(samples, 2, seed))
    wanted: list[Hidden] = []

    def noted(rows: "Tensor") -> "Tensor":
        wanted.extend(_hidden(rows))
        return rows.float().mean(1)

    def known(rows: "Tensor") -> "Tensor":
        return rows.new_tensor([hiding.values[hidden] for hidden in _hidden(rows)]).double()

    # In the thread for interventions: Captum's dice are torch's own, which nobody else may throw meanwhile.
    model.intervene(partial(_fitted, fit, noted, hiding.count, samples, seed))
    yield from _all_read(hiding, wanted)
    scores = model.intervene(partial(_fitted, fit, known, hiding.count, samples, seed))
    return TokenScores(method, np.array([*scores, np.nan]), Sampled(samples, len(set(wanted)), seed))


def _all_read(hiding: Hiding, wanted: list[Hidden]) -> Iterator[Progress]:
    done, total = 0, len(hiding.missing(wanted))
    yield Progress(done, total)
    for count in hiding.read(wanted):
        done += count
        yield Progress(done, total)


def _hidden(rows: "Tensor") -> list[Hidden]:
    return [frozenset(np.flatnonzero(row == 0).tolist()) for row in rows.cpu().numpy()]


def _fitted(
    fit: Surrogate, worth: Worth, count: int, samples: int, seed: int, _: "HookedModel | None" = None
) -> NDArray[np.float64]:
    import torch  # noqa: PLC0415 - see above

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return fit(worth, count, samples)


def _lime(worth: Worth, count: int, samples: int) -> NDArray[np.float64]:
    import torch  # noqa: PLC0415 - see above
    from captum._utils.models.linear_model import SkLearnRidge  # noqa: PLC0415 - takes seconds, seldom used
    from captum.attr import Lime  # noqa: PLC0415 - likewise
    from captum.attr._core.lime import get_exp_kernel_similarity_function  # noqa: PLC0415 - likewise

    def drawn(_: "Tensor", **__: Any) -> Iterator["Tensor"]:
        yield torch.ones(1, count, dtype=torch.long)
        while True:
            row = torch.ones(1, count, dtype=torch.long)
            row[0, torch.randperm(count)[: int(torch.randint(1, count + 1, ()))]] = 0
            yield row

    near = get_exp_kernel_similarity_function("cosine", KERNEL_WIDTH)
    return _scores(Lime(worth, SkLearnRidge(alpha=RIDGE), near, drawn), count, samples)


def _kernel_shap(worth: Worth, count: int, samples: int) -> NDArray[np.float64]:
    from captum.attr import KernelShap  # noqa: PLC0415 - takes seconds, seldom used

    return _scores(KernelShap(worth), count, samples)


def _scores(method: Any, count: int, samples: int) -> NDArray[np.float64]:
    """Return (M,) the slopes of the line: the features are M ones, each of which a set may leave out."""
    import torch  # noqa: PLC0415 - see above

    found = method.attribute(torch.ones(1, count), n_samples=samples, perturbations_per_eval=samples)
    slopes: NDArray[np.float64] = found[0].double().numpy()
    return slopes
