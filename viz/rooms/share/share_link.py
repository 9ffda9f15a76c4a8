"""The link of the text on the page: the field that holds it, its QR code, and what came in the address."""

from html import escape
from typing import Any, TypedDict

from viz.components.drawn import Drawn
from viz.components.ticket import TICKET
from viz.words.strings import say


class QrCode(TypedDict):
    """A QR code as one path."""

    size: int
    """Modules a side, the quiet zone among them."""
    path: str
    """Of the dark modules, each a unit square."""


class ShareValue(TypedDict, total=False):
    """The value of a `ShareLink`, if the browser sends what our scripts do."""

    ask: str
    """From the browser: the address of this page, of which a link is wanted."""
    open: str
    """From the browser: what stood in its address behind `#run=`."""
    returns: bool
    """From the browser: the page was loaded anew, and is given its texts again before it opens another."""
    link: str
    """To the browser; empty where the text is too long for one."""
    said: str
    """How long it is, or what to do instead."""
    qr: QrCode | None
    opened: bool
    """To the browser: what stood in its address was opened, or refused."""
    at: float
    """When: the same answer may come twice."""


class ShareLink(Drawn):
    """The field with its buttons. `submit` asks for a link, `select` for what a link holds to be opened."""

    def __init__(self, *, elem_id: str = "sharing", strip_id: str = "tokens", **kwargs: Any) -> None:
        words = {name: say(f"components.share.{name}") for name in ("copied", "select", "asking")}
        words |= {"ticket": TICKET, "strip": strip_id}
        label, copy, save = (escape(say(f"components.share.{name}")) for name in ("label", "copy", "save"))
        skeleton = (
            f'<div class="share"><div class="share-line"><label for="share-link">{label}</label>'
            '<input id="share-link" type="text" readonly translate="no" dir="ltr" spellcheck="false"'
            f' placeholder="{escape(say("components.share.hint"))}">'
            f'<button type="button" class="pill large" data-copy>{copy}</button>'
            f'<button type="button" class="pill large" data-save hidden>{save}</button></div>'
            '<p class="say" role="status"></p>'
            f'<svg class="qr" role="img" aria-label="{escape(say("components.share.qr"))}" hidden>'
            '<rect width="100%" height="100%"></rect><path></path></svg></div>'
        )
        super().__init__("share_link", skeleton, None, words=words, elem_id=elem_id, **kwargs)
