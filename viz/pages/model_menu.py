"""Another model comes onto a page: chosen in the masthead, loaded, and then the page has it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import gradio as gr

from viz.components.model_menu import ModelMenuValue, chosen_key, menu_value
from viz.pages.controls import Controls
from viz.pages.layout import Layout
from viz.pages.masthead import absent, coming, describe
from viz.pages.quiet import QUIET
from viz.pages.screen import Screen
from viz.pages.showing import Showing
from viz.pages.visitor import Visitor
from viz.server.failing import UNDERSTOOD
from viz.server.limits import OPENING
from viz.server.service import EXACT, OWN, Service, Trouble
from viz.words.lines import problem, said
from viz.words.strings import say

LOADING_SECONDS = 0.5
"""Between two looks how far a model has got, and whether a text is finished that it waits for."""
Opens = Callable[..., Any]
"""Returns the key of a model that an event asks for, given the visitor and the event's other inputs."""


class Turned(NamedTuple):
    """What the choice of a model changes."""

    menu: Any = gr.skip()
    told: Any = gr.skip()
    """The model's name, or how far it is."""
    chain: Any = gr.skip()
    dials: Mapping[str, Any] = {}
    """Updates of what follows the model, by the names that `ModelMenus` gives them."""
    screen: Screen = Screen()


class Choosing(Showing):
    """Handlers of the choice, for every visitor."""

    def menu(self, visitor: Visitor) -> ModelMenuValue:
        """Return the models that a visitor may choose."""
        own = self.models.own
        title = own.info.name if own.ready else say("page.models.own")
        choices = self.models.choices(visitor.models.owner)
        groups = [(say("page.models.group.own"), [(OWN, title)])]
        for group in ("catalog", "trained"):
            some = [(one.key, one.title) for one in choices if one.group == group]
            groups.append((say(f"page.models.group.{group}"), some))
        return menu_value(groups, (visitor.models.wanted or visitor.service).key)

    def look(self, visitor: Visitor) -> Turned:
        """Return what the masthead says of the model of a page, and the dials as they follow it."""
        service = visitor.service
        try:
            here = service.wanted()
        except Trouble as trouble:
            return Turned(self.menu(visitor), absent(str(trouble)))
        if not here and service.background.error is not None:
            return Turned(self.menu(visitor), absent(str(service.background.error)))
        if not here:
            return Turned(self.menu(visitor), coming(service.progress))
        told = describe(service.info, service.model.ends)
        return Turned(self.menu(visitor), told, dials=_dials(service))

    @staticmethod
    def ask(visitor: Visitor, key: object) -> None:
        """Note which model was chosen: an earlier one need not come any more."""
        visitor.models.asked = str(key)

    def choose(self, visitor: Visitor, key: object, controls: Controls) -> Iterator[Turned]:
        """Load a model and let the page have it; what is chosen meanwhile takes its place."""
        visitor.controls = controls
        self.ask(visitor, key)
        try:
            service = self.models.open(visitor.models.owner, key)
            yield from self._turn(visitor, service, controls)
        except UNDERSTOOD as trouble:
            visitor.models.wanted = None
            yield self.look(visitor)._replace(screen=Screen(notice=problem(str(trouble))))

    def _turn(self, visitor: Visitor, service: Service, controls: Controls) -> Iterator[Turned]:
        if service is visitor.service:
            visitor.models.wanted = None
            yield self.look(visitor)
            return
        visitor.models.wanted = service
        before, after = visitor.service.key, service.key
        with service.in_use():
            while not service.wait(LOADING_SECONDS):
                if visitor.models.asked != service.key:
                    return
                yield Turned(self.menu(visitor), coming(service.progress))
            known = service.engine.model.info
            while not visitor.turn_to(service, before, after):
                yield Turned(told=coming(say("page.models.waits", name=known.name)))
                time.sleep(LOADING_SECONDS)
                if visitor.models.asked != service.key:
                    return
            now = _fitting(controls, service)
            screen = self.redraw(visitor, now)
            if not screen.notice:
                screen = screen._replace(notice=said(say("page.models.here", name=known.name)))
            chain = gr.skip() if now.chain is controls.chain else now.chain
            yield self.look(visitor)._replace(chain=chain, screen=screen)


def _dials(service: Service) -> dict[str, Any]:
    info = service.info
    return {
        "layers": info.layers,
        "heads": info.heads,
        "precision": precision_choice(info.formats),
        "chats": gr.update(visible=service.text.chats),
    }


