"""The room that shares the text on the page: a link that writes it again elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from viz.components.heading import heading
from viz.pages.controls import Controls
from viz.pages.layout import DRAWER, Laid, Plan
from viz.pages.looking import Looking
from viz.pages.quiet import QUIET
from viz.pages.room import Room
from viz.pages.visitor import Visitor
from viz.rooms.share.linking import Linking, Opened
from viz.rooms.share.share_link import ShareLink
from viz.server.limits import LOOKING, OPENING


@dataclass(frozen=True)
class Parts(Laid):
    """What the room has put on the page."""

    link: ShareLink | None = None


def lay_out(_plan: Plan) -> Parts:
    """Create the room."""
    with gr.Column(elem_classes=["card"], elem_id="sharing-card"):
        heading("lab.share")
        link = ShareLink()
    return Parts(link=link)


def wire(laid: Parts, looking: Looking) -> None:
    """Let a press make a link, and an address that holds one be opened."""
    page, linking, link = looking.page, Linking(looking.showing), laid.link
    assert link is not None
    link.submit(
        page.taking(linking.make),
        [looking.visitor, link, *page.inputs],
        link,
        trigger_mode="always_last",
        **QUIET,
        **LOOKING,
    )

    def opened(visitor: Visitor, asked: object, controls: Controls) -> Iterator[list[Any]]:
        for one in linking.open(visitor, asked, controls):
            yield [one.value, *_moved(one, controls), *page.values(one.screen)]

    def _moved(one: Opened, before: Controls) -> list[Any]:
        if one.controls is None:
            return [gr.skip()] * len(page.inputs)
        pairs = zip(page.order.values(one.controls), page.order.values(before), strict=True)
        return [gr.skip() if now == then else now for now, then in pairs]

    link.select(
        page.taking(opened),
        [looking.visitor, link, *page.inputs],
        [link, *page.inputs, *page.outputs],
        trigger_mode="once",
        **QUIET,
        **OPENING,
    )


SHARE = Room("share", DRAWER, lay_out, wire=wire)
