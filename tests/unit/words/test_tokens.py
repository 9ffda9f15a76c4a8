"""How tokens of any script read: what cannot be seen has a mark, and joiners still join."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as some

from viz.words.tokens import (
    ARABIC_CARRIER,
    CARRIER,
    MARK,
    OTHER_SPACE,
    display_text,
    display_token,
    hidden,
    isolated,
    told_token,
)

FAMILY = "👨\u200d👩\u200d👧"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
INVISIBLE = [
    "\u200c",
    "\u200d",
    "\ufeff",
    "\u200e",
    "\u200f",
    "\u00ad",
    "\ufe0f",
    "\U000e0067",
    "\u2060",
    "\u202e",
]
INVISIBLE += ["\u034f", "\u3164", "\u2028", "\ue000", "\u0378", "\ud800", "\x85"]


@pytest.mark.parametrize("character", INVISIBLE, ids=lambda one: f"U+{ord(one):04X}")
def test_an_invisible_character_is_a_small_mark_and_its_code_is_told(character: str) -> None:
    assert display_token(character) == MARK
    assert hidden(character)[0].startswith(f"U+{ord(character):04X}")
    assert f"U+{ord(character):04X}" in told_token(f"a{character}b")


def test_names_of_invisible_characters_are_those_of_unicode() -> None:
    assert hidden("می\u200cخواهم") == ["U+200C ZERO WIDTH NON-JOINER"]
    assert told_token("a\u00adb") == f"{isolated('a¦b')} (U+00AD SOFT HYPHEN)"
    assert hidden("plain text\n\t") == [] and told_token("plain") == isolated("plain")


def test_persian_words_read_as_words_around_their_mark() -> None:
    assert display_token("می\u200cخواهم").replace("\u200c", "") == f"می{MARK}خواهم"
    assert "⟨U+" not in display_token("می\u200cخواهم")


def test_joiners_keep_their_effect() -> None:
    assert display_token(FAMILY) == FAMILY, "one emoji, not three"
    assert display_token(ENGLAND) == ENGLAND
    assert display_token("❤\ufe0f") == "❤\ufe0f"
    assert display_token("ه\u200dم") == f"ه\u200d{MARK}\u200dم", "both letters keep the form that joins"
    assert hidden("❤\ufe0f") == ["U+FE0F VARIATION SELECTOR-16"]


def test_controls_of_direction_never_take_effect() -> None:
    controls = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    assert display_token(f"a{controls}b") == "a" + MARK * len(controls) + "b"


def test_every_space_can_be_seen() -> None:
    assert display_token(" \u00a0\u3000\u2009") == "␣" + 3 * OTHER_SPACE
    assert hidden("\u3000") == ["U+3000 IDEOGRAPHIC SPACE"] and hidden(" ") == []


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("\u0947", f"{CARRIER}\u0947"),
        ("\u0e31ก", f"{CARRIER}\u0e31ก"),
        ("\u0301", f"{CARRIER}\u0301"),
        ("\u0650", f"{ARABIC_CARRIER}\u0650"),
        (" \u0e31", f"␣{CARRIER}\u0e31"),
        ("นั", "นั"),
        ("é", "é"),
    ],
)
def test_an_accent_or_vowel_sign_without_its_letter_is_carried(token: str, shown: str) -> None:
    assert display_token(token) == shown


def test_signs_of_arabic_that_count_as_controls_but_can_be_seen_stay() -> None:
    assert display_token("\u0600\u06dd") == "\u0600\u06dd" and hidden("\u0600") == []


def test_many_hidden_characters_are_not_all_named() -> None:
    assert hidden(ENGLAND)[-1] == "…" and len(hidden(ENGLAND)) == 5


@given(some.text(max_size=12))
def test_no_control_of_direction_and_no_line_break_leaves_a_label(text: str) -> None:
    shown = display_token(text)
    assert not any(
        unicodedata.bidirectional(one) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "B")
        for one in shown
    )
    assert not any(one in shown for one in "\u200e\u200f\u061c")
    assert len(display_token(text, 5)) <= 5


@given(some.text(some.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12))
def test_letters_digits_and_signs_stay_as_they_are(text: str) -> None:
    if not hidden(text):
        assert display_token(text) == text == display_text(text)
