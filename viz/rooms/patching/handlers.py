"""What the buttons of the room do: every place is patched once, or one while a text is written."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import gradio as gr
import numpy as np

from model.interventions.patching import Place, Values, patched, variant_at, written_after
from model.network.changes import Site, Variant
from viz.figures.figure import Figure
from viz.figures.patching import heads_figure, positions_figure
from viz.figures.theme import Theme
from viz.pages.controls import Controls
from viz.pages.kept import RoomState
from viz.pages.visitor import Visitor
from viz.pages.work import watched
from viz.rooms.patching.place_choice import chosen_place
from viz.rooms.patching.words import (
    Continuation,
    differences_html,
    place_name,
    strongest_html,
    texts_html,
)
from viz.server.contrasts import Prompts, contrast_of, prompts_of, site_of
from viz.server.failing import or_why_not
from viz.server.service import Trouble
from viz.words.lines import problem, status_line
from viz.words.strings import say
from viz.words.tokens import display_token

WORK = "patching"
WRITTEN = 12
"""Tokens that follow each prompt."""
BEFORE = 2
"""Positions of the map before the first that differs, where nothing can come back."""


@dataclass(frozen=True, eq=False)
class Mapped:
    """What a visitor patched, and what came of it."""

    prompts: Prompts
    typed: tuple[str, str]
    """The clean prompt and the corrupted one."""
    site: Site
    values: Values
    """(layers, T) or (layers, heads); NaN where it is not known."""
    differences: tuple[float, float]
    """Logit differences after both prompts."""
    place: Place | None = None
    """Where it was patched while a text was written."""
    texts: tuple[str, ...] = ()
    """What follows the clean prompt, the corrupted one, and it with the place patched; as far as written."""

    @property
    def strongest(self) -> Place | None:
        """Where most comes back; None where nothing is known."""
        if np.isnan(self.values).all():
            return None
        layer, column = np.unravel_index(int(np.nanargmax(self.values)), self.values.shape)
        return Place(self.site, int(layer), int(column))


class PatchingState(RoomState):
    """What the room remembers of a visitor."""

    def __init__(self) -> None:
        self.mapped: Mapped | None = None


class PatchingScreen(NamedTuple):
    """What an event changes in the room."""

    map: Any = gr.skip()
    told: Any = gr.skip()
    texts: Any = gr.skip()
    line: Any = gr.skip()
    cancel: Any = gr.skip()
    layer: Any = gr.skip()
    column: Any = gr.skip()


class Patching:
    """Handlers of the events, for every visitor."""

    def patch_places(self, visitor: Visitor, *values: Any) -> Iterator[PatchingScreen]:
        """Patch every place of a site once; the values are the four fields, the site, and the controls."""
        *fields, site, controls = values
        yield from self._or_why_not(visitor, self._patch(visitor, fields, site, controls))

    def write_patched(
        self, visitor: Visitor, layer: object, column: object, controls: Controls
    ) -> Iterator[PatchingScreen]:
        """Write on from the corrupted prompt with one place patched."""
        choice = {"layer": layer, "column": column}
        yield from self._or_why_not(visitor, self._write(visitor, choice, controls))

    def press_place(self, visitor: Visitor, choice: object, controls: Controls) -> Iterator[PatchingScreen]:
        """Do the same for the cell of the map that was pressed."""
        yield from self._or_why_not(visitor, self._write(visitor, choice, controls))

    def redraw(self, visitor: Visitor, controls: Controls) -> PatchingScreen:
        """Return the room as it is, in the colours of the page."""
        mapped = visitor.kept.of(PatchingState).mapped
        return PatchingScreen() if mapped is None else self._screen(visitor, mapped, controls.theme)

    def _patch(
        self, visitor: Visitor, fields: list[str], site: object, controls: Controls
    ) -> Iterator[PatchingScreen]:
        prompts = prompts_of(visitor.service, *fields)
        state, stopping = visitor.kept.of(PatchingState), _Stopping()

        def work() -> Iterator[Mapped]:
            where = site_of(visitor.service, site)
            pair = contrast_of(visitor.service, prompts)
            differences = pair.clean_difference, pair.corrupted_difference
            for values in patched(visitor.service.model, pair, where):
                typed = (fields[0], fields[1])
                state.mapped = mapped = Mapped(prompts, typed, where, values, differences)
                yield mapped
                if stopping.asked:
                    return

        shown = None
        for mapped in watched(visitor, WORK, work(), stopping.stop):
            if mapped is None:
                line = status_line(say("why.patching.measuring"))
                yield PatchingScreen(line=line, cancel=gr.update(interactive=True))
                continue
            screen = self._screen(visitor, mapped, controls.theme)._replace(line=_progress(mapped))
            if shown is None:
                screen = screen._replace(**self._places(visitor, mapped, None))
            shown = mapped
            yield screen
        mapped = state.mapped
        if mapped is not None:
            screen = self._screen(visitor, mapped, controls.theme)
            yield screen._replace(
                line=_progress(mapped),
                cancel=gr.update(interactive=False),
                **self._places(visitor, mapped, mapped.strongest),
            )

    def _write(self, visitor: Visitor, choice: object, controls: Controls) -> Iterator[PatchingScreen]:
        state, stopping = visitor.kept.of(PatchingState), _Stopping()
        mapped = state.mapped
        if mapped is None:
            raise Trouble(say("why.patching.trouble.no_map"))
        place = self._place(mapped, choice)
        known = mapped.texts[:2] if len(mapped.texts) == 3 else ()
        now = state.mapped = replace(mapped, place=place, texts=known)

        finished = False

        def work() -> Iterator[Mapped]:
            nonlocal now, finished
            pair = contrast_of(visitor.service, now.prompts)
            runs: list[tuple[tuple[int, ...], Variant]] = [
                (now.prompts.clean, ()),
                (now.prompts.corrupted, ()),
                (now.prompts.corrupted, variant_at(pair, place)),
            ]
            for token_ids, variant in runs[len(known) :]:
                done, text = now.texts, ""
                for step in written_after(visitor.service.model, token_ids, variant, WRITTEN):
                    text += step.text
                    now = state.mapped = replace(now, texts=(*done, text))
                    yield now
                    if stopping.asked:
                        return
            finished = True

        for grown in watched(visitor, WORK, work(), stopping.stop):
            if grown is not None:
                yield PatchingScreen(texts=self._texts(visitor, now))
                continue
            yield PatchingScreen(
                map=self._map(visitor, now, controls.theme),
                texts=self._texts(visitor, now),
                line=status_line(say("why.patching.writing")),
                cancel=gr.update(interactive=True),
                **self._places(visitor, now, place),
            )
        done = say(f"why.patching.{'written' if finished else 'stopped'}")
        yield PatchingScreen(
            texts=self._texts(visitor, now), line=status_line(done), cancel=gr.update(interactive=False)
        )

    def _place(self, mapped: Mapped, choice: object) -> Place:
        """Return the place that was chosen.

        Raises:
            Trouble: the map has no such place, or the two runs are one there.
        """
        layers, columns = mapped.values.shape
        chosen = chosen_place(choice)
        if chosen is None or not (chosen[0] < layers and chosen[1] < columns):
            raise Trouble(say("why.patching.trouble.no_place"))
        return Place(mapped.site, *chosen)

    def _screen(self, visitor: Visitor, mapped: Mapped, theme: Theme) -> PatchingScreen:
        token_of = visitor.service.text.token
        told = differences_html(mapped.prompts, *mapped.differences, token_of)
        told += strongest_html(mapped.values, mapped.site, mapped.prompts, token_of)
        return PatchingScreen(
            map=self._map(visitor, mapped, theme), told=told, texts=self._texts(visitor, mapped)
        )

    def _map(self, visitor: Visitor, mapped: Mapped, theme: Theme) -> Figure:
        place = None if mapped.place is None else (mapped.place.layer, mapped.place.column)
        if mapped.site == "head":
            return heads_figure(mapped.values, chosen=place, theme=theme)
        clean, corrupted = (
            [visitor.service.text.token(one) for one in ids]
            for ids in (mapped.prompts.clean, mapped.prompts.corrupted)
        )
        return positions_figure(
            mapped.values, site=mapped.site, clean=clean, corrupted=corrupted, first=_begin(mapped),
            chosen=place, theme=theme,
        )  # fmt: skip

    def _texts(self, visitor: Visitor, mapped: Mapped) -> str:
        if mapped.place is None:
            return ""
        names = ("clean", "corrupted", "patched")
        prompts = (*mapped.typed, mapped.typed[1])
        texts = [
            Continuation(name, prompt, text)
            for name, prompt, text in zip(names, prompts, (*mapped.texts, "", "", "")[:3], strict=True)
        ]
        value = float(mapped.values[mapped.place.layer, mapped.place.column])
        place = place_name(mapped.place, mapped.prompts, visitor.service.text.token)
        return texts_html(texts, place, None if np.isnan(value) else value)

    def _places(self, visitor: Visitor, mapped: Mapped, place: Place | None) -> dict[str, Any]:
        """Return what the dial and the list beside the map offer, and where they stand."""
        columns = range(0 if mapped.site == "head" else _begin(mapped), mapped.values.shape[1])
        choices = [(self._column_name(visitor, mapped, at), at) for at in columns]
        at = choices[-1][1] if place is None else place.column
        layer: dict[str, Any] = {} if place is None else {"value": place.layer}
        return {
            "layer": gr.update(maximum=mapped.values.shape[0] - 1, **layer),
            "column": gr.update(choices=choices, value=at),
        }

    def _column_name(self, visitor: Visitor, mapped: Mapped, at: int) -> str:
        if mapped.site == "head":
            return say("why.patching.head", head=at)
        clean, corrupted = (
            display_token(visitor.service.text.token(ids[at]))
            for ids in (mapped.prompts.clean, mapped.prompts.corrupted)
        )
        return f"{at} · {clean if clean == corrupted else f'{clean} / {corrupted}'}"

    @staticmethod
    def _or_why_not(visitor: Visitor, screens: Iterator[PatchingScreen]) -> Iterator[PatchingScreen]:
        def explained(why: str) -> PatchingScreen:
            busy = WORK in visitor.working
            return PatchingScreen(line=problem(why), cancel=gr.update(interactive=busy))

        yield from or_why_not(screens, explained)


class _Stopping:
    """Whether somebody has pressed Cancel."""

    asked = False

    def stop(self) -> None:
        self.asked = True


def _begin(mapped: Mapped) -> int:
    """Return the first position that is drawn; a short prompt is shown whole."""
    length, first = len(mapped.prompts.clean), mapped.prompts.first
    return 0 if length <= 2 * WRITTEN else max(0, first - BEFORE)


def _progress(mapped: Mapped) -> str:
    """Return how many places were patched, of those where the two runs differ."""
    skipped = 0 if mapped.site == "head" else mapped.prompts.first
    known = mapped.values[:, skipped:]
    done, count = int((~np.isnan(known)).sum()), known.size
    return status_line(say(f"why.patching.{'done' if done == count else 'progress'}", done=done, count=count))
