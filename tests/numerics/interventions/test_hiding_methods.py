"""Methods that hide tokens, on readings whose values are known by hand; and what tells methods apart."""

from collections.abc import Iterable, Iterator
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pytest
import torch

from model.interventions.agreement import agreement, by_size
from model.interventions.attribution import finished
from model.interventions.curves import MOST_POINTS, chance_curves, curves
from model.interventions.effect import read_clean
from model.interventions.hiding import Hidden, Hiding
from model.interventions.occlusion import occlusion
from model.interventions.rollout import rolled_back
from model.interventions.surrogates import kernel_shap, lime
from model.interventions.target import Target
from model.interventions.token_scores import Sampled, TokenScores
from tests.tiny import tiny_model

GIVES = (2.0, -1.5, 0.7, 3.0, -0.4)
"""What each token of a planted text gives; the last two give another `TOGETHER` if both are there."""
TOGETHER = 0.6


def planted(hidden: Hidden) -> float:
    """What a planted text is worth with tokens hidden."""
    there = [position for position in range(len(GIVES)) if position not in hidden]
    return -3 + sum(GIVES[one] for one in there) + TOGETHER * ({3, 4} <= {*there})


class Planted(Hiding):
    """A text of six tokens that is worth what is known; nobody need read it."""

    def __init__(self) -> None:
        self.values = {frozenset(): planted(frozenset())}
        self.reads = 0

    count = len(GIVES)

    def read(self, wanted: Iterable[Hidden]) -> Iterator[int]:
        for hidden in self.missing(wanted):
            self.values[hidden] = planted(hidden)
            self.reads += 1
            yield 1


class Thread:
    """A model of which nothing is asked but its thread."""

    def intervene(self, work: Any) -> Any:
        return work(None)


def shapley() -> list[float]:
    """Shapley values by their definition: over all sets, weighted."""
    players = range(len(GIVES))
    found = []
    for player in players:
        others, total = [one for one in players if one != player], 0.0
        for size in range(len(others) + 1):
            weight = factorial(size) * factorial(len(GIVES) - size - 1) / factorial(len(GIVES))
            for there in combinations(others, size):
                gone = frozenset(players) - {*there}
                total += weight * (planted(gone - {player}) - planted(gone))
        found.append(total)
    return found


def test_lime_shap_and_occlusion_agree_in_sign_with_what_was_planted() -> None:
    model: Any = Thread()
    for scoring in (occlusion(Planted()), lime(model, Planted()), kernel_shap(model, Planted())):
        found = finished(scoring)
        assert np.sign(found.values[:-1]).tolist()[:4] == np.sign(GIVES[:4]).tolist(), found.method
        assert np.argmax(found.values[:-1]) == 3
        assert np.isnan(found.values[-1])


def test_occlusion_misses_what_a_token_gives_with_all_others_there() -> None:
    found = finished(occlusion(Planted()))
    expected = [2.0, -1.5, 0.7, 3.0 + TOGETHER, -0.4 + TOGETHER]
    np.testing.assert_allclose(found.values[:-1], expected)


def test_kernel_shap_nears_the_shapley_values_and_adds_up() -> None:
    model: Any = Thread()
    found = finished(kernel_shap(model, Planted(), samples=2000))
    np.testing.assert_allclose(found.values[:-1], shapley(), atol=0.05)
    assert found.values[:-1].sum() == pytest.approx(planted(frozenset()) - planted(Planted().all), abs=1e-3)
    np.testing.assert_allclose(shapley(), [2.0, -1.5, 0.7, 3.0 + TOGETHER / 2, -0.4 + TOGETHER / 2])


def test_the_same_seed_draws_the_same_sets_and_another_one_others() -> None:
    model: Any = Thread()
    for method in (lime, kernel_shap):
        once, again, other = (finished(method(model, Planted(), 12, seed)).values for seed in (3, 3, 4))
        np.testing.assert_array_equal(once, again)
        assert np.abs(once - other)[:-1].max() > 0


def test_nobody_else_s_dice_are_thrown_or_reset() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    model: Any = Thread()
    finished(lime(model, Planted(), 12))
    assert torch.equal(state, torch.get_rng_state())


def test_no_set_is_read_twice() -> None:
    model: Any = Thread()
    hiding = Planted()
    found = finished(kernel_shap(model, hiding, samples=500))
    assert isinstance(found.checked, Sampled)
    assert (found.checked.samples, found.checked.distinct) == (500, hiding.reads + 1)
    assert hiding.reads <= 2 ** len(GIVES) - 1
    before = hiding.reads
    finished(kernel_shap(model, hiding, samples=500))
    assert hiding.reads == before


