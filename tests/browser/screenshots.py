"""Take the README's screenshots of the real app, after a real Generate of the story example.

    .venv/bin/python -m tests.browser.screenshots

The pictures are quantised to a palette, which the page's few colours survive, so that they stay small.
"""

import io
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.chromium import find_chromium
from tests.browser.visit import ENDED
from viz.pages.example import LENGTH, PROMPT, SEED, load_example
from viz.pages.front import HEIGHT as PREVIEW_HEIGHT
from viz.pages.front import PICTURE
from viz.pages.front import WIDTH as PREVIEW_WIDTH

ROOT = Path(__file__).parents[2]
SCREENSHOTS = ROOT / "assets" / "screenshots"
MODES = ("light", "dark")
WIDTH = 1440
MOST_BYTES = 400_000
COLOURS = 256
PORT = 7869
PATIENCE = 120
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


def take(page: Page, address: str, mode: str) -> bytes:
    """Write the story on a fresh page, select a telling token, and return the picture as PNG."""
    page.goto(f"{address}/?__theme={mode}")
    expect(page.locator("#model")).to_contain_text("layers")
    page.locator("#prompt textarea").fill(PROMPT)
    page.locator("#seed input").fill(str(SEED))
    page.locator("#max-new-tokens input[type=number]").fill(str(LENGTH))
    page.locator("#seed input").blur()
    page.locator("#generate").click()
    # The stored example is this very text: what is written now must be seen being written.
    expect(page.locator("#status")).to_contain_text("writing")
    expect(page.locator("#status")).to_contain_text(ENDED)
    example = load_example()
    page.locator(f"#tokens [data-index='{example.selected}']").click()
    expect(page.locator("#next-token tr.chosen")).to_have_attribute(
        "data-token-id", str(example.run.token_ids[example.selected])
    )
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.wait_for_timeout(1500)  # Plotly's figures and the fades of the page settle
    height = page.evaluate("document.querySelector('#sampler-effects').getBoundingClientRect().bottom")
    return page.screenshot(clip={"x": 0, "y": 0, "width": WIDTH, "height": height + 20})


def take_preview(page: Page, address: str) -> bytes:
    """Return the picture that is shown beside a link to the page: the text and its probabilities."""
    page.goto(f"{address}/?__theme=light")
    expect(page.locator("#model")).to_contain_text("layers")
    page.wait_for_selector("#timeline .main-svg")
    page.wait_for_timeout(1500)  # as above
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


def main() -> None:
    """Take all screenshots."""
    SCREENSHOTS.mkdir(exist_ok=True)
    expect.set_options(timeout=PATIENCE * 1000)
    with served() as address, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        for mode in MODES:
            # As tall as the whole page: figures below the fold draw too.
            page = chromium.new_page(viewport={"width": WIDTH, "height": 2000})
            picture = small(take(page, address, mode))
            (SCREENSHOTS / f"explore-{mode}.png").write_bytes(picture)
            print(f"explore-{mode}.png: {len(picture) / 1000:.0f} kB")
            page.close()
        page = chromium.new_page(viewport={"width": PREVIEW_WIDTH, "height": 2000})
        PICTURE.write_bytes(small(take_preview(page, address)))
        chromium.close()


if __name__ == "__main__":
    main()
