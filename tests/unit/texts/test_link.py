"""A link holds a run whole, is short, and whatever was done to it opens nothing else."""

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.sampler.sampling import uniform
from model.sampler.settings import SamplerSettings
from model.texts.link import (
    MOST_BYTES,
    MOST_CHARACTERS,
    USUAL,
    LinkError,
    NewerLink,
    decoded,
    encoded,
    varint,
)
from model.texts.recipe import Recipe, RecipeStep
from model.texts.run import Run
from viz.pages.example import load_example

WHOLE_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
SETTINGS = st.builds(
    SamplerSettings,
    temperature=st.sampled_from([0.0, 0.7, 1.3]),
    top_k=st.integers(0, 50),
    xtc_probability=st.sampled_from([0.0, 0.5]),
    logit_bias=st.sampled_from([(), ((5, -100.0), (999, 2.5))]),
    order=st.sampled_from([None, ("top_k", "temperature")]),
)
DRAWS = st.floats(0, 1, exclude_max=True)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """Recipes of any kind of run: forced tokens, dice of several seeds, settings that change on the way."""
    seed, first = draw(st.integers(0, 2**32)), draw(st.integers(1, 300))
    count = draw(st.integers(0, 20))
    steps = tuple(
        RecipeStep(
            token_id=draw(st.integers(0, 300_000)),
            u=draw(st.one_of(st.just(uniform(seed, first + index)), DRAWS)),
            forced=draw(st.booleans()),
            settings=draw(st.one_of(st.none(), SETTINGS)),
            coin=draw(st.one_of(st.none(), DRAWS)),
            typed=draw(st.one_of(st.none(), WHOLE_TEXT)),
        )
        for index in range(count)
    )
    ids = draw(st.one_of(st.none(), st.lists(st.integers(0, 300_000), min_size=first, max_size=first)))
    return Recipe(
        model=draw(WHOLE_TEXT),
        precision="float32",
        prompt=draw(WHOLE_TEXT),
        prompt_tokens=first,
        text=draw(WHOLE_TEXT),
        prompt_token_ids=None if ids is None else tuple(ids),
        settings=draw(SETTINGS),
        seed=seed,
        steps=steps,
        finish_reason=draw(st.sampled_from([None, "length", "eos", "stop", "context"])),
        computed_with="torch 2",
    )


def example() -> Recipe:
    """The recipe of the stored run."""
    return Recipe.of(load_example().run, prompt_follows=True, computed_with="torch 2.13.0")


def body_of(header: object, rest: bytes = b"") -> str:
    """A link whose header says anything at all."""
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    squeezed = zlib.compressobj(9, zdict=USUAL)
    data = squeezed.compress(varint(len(head)) + head + rest) + squeezed.flush()
    return "1." + base64.urlsafe_b64encode(data).decode().rstrip("=")


@given(recipes(), st.dictionaries(st.sampled_from(["at", "layer"]), st.integers(0, 99)))
def test_a_link_holds_every_part_of_a_recipe(recipe: Recipe, view: dict[str, int]) -> None:
    assert decoded(encoded(recipe, view)) == (recipe, view)


def test_the_link_of_a_usual_run_is_far_below_two_thousand_characters() -> None:
    assert len(encoded(example(), {"at": 12, "layer": 9, "head": 0, "mean_heads": True})) < 700


def test_a_link_says_nothing_of_a_run_but_what_it_takes_to_write_it_again() -> None:
    run = load_example().run
    recipe, _ = decoded(encoded(Recipe.of(run, prompt_follows=False), {}))
    assert recipe.prompt_token_ids == run.prompt_token_ids
    assert recipe.token_ids == run.token_ids[len(run.prompt_token_ids) :]
    assert [step.u for step in recipe.steps] == [step.u for step in run.steps]
    assert (recipe.settings, recipe.seed, recipe.text) == (run.settings, run.seed, run.text)


