"""The Explore page as one visitor presses it, without a server: the app's handlers, by element and event."""

import json
import re
from collections import namedtuple
from collections.abc import Callable, Iterator
from functools import wraps
from inspect import isgeneratorfunction, unwrap
from types import SimpleNamespace
from typing import Any

import gradio as gr

from viz.explore import ROOMS, drawing_of
from viz.pages.controls import Controls
from viz.pages.example import load_example
from viz.pages.inputs import InputOrder
from viz.pages.page_models import PageModels
from viz.pages.scene import Scene
from viz.pages.screen import FRAME
from viz.pages.screen import Screen as FrameScreen
from viz.pages.visitor import Visitor
from viz.server.limits import Limits
from viz.server.service import Service

PROMPT = "in the"
DRAWING = drawing_of(ROOMS)
ORDER = InputOrder(tuple(room.controls for room in ROOMS))
"""Of the controls among the inputs of an event."""
NAMES = {"search": "query", "whole-text": "whole", "places": "place"}
"""What tests call controls by, where their elements have other names."""
FIELDS = (*FRAME, *(name for room in ROOMS for name in room.panels))
NOWHERE = Service(SimpleNamespace(ready=False, error=None, report_line="Loading."), Limits())  # type: ignore[arg-type]
"""The model of visitors who have not come to an app yet."""
Screen = namedtuple("Screen", FIELDS, defaults=[gr.skip()] * len(FIELDS))
"""What an event changes, the panels of the rooms beside the parts of the page."""


def seen(screen: FrameScreen) -> Any:
    """Return a screen with what it changes in rooms beside the rest."""
    return Screen(**{name: getattr(screen, name) for name in FRAME}, **screen.rooms)


def everything(scene: Scene, controls: Controls) -> Any:
    """Return the whole page."""
    return seen(DRAWING.everything(scene, controls))


def of_page(handler: Callable[..., Any], outputs: int) -> Callable[..., Any]:
    """Return a handler whose answers have names, if it changes the page as a whole."""
    if outputs != len(FIELDS):
        return handler
    if isgeneratorfunction(handler):

        @wraps(handler)
        def stream(*values: Any) -> Iterator[Any]:
            for answer in handler(*values):
                yield Screen(*answer)

        return stream

    @wraps(handler)
    def answer(*values: Any) -> Any:
        return Screen(*handler(*values))

    return answer


