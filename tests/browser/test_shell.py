"""The shell that stays at the top: pages and rooms have addresses, and the text is there on each of them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visit import DESK, Visit

pytestmark = [pytest.mark.browser, pytest.mark.embedded]

MOST_HIGH = 104
"""Pixels of a page of 1440 by 900: no more of it is always taken."""
DARK = "document.body.classList.contains('dark')"
SLOW_SERVER = """{
  const [post, replace] = [window.fetch, history.replaceState.bind(history)];
  window.fetch = async (address, options) => {
    if (options?.method === "POST") await new Promise((answer) => setTimeout(answer, 1200));
    return post(address, options);
  };
  window.addresses = [];
  history.replaceState = (state, title, address) => {
    window.addresses.push(address);
    replace(state, title, address);
  };
}"""
"""Before the page's own scripts: every event takes a while; and what the address has been is noted."""


LATE_LAB = """{
  const { components, dependencies } = window.gradio_config;
  const lab = components.find(({ props }) => props.elem_id === "page-lab").id;
  const late = dependencies.filter(({ targets }) => targets.some(([id]) => id === lab)).map(({ id }) => id);
  const post = window.fetch;
  window.fetch = async (address, options) => {
    const { fn_index } = options?.method === "POST" ? JSON.parse(options.body) : {};
    const isLate = late.includes(fn_index);
    if (isLate) await new Promise((answer) => setTimeout(answer, 1000));
    const answer = await post(address, options);
    window.heard ||= isLate;
    return answer;
  };
  window.heard = false;
}"""
"""The server hears late that the page Lab was opened."""

OVERLAPPING = """() => {
  const stations = [...document.querySelectorAll("#map .station")];
  const boxes = stations.map((one) => [one.dataset.station, one.getBoundingClientRect()]);
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  return boxes.flatMap(([name, box], at) =>
    boxes.slice(at + 1).filter(([, other]) => meet(box, other)).map(([other]) => `${name} ${other}`));
}"""
"""Names the stations of the map that lie over each other."""

SEEN_THROUGH = """async () => {
  const found = new Set(), { height, left, right } = document.querySelector("#shell").getBoundingClientRect();
  const top = (one) => one.getBoundingClientRect().top + scrollY;
  const tops = Array.from(document.querySelectorAll("label, [data-testid=block-info], h2, button"), top);
  for (const at of new Set(tops.filter((one) => one > height).map(Math.round))) {
    scrollTo(0, at - height / 3);
    await new Promise(requestAnimationFrame);
    for (let x = left + 8; x < right; x += 24) {
      for (const y of [height / 3 + 6, height / 3 + 14]) {
        const one = document.elementFromPoint(x, y);
        if (scrollY && one && !one.closest("#shell")) found.add(one.closest("[id]")?.id);
      }
    }
  }
  return [...found];
}"""
"""Scrolls each part of the page behind the shell and names what lies over it there."""


def asked(page: Page) -> dict[str, str]:
    """Return what the address says."""
    return {name: value for name, (value,) in parse_qs(urlsplit(page.url).query).items()}


def wait_for_address(page: Page, place: str) -> None:
    page.wait_for_function("place => new URLSearchParams(location.search).get('page') === place", arg=place)


def chance(page: Page) -> Any:
    return page.locator("#text-bar .chance")


def test_links_and_tabs_change_the_address_and_back_returns(visit: Visit) -> None:
    page = visit.page
    for room, tab in (("heads", "Attention"), ("lens", "Layers"), ("replay", "Compare")):
        visit.enter(room)
        wait_for_address(page, f"{'lab' if room == 'replay' else 'inside'}.{room}")
        assert page.title().startswith(f"{tab} ·")
        assert asked(page)["__theme"] == "light", "what else stands there stays"
    for place, room in (("lab.chain", "chain"), ("inside.lens", "lens"), ("inside.heads", "heads")):
        page.go_back()
        wait_for_address(page, place)
        expect(page.locator(f"#room-{room}")).to_be_visible()
    page.go_forward()
    wait_for_address(page, "inside.lens")
    expect(page.locator("#room-lens")).to_be_visible()
    expect(page.locator("#places [aria-current=page]")).to_have_text("Inside")
    page.keyboard.press("4")
    wait_for_address(page, "lab.chain")
    page.keyboard.press("1")
    expect(page.locator("#prompt")).to_be_visible()
    page.locator("#map [data-station=dice]").click()
    wait_for_address(page, "lab.dice")
    expect(page.locator("#room-dice")).to_be_visible()
    page.go_back()
    wait_for_address(page, "explore")  # and not the sampler, which is first on that page
    expect(page.locator("#prompt")).to_be_visible()


