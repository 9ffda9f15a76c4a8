"""A link is made of the text on a page, and opened on another one, as the app's own handlers do."""

from dataclasses import replace
from typing import Any

import pytest
import segno

from model.sampler.settings import SamplerSettings
from model.texts.link import decoded, encoded
from model.texts.recipe import Recipe
from tests.pages.desk import Desk, Screen, told
from viz.components.chain import DIALLED, chain_value, in_chain
from viz.rooms.share.linking import LONGEST_LINK, qr_code

ADDRESS = "https://example.org/gpt/?page=lab.dice"


class Sharer(Desk):
    """A visitor who shares a text, or opens one that was shared."""

    def link(self, address: Any = ADDRESS) -> Any:
        return self.handler("sharing", "submit")(self.visitor, {"ask": address}, *self.values)

    def open(self, link: Any) -> list[Any]:
        handler = self.handler("sharing", "select")
        return list(handler(self.visitor, {"open": link}, *self.values))

    def opened(self, link: Any) -> str:
        """Open what stands behind `#run=` and return the notice at the end."""
        *_, last = self.open(link)
        return told(self.named(last))

    def named(self, answer: Any) -> Any:
        return Screen(*answer[1 + len(self.values) :])


def run_of(value: Any) -> str:
    return value["link"].partition("#run=")[2]


@pytest.fixture
def sharer(app, newcomer) -> Sharer:
    return Sharer(app, newcomer())


@pytest.fixture
def other(app, newcomer) -> Sharer:
    return Sharer(app, newcomer())


def test_a_text_that_is_opened_from_its_link_is_identical_and_looked_at_as_it_was(sharer, other):
    sharer.write(max_new_tokens=6, seed=7, temperature=1.3, top_k=9)
    sharer.select(4)
    value = sharer.link()
    assert value["link"].startswith(ADDRESS + "#run=1.")
    assert "Identical to the shared run: all 6 tokens" in other.opened(run_of(value))
    assert other.visitor.run.token_ids == sharer.visitor.run.token_ids
    assert other.visitor.selected == 4
    now = other.visitor.controls
    assert (now.seed, now.temperature, now.top_k, now.max_new_tokens) == (7, 1.3, 9, 6)
    assert other.visitor.history.can_undo


def test_what_comes_out_otherwise_is_kept_beside_what_was_shared(sharer, other, service):
    sharer.write(max_new_tokens=6, seed=7)
    run = sharer.visitor.run
    recipe = Recipe.of(run, prompt_follows=True)
    other_id = next(one for one in range(40, 90) if one != run.steps[2].token_id)
    steps = tuple(replace(step, token_id=other_id) if i == 2 else step for i, step in enumerate(recipe.steps))
    pieces = service.model.text.pieces((*run.prompt_token_ids, *(step.token_id for step in steps)))
    text = "".join(piece.text for piece in pieces[len(run.prompt_token_ids) :])
    said = other.opened(encoded(replace(recipe, steps=steps, text=text, computed_with="torch 1"), {}))
    assert "Differs from the shared run from token 3 on: another version of the library" in said
    assert {one.name for one in other.visitor.tree.branches} >= {"Shared", "Written here"}
    assert other.visitor.run.token_ids == run.token_ids
    assert other.visitor.selected == len(run.prompt_token_ids) + 2


def test_a_text_of_another_model_says_so(sharer, other):
    sharer.write(max_new_tokens=6, seed=7)
    recipe = Recipe.of(sharer.visitor.run, prompt_follows=True)
    said = other.opened(encoded(replace(recipe, model="gpt2@0123", text="else"), {}))
    assert "another model" in said
    assert "gpt2@0123" in said


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("2.abc", "later version"),
        ("1.abc", "missing or was changed"),
        ("<script>alert(1)</script>", "missing"),
        (None, "no text"),
        ({"a": 1}, "no text"),
        ("1." + "A" * 9_000, "longer"),
    ],
)
def test_a_link_that_cannot_be_opened_says_why_and_leaves_the_page_as_it_was(sharer, link, why):
    before = sharer.visitor.run
    said = sharer.opened(link)
    assert "cannot be opened" in said
    assert why in said
    assert sharer.visitor.run is before


