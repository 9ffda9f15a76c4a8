"""How the page is introduced: to those who show a link to it, and to the browser."""

import io
import json
import re
from html import unescape
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from tests.patience import PATIENCE
from viz.server.front import HEIGHT, WIDTH, introduced, without_page
from viz.words.assets import FIRST_ANSWERS

PROXIED = {"X-Forwarded-Host": "gpt.school.example", "X-Forwarded-Proto": "https"}


def metas(page: str) -> list[tuple[str, str]]:
    """Return name and content of every meta element that has both."""
    found = re.findall(r'<meta\s+(?:property|name)="([^"]+)"\s+content="([^"]*)"', page)
    return [(name, unescape(content)) for name, content in found]


def test_a_link_to_the_page_is_shown_as_this_projects_and_names_no_other_host(served: str):
    answer = httpx.get(served, headers={"accept-encoding": "identity"}, timeout=PATIENCE)
    told = metas(answer.text)
    previews = dict(one for one in told if one[0].startswith(("og:", "twitter:", "description")))
    assert len([name for name, _ in told]) == len({name for name, _ in told}), "each is said once"
    assert not [value for _, value in told if "gradio" in value.lower()]
    assert {value.startswith(served) for value in previews.values() if "://" in value} == {True}
    assert "GPT Inside Out" in previews["og:title"] == previews["twitter:title"]
    assert previews["description"] == previews["og:description"] == previews["twitter:description"]
    assert "whole vocabulary" in previews["description"] and "<title>GPT Inside Out</title>" in answer.text
    assert answer.text.index("charset") < 1024, "or it is not heeded"
    assert int(answer.headers["content-length"]) == len(answer.content)


def test_the_picture_of_a_link_is_there_in_the_size_that_is_told(served: str):
    told = dict(metas(httpx.get(served, timeout=PATIENCE).text))
    answer = httpx.get(told["og:image"], timeout=PATIENCE)
    picture = Image.open(io.BytesIO(answer.content))
    assert (answer.headers["content-type"], told["og:image"]) == ("image/png", told["twitter:image"])
    assert picture.size == (WIDTH, HEIGHT) == (int(told["og:image:width"]), int(told["og:image:height"]))


def test_the_first_answers_are_there_beside_the_page(served: str):
    answer = httpx.get(f"{served.rstrip('/')}/{FIRST_ANSWERS.name}", timeout=PATIENCE)
    assert answer.headers["content-type"].startswith("application/json")
    assert (
        answer.json() == json.loads(FIRST_ANSWERS.read_text(encoding="utf-8"))
        and "content-encoding" in answer.headers
    )


def test_the_script_of_the_figures_is_fetched_early_under_the_name_that_it_is_served_by(served: str):
    page = httpx.get(served, timeout=PATIENCE).text
    (script,) = re.findall(r'<link rel="modulepreload" href="./(assets/PlotlyPlot-[^"]+)">', page)
    assert page.index("<base href") < page.index(script) < page.index("</head>")
    answer = httpx.get(f"{served.rstrip('/')}/{script}", timeout=PATIENCE)
    assert answer.status_code == 200 and "javascript" in answer.headers["content-type"]


def test_behind_a_proxy_the_picture_has_the_address_that_visitors_know(served: str):
    told = dict(metas(httpx.get(served, headers=PROXIED, timeout=PATIENCE).text))
    assert told["og:url"] == "https://gpt.school.example/"
    assert told["og:image"] == "https://gpt.school.example/link-preview.png"


def test_the_browser_is_told_that_the_words_are_english_before_any_other_script_runs(served: str):
    page = httpx.get(served, timeout=PATIENCE).text
    assert '<html\n\tlang="en"' in page or '<html lang="en"' in page
    assert "navigator" in page[page.index("<script") : page.index("</script>")]


@pytest.mark.parametrize("path", ["config", "theme.css", "gradio_api/info"])
def test_what_is_no_page_is_passed_on_as_it_is(served: str, path: str):
    answer = httpx.get(served + path, timeout=PATIENCE)
    assert answer.status_code == 200 and "navigator" not in answer.text[:2000]


def test_a_request_for_the_head_alone_is_answered(served: str):
    answer = httpx.head(served, timeout=PATIENCE)
    assert answer.status_code in (200, 405) and answer.content == b""


NAMES = some.text(min_size=1, max_size=8).filter(lambda name: name != "page")
PARAMETERS = some.lists(some.tuples(NAMES, some.text(max_size=8)), max_size=5)


@given(PARAMETERS, PARAMETERS, some.text(max_size=12))
def test_of_an_address_gradio_is_told_all_but_the_page(before, after, place):
    """Gradio has a parameter of this name, which means another document."""
    whole = urlencode([*before, ("page", place), *after]).encode()
    assert without_page(whole) == urlencode([*before, *after]).encode()


@given(some.binary(max_size=40).filter(lambda query: b"p" not in query and b"%" not in query))
def test_a_query_without_a_page_is_passed_on_to_the_byte(query):
    assert without_page(query) == query


@pytest.mark.parametrize(
    ("query", "left"),
    [
        (b"page=lab.replay&at=41", b"at=41"),
        (b"__theme=dark&page=inside", b"__theme=dark"),
        (b"page", b""),
        (b"page=&page=x&a=page", b"a=page"),
        (b"p%61ge=x&pages=1&Page=2", b"pages=1&Page=2"),
        (b"a&b=&c=%FF&d=%C3%A9", b"a&b=&c=%FF&d=%C3%A9"),
        ("q=中&page=é".encode(), "q=中".encode()),
    ],
)
def test_only_what_is_called_page_is_left_out(query, left):
    assert without_page(query) == left


@pytest.mark.parametrize(
    "query", ["page=lab.replay&at=41", "page=nowhere", "at=%FF", f"q={quote_plus('中')}", "page=%"]
)
def test_whatever_place_an_address_names_the_page_is_served(served: str, query: str):
    """Where to go is for the browser to read."""
    plain, answer = httpx.get(served, timeout=PATIENCE), httpx.get(f"{served}?{query}", timeout=PATIENCE)
    assert (answer.status_code, plain.status_code) == (200, 200)
    assert "<title>GPT Inside Out</title>" in answer.text


def test_an_address_cannot_break_out_of_its_attribute_and_texts_of_people_stay_as_they_are():
    text = '<script>let said = "<meta property=\\"og:title\\">"</script>'
    page = introduced(f'<head><meta charset="utf-8" /></head>{text}', 'http://a/"><img src=x>')
    assert "<img" not in page and page.endswith(text)