class Desk:
    """Presses and looks of one visitor."""

    def __init__(self, app: gr.Blocks, visitor: Visitor, layer: int = 1) -> None:
        self.visitor = visitor
        if visitor.service is NOWHERE:
            visitor.models = PageModels(own_service(app))
        self.prompt = PROMPT
        self.controls: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0}
        """Where controls stand that were moved, by their elements' ids."""
        self.controls |= {"layer": layer, "neuron_layer": layer}
        ids = {number: block.elem_id for number, block in app.blocks.items()}
        # Of several that one event runs the one that changes most: a room's own part of it is its own test.
        self._functions = {
            (ids.get(target, ""), event): function
            for function in sorted(app.fns.values(), key=lambda one: len(one.outputs))
            for target, event in function.targets
        }
        last = self._functions["selection", "select"].inputs[-len(ORDER) :]
        self._elements = [NAMES.get(one.elem_id, one.elem_id.replace("-", "_")) for one in last]
        self._wanted = {
            (ids.get(target, ""), event): function.fn
            for function in app.fns.values()
            for target, event in function.targets
            if function.name == "want"
        }

    @property
    def service(self) -> Any:
        """The model that the page has."""
        return self.visitor.service

    @property
    def values(self) -> list[Any]:
        unmoved = zip(self._elements, ORDER.values(Controls()), strict=True)
        return [self.controls.get(name, value) for name, value in unmoved]

    @property
    def now(self) -> Controls:
        """Where the controls stand."""
        return ORDER.controls(self.values)

    def handler(self, element: str, event: str) -> Callable[..., Any]:
        """Return what a press begins, after what a browser asks for before it."""
        if (element, event) in self._wanted:
            self._wanted[element, event](self.visitor)
        function = self._functions[element, event]
        return of_page(function.fn, len(function.outputs))

    def writing(self, button: str, **changes: Any) -> Iterator[Any]:
        """Press a button that writes and follow it screen by screen."""
        self.controls |= changes
        return self.handler(button, "click")(self.visitor, self.prompt, *self.values)

    def write(self, button: str = "generate", **changes: Any) -> list[Any]:
        """Press a button that writes and wait for its end."""
        return list(self.writing(button, **changes))

    def press(self, button: str) -> Any:
        """Press cut or undo."""
        return self.handler(button, "click")(self.visitor, self.prompt, *self.values)

    def stop(self) -> None:
        assert self.handler("stop", "click")(self.visitor) is None

    def select(self, index: Any) -> Any:
        """Click a token."""
        return self.handler("selection", "select")(self.visitor, {"index": index}, *self.values)

    def move(self, **changes: Any) -> Any:
        """Move one control."""
        self.controls |= changes
        (name,) = changes
        element = {name: element for element, name in NAMES.items()}.get(name, name.replace("_", "-"))
        return self.handler(element, "change")(self.visitor, *self.values)

    def open(self, tab: str) -> Any:
        """Open a page, a room that is a tab of its page, or a tab of the attention panel."""
        return self.handler(tab, "select")(self.visitor, *self.values)

    def read(self, on: bool) -> Any:
        """Press the switch between writing and reading."""
        return self.handler("read-mode", "select")(self.visitor, {"on": on}, *self.values)

    def enter(self, room: str) -> Any:
        """Go where a room is."""
        (page,) = [one.page for one in ROOMS if one.name == room]
        return self.read(room == "score") if page == "explore" else self.open(f"room-{room}")

    def payload(self, element: str, event: str, screen: Any) -> int:
        """Return the bytes that an event sends to the browser."""
        outputs = self._functions[element, event].outputs
        assert len(outputs) == len(screen)
        return sum(
            len(sent(component, value))
            for component, value in zip(outputs, screen, strict=True)
            if shown(value)
        )


def arrived(app: gr.Blocks) -> Visitor:
    """Return a visitor who has just come to an app."""
    example = load_example()
    return Visitor(example.run, example.pieces, example.selected, own_service(app))


def own_service(app: gr.Blocks) -> Any:
    """Return the server's own model."""
    (generate,) = [function for function in app.fns.values() if function.api_name == "generate_1"]
    return unwrap(generate.fn).__self__.models.own


def ids_of(app: Any, event: dict[str, Any]) -> set[str]:
    """Return the element ids of what triggers an event."""
    props = {part["id"]: part["props"] for part in app.config["components"]}
    return {props[target].get("elem_id") for target, _ in event["targets"] if target in props}


def author_of(app: gr.Blocks, length: int) -> Visitor:
    """Return a visitor who has written a short text."""
    desk = Desk(app, arrived(app))
    desk.write(max_new_tokens=length, seed=5)
    return desk.visitor


def shown(value: Any) -> bool:
    """Tell whether a field of a screen changes something."""
    return not (isinstance(value, dict) and value == gr.skip())


def changed(screen: Any) -> set[str]:
    """Return the fields of a screen that change something."""
    return {name for name, value in screen._asdict().items() if shown(value)}


def told(screen: Any) -> str:
    """Return what a notice reads."""
    return re.sub(r"<[^>]*>", "", screen.notice)


def sent(component: Any, value: Any) -> bytes:
    """Return a value as it travels."""
    if isinstance(value, dict) and value.get("__type__") == "update":
        return json.dumps(value).encode()
    data = component.postprocess(value)
    plain = data.model_dump() if hasattr(data, "model_dump") else data
    return json.dumps(plain).encode()
