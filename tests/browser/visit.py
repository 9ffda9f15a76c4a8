"""The app in a browser: what a person does and reads there, and what went wrong meanwhile."""

import json
import re
from typing import Any

from playwright.sync_api import ConsoleMessage, Page, ViewportSize, expect

from tests.patience import PATIENCE

ENDED = re.compile("length reached|ended:")
PATIENT = 1000 * PATIENCE
"""Milliseconds that a text may take on a busy machine."""
GENERATED = "#tokens button.generated"
DESK: ViewportSize = {"width": 1440, "height": 900}

# The cells of a heatmap, the lines and marks of the others: the numbers that Plotly drew.
READ_PLOT = """id => {
  const plot = document.querySelector(`#${id} .js-plotly-plot`);
  const plain = (value) => value == null ? [] : Array.from(value, (one) =>
    one != null && one.length !== undefined && typeof one !== "string" ? plain(one) : one);
  return {
    data: plot._fullData.map(({ type, x, y, z }) => ({ type, x: plain(x), y: plain(y), z: plain(z) })),
    shapes: (plot.layout.shapes || []).map(({ x0, x1, y0, y1 }) => [x0, x1, y0, y1]),
    notes: (plot.layout.annotations || []).map((note) => note.text),
    ticks: plain(plot.layout.xaxis?.ticktext),
  };
}"""
READ_TABLE = """id => Array.from(document.querySelectorAll(`#${id} tbody tr[data-token-id]`), (row) => ({
  id: Number(row.dataset.tokenId), kind: row.className,
  cells: Array.from(row.cells, (cell) => cell.textContent),
}))"""
FOLLOW = """() => {
  window.counts = [];
  const strip = document.querySelector("#tokens");
  const look = () => {
    const count = strip.querySelectorAll("button.generated").length;
    if (count !== window.counts.at(-1)) window.counts.push(count);
    if (count === 0) window.begun = true;
  };
  new MutationObserver(look).observe(strip, { subtree: true, childList: true });
  window.begun = false;
  const line = document.querySelector("#status");
  const read = () => { window.begun ||= /reading|writing|waiting/.test(line.textContent); };
  new MutationObserver(read).observe(line, { subtree: true, childList: true, characterData: true });
  const stop = document.querySelector("#stop");
  window.lit = false; // Stop is, from the press to the end: a short text may be there whole at once
  const light = () => { window.lit ||= !stop.disabled; };
  new MutationObserver(light).observe(stop, { attributes: true, attributeFilter: ["disabled"] });
}"""
OVER = "window.lit && document.querySelector('#stop').disabled"
"""What was pressed, followed before, has come to its end."""


ENDLESS, LONGEST = "Once upon a time", 2000
"""A prompt whose most probable text never ends, and the tokens that the app of these tests grants.

A text that a test stops must not be over before, however busy its browser is.
"""
PLOTS = ("timeline", "attention", "temperature-sweep", "ranked-probability")
"""Those of the first page."""
ROOMS = {
    "inside": ("tokens", "heads", "lens"),
    "why": (
        *("ablation", "part_effects", "neuron_effects", "attribution", "patching", "steering", "probes"),
    ),
    "lab": ("chain", "dice", "replay", "rollouts", "strategies"),
    "train": (
        *("pretraining", "data", "tokenizer", "architecture", "timelapse"),
        *("fine_tuning", "distillation", "evaluation", "comparison"),
    ),
}
"""What has a tab, by the page on which that stands."""
FOLDED = {
    **dict.fromkeys(("min-p", "repetition-penalty", "seed"), "more-settings"),
    **dict.fromkeys(("rollout-length", "rollout-each"), "rollouts-options"),
    "find-max-new-tokens": "strategies-options",
    "attribution-every": "attribution-options",
    "pretraining-evaluate-every": "pretraining-options",
}
"""Controls that are seen once a button has been pressed, with that."""


