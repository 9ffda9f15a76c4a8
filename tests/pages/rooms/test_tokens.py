"""What the page and the API show of tokenizers that are unlike the default's."""

from collections.abc import Callable
from typing import Any

import gradio as gr
import pytest

from model.network.language_model import LanguageModel
from model.sampler.settings import BAN
from tests.many_tokenizers import BOS, EOS, byte_level, sentencepiece, wordpiece
from tests.pages.conftest import service_of
from tests.pages.desk import Desk
from tests.tokenizer_models import model_with
from viz.api.explore import Api
from viz.api.interior import InteriorApi
from viz.api.lab import LabApi
from viz.pages.masthead import describe
from viz.words.tokens import isolated

PADDING = 7
"""Ids of the model that are no token."""


@pytest.fixture(scope="module")
def padded() -> LanguageModel:
    """A model with some more rows than its tokenizer has tokens."""
    tokenizer = sentencepiece()
    return model_with(tokenizer, len(tokenizer) + PADDING)


def only(model: LanguageModel, token_id: int) -> dict[str, Any]:
    """Return the chain under which nothing but one token can come."""
    return {"order": ["logit_bias", "top_k"], "values": {}, "logit_bias": {str(token_id): -BAN}}


@pytest.fixture
def desk_of(open_app: Callable[..., gr.Blocks], newcomer: Callable[[], Any]) -> Callable[..., Desk]:
    def made(model: LanguageModel) -> Desk:
        desk = Desk(open_app(model), newcomer())
        desk.prompt = "the cats"
        return desk

    return made


def test_an_id_without_a_token_is_called_by_its_number_everywhere(desk_of, padded):
    desk, nameless = desk_of(padded), padded.info.vocab_size - 2
    name = f"<id {nameless}>"
    last = desk.write(max_new_tokens=3, top_k=1, chain=only(padded, nameless))[-1]
    assert [step.token for step in desk.visitor.run.steps] == [name] * 3
    assert [token["text"] for token in last.strip["tokens"][-3:]] == [name] * 3
    assert {token["mark"] for token in last.strip["tokens"][-3:]} == {"special"}
    assert last.bars["rows"][-1]["token"] == name or name in [row["token"] for row in last.bars["rows"]]
    assert [row["text"] for row in last.tree["rows"]] == [name * 3]
    found = desk.move(query=name).found
    assert [row["token_id"] for row in found["rows"]] == [nameless]
    assert all(row["token"] for row in desk.move(rows=30).bars["rows"])


def test_programs_read_its_name_too(open_app, padded):
    service = service_of(open_app(padded))
    everything = Api(service).next_token("the", top=0)["tokens"]
    names = {one["token_id"]: one["token"] for one in everything}
    assert all(names.values()) and len(names) == padded.info.vocab_size
    assert names[padded.info.vocab_size - 1] == f"<id {padded.info.vocab_size - 1}>"
    nameless = padded.info.vocab_size - 1
    run = list(Api(service).generate("the", 2, seed=1))[-1]
    branch = list(LabApi(service).branch(run, len(run["prompt_token_ids"]), nameless, 0))[-1]
    assert branch["steps"][0]["token"] == f"<id {nameless}>"
    layers = InteriorApi(service).lens("the", 1)["layers"]
    assert all(one["token"] for layer in layers for one in layer["tokens"])


def test_a_search_counts_the_tokens_that_were_typed_and_no_other(desk_of, padded):
    desk = desk_of(padded)
    desk.write(max_new_tokens=2)
    assert len(padded.encode("xyz")) == 5, "the beginning and a space stand before it"
    note = desk.move(query="xyz").found["note"]
    assert f"it is 3: {' · '.join(map(isolated, 'xyz'))}" in note and BOS not in note


@pytest.mark.parametrize(
    ("make", "typed", "parts"),
    [
        (sentencepiece, "xyz", ("x", "y", "z")),
        (sentencepiece, " xyz", (" ", "x", "y", "z")),
        (sentencepiece, "😀", ("<0xF0>", "<0x9F>", "<0x98>", "😀")),
        (sentencepiece, f"{EOS}z", (EOS, "z")),
        (wordpiece, "thecat", ("the", "c", "at")),
        (wordpiece, "☃", ("[UNK]",)),
        (byte_level, "xyz", ("x", "y", "z")),
    ],
)
def test_the_parts_of_what_was_typed_are_its_own(make, typed, parts):
    assert model_with(make()).parts(typed) == parts