def test_rollout_of_two_layers_is_the_formula_by_hand() -> None:
    """Abnar and Zuidema: (0.5 W2 + 0.5 I)(0.5 W1 + 0.5 I), its last row; of two heads the mean."""
    first = np.array([[[1, 0], [0.2, 0.8]], [[1, 0], [0.6, 0.4]]], dtype=np.float32)  # mean 0.4, 0.6
    second = np.array([[[1, 0], [0.5, 0.5]], [[1, 0], [0.1, 0.9]]], dtype=np.float32)  # mean 0.3, 0.7
    row = rolled_back(rolled_back(np.array([0.0, 1.0]), second), first)
    # above: (0.15, 0.85); below: rows (1, 0) and (0.2, 0.8)
    np.testing.assert_allclose(row, [0.15 + 0.85 * 0.2, 0.85 * 0.8], atol=1e-7)


def scores(*values: float, method: Any = "occlusion") -> TokenScores:
    return TokenScores(method, np.array(values, dtype=float))


def test_kendall_s_tau_is_what_pairs_say_that_are_counted_by_hand() -> None:
    """Six pairs of four tokens: 1<2 1<3 1<4 2<3 2<4 agree, 3<4 does not; the fifth has one number only."""
    one, other = scores(1, 2, 3, 4, np.nan), scores(10, 20, 40, 30, 5, method="lime")
    found = agreement(one, other)
    assert found is not None
    assert found.tau == pytest.approx((5 - 1) / 6) and found.count == 4 and not by_size(one, other)
    assert -1 <= found.low <= found.tau <= found.high <= 1


def test_sizes_are_compared_with_a_method_that_knows_no_sign() -> None:
    one, other = scores(-4, 3, -2, 1), scores(0.4, 0.3, 0.2, 0.1, method="rollout")
    found = agreement(one, other)
    assert found is not None and found.tau == 1 and by_size(one, other)


@pytest.mark.parametrize(
    ("one", "other"), [((1, 2, 3), (1, 2, 3)), ((1, 2, 3, 4), (5, 5, 5, 5)), ((np.nan,) * 4, (1, 2, 3, 4))]
)
def test_too_few_tokens_and_equal_scores_have_no_order_to_agree_on(one: Any, other: Any) -> None:
    assert agreement(scores(*one), scores(*other)) is None


def test_curves_hide_and_show_in_the_order_of_the_scores() -> None:
    hiding = Planted()
    found = finished(curves(hiding, finished(occlusion(hiding))))
    assert found.counts == (0, 1, 2, 3, 4, 5)
    order = [3, 0, 2, 4, 1]
    for index, count in enumerate(found.counts):
        assert found.deletion[index] == planted(frozenset(order[:count]))
        assert found.insertion[index] == planted(frozenset(order[count:]))
    assert found.deletion[0] == found.insertion[-1] == planted(frozenset())
    assert found.deletion[-1] == found.insertion[0] == planted(hiding.all)
    assert found.deletion_area == pytest.approx(np.mean((found.deletion[1:] + found.deletion[:-1]) / 2))


def test_the_right_order_is_better_than_chance_and_the_wrong_one_worse() -> None:
    hiding = Planted()
    right = finished(curves(hiding, scores(*GIVES, np.nan)))
    wrong = finished(curves(hiding, scores(*(-one for one in GIVES), np.nan)))
    chance = finished(chance_curves(hiding))
    assert right.deletion_area < chance.deletion_area < wrong.deletion_area
    assert right.insertion_area > chance.insertion_area > wrong.insertion_area


def test_curves_of_a_real_reading_begin_with_the_clean_logprob_and_end_with_all_hidden() -> None:
    model, text = tiny_model("llama"), list(range(3, 43))
    clean = read_clean(model, text)
    hiding = Hiding(model, clean, Target(9))
    found = finished(curves(hiding, scores(*range(40))))
    assert len(found.counts) == MOST_POINTS and (found.counts[0], found.counts[-1]) == (0, 39)
    logprob = float(clean.logits.log_softmax(-1)[9])
    assert found.deletion[0] == found.insertion[-1] == pytest.approx(logprob)
    assert found.deletion[-1] == pytest.approx(found.insertion[0], abs=1e-5)
