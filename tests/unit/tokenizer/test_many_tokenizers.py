"""Tokenizers of every kind: what is shown is what they decode, and what was typed is what goes in."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, processors
from transformers import PreTrainedTokenizerFast

from model.tokenizer.decoding_proof import BROKEN, require_followed
from model.tokenizer.pieces import TokenText
from model.tokenizer.spelling import UnfollowableDecoder
from model.tokenizer.typed import Typist, UnknownToken
from tests.many_tokenizers import BOS, EOS, KINDS, byte_level, metaspace, sentencepiece, wordpiece

MADE = {kind: make() for kind, make in KINDS.items()}
TEXTS = {kind: TokenText(tokenizer) for kind, tokenizer in MADE.items()}
TYPISTS = {kind: Typist(tokenizer, 10**6) for kind, tokenizer in MADE.items()}
SOME_TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.lists(
        st.sampled_from(["the", "cats", " ", "  ", "'s", "n't", ".", "中", "é", "e\u0301", EOS, "▁", "\n"])
    ).map("".join),
)
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def decoded(kind: str, token_ids: list[int]) -> str:
    """Return what the tokenizer itself makes of tokens, without � for what is no character."""
    text = MADE[kind].decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text.replace(BROKEN, "")


def joined(kind: str, token_ids: list[int]) -> str:
    return "".join(piece.text for piece in TEXTS[kind].pieces(token_ids)).replace(BROKEN, "")


@EVERY_KIND
@given(written=SOME_TEXT)
@example(written="Hello world, it's the cats' mat.")
@example(written="  the   cats ")
@example(written=f"the{EOS} cats{EOS}")
@settings(max_examples=60)
def test_the_pieces_join_to_the_text_that_the_tokenizer_decodes(kind, written):
    token_ids = list(TYPISTS[kind].typed(written).token_ids)
    assert joined(kind, token_ids) == decoded(kind, token_ids)


@EVERY_KIND
@given(data=st.data())
@settings(max_examples=60)
def test_so_they_do_for_tokens_that_nobody_would_type(kind, data):
    byte = re.compile(r"<0x..>")
    ids = [one for token, one in MADE[kind].get_vocab().items() if not byte.fullmatch(token)]
    token_ids = data.draw(st.lists(st.sampled_from(sorted(ids)), max_size=10))
    assert joined(kind, token_ids) == decoded(kind, token_ids)


@EVERY_KIND
@given(written=SOME_TEXT)
@settings(max_examples=60)
def test_what_was_typed_for_each_token_joins_to_the_text(kind, written):
    typed = TYPISTS[kind].typed(written)
    bare = MADE[kind](written, add_special_tokens=False)["input_ids"]
    assert list(typed.token_ids) == [*TYPISTS[kind].beginning, *bare]
    assert len(typed.slices) == len(typed.token_ids)
    assert "".join(typed.slices) == (written if bare else "")


@EVERY_KIND
def test_every_kind_is_proven_when_it_is_loaded(kind):
    require_followed(TEXTS[kind], MADE[kind])


@EVERY_KIND
def test_every_token_has_a_name(kind):
    assert all(TEXTS[kind].vocabulary)


def test_wordpiece_reads_as_words_with_their_spaces():
    text = TEXTS["WordPiece"]
    token_ids = TYPISTS["WordPiece"].typed("The cats weren't there.").token_ids
    assert "".join(piece.text for piece in text.pieces(token_ids)).startswith("the cats weren")
    assert not any("##" in piece.text + piece.token for piece in text.pieces(token_ids))


def test_the_space_behind_a_word_comes_with_the_next_one():
    pieces = TEXTS["end of word"].pieces(TYPISTS["end of word"].typed("the cat").token_ids)
    assert "".join(piece.text for piece in pieces) == "the cat"
    assert pieces[-1].token.endswith(" ") and not pieces[-1].text.endswith(" ")


@pytest.mark.parametrize(
    "decoder",
    [
        decoders.CTC(),
        decoders.Sequence([decoders.Fuse(), decoders.Strip(" ", 0, 1)]),
        decoders.Sequence([decoders.Fuse(), decoders.Replace("t", "")]),
        decoders.Sequence([decoders.ByteLevel(), decoders.Replace(" ", "_")]),
    ],
    ids=["CTC", "strip the end", "replace in the whole", "replace in bytes"],
)
def test_a_decoder_that_looks_at_the_whole_text_is_refused(decoder):
    tokenizer = metaspace("always", unigram=False)
    tokenizer.backend_tokenizer.decoder = decoder
    with pytest.raises(UnfollowableDecoder, match="cannot be told one by one"):
        TokenText(tokenizer)


def test_a_tokenizer_that_decodes_by_code_of_its_own_is_refused():
    tokenizer = byte_level()
    text = TokenText(tokenizer)
    tokenizer.decode = lambda token_ids, **_: "something else"
    with pytest.raises(UnfollowableDecoder, match="something else"):
        require_followed(text, tokenizer)


# What a tokenizer puts around a text


def around(kind: str):
    """Return a byte-level tokenizer with a post-processor that puts something around every text."""
    tokenizer = byte_level()
    bos, eos = ((name, tokenizer.convert_tokens_to_ids(name)) for name in (BOS, EOS))
    level = processors.ByteLevel(trim_offsets=True)
    made = {
        "end": processors.TemplateProcessing(single=f"$A {EOS}", special_tokens=[eos]),
        "both": processors.TemplateProcessing(single=f"{BOS} $A {EOS}", special_tokens=[bos, eos]),
        "end token on both sides": processors.TemplateProcessing(
            single=f"{EOS} $A {EOS}", special_tokens=[eos]
        ),
        "Bert": processors.BertProcessing(eos, bos),
        "Roberta": processors.RobertaProcessing(eos, bos),
        "byte level and both": processors.Sequence(
            [level, processors.TemplateProcessing(single=f"{BOS} $A {EOS}", special_tokens=[bos, eos])]
        ),
        "byte level": level,
        "beginning": processors.TemplateProcessing(single=f"{BOS} $A", special_tokens=[bos]),
    }
    tokenizer.backend_tokenizer.post_processor = made[kind]
    return tokenizer


BEGINNINGS = {
    **{"end": [], "both": [BOS], "end token on both sides": [EOS], "Bert": [BOS], "Roberta": [BOS]},
    **{"byte level and both": [BOS], "byte level": [], "beginning": [BOS]},
}


@pytest.mark.parametrize("kind", BEGINNINGS)
@pytest.mark.parametrize("written", ["Hello", f"Hello{EOS}", EOS, f"{BOS}Hello", f"{BOS}{EOS}", "a", ""])
def test_a_beginning_token_stays_and_what_comes_behind_the_text_is_dropped(kind, written):
    tokenizer = around(kind)
    tokens = tokenizer.convert_ids_to_tokens(Typist(tokenizer, 10**6).typed(written).token_ids)
    bare = tokenizer.convert_ids_to_tokens(byte_level()(written, add_special_tokens=False)["input_ids"])
    assert tokens == [*BEGINNINGS[kind], *bare]


def test_a_beginning_token_stays_where_no_latin_letter_is_a_token():
    tokens = ["<s>", "</s>", "Ä", "Ö", "Ü"]
    backend = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, []))
    backend.post_processor = processors.TemplateProcessing("<s> $A", None, [("<s>", 0)])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, bos_token="<s>", eos_token="</s>")
    assert Typist(tokenizer, 10**6).typed("ÄÖÜÄ").token_ids == (0, 2, 3, 4, 2)


def test_bert_reads_cls_and_the_text_but_no_sep():
    tokenizer = wordpiece()
    tokens = tokenizer.convert_ids_to_tokens(Typist(tokenizer, 10**6).typed("the cats").token_ids)
    assert tokens[0] == "[CLS]" and "[SEP]" not in tokens


def test_a_tokenizer_that_cuts_and_fills_texts_for_training_reads_the_whole_prompt():
    tokenizer = byte_level()
    plain = tokenizer("the cats sat", add_special_tokens=False)["input_ids"]
    tokenizer.backend_tokenizer.enable_truncation(2)
    tokenizer.backend_tokenizer.enable_padding(length=32)
    assert list(Typist(tokenizer, 10**6).typed("the cats sat").token_ids) == plain


# Tokens that the model does not know, and ids without a token


def test_a_text_with_a_token_beyond_the_rows_of_the_model_is_refused_and_any_other_read():
    tokenizer = byte_level()
    size = len(tokenizer)
    tokenizer.add_tokens(["<image>"])
    typist = Typist(tokenizer, size)
    assert typist.typed("an image").token_ids
    with pytest.raises(UnknownToken, match=rf"'<image>' \(id {size}\).*from 0 to {size - 1}"):
        typist.typed("an <image>")


def test_no_search_finds_a_token_that_the_model_does_not_know():
    tokenizer = byte_level()
    size = len(tokenizer)
    tokenizer.add_tokens(["<image>"])
    found = TokenText(tokenizer, size).matches("<image>")
    assert (found.equal, found.containing) == ((), ())


def test_an_id_without_a_token_has_a_name_and_adds_nothing():
    tokenizer = sentencepiece()
    size = len(tokenizer)
    text = TokenText(tokenizer, size + 8)
    (piece,) = text.pieces([size + 3])
    assert (piece.token, piece.text, piece.kind) == (f"<id {size + 3}>", "", "special")
    assert len(text.vocabulary) == size + 8 and text.bytes_of(size + 3) == b""
    assert text.matches(f"<id {size + 3}>").equal == (size + 3,)
    assert not {size + 3} & {*text.matches("id").equal, *text.matches("id").containing}
    assert text.matches(f"<id {size + 8}>").equal == (), "the model has no such id"


def test_special_tokens_are_known_by_their_mark_though_they_have_no_role():
    tokenizer = byte_level()
    tokenizer.backend_tokenizer.add_special_tokens([AddedToken("<|start|>", special=True)])
    assert tokenizer.convert_tokens_to_ids("<|start|>") not in tokenizer.all_special_ids
    (piece,) = TokenText(tokenizer).pieces(tokenizer("<|start|>")["input_ids"])
    assert (piece.token, piece.text, piece.kind) == ("<|start|>", "", "special")
