"""Characters that take several tokens: which bytes of which one a token holds, and how that is said."""

from hypothesis import given
from hypothesis import strategies as some

from model.texts.run import Run
from model.tokenizer.pieces import Piece
from viz.components.spelling import (
    Part,
    as_pieces,
    begun_before,
    completed,
    explained,
    raw_bytes,
    shown_piece,
    spelled,
)
from viz.components.token_strip import strip_value
from viz.words.prose import prose
from viz.words.tokens import display_token, isolated

HAN = ["字", "<0xE6>", "<0xB1>", "<0x89>"]


def test_each_token_of_a_character_knows_its_bytes() -> None:
    found = spelled(as_pieces(HAN))
    assert found == {
        1: (Part("汉", 1, 1, 3, 3),),
        2: (Part("汉", 2, 2, 3, 3),),
        3: (Part("汉", 3, 3, 3, 3),),
    }


def test_a_token_may_end_one_character_and_begin_another() -> None:
    found = spelled(as_pieces(["<0xF0><0x9F>", "<0x91><0xA8><0xE2><0x80>", "<0x8D>", " ok"]))
    assert found[0] == (Part("👨", 1, 2, 4, 2),)
    assert found[1] == (Part("👨", 3, 4, 4, 2), Part("\u200d", 1, 2, 3, 2))
    assert 3 not in found


def test_a_character_that_is_never_completed_is_none() -> None:
    (part,) = spelled(as_pieces(["<0xE4>", " x"]))[0]
    assert (part.character, part.first, part.last, part.size) == ("", 1, 1, 3)
    assert spelled(as_pieces(["a", "<0x80>", "b"])) == {}, "bytes that belong nowhere"


def test_a_text_that_reads_like_a_byte_is_none() -> None:
    assert spelled([Piece(0, "<0xF0>", "<0xF0>", "text"), Piece(1, "<0x9F>", "<0x9F>", "text")]) == {}


def test_the_sentences_say_which_bytes_of_which_character_and_why() -> None:
    first, why = explained(spelled(as_pieces(HAN))[1])
    assert first == f"byte 1 of 3 of {isolated('汉')}, a character that takes 3 tokens"
    assert "No vocabulary has room for every character" in why
    assert explained(()) == []
    (unfinished, _) = explained(spelled(as_pieces(["<0xF0><0x9F>"]))[0])
    assert unfinished.startswith("bytes 1 to 2 of 4 of a character that takes several tokens")


def test_the_strip_explains_its_bytes_once_their_character_is_there() -> None:
    pieces = as_pieces(HAN)
    run = Run("tiny@0", "字汉", tuple(range(len(pieces))))
    tokens = strip_value(pieces, run, selected=None, colour_by="rank")["tokens"]
    assert [token["part"] for token in tokens] == [False, True, True, True]
    assert f"byte 2 of 3 of {isolated('汉')}" in tokens[2]["title"]
    assert [token["joined"] for token in tokens] == [False, False, True, True], "no line break within one"


def test_beside_others_a_token_shows_the_character_that_it_completes() -> None:
    assert [shown_piece(one) for one in as_pieces([*HAN, " a<0xE6>", "<0xB1><0x89><0xE6>"])] == [
        *("字", "<0xE6>", "<0xB1>", "汉", "␣a<0xE6>", "汉<0xE6>"),
    ]


def test_bytes_behind_a_hebrew_letter_run_to_the_right() -> None:
    (one,) = as_pieces(["י<0xD7>"])
    assert shown_piece(one) == display_token("י<0xD7>") == "י\u200e<0xD7>"


def test_a_row_of_the_table_says_what_its_bytes_would_complete() -> None:
    pieces = as_pieces(HAN)
    assert [begun_before(pieces, at) for at in range(5)] == [b"", b"", b"\xe6", b"\xe6\xb1", b""]
    assert completed(b"\xe6\xb1", "<0x89>") == "汉" and completed(b"\xe6\xb1", "<0x81><0xE6>") == "汁"
    assert completed(b"\xe6", "<0x89>") == "", "not whole with it"
    assert completed(b"\xe6", " a") == completed(b"", "<0x89>") == ""
    assert completed(b"\xe6", "<0xE6><0xB1><0x89>") == "", "another character"
    literal = [Piece(0, "<0xE6>", "<0xE6>", "text")]
    assert begun_before(literal, 1) == b""


@given(some.text(min_size=1, max_size=8), some.randoms(use_true_random=False))
def test_parts_of_a_character_are_all_of_its_bytes_in_order(text: str, random) -> None:
    tokens = []
    for one in text:
        raw = one.encode("utf-8", errors="ignore")
        cut = random.randint(0, len(raw))
        tokens += ["".join(f"<0x{byte:02X}>" for byte in part) for part in (raw[:cut], raw[cut:]) if part]
    assert b"".join(map(raw_bytes, tokens)).decode() == text.encode(errors="ignore").decode()
    found = spelled(as_pieces(tokens))
    for index, parts in found.items():
        for part in parts:
            assert part.character in text
            assert raw_bytes(tokens[index]) == part.character.encode()[part.first - 1 : part.last]


def test_tokens_in_a_sentence_keep_their_direction_and_are_left_alone_by_translators() -> None:
    told = prose(f"u falls on “{isolated('<b>سلام')}” & more")
    assert told == 'u falls on “<bdi translate="no">&lt;b&gt;سلام</bdi>” &amp; more'
    assert prose("\u2068 alone & <i>") == "\u2068 alone &amp; &lt;i&gt;"
