"""The table of tokens: what each reads, its id and its bytes, around the selected one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from model.tokenizer.pieces import Piece, TokenText
from tests.many_tokenizers import BOS, EOS, byte_level, sentencepiece
from viz.components.spelling import as_pieces
from viz.rooms.tokens.token_table import (
    AROUND,
    MOST_BYTES,
    TokenRow,
    TokenTable,
    TokenTableValue,
    token_table_value,
)
from viz.words.tokens import isolated

TOKENIZERS = {"byte level": byte_level(), "byte fallback": sentencepiece()}
TEXTS = {name: TokenText(tokenizer) for name, tokenizer in TOKENIZERS.items()}


def read(text: str, tokenizer: str = "byte level") -> list[Piece]:
    return TEXTS[tokenizer].pieces(TOKENIZERS[tokenizer](text, add_special_tokens=False)["input_ids"])


def row(piece: Piece) -> TokenRow:
    (found,) = token_table_value([piece], 0)["rows"]
    return found


def positions(value: TokenTableValue) -> list[int]:
    return [one["position"] for one in value["rows"]]


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(text=some.text(some.characters(exclude_categories=["Cs"]), min_size=1, max_size=AROUND // 4))
def test_the_bytes_of_all_rows_are_the_text_in_utf_8(tokenizer: str, text: str) -> None:
    """Whatever the text: emoji, half of a script, line breaks. No token here is longer than is shown."""
    value = token_table_value(read(text, tokenizer), 0)
    told = bytes.fromhex("".join(one["bytes"] for one in value["rows"]))
    written = f" {text}" if tokenizer == "byte fallback" else text  # that one writes a space before the text
    assert told.decode() == written
    counted = {"character": len(text), "byte": len(text.encode())}
    size = ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for word, count in counted.items())
    assert size in value["said"].replace("\u00a0", "")


def test_a_token_reads_as_in_the_strip_beside_its_id_and_its_bytes() -> None:
    found = row(Piece(12345, " né", " né", "text"))
    assert (found["token"], found["bytes"], found["note"], found["kind"]) == (
        "␣né",
        "20 6E C3 A9",
        "",
        "text",
    )
    assert found["token_id"].replace("\u00a0", " ") == "12 345"


def test_a_character_of_several_tokens_is_told_byte_by_byte_and_stands_where_it_is_complete() -> None:
    value = token_table_value(as_pieces(["字", "<0xE6>", "<0xB1>", "<0x89>"]), 3)
    assert [one["bytes"] for one in value["rows"]] == ["E5 AD 97", "E6", "B1", "89"]
    assert [one["token"] for one in value["rows"]] == ["字", "<0xE6>", "<0xB1>", "汉"]
    assert [one["kind"] for one in value["rows"]] == ["text", "bytes", "bytes", "text"]
    assert value["rows"][0]["note"] == ""
    for number, one in enumerate(value["rows"][1:], 1):
        assert one["note"].startswith(f"byte {number} of 3 of {isolated('汉')}")
    assert value["said"] == "4 tokens, 2 characters, 6 bytes."


def test_the_parts_of_a_character_are_known_though_it_begins_outside_of_what_is_listed() -> None:
    pieces = as_pieces(["<0xE6>", "<0xB1>", "<0x89>", *["a"] * (2 * AROUND)])
    value = token_table_value(pieces, AROUND + 1)
    assert positions(value)[0] == 1 and "byte 2 of 3" in value["rows"][0]["note"]


@pytest.mark.parametrize("name", [BOS, EOS])
def test_a_control_token_stands_for_no_bytes_and_says_so(name: str) -> None:
    text = TEXTS["byte level"]
    (piece,) = text.pieces([TOKENIZERS["byte level"].convert_tokens_to_ids(name)])
    found = row(piece)
    assert (found["kind"], found["bytes"], found["token"]) == ("special", "", name)
    assert "control token" in found["note"]
    assert "0 characters, 0 bytes" in token_table_value([piece], 0)["said"]


def test_an_id_without_a_token_is_called_by_its_number_and_stands_for_nothing() -> None:
    found = row(Piece(7, "<id 7>", "", "special"))
    assert (found["token"], found["bytes"]) == ("<id 7>", "")


def test_a_text_that_reads_like_a_byte_is_its_characters() -> None:
    assert row(Piece(0, "<0x41>", "<0x41>", "text"))["bytes"] == b"<0x41>".hex(" ").upper()
    assert row(Piece(0, "<0xF0>", "", "bytes"))["bytes"] == "F0"


def test_of_a_very_long_token_the_first_bytes_are_shown() -> None:
    told = row(Piece(0, " " * 80, " " * 80, "text"))["bytes"]
    assert told == " ".join(["20"] * MOST_BYTES) + " …"
    whole = row(Piece(0, " " * MOST_BYTES, " " * MOST_BYTES, "text"))["bytes"]
    assert whole == " ".join(["20"] * MOST_BYTES)


@pytest.mark.parametrize(
    ("length", "selected", "first", "last"),
    [
        (5, 0, 0, 4),
        (5, 5, 0, 4),  # the token that would come next
        (2 * AROUND + 1, AROUND, 0, 2 * AROUND),
        (1000, 0, 0, AROUND),
        (1000, 500, 500 - AROUND, 500 + AROUND),
        (1000, 999, 999 - AROUND, 999),
        (1000, 1000, 1000 - AROUND, 999),
    ],
)
def test_the_tokens_around_the_selected_one_are_listed(
    length: int, selected: int, first: int, last: int
) -> None:
    value = token_table_value([Piece(1, " a", " a", "text")] * length, selected)
    assert positions(value) == list(range(first, last + 1))
    chosen = [one["position"] for one in value["rows"] if one["selected"]]
    assert chosen == ([selected] if selected < length else [])
    said = value["said"].replace("\u00a0", "")
    assert said.startswith(f"{length} tokens, {2 * length} characters")
    assert (f"Listed here: {first} to {last}, around" in said) == (last - first + 1 < length)


def test_without_a_text_there_is_no_row() -> None:
    assert token_table_value([], 0)["rows"] == []


def test_nothing_of_a_token_is_markup_and_the_value_travels() -> None:
    pieces = as_pieces(["</script>", "${x}", "{{y}}", " שלום"])
    value = token_table_value(pieces, 0)
    assert json.loads(json.dumps(value)) == value
    assert [one["token"] for one in value["rows"]] == ["</script>", "${x}", "{{y}}", "␣שלום"]
    component = TokenTable()
    assert component.api_info()["type"] == "object" and "script>" not in component.html_template
