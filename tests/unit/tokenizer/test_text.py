"""Tokens as bytes, and bytes as the characters they complete."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from model.tokenizer.pieces import Matches, TokenText, UnreadableText, require_whole_characters
from tests.tiny import EOS, tiny_tokenizer

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
FALLBACK_BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def sentencepiece_tokenizer() -> PreTrainedTokenizerFast:
    """A tokenizer that writes spaces as ▁ and unknown characters as <0x..> bytes, as Llama 2 does."""
    words = ["<unk>", *FALLBACK_BYTES, "▁", "▁the", "c", "a", "t", "▁中"]
    merges = []
    bpe = Tokenizer(
        models.BPE(vocab={word: index for index, word in enumerate(words)}, merges=merges, byte_fallback=True)
    )
    bpe.pre_tokenizer = pre_tokenizers.Metaspace()
    bpe.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=bpe, unk_token="<unk>")


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def text(tokenizer) -> TokenText:
    return TokenText(tokenizer)


BYTE_LEVEL = TokenText(tiny_tokenizer())
ENCODE = tiny_tokenizer()


@given(ANY_TEXT)
@example("從前😀👩‍👩‍👧 é\u0301 \x00\x1b\n\t ▁Ġ")
@example("")
def test_the_pieces_of_a_text_join_to_the_text(written):
    pieces = BYTE_LEVEL.pieces(ENCODE(written)["input_ids"])
    assert "".join(piece.text for piece in pieces) == written


@given(ANY_TEXT)
def test_the_bytes_of_the_tokens_join_to_the_bytes_of_the_text(written):
    parts = [BYTE_LEVEL.bytes_of(token_id) for token_id in ENCODE(written)["input_ids"]]
    assert b"".join(parts) == written.encode("utf-8")


@given(ANY_TEXT)
def test_what_has_been_shown_is_never_taken_back_and_never_broken(written):
    reader, shown = BYTE_LEVEL.reader(), ""
    for token_id in ENCODE(written)["input_ids"]:
        shown += reader.read(token_id).text
        assert written.startswith(shown)


@given(st.lists(st.integers(0, 255), max_size=12))
def test_any_tokens_a_model_may_choose_show_no_replacement_character(token_ids):
    for piece in BYTE_LEVEL.pieces(token_ids):
        assert "\ufffd" not in piece.text + piece.token
        assert piece.token, "and each is visible by itself"
        assert (piece.kind == "text") == bool(piece.text)


def test_the_bytes_of_one_character_are_empty_until_the_last_which_is_the_character(text, tokenizer):
    pieces = text.pieces(tokenizer("😀")["input_ids"])
    assert [piece.text for piece in pieces] == ["", "", "", "😀"]
    assert [piece.kind for piece in pieces] == ["bytes", "bytes", "bytes", "text"]
    assert [piece.token for piece in pieces] == ["<0xF0>", "<0x9F>", "<0x98>", "<0x80>"]


def test_bytes_that_never_become_a_character_add_nothing_and_do_not_harm_what_follows(text, tokenizer):
    begun = tokenizer("中")["input_ids"][:2]
    pieces = text.pieces([*begun, *tokenizer("a b")["input_ids"]])
    assert "".join(piece.text for piece in pieces) == "a b"


def test_a_space_belongs_to_the_token_that_begins_with_it(text, tokenizer):
    pieces = text.pieces(tokenizer("in the")["input_ids"])
    assert [piece.token for piece in pieces] == ["in", " the"]


def test_a_special_token_shows_its_name_and_adds_nothing_to_the_text(text, tokenizer):
    (piece,) = text.pieces([tokenizer.eos_token_id])
    assert (piece.token, piece.text, piece.kind) == (EOS, "", "special")


def test_a_special_token_typed_out_by_a_person_is_one_token(text, tokenizer):
    pieces = text.pieces(tokenizer(f"a{EOS}b")["input_ids"])
    assert [piece.kind for piece in pieces] == ["text", "special", "text"]


def test_an_added_token_that_is_not_special_is_text():
    tokenizer = tiny_tokenizer()
    tokenizer.add_tokens([AddedToken("Grüße")])
    (piece,) = TokenText(tokenizer).pieces(tokenizer("Grüße")["input_ids"])
    assert (piece.token, piece.text, piece.kind) == ("Grüße", "Grüße", "text")


def test_an_id_without_a_token_writes_nothing_and_is_called_by_its_number(text):
    """Some models have more rows of logits than their tokenizer has tokens."""
    assert text.bytes_of(len(text) + 5) == b""
    assert text.token(len(text) + 5) == f"<id {len(text) + 5}>"


def test_the_vocabulary_holds_every_token_by_id(text, tokenizer):
    assert len(text.vocabulary) == len(tokenizer) == len(text)
    for token_id in range(0, len(text), 7):
        assert text.vocabulary[token_id] == text.token(token_id)


def test_sentencepiece_tokens_read_as_spaces_characters_and_bytes():
    tokenizer = sentencepiece_tokenizer()
    text = TokenText(tokenizer)
    pieces = text.pieces(tokenizer("cat 😀\n")["input_ids"])
    assert "".join(piece.text for piece in pieces) == "cat 😀\n", "the space before it is not the text's"
    assert [piece.token for piece in pieces][-5:] == ["<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "\n"]
    assert text.token(tokenizer.convert_tokens_to_ids("▁the")) == " the"
    assert text.token(tokenizer.convert_tokens_to_ids("▁中")) == " 中"


def test_a_byte_level_token_that_looks_like_a_fallback_byte_is_text(text, tokenizer):
    assert "".join(piece.text for piece in text.pieces(tokenizer("<0x0A>")["input_ids"])) == "<0x0A>"


# Chats


def test_a_question_stands_in_the_template_up_to_where_the_model_is_to_answer():
    chatting = tiny_tokenizer()
    chatting.chat_template = (
        "{% for one in messages %}<{{ one.role }}>{{ one.content }}{{ eos_token }}{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    text = TokenText(chatting)
    assert text.chats and text.chat("Who? {{ me }}") == f"<user>Who? {{{{ me }}}}{EOS}<assistant>"
    assert [piece.kind for piece in text.pieces(chatting(text.chat("Who?"))["input_ids"])].count(
        "special"
    ) == 1


def test_without_a_template_there_is_no_chat(text):
    assert not text.chats
    with pytest.raises(ValueError, match="chat_template"):
        text.chat("Who?")


# Search


def test_a_search_finds_tokens_whatever_their_case_and_knows_which_are_the_very_word(text):
    found = text.matches("TH")
    assert [text.vocabulary[token_id] for token_id in found.equal] == ["th"]
    assert sorted(text.vocabulary[token_id] for token_id in found.containing) == [" the", "the"]
    assert text.matches("no such token") == Matches((), ())


def test_of_tokens_that_are_the_word_the_one_in_the_case_asked_for_comes_first(text):
    for letter in ("A", "a"):
        assert text.vocabulary[text.matches(letter).equal[0]] == letter


def test_every_token_that_contains_the_search_is_found_once(text):
    found = text.matches("a")
    ids = [*found.equal, *found.containing]
    assert len(ids) == len(set(ids))
    assert {text.vocabulary[one] for one in ids} == {one for one in text.vocabulary if "a" in one.casefold()}


# Half characters


@given(ANY_TEXT, st.integers(0xD800, 0xDFFF), ANY_TEXT)
def test_half_a_character_is_refused_and_its_place_told(before, surrogate, after):
    with pytest.raises(UnreadableText, match=f"character {len(before) + 1} is half .*U\\+{surrogate:04X}"):
        require_whole_characters(before + chr(surrogate) + after)


@given(ANY_TEXT)
def test_every_other_text_is_accepted(written):
    require_whole_characters(written)