def test_the_line_shows_the_selected_token_and_its_chance_as_the_table_does_and_arrows_select(
    visit: Visit,
) -> None:
    page = visit.page
    (first,) = visit.pressed()
    line, now = page.locator("#text-bar .line"), page.locator("#text-bar [aria-current]")
    assert line.text_content() == "".join(visit.tokens()) + "next?"
    for name, step in (("The token after", 1), ("The token after", 2), ("The token before", 1)):
        page.get_by_role("button", name=name, exact=True).click()
        visit.wait_for_row(first + step)
        assert visit.pressed() == [first + step]
        assert now.text_content() == visit.tokens()[first + step]
        (chosen,) = [row for row in visit.table() if "chosen" in row["kind"]]
        assert str(chance(page).text_content()).split() == chosen["cells"][3].split()
        assert asked(page)["at"] == str(first + step)
    visit.enter("lens")
    visit.choose(first)
    expect(now).to_have_attribute("data-at", str(first))
    assert now.bounding_box()["x"] > line.bounding_box()["x"], "it is in sight"
    flat = line.bounding_box()["height"]
    page.get_by_role("button", name="Show the whole text here").click()
    assert line.bounding_box()["height"] > flat
    assert line.locator("[data-at]").count() == len(visit.tokens()) + 1, "all tokens, and the next one"
    visit.choose(first + 1)
    expect(now).to_have_attribute("data-at", str(first + 1))
    page.get_by_role("button", name="One line again").click()
    assert line.bounding_box()["height"] == flat
    visit.choose(first)
    visit.turn_to("explore")
    visit.wait_for_row(first)


def test_it_stays_at_the_top_and_leaves_the_page_its_room(visit: Visit) -> None:
    page = visit.page
    box = page.locator("#shell").bounding_box()
    assert box["height"] <= MOST_HIGH
    assert 2 * box["x"] + box["width"] == DESK["width"], "as far from the left as from the right"
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("scrollY > 300")
    box = page.locator("#shell").bounding_box()
    assert box["y"] == 0 and box["height"] <= MOST_HIGH
    for button in ("#text-bar .back", "#step", "#texts-button"):
        expect(page.locator(button)).to_be_in_viewport()
    for room in ("heads", "chain"):
        assert page.evaluate(SEEN_THROUGH) == []
        visit.enter(room)
    assert page.evaluate(SEEN_THROUGH) == []
    page.evaluate("scrollTo(0, 0)")


def test_a_question_mark_lists_the_keys_and_presenting_leaves_text_and_next_token(visit: Visit) -> None:
    page = visit.page
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_contain_text("Explore, Inside, Why, Lab, Train")
    assert keys.locator("kbd", has_text="Enter").count() == 1
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    visit.enter("lens")
    page.locator("#present").click()
    expect(page.locator("#present")).to_have_attribute("aria-pressed", "true")
    page.set_viewport_size({"width": 1280, "height": 720})  # a projector
    page.evaluate("scrollTo(0, 0)")
    for part in ("#tokens", "#next-token", "#map"):
        expect(page.locator(part)).to_be_visible()
        box = page.locator(part).bounding_box()
        assert box and box["y"] + box["height"] <= 720, f"{part} is in sight"
    for width in (1280, 820, 390):
        page.set_viewport_size({"width": width, "height": 720})
        assert page.evaluate(OVERLAPPING) == [], "every station stands by itself"
    page.set_viewport_size({"width": 640, "height": 360})  # at 200 %
    assert page.evaluate("document.documentElement.scrollWidth") == 640
    reach = page.evaluate(
        "Array.from(document.querySelectorAll('#map .station'), (one) => one.getBoundingClientRect().right)"
    )
    assert max(reach) <= 640, "no station of the map is cut off"
    for part in (
        "#prompt",
        "#brand",
        "#model",
        "#text-bar",
        "#timeline",
        "#attention",
        "#temperature-sweep",
        "#room-lens",
        "footer",
    ):
        expect(page.locator(part)).to_be_hidden()
    page.keyboard.press("p")
    expect(page.locator("#prompt")).to_be_visible()


