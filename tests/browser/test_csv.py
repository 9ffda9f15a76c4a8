"""Numbers as files: programs and spreadsheets read what the page means, whatever the tokens are."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from model.network.language_model import LanguageModel
from tests.browser.saved import told

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[2] / "viz" / "components" / "csv.js"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that spreadsheets read as a formula, or skip before they look for one (OWASP: CSV injection)."""


@pytest.fixture(scope="module")
def blank(browser: Browser) -> Iterator[Page]:
    """A page with nothing on it but our way of writing CSV."""
    page = browser.new_page()
    page.add_script_tag(content=SCRIPT.read_text(encoding="utf-8") + "; window.csv = csv;")
    yield page
    page.close()


def written(page: Page, rows: list[list[Any]]) -> bytes:
    """Give the bytes of the file that the browser would save."""
    made = page.evaluate(
        "rows => new Blob([csv(rows)]).arrayBuffer().then(all => [...new Uint8Array(all)])", rows
    )
    return bytes(made)


def read(file: bytes) -> list[list[str]]:
    """Read a file as a program does."""
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline=""), strict=True))


@pytest.mark.embedded
def test_every_token_of_the_default_model_comes_back_and_none_is_a_formula(
    blank: Page, embedded_model: LanguageModel
) -> None:
    tokens = embedded_model.text.vocabulary
    assert sum(token.startswith(FORMULA) for token in tokens) > 140
    rows = [[token_id, token, -0.5] for token_id, token in enumerate(tokens)]
    file = written(blank, rows)
    assert file.startswith(b"\xef\xbb\xbf"), "Excel reads what follows as UTF-8"
    back = read(file)
    assert [told(cell) for _, cell, _ in back] == list(tokens)
    assert not [cell for _, cell, _ in back if cell.lstrip().startswith(FORMULA) or cell.startswith(FORMULA)]
    assert {number for *_, number in back} == {"-0.5"}, "numbers are left as they are"
    assert file.count(b'"-0.5"') == 0


@given(
    rows=st.lists(
        st.lists(
            st.one_of(
                st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
                st.text("'=+-@ \t\r\n\",;＝a", max_size=6),
                st.floats(allow_nan=False, allow_infinity=False),
                st.none(),
            ),
            min_size=2,
            max_size=2,
        ),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_any_number_comes_back(blank: Page, rows: list[list[Any]]) -> None:
    file = written(blank, rows)
    back = read(file)
    assert len(back) == len(rows)
    for row, cells in zip(rows, back, strict=True):
        for value, cell in zip(row, cells, strict=True):
            if isinstance(value, str):
                assert told(cell) == value
                assert not cell.lstrip().startswith(FORMULA)
            else:
                assert (value is None and cell == "") or float(cell) == value


def test_text_stands_in_quotes_and_numbers_do_not(blank: Page) -> None:
    rows = [["rank", "token"], [1, " a"], [2, None], [3, 'b"c,'], [-4, "\n"]]
    expected = '"rank","token"\r\n1," a"\r\n2,\r\n3,"b""c,"\r\n-4,"\'\n"\r\n'
    assert written(blank, rows).decode("utf-8-sig") == expected
