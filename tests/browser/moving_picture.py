"""Record the README's moving picture of the real app: a text is written, and a token is asked why.

    .venv/bin/python -m tests.browser.moving_picture

Frames are pictures of the page, each shown for as long as it was seen when it was recorded, so that the text
grows as fast as it did on this machine. A ring stands for the pointer, which is on no picture of a page.
"""

import base64
import io
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.screenshots import SCREENSHOTS, browser, served, set_seed_and_length
from tests.browser.visit import ENDED
from viz.pages.example import PROMPT, load_example

FILE = SCREENSHOTS / "writing.webp"
WIDTH = 720
"""Of the picture, in pixels."""
PAGE_WIDTH, PAGE_HEIGHT = 960, 1600
"""Of the page: wide enough for the text and its probabilities to stand side by side."""
FRAME = 0.1
"""Seconds from one frame to the next, at least."""
BEFORE, AIM, AFTER = 0.6, 0.8, 2.0
"""Seconds at first, with the pointer above the token, and behind the click."""
MOST_SECONDS = 12
MOST_BYTES = 900_000
QUALITY = 80
POINTER = (217, 119, 6)

EDGES = """() => {
  const box = document.querySelector(".pair").getBoundingClientRect();
  return [box.top - 8, document.querySelector("#timeline").getBoundingClientRect().bottom + 8];
}"""
"""Top and bottom of what is recorded: the text with its timeline, and the next token beside it."""

Place = tuple[float, float]
"""Of the pointer on the page, in its pixels."""


@dataclass(frozen=True)
class Frame:
    """What was seen of the whole page, and from when on."""

    at: float
    """Seconds of the clock."""
    jpeg: bytes
    pointer: Place | None


class Recorder:
    """Keeps what Chromium's screencast shows of a page: a picture whenever something on it has changed."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._session = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._keep)
        self.frames: list[Frame] = []
        self._pointer: Place | None = None

    def start(self) -> None:
        """Begin."""
        self._session.send("Page.startScreencast", {"format": "jpeg", "quality": 95})

    def stop(self) -> None:
        """End, so that what comes later is not kept."""
        self._session.send("Page.stopScreencast")

    def watch(self, seconds: float) -> None:
        """Look on for so long."""
        self._page.wait_for_timeout(1000 * seconds)

    def press(self, css: str) -> None:
        """Show the pointer above an element, then press it."""
        box = self._page.locator(css).bounding_box()
        assert box
        self._pointer = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        if self.frames:  # nothing on the page has changed, but the pointer has
            self.frames.append(Frame(time.time(), self.frames[-1].jpeg, self._pointer))
        self.watch(AIM)
        self._page.locator(css).click()

    def _keep(self, event: dict[str, Any]) -> None:
        self._session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})
        at = float(event["metadata"]["timestamp"])
        self.frames.append(Frame(at, base64.b64decode(event["data"]), self._pointer))


def record(page: Page, address: str) -> tuple[list[Frame], tuple[float, float]]:
    """Let the story be written, and ask for the token of the stored example.

    Returns:
        The frames, and where on them the part begins and ends that is to be shown.
    """
    page.goto(f"{address}/?__theme=light")
    expect(page.locator("#model")).to_contain_text("layers")
    page.locator("#prompt textarea").fill(PROMPT)
    set_seed_and_length(page)
    page.wait_for_selector("#timeline .main-svg")
    page.wait_for_timeout(1500)  # Plotly's figures and the fades of the page settle
    top, bottom = page.evaluate(EDGES)
    recorder = Recorder(page)
    recorder.start()
    recorder.watch(BEFORE)
    page.locator("#prompt textarea").press("Control+Enter")
    status = page.locator("#status")
    expect(status).to_contain_text("writing")
    expect(status).to_contain_text(ENDED)
    recorder.press(f"#tokens [data-index='{load_example().selected}']")
    recorder.watch(AFTER)
    recorder.stop()
    return recorder.frames, (top, bottom)


def thinned(frames: list[Frame]) -> list[Frame]:
    """Return the frames that were seen for `FRAME` at least, and the last one."""
    seen = [frame for frame, following in pairwise(frames) if following.at - frame.at >= FRAME]
    return seen + frames[-1:]


def drawn(frame: Frame, top: float, bottom: float) -> Image.Image:
    """Return the part of a frame in the size of the picture, with the pointer on it."""
    seen = Image.open(io.BytesIO(frame.jpeg)).convert("RGB")
    if frame.pointer:
        x, y = frame.pointer
        ImageDraw.Draw(seen).ellipse((x - 16, y - 16, x + 16, y + 16), outline=POINTER, width=3)
    part = seen.crop((0, round(top), seen.width, round(bottom)))
    return part.resize((WIDTH, round(part.height * WIDTH / part.width)), Image.Resampling.LANCZOS)


def packed(frames: list[Frame], top: float, bottom: float) -> bytes:
    """Return the frames as an animated WebP.

    Raises:
        SystemExit: it is too long or too large.
    """
    ends = [frame.at for frame in frames[1:]] + [frames[-1].at + AFTER]
    durations = [round(1000 * (end - frame.at)) for frame, end in zip(frames, ends, strict=True)]
    first, *others = [drawn(frame, top, bottom) for frame in frames]
    file = io.BytesIO()
    first.save(
        file,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=durations,
        loop=0,
        quality=QUALITY,
        method=6,
        minimize_size=True,
    )
    seconds = sum(durations) / 1000
    if seconds > MOST_SECONDS or file.tell() > MOST_BYTES:
        raise SystemExit(f"The moving picture has {file.tell():,} bytes and lasts {seconds:.1f} seconds.")
    print(f"{FILE.name}: {len(frames)} frames, {seconds:.1f} seconds, {file.tell() / 1000:.0f} kB")
    return file.getvalue()


def main() -> None:
    """Record the picture."""
    with served() as address, browser() as chromium:
        page = chromium.new_page(viewport={"width": PAGE_WIDTH, "height": PAGE_HEIGHT})
        frames, edges = record(page, address)
        FILE.write_bytes(packed(thinned(frames), *edges))


if __name__ == "__main__":
    main()