@given(st.data())
def test_a_link_that_was_mangled_is_refused_or_says_the_same(data: st.DataObject) -> None:
    whole = list(encoded(example(), {}))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.characters(min_codepoint=33, max_codepoint=126))
    try:
        recipe, _ = decoded("".join(whole))
    except LinkError:
        return
    assert recipe == example()


@given(st.integers(0, 400))
def test_a_link_that_was_cut_off_is_refused(length: int) -> None:
    with pytest.raises(LinkError):
        decoded(encoded(example(), {})[:length])


@given(
    st.one_of(
        st.text(max_size=80),
        st.binary(max_size=80).map(lambda some: "1." + some.hex()),
        st.none(),
        st.integers(),
        st.lists(st.text()),
    )
)
def test_what_is_no_link_is_refused(link: object) -> None:
    with pytest.raises(LinkError):
        decoded(link)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda some: st.one_of(
        st.lists(some, max_size=3), st.dictionaries(st.text(max_size=5), some, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
def test_a_header_that_says_anything_at_all_is_refused_with_a_sentence_or_read(data: st.DataObject) -> None:
    header = {
        "model": "a@b", "precision": "float32", "prompt": "p", "prompt_tokens": 1, "text": "t", "seed": 1,
        "finish_reason": "length", "computed_with": "", "settings": {}, "steps": 2,
    }  # fmt: skip
    names = [*header, "forced", "own", "draws", "coins", "typed", "view", "prompt_ids"]
    for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
        header[name] = data.draw(JSON)
    try:
        recipe, view = decoded(body_of(header, b"\x01\x02"))
    except LinkError as problem:
        assert str(problem)
        return
    assert isinstance(recipe, Recipe)
    assert isinstance(view, dict)


def test_links_of_a_newer_schema_are_told_from_mangled_ones() -> None:
    with pytest.raises(NewerLink, match="later version"):
        decoded("2" + encoded(example(), {})[1:])


def test_a_link_that_unpacks_to_far_more_than_it_is_is_refused() -> None:
    with pytest.raises(LinkError, match="too much"):
        decoded(body_of(b" " * (4 * MOST_BYTES)))
    with pytest.raises(LinkError, match="longer"):
        decoded("1." + "A" * MOST_CHARACTERS)


@pytest.mark.parametrize(
    "lie",
    [{"steps": 10**9}, {"prompt_tokens": -1}, {"seed": -1}, {"forced": [[0, 10**9]]}, {"draws": [[1, 0]]},
     {"coins": {"0": 2}}, {"settings": {"temperature": 1e400}}, {"finish_reason": "never"},
     {"text": "\ud800"},
     {"own": [[0, 1, {"logit_bias": "x"}]]}, {"typed": {"0": 5}}, {"seed": True}],
)  # fmt: skip
def test_what_cannot_be_is_refused(lie: dict[str, object]) -> None:
    header = {
        "model": "a@b", "precision": "float32", "prompt": "p", "prompt_tokens": 1, "text": "t", "seed": 1,
        "finish_reason": "length", "computed_with": "", "settings": {}, "steps": 1,
    }  # fmt: skip
    assert decoded(body_of(header, b"\x01"))[0].token_ids == (1,)
    with pytest.raises(LinkError):
        decoded(body_of({**header, **lie}, b"\x01"))


def test_a_run_with_dice_of_another_seed_keeps_them_to_the_last_bit() -> None:
    run = load_example().run
    other = tuple(replace(step, u=uniform(7, step.position)) for step in run.steps[10:])
    recipe = Recipe.of(replace(run, steps=run.steps[:10] + other), prompt_follows=True)
    link = encoded(recipe, {})
    assert decoded(link)[0] == recipe
    assert len(link) < 1_100


def test_the_schema_is_written_down() -> None:
    page = Path("docs/links.md").read_text(encoding="utf-8")
    header = {"settings", "steps", "forced", "own", "draws", "coins", "typed", "view", "prompt_ids"}
    for name in header | set(Run.__dataclass_fields__) - {"prompt_token_ids"}:
        assert f"`{name}`" in page