class Visit:
    """One page of the app."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address = page, address
        self.errors: list[str] = []
        self.elsewhere: list[str] = []
        page.set_default_timeout(PATIENT)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._request(request.url))
        page.goto(address)
        self.ready()
        self.first = self.tokens(), self.pressed()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _request(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "about:")):
            self.elsewhere.append(url)

    def assert_well(self) -> None:
        """Assert that nothing has gone wrong on the page so far."""
        assert (self.errors, self.elsewhere) == ([], []), "errors on the console, requests to other machines"

    def ready(self) -> None:
        """Wait for the first token, all figures, and the model's name."""
        self.page.wait_for_selector("#tokens button[data-index]")
        for plot in PLOTS:
            self.page.wait_for_selector(f"#{plot} .js-plotly-plot .main-svg")
        expect(self.page.locator("#model")).to_contain_text("layers", timeout=PATIENT)

    def set(self, control: str, value: float) -> None:
        """Type a number into a control, and open before what it is folded in."""
        if control in FOLDED:
            self.switch(FOLDED[control], True)
        field = self.page.locator(f"#{control} input[type=number]")
        field.fill(f"{value:g}")
        field.blur()

    def switch(self, name: str, on: bool) -> None:
        """Press a button that opens something, by its id, unless it stands so already."""
        button = self.page.locator(f"#{name} button")
        is_on = button.get_attribute("aria-expanded") or button.get_attribute("aria-pressed")
        if is_on != str(on).lower():
            button.click()

    def turn_to(self, page: str) -> None:
        """Open a page by its link."""
        link = self.page.locator(f"#places [data-page={page}]")
        link.click()
        expect(link).to_have_attribute("aria-current", "page")
        self._settle()

    def enter(self, room: str) -> None:
        """Open a room by its id, and wait until it can be seen."""
        if room in ("branches", "history"):
            self.drawer(True)
        elif room == "score":
            self.switch("read-mode", True)
        else:
            self.turn_to(next(page for page, rooms in ROOMS.items() if room in rooms))
            tab = self.page.locator(f"#room-{room}-button")
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
        self._settle()

    def unfold(self, room: str) -> None:
        """Show the options of a room, if it has any."""
        if self.page.locator(f"#{room}-options").count():
            self.switch(f"{room}-options", True)

    def drawer(self, wanted: bool) -> None:
        """Open or close the drawer of all texts."""
        button = self.page.locator("#texts-button")
        if self.page.locator("#texts").is_visible() != wanted:
            button.click()
        expect(self.page.locator("#texts")).to_be_visible(visible=wanted)

    def _settle(self) -> None:
        expect(self.page.locator("[data-opening]")).to_have_count(0)

    def choose(self, index: int) -> None:
        """Press a token: in the strip where that is seen, in the line at the top of the page elsewhere."""
        token = self.page.locator(f"#tokens [data-index='{index}']")
        if not token.is_visible():
            token = self.page.locator(f"#text-bar [data-at='{index}']")
        token.click()

    def begin_anew(self) -> None:
        """Go back to where a page begins: Explore, in the light, 1440 pixels wide, with the usual sampler and
        nothing in focus.

        Whatever text is there stays; where it is the first one, its token is chosen again.
        """
        self.page.set_viewport_size(DESK)
        if self.page.locator("body.dark").count():
            self.page.locator("#page-tools .tone").click()
        self.drawer(False)
        self.turn_to("explore")
        for name in ("read-mode", "more-settings"):
            self.switch(name, False)
        usual = self.page.locator("#presets label", has_text="Balanced")
        if "selected" not in str(usual.get_attribute("class")):
            usual.click()
        expect(self.page.locator("#temperature input[type=number]")).to_have_value("0.8")
        tokens, (selected,) = self.first
        if self.tokens() == tokens and self.pressed() != [selected]:
            self.choose(selected)
            self.wait_for_row(selected)
        self.page.evaluate("document.activeElement.blur()")

    def begin(self, prompt: str, length: int, **controls: float) -> None:
        """Type a prompt on Explore, set controls by their id, and press Write."""
        self.turn_to("explore")
        self.page.locator("#prompt textarea").fill(prompt)
        for control, value in {"max_new_tokens": length, **controls}.items():
            self.set(control.replace("_", "-"), value)
        self.generate()

    def begin_endless(self) -> None:
        """Begin a text that goes on until it is stopped."""
        self.begin(ENDLESS, LONGEST, temperature=0)

    def generate(self) -> None:
        """Press Write."""
        self.press("generate")

    def press(self, button: str) -> None:
        """Press a button that writes, by its id; `end` waits for what it writes."""
        self.page.evaluate(FOLLOW)
        self.page.locator(f"#{button}").click()

    def end(self) -> list[str]:
        """Wait for the end of the text and return its tokens."""
        self.page.wait_for_function(OVER, timeout=PATIENT)
        expect(self.page.locator("#status")).to_contain_text(ENDED, timeout=PATIENT)
        expect(self.page.locator("#tokens .caret")).to_have_count(0)
        return self.tokens()

    def write(self, prompt: str, length: int, **controls: float) -> list[str]:
        """Write a text and return its tokens."""
        self.begin(prompt, length, **controls)
        return self.end()

    def tokens(self) -> list[str]:
        """Return what all token buttons read."""
        return self.page.locator("#tokens button[data-index]:not(.next)").all_text_contents()

    def wait_for_tokens(self, tokens: list[str]) -> None:
        """Wait until this text is on the page."""
        self.page.wait_for_function(
            "wanted => wanted === JSON.stringify(Array.from("
            "document.querySelectorAll('#tokens button[data-index]:not(.next)'), one => one.textContent))",
            arg=json.dumps(tokens, ensure_ascii=False, separators=(",", ":")),
            timeout=PATIENT,
        )

    def generated(self) -> int:
        """Return the number of tokens after the prompt."""
        return self.page.locator(GENERATED).count()

    def pressed(self) -> list[int]:
        """Return the positions of the selected tokens: one."""
        marked = self.page.locator("#tokens [aria-pressed=true]")
        return [int(index) for index in marked.evaluate_all("all => all.map((one) => one.dataset.index)")]

    def plot(self, name: str) -> dict[str, Any]:
        """Return the numbers of a figure."""
        found: dict[str, Any] = self.page.evaluate(READ_PLOT, name)
        return found

    def table(self, name: str = "next-token") -> list[dict[str, Any]]:
        """Return the rows of a table of tokens."""
        rows: list[dict[str, Any]] = self.page.evaluate(READ_TABLE, name)
        return rows

    def row_of_attention(self) -> float | None:
        """Return the position of the query that the heatmap frames."""
        shapes = self.plot("attention")["shapes"]
        return shapes[0][2] + 0.5 if shapes else None

    def wait_for_row(self, position: int) -> None:
        """Wait until the panels speak of the token at a position: the frame is drawn by the same event."""
        self.page.wait_for_function(
            "y => document.querySelector('#attention .js-plotly-plot')?.layout?.shapes?.[0]?.y0 === y",
            arg=position - 1.5,
            timeout=PATIENT,
        )

    def wait_for_change(self, plot: str, before: dict[str, Any]) -> dict[str, Any]:
        """Wait until the numbers of a figure differ from those before, and return them."""
        self.page.wait_for_function(
            f"([id, before]) => JSON.stringify(({READ_PLOT})(id)) !== before",
            arg=[plot, self.page.evaluate("value => JSON.stringify(value)", before)],
            timeout=PATIENT,
        )
        return self.plot(plot)
