"""The base of our `gr.HTML` components: the skeleton is static, a script draws the value into it.

Gradio evaluates what its Handlebars template renders as a JavaScript template literal. Handlebars leaves `$`,
`{` and backslashes alone, so a token such as `${...}` put in by a template would run as code. Here no value
ever reaches a template: the scripts build elements and set `textContent`. The elements also stay the same
across updates, which keeps focus, scroll position and listeners.
"""

import inspect
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

HERE = Path(__file__).parent
NOTHING = "<span></span>"
"""The skeleton of a component that draws nothing: it takes no room on the page, nor a gap beside it."""


class Drawn(gr.HTML):
    """A component drawn by `<script>.js` beside its class; `words` are the strings that this script shows.

    `parts` are scripts whose functions it uses: beside its class, or else beside this one.
    """

    def __init__(
        self,
        script: str,
        skeleton: str,
        value: Any = None,
        *,
        words: dict[str, str] | None = None,
        parts: tuple[str, ...] = (),
        elem_classes: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        # Not as a prop: a component that is updated before its tab was opened is mounted without its props.
        strings = f"const words = {json.dumps(words or {})};\n"
        own = Path(inspect.getfile(type(self))).parent
        found = ((own / f"{name}.js", HERE / f"{name}.js") for name in ("dom", *parts))
        scripts = [beside if beside.exists() else shared for beside, shared in found]
        scripts.append(own / f"{script}.js")
        code = strings + "".join(path.read_text(encoding="utf-8") for path in scripts)
        super().__init__(
            value=value,
            html_template=skeleton,
            js_on_load=code,
            apply_default_css=False,
            elem_classes=[*elem_classes, *(["undrawn"] if skeleton == NOTHING else [])],
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """Return the schema of the value; with an incomplete one `launch` fails and blames localhost."""
        return {"type": "object", "additionalProperties": {}}

    def example_payload(self) -> dict[str, Any]:
        """Return a value for the API page."""
        return {}

    def example_value(self) -> dict[str, Any]:
        """Return a value for the API page."""
        return {}