def test_a_text_longer_than_this_server_takes_is_refused_before_it_is_computed(sharer, other, service):
    sharer.write(max_new_tokens=3)
    recipe = Recipe.of(sharer.visitor.run, prompt_follows=True)
    long = replace(recipe, steps=recipe.steps * service.limits.max_text_tokens)
    assert "this server takes" in other.opened(encoded(long, {}))


def test_views_that_mean_nothing_here_are_left_aside(sharer, other):
    sharer.write(max_new_tokens=3)
    recipe = Recipe.of(sharer.visitor.run, prompt_follows=True)
    view = {"at": 9_999_999, "layer": 9_999, "head": "x", "mean_heads": "yes", "max_new_tokens": -1}
    assert "Identical" in other.opened(encoded(recipe, view))
    assert other.visitor.selected == len(sharer.visitor.run.token_ids) - 1


def test_what_does_not_fit_into_a_link_is_offered_as_a_file(sharer):
    sharer.prompt = "".join(chr(0x4E00 + 37 * index % 20_000) for index in range(15))
    sharer.write(max_new_tokens=3)
    value = sharer.link("https://example.org/" + "a" * 480)
    assert len(value["link"]) <= LONGEST_LINK
    run = sharer.visitor.run
    step = run.steps[-1]
    sharer.visitor.run = replace(
        run, steps=run.steps + tuple(replace(step, u=index / 977) for index in range(1, 400))
    )
    value = sharer.link()
    assert value["link"] == ""
    assert "Save it as a file" in value["said"]


@pytest.mark.parametrize("asked", [None, {}, {"ask": "javascript:alert(1)"}, {"ask": "https://" + "a" * 900}])
def test_only_the_address_of_a_page_becomes_a_link(sharer, asked):
    answer = sharer.handler("sharing", "submit")(sharer.visitor, asked, *sharer.values)
    assert "link" not in answer


def test_the_link_of_a_text_with_bans_and_an_order_sets_the_chain(sharer, other):
    settings = SamplerSettings(
        temperature=0.7, top_k=5, typical_p=0.9, logit_bias=((40, -100.0),), order=("top_k", "temperature")
    )
    sharer.controls["chain"] = chain_value(settings, 1)
    sharer.write(max_new_tokens=4, temperature=0.7, top_k=5)
    assert "Identical" in other.opened(run_of(sharer.link()))
    assert other.visitor.controls.settings.acts_like(sharer.visitor.run.settings)


def test_a_chain_value_makes_the_settings_that_it_was_made_of():
    settings = SamplerSettings(temperature=0.7, min_p=0.1, dry_multiplier=0.8, logit_bias=((7, 2.0),))
    dials = {name: getattr(settings, name) for name in DIALLED}
    assert SamplerSettings(**dials, **in_chain(chain_value(settings, 3), dials)) == settings


def test_the_qr_code_is_that_of_the_link():
    text = "https://example.org/#run=1.abc"
    code = qr_code(text)
    made = segno.make(text, error="l", micro=False, boost_error=False)
    matrix = [list(row) for row in made.matrix_iter(border=4)]
    assert code["size"] == len(matrix)
    corners = (one.partition("h")[0].split() for one in code["path"].split("M")[1:])
    dark = {(int(left), int(top)) for left, top in corners}
    assert dark == {(x, y) for y, row in enumerate(matrix) for x, is_dark in enumerate(row) if is_dark}


def test_every_link_holds_the_run_that_was_on_the_page(sharer):
    sharer.write(max_new_tokens=6, seed=3)
    recipe, view = decoded(run_of(sharer.link()))
    assert recipe.token_ids == tuple(step.token_id for step in sharer.visitor.run.steps)
    assert view["at"] == sharer.visitor.selected
