"""A run that is shared comes out the same where the model is the same, and else one reads from where on."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from model.engine.engine import Engine
from model.lab.branching import branched
from model.lab.regeneration import Regenerating, regenerated
from model.network.language_model import LanguageModel
from model.sampler.settings import SamplerSettings
from model.texts.link import decoded, encoded
from model.texts.recipe import Recipe
from model.texts.run import Run
from tests.numerics.writing import PLENTY, WILD, ended, start
from tests.tiny import tiny_model

COIN = SamplerSettings(temperature=1.1, top_k=0, top_p=1.0, xtc_probability=0.5, xtc_threshold=0.005)


@pytest.fixture
def engine(tiny_gpt2: LanguageModel) -> Iterator[Engine]:
    with Engine(tiny_gpt2, PLENTY) as engine:
        yield engine


def winding(engine: Engine) -> Run:
    """A run with all that a recipe must hold: other settings, other dice and a forced token on the way."""
    run = ended(engine.write(start(engine.model, "Once there", WILD), 8))
    run = ended(engine.write(run, 6, settings=COIN, seed=7))
    run = branched(engine, run, 9 + len(run.prompt_token_ids), 65)
    return ended(engine.write(run, 7, settings=WILD, seed=11))


def through_a_link(run: Run) -> Recipe:
    recipe, _ = decoded(encoded(Recipe.of(run, prompt_follows=True), {}))
    return recipe


def test_a_run_from_a_link_is_the_run_down_to_every_number(engine: Engine, tiny_gpt2: LanguageModel) -> None:
    run = winding(engine)
    with Engine(tiny_gpt2, PLENTY) as elsewhere:  # which knows nothing of it
        found = regenerated(elsewhere, through_a_link(run), run.prompt_token_ids, run.precision)
    assert found.parted is None
    assert found.run.token_ids == run.token_ids
    for step, was in zip(found.run.steps, run.steps, strict=True):
        assert (step.u, step.forced, step.token, step.text, step.rank, step.kept, step.coin) == (
            was.u, was.forced, was.token, was.text, was.rank, was.kept, was.coin
        )  # fmt: skip
        assert (step.settings or found.run.settings) == (was.settings or run.settings)
        assert step.logprob == pytest.approx(was.logprob, abs=1e-4)
        assert step.probability == pytest.approx(was.probability, abs=1e-4)
        assert step.entropy_bits == pytest.approx(was.entropy_bits, abs=1e-3)
    assert found.run.finish_reason == run.finish_reason


def test_a_token_that_the_dice_do_not_give_is_where_the_texts_part(engine: Engine) -> None:
    run = ended(engine.write(start(engine.model, "Once there", WILD), 12))
    lie = through_a_link(run)
    other = (lie.steps[5].token_id + 1) % 250
    steps = (*lie.steps[:5], replace(lie.steps[5], token_id=other), *lie.steps[6:])
    pieces = engine.model.text.pieces((*run.prompt_token_ids, *(step.token_id for step in steps)))
    text = "".join(piece.text for piece in pieces[len(run.prompt_token_ids) :])
    found = regenerated(engine, replace(lie, steps=steps, text=text), run.prompt_token_ids, run.precision)
    assert found.parted == len(run.prompt_token_ids) + 5
    assert found.run.token_ids == run.token_ids, "what is written here is what the dice give here"
    assert found.shared.token_ids[found.parted] == other
    assert [step.forced for step in found.shared.steps] == [False] * 5 + [True] * 7


def test_another_model_of_the_same_vocabulary_is_told_token_by_token(engine: Engine) -> None:
    run = ended(engine.write(start(engine.model, "Once there", WILD), 12))
    with Engine(tiny_model("opt"), PLENTY) as other:
        assert other.model.encode("Once there") == run.prompt_token_ids
        following = Regenerating(other, through_a_link(run), run.prompt_token_ids, "float32")
        assert following.same_vocabulary
        *_, found = following
        drawn = ended(other.write(start(other.model, "Once there", WILD), 12))
    assert found.run.token_ids == drawn.token_ids
    differs = [a != b for a, b in zip(drawn.token_ids, run.token_ids, strict=True)].index(True)
    assert found.parted == differs
    assert found.shared.token_ids == run.token_ids


def test_a_text_of_another_vocabulary_is_compared_by_what_it_says(engine: Engine) -> None:
    run = ended(engine.write(start(engine.model, "Once there", WILD), 12))
    recipe = replace(through_a_link(run), text="quite another text", prompt_tokens=3)
    following = Regenerating(engine, recipe, run.prompt_token_ids, "float32")
    assert not following.same_vocabulary
    *_, found = following
    assert found.run.token_ids == run.token_ids, "the dice are those of the recipe"
    written = next(step.position for step in run.steps if step.text)  # bytes of a character say nothing yet
    assert found.parted == written
    assert "".join(step.text for step in found.shared.steps).endswith("quite another text")
    assert all(step.forced for step in found.shared.steps)


def test_one_that_is_stopped_ends_where_it_is(engine: Engine) -> None:
    run = ended(engine.write(start(engine.model, "Once there", WILD), 12))
    following = Regenerating(engine, through_a_link(run), run.prompt_token_ids, run.precision)
    found = iter(following)
    next(found)
    following.stop()
    *_, last = found
    assert len(last.run.steps) < 12
    assert last.run.finish_reason == "stop"


@pytest.mark.parametrize(
    "lie", [{"settings": SamplerSettings(logit_bias=((999_999, 1.0),))}, {"steps": "many"}]
)
def test_what_the_model_here_cannot_write_is_refused_before_anything_is_computed(
    engine: Engine, lie: dict[str, object]
) -> None:
    recipe = through_a_link(ended(engine.write(start(engine.model, "Once there", WILD), 3)))
    if lie.get("steps") == "many":
        lie = {"steps": recipe.steps * engine.model.info.context_length}
    with pytest.raises(ValueError, match=r"context|logit_bias"):
        Regenerating(engine, replace(recipe, **lie), engine.model.encode("Once there"), "float32")