def _fitting(controls: Controls, service: Service) -> Controls:
    """Return the controls as they can stand with a model: no layer that it lacks, no bias of other words."""
    info, chain = service.info, controls.chain
    if isinstance(chain, dict) and chain.get("logit_bias"):
        serial = chain.get("serial")
        chain = {**chain, "logit_bias": {}, "serial": serial + 1 if isinstance(serial, int) else 1}
    layer, head = controls.layer, controls.head
    return replace(
        controls,
        chain=chain,
        layer=min(layer, info.layers - 1) if isinstance(layer, int) else layer,
        head=min(head, info.heads - 1) if isinstance(head, int) else head,
    )


class ModelMenus:
    """Wires the choice: the outputs are the same for whatever opens a model."""

    def __init__(self, page: Layout, visitor: gr.State, choosing: Choosing) -> None:
        self._page, self._visitor, self._choosing = page, visitor, choosing
        self._masthead = [
            *(page.menu, page.model, page.controls["chain"]),
            *(*page.layer_dials, page.controls["head"], page.controls["precision"], *page.chats.values()),
        ]

    def opens(self, triggers: list[Any], key: Opens, *more_inputs: Any) -> None:
        """Let events open a model on the page.

        Args:
            triggers: the events.
            key: given the visitor and the other inputs, returns the key of a model, as the list for this
                visitor has it, or None for nothing.
            more_inputs: of the events.
        """

        def choose(visitor: Visitor, *values: Any) -> Iterator[list[Any]]:
            *given, controls = values
            wanted = key(visitor, *given)
            if wanted is not None:
                for turned in self._choosing.choose(visitor, wanted, controls):
                    yield self._values(turned, controls)

        gr.on(
            triggers,
            self._page.taking(choose),
            [self._visitor, *more_inputs, *self._page.inputs],
            [*self._masthead, *self._page.outputs],
            trigger_mode="always_last",
            **QUIET,
            **OPENING,
        )

    def wire(self, app: gr.Blocks, back: Any) -> None:
        """Let the menu choose, and say which model is here, or how far it has got, until it is here.

        Args:
            app: with the page.
            back: the event after which a page that was loaded anew has its texts again.
        """
        page, choosing, ticking = self._page, self._choosing, gr.Timer(1.0)

        def look(visitor: Visitor) -> list[Any]:
            turned = choosing.look(visitor)
            return [*self._values(turned, None)[: len(self._masthead)], gr.Timer(active=not turned.dials)]

        outputs = [*self._masthead, ticking]
        gr.on([app.load, ticking.tick], look, self._visitor, outputs, **QUIET)
        back.then(lambda visitor: look(visitor), self._visitor, outputs, **QUIET)
        page.menu.focus(choosing.menu, self._visitor, page.menu, queue=False, **QUIET)
        # At once: the choice itself waits until what an earlier one has begun hears of it.
        page.menu.select(self._asks, [self._visitor, page.menu], None, queue=False, **QUIET)
        self.opens([page.menu.select], lambda _, asked: chosen_key(asked), page.menu)

    def _asks(self, visitor: Visitor, asked: object) -> None:
        key = chosen_key(asked)
        if key is not None:
            self._choosing.ask(visitor, key)

    def _values(self, turned: Turned, controls: Controls | None) -> list[Any]:
        """Return what is changed in the order of the outputs."""
        page, dials = self._page, turned.dials
        stood = (
            {}
            if controls is None
            else dict(zip(map(id, page.inputs), page.order.values(controls), strict=True))
        )
        layers: Sequence[Any] = [gr.skip()] * len(page.layer_dials)
        head = gr.skip()
        if dials:
            layers = [ends(dials["layers"], stood.get(id(one), one.value)) for one in page.layer_dials]
            one = page.controls["head"]
            head = ends(dials["heads"], stood.get(id(one), one.value))
        return [
            *(turned.menu, turned.told, turned.chain, *layers, head),
            *(dials.get("precision", gr.skip()), *[dials.get("chats", gr.skip())] * len(page.chats)),
            *page.values(turned.screen),
        ]


def precision_choice(formats: Sequence[str]) -> dict[str, Any]:
    """Return the update of the choice of precision: where a model has one format, it stands on that."""
    if len(formats) > 1:
        return gr.update(interactive=True)
    return gr.update(interactive=False, value="exact" if formats[0] == EXACT else "fast")


def ends(count: int, stood: object) -> dict[str, Any]:
    """Return the update of a slider over layers or heads: it moves only where it would stand too far."""
    if isinstance(stood, int | float) and stood > count - 1:
        return gr.update(maximum=count - 1, value=count - 1)
    return gr.update(maximum=count - 1)