def test_a_token_that_the_model_does_not_know_is_refused_wherever_it_is_typed(desk_of, open_app):
    tokenizer = byte_level()
    rows = len(tokenizer)
    tokenizer.add_tokens(["<image>"])
    model = model_with(tokenizer, rows)
    desk = desk_of(model)
    desk.write(max_new_tokens=2)
    run = desk.visitor.run
    said = f"'<image>' (id {rows})"
    desk.prompt = "an <image>"
    for button in ("generate", "step", "score"):
        assert "&#x27;&lt;image&gt;&#x27;" in desk.write(button)[-1].notice and desk.visitor.run is run
    assert "&lt;image&gt;" in desk.move(query="<image>").notice, "no row, and no count of what cannot be read"
    service = service_of(open_app(model))
    for call in (
        lambda: list(Api(service).generate("an <image>")),
        lambda: Api(service).tokenize("<image>"),
        lambda: InteriorApi(service).score("an <image>"),
    ):
        with pytest.raises(gr.Error) as refused:
            call()
        assert said in str(refused.value.message)
    with pytest.raises(gr.Error, match=f"between 0 and {rows - 1}"):
        LabApi(service).stages("an", {"logit_bias": {str(rows): BAN}})
    with pytest.raises(gr.Error, match="token_id must be between"):
        list(LabApi(service).branch(list(Api(service).generate("an", 1))[-1], 2, rows))


@pytest.mark.parametrize("typed", ["The  Cats!", " sat on\tthe mat. "])
def test_a_scored_text_is_written_on_though_the_tokenizer_spells_it_otherwise(desk_of, typed):
    """In small letters, without the spaces: what stands in the prompt is still the text on the page."""
    model = model_with(wordpiece())
    desk = desk_of(model)
    desk.prompt = typed
    desk.write("score")
    given = desk.visitor.run.token_ids
    assert given == model.encode(typed) and model.text.token(given[0]) == "[CLS]"
    desk.write("step")
    assert desk.visitor.run.token_ids[:-1] == given
    desk.press("undo")
    assert desk.visitor.run.token_ids == given


# What ends a text


def with_two_ends(tokenizer: Any) -> LanguageModel:
    """Return a model whose generation settings name one end of text, and whose tokenizer another."""

    def change(transformer: Any) -> None:
        transformer.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids(BOS)

    return model_with(tokenizer, change=change)


def test_both_the_end_of_the_generation_settings_and_the_tokenizers_own_end_a_text(desk_of):
    tokenizer = byte_level()
    model = with_two_ends(tokenizer)
    ids = {tokenizer.convert_tokens_to_ids(name) for name in (BOS, EOS)}
    assert model.eos_token_ids == ids
    for token_id in ids:
        desk = desk_of(model)
        last = desk.write(max_new_tokens=5, top_k=1, chain=only(model, token_id))[-1]
        assert desk.visitor.run.finish_reason == "eos" and len(desk.visitor.run.steps) == 1
        name = {BOS: "&lt;s&gt;", EOS: "&lt;/s&gt;"}[model.text.token(token_id)]
        assert f"the model chose {name} (end-of-text)" in last.status


def test_which_tokens_end_a_text_is_told_on_the_page_and_to_programs(open_app):
    model = with_two_ends(byte_level())
    first, second = sorted(model.eos_token_ids)
    said = describe(model.info, model.ends)
    assert f"&lt;s&gt; ({first}), &lt;/s&gt; ({second})" in said
    told = Api(service_of(open_app(model))).model()
    assert told["end_tokens"] == [{"token_id": first, "token": BOS}, {"token_id": second, "token": EOS}]
    assert (told["name"], told["vocab_size"], told["formats"]) == ("tiny", model.info.vocab_size, ["float32"])


def test_many_ends_are_all_named_and_none_is_said():
    model = with_two_ends(byte_level())
    many = describe(model.info, [(1, "a"), (2, "b"), (3, "c"), (4, "d")])
    assert "a (1), b (2), c (3), d (4)" in many
    assert "No token of this model ends a text." in describe(model.info)


def test_an_end_that_the_model_cannot_choose_is_none():
    tokenizer = byte_level()
    rows = len(tokenizer)

    def change(transformer: Any) -> None:
        transformer.generation_config.eos_token_id = [rows + 3, 1]

    assert model_with(tokenizer, rows, change).eos_token_ids == {1}
