"""Two buttons that change what a text is made of, and write it at once: new dice, and a prompt to try."""

import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

from model.texts.given import given_text
from viz.pages.controls import Controls
from viz.pages.screen import Screen
from viz.pages.showing import require_idle
from viz.pages.visitor import Visitor
from viz.pages.writing import Writing
from viz.server.service import Trouble
from viz.words.strings import say

SEEDS = 10**6
"""New dice have a seed below this: one that can be read out loud and typed again."""


class Trying(Writing):
    """More ways of writing a text than to press Write."""

    def throw(self, visitor: Visitor, prompt: str, controls: Controls) -> Iterator[Screen]:
        """Write with other dice: on from where the text was cut just now, or else a new text."""
        thrown = visitor.controls = replace(controls, seed=secrets.randbelow(SEEDS))

        def screens() -> Iterator[Screen]:
            yield from self._loading(visitor)
            run, typed = visitor.cut or (None, "")
            if run is visitor.run and typed == prompt:
                written = self._extend(visitor, given_text(visitor.run), None, thrown)
            else:
                written = self._anew(visitor, prompt, self._length(visitor, thrown), thrown)
            yield from _first_with(written, seed=thrown.seed)

        yield from self._or_why_not(visitor, screens())

    def asking(self, message: str) -> Callable[..., Iterator[Screen]]:
        """Return a handler that asks something in the model's chat template, and writes its answer."""

        def ask(visitor: Visitor, typed: str, controls: Controls) -> Iterator[Screen]:
            def screens() -> Iterator[Screen]:
                yield from self._loading(visitor)
                if not visitor.service.text.chats:
                    raise Trouble(say("page.no_chat", name=visitor.service.info.name))
                yield from self.beginning(visitor.service.model.chat(message))(visitor, typed, controls)

            yield from self._or_why_not(visitor, screens())

        return ask

    def beginning(self, prompt: str) -> Callable[..., Iterator[Screen]]:
        """Return a handler that puts a prompt in place of the one typed, and writes a new text from it."""

        def begin_with(visitor: Visitor, _typed: str, controls: Controls) -> Iterator[Screen]:
            visitor.controls = controls

            def screens() -> Iterator[Screen]:
                require_idle(visitor)
                yield Screen(prompt=prompt)
                yield from self._loading(visitor)
                yield from self._anew(visitor, prompt, self._length(visitor, controls), controls)

            yield from self._or_why_not(visitor, screens())

        return begin_with


def _first_with(screens: Generator[Screen], **fields: Any) -> Iterator[Screen]:
    """Yield screens, the first with more on it: when it comes, the writing has begun, and is not refused."""
    with closing(screens):  # the writing ends when its page is closed
        for number, screen in enumerate(screens):
            yield screen if number else screen._replace(**fields)