def test_a_prompt_takes_the_keys_for_itself(visit: Visit) -> None:
    page = visit.page
    page.locator("#prompt textarea").fill("")
    page.locator("#prompt textarea").press_sequentially("p3t?")
    expect(page.locator("#prompt textarea")).to_have_value("p3t?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(page.locator("#tokens")).to_be_visible()
    assert not page.evaluate(DARK)


def test_what_the_server_hears_late_of_a_page_that_was_left_does_not_blind_the_one_that_is_open(
    visits: Callable[..., Visit],
) -> None:
    visit = visits()
    page = visit.page
    (first,) = visit.pressed()
    page.evaluate(LATE_LAB)
    page.keyboard.press("4")
    wait_for_address(page, "lab.chain")
    page.keyboard.press("1")
    wait_for_address(page, "explore")
    page.wait_for_function("window.heard")
    visit.choose(first - 1)
    visit.wait_for_row(first - 1)


def test_a_reload_on_a_slow_server_never_has_another_token_in_the_address(
    visits: Callable[..., Visit], app_address: str
) -> None:
    visit = visits()
    page = visit.page
    page.goto(f"{app_address}?page=inside.tokens&at=12")
    expect(page.locator("#text-bar [aria-current]")).to_have_attribute("data-at", "12")
    page.add_init_script(SLOW_SERVER)
    visit.errors.clear()  # Gradio's client tells the console that it was reading when the page went away
    page.reload()
    expect(page.locator("#text-bar [aria-current]")).to_have_attribute("data-at", "12")
    page.get_by_role("button", name="The token after", exact=True).click()
    page.wait_for_function("new URLSearchParams(location.search).get('at') === '13'")
    written = [parse_qs(urlsplit(address).query)["at"] for address in page.evaluate("addresses")]
    assert {at for (at,) in written} <= {"12", "13"}
    visit.errors.clear()


def test_light_or_dark_is_kept_by_a_reload_as_are_page_room_and_token(
    visits: Callable[..., Visit], app_address: str
) -> None:
    visit = visits()
    page = visit.page
    page.evaluate("localStorage.clear()")  # what other tests have chosen
    page.goto(f"{app_address}?page=inside.lens&at=12")
    expect(page.locator("#room-lens")).to_be_visible()
    expect(page.locator("#text-bar [aria-current]")).to_have_attribute("data-at", "12")
    page.keyboard.press("t")
    assert page.evaluate(DARK)
    page.get_by_role("button", name="The token after", exact=True).click()
    page.wait_for_function("new URLSearchParams(location.search).get('at') === '13'")
    visit.errors.clear()  # Gradio's client tells the console that it was reading when the page went away
    page.reload()
    page.wait_for_selector("#lens .js-plotly-plot .main-svg")
    expect(page.locator("#text-bar [aria-current]")).to_have_attribute("data-at", "13")
    assert page.evaluate(DARK) and asked(page) == {"page": "inside.lens", "at": "13"}
    page.locator("#page-tools .tone").click()
    assert not page.evaluate(DARK)
    visit.errors.clear()


@pytest.mark.parametrize("width", [390, 360, 320])
def test_the_tools_stay_in_sight_on_a_phone_whatever_the_font_and_however_many_models(
    visit: Visit, width: int
) -> None:
    page = visit.page
    page.add_style_tag(content="* { font-family: monospace !important; letter-spacing: 0.06em; }")
    page.evaluate(
        """() => {
          const list = document.querySelector("select.models");
          list.replaceChildren(new Option("The model of this server"), new Option("A checkpoint of mine"));
          list.hidden = false;
        }"""
    )
    page.set_viewport_size({"width": width, "height": 844})
    for part in ("#page-tools .tone", "#model summary", "select.models"):
        box = page.locator(part).bounding_box()
        assert box is not None and box["width"] > 10 and box["x"] + box["width"] <= width, part
    last = page.locator("#shell .pages a").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
