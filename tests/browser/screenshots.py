"""Take the README's screenshots of the real app, after a real Generate of the story example.

    .venv/bin/python -m tests.browser.screenshots                # all
    .venv/bin/python -m tests.browser.screenshots inside lab     # those whose names begin so

What moves is recorded by `tests.browser.moving_picture`. The pictures are quantised to a palette, which the
page's few colours survive, so that they stay small.
"""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.visit import ENDED
from viz.pages.example import LENGTH, PROMPT, SEED, load_example
from viz.server.front import HEIGHT as PREVIEW_HEIGHT
from viz.server.front import PICTURE
from viz.server.front import WIDTH as PREVIEW_WIDTH

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "assets" / "screenshots"
WIDTH = 1440
MOST_BYTES = 300_000
COLOURS = 256
PORT = 7869
PATIENCE = 300
"""Seconds for the model to load and write."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the app in a process of its own and return its address, once the model has loaded."""
    command = [sys.executable, "app.py", "--port", str(PORT)]
    app = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert app.stdout is not None
    impatience = Timer(PATIENCE, app.kill)
    impatience.start()
    said: list[str] = []
    try:
        for line in app.stdout:
            said.append(line)
            if " is ready on " in line:
                break
        else:
            raise SystemExit("The app did not start:\n" + "".join(said))
        impatience.cancel()
        yield f"http://127.0.0.1:{PORT}"
    finally:
        impatience.cancel()
        app.terminate()
        app.wait(10)


def write_the_story(page: Page, address: str, mode: str) -> None:
    """Write the story on a fresh page and select a telling token."""
    page.goto(f"{address}/?__theme={mode}")
    expect(page.locator("#model")).to_contain_text("layers")
    page.locator("#prompt textarea").fill(PROMPT)
    set_seed_and_length(page)
    page.locator("#generate").click()
    # The stored example is this very text: what is written now must be seen being written.
    expect(page.locator("#status")).to_contain_text("writing")
    expect(page.locator("#status")).to_contain_text(ENDED)
    example = load_example()
    page.locator(f"#tokens [data-index='{example.selected}']").click()
    expect(page.locator("#next-token tr.chosen")).to_have_attribute(
        "data-token-id", str(example.run.token_ids[example.selected])
    )


def set_seed_and_length(page: Page) -> None:
    """Set what the stored example was written with; the seed stands under More settings."""
    page.locator("#more-settings button").click()
    page.locator("#seed input").fill(str(SEED))
    page.locator("#seed input").blur()
    page.locator("#more-settings button").click()
    page.locator("#max-new-tokens input[type=number]").fill(str(LENGTH))
    page.locator("#max-new-tokens input[type=number]").blur()


def open_room(page: Page, name: str, room: str) -> None:
    """Open a room of a page."""
    page.locator(f"#places [data-page={name}]").click()
    page.locator(f"#room-{room}-button").click()


def settle(page: Page) -> None:
    """Leave the page to itself until Plotly's figures and its fades have ended."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(1500)


def stretch(page: Page, first: str, last: str) -> bytes:
    """Return the page from the top of one element to the bottom of another as PNG, as wide as it is."""
    edge = "([css, side]) => document.querySelector(css).getBoundingClientRect()[side]"
    top, bottom = page.evaluate(edge, [first, "top"]), page.evaluate(edge, [last, "bottom"])
    return page.screenshot(clip={"x": 0, "y": top, "width": WIDTH, "height": bottom - top + 20})


def take(page: Page, address: str, mode: str) -> bytes:
    """Return the Explore page."""
    write_the_story(page, address, mode)
    settle(page)
    return stretch(page, "body", ".map-card")


def take_inside(page: Page, address: str) -> bytes:
    """Return a room inside the model: the logit lens of the selected token, and of the text around it."""
    write_the_story(page, address, "light")
    open_room(page, "inside", "lens")
    page.wait_for_selector("#lens-grid .heatmaplayer .hm")
    settle(page)
    return stretch(page, "body", "#lens-grid")


def take_lab(page: Page, address: str) -> bytes:
    """Return a room of the lab: the chain of stages, and what it makes of the probabilities."""
    write_the_story(page, address, "light")
    open_room(page, "lab", "chain")
    page.wait_for_selector("#chain-table tr[data-stage]")
    page.wait_for_selector("#chain-ranked .js-plotly-plot .main-svg")
    settle(page)
    return stretch(page, "body", "#chain-ranked")


def take_preview(page: Page, address: str) -> bytes:
    """Return the picture that is shown beside a link to the page: the text and its probabilities."""
    page.goto(f"{address}/?__theme=light")
    expect(page.locator("#model")).to_contain_text("layers")
    page.wait_for_selector("#timeline .main-svg")
    settle(page)
    top = page.evaluate("document.querySelector('.pair').getBoundingClientRect().top")
    return page.screenshot(clip={"x": 0, "y": top - 12, "width": PREVIEW_WIDTH, "height": PREVIEW_HEIGHT})


def small(png: bytes) -> bytes:
    """Return the picture in few colours.

    Raises:
        SystemExit: it is too large even so.
    """
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    packed = io.BytesIO()
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    if packed.tell() >= MOST_BYTES:
        raise SystemExit(f"The screenshot has {packed.tell():,} bytes, at most {MOST_BYTES:,} are wanted.")
    return packed.getvalue()


def pictures() -> dict[Path, tuple[int, Callable[[Page, str], bytes]]]:
    """Return every picture's file, the width of its page, and what takes it."""
    found: dict[Path, tuple[int, Callable[[Page, str], bytes]]] = {
        SCREENSHOTS / "explore-light.png": (WIDTH, lambda page, address: take(page, address, "light")),
        SCREENSHOTS / "explore-dark.png": (WIDTH, lambda page, address: take(page, address, "dark")),
        SCREENSHOTS / "inside-lens.png": (WIDTH, take_inside),
        SCREENSHOTS / "lab-chain.png": (WIDTH, take_lab),
        PICTURE: (PREVIEW_WIDTH, take_preview),
    }
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """Return a Chromium that waits as long as the app may need."""
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


def main(*wanted: str) -> None:
    """Take all screenshots, or those whose names begin with one of the words."""
    SCREENSHOTS.mkdir(exist_ok=True)
    with served() as address, browser() as chromium:
        for file, (width, shot) in pictures().items():
            if file.name.startswith(wanted or ""):
                # As tall as the whole page: figures below the fold draw too.
                page = chromium.new_page(viewport={"width": width, "height": 3600})
                page.set_default_timeout(PATIENCE * 1000)
                picture = small(shot(page, address))
                file.write_bytes(picture)
                print(f"{file.name}: {len(picture) / 1000:.0f} kB")
                page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
