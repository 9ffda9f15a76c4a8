"""What a browser, and whoever shows a link to the page, read first: its name, its picture, its language."""

import re
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viz.server.gathering import Gathering
from viz.server.gradio_private import get_root_url
from viz.server.login import FORM
from viz.words.assets import ASSETS, FIRST_ANSWERS
from viz.words.strings import say

PREVIEW = "link-preview.png"
PICTURE: Path = ASSETS / PREVIEW
FRAME: Path = ASSETS / "bertviz-frame.html"
"""An empty page for BertViz's scripts, which the policy of the page around it would refuse."""
FILES = {file.name: file for file in (PICTURE, FIRST_ANSWERS, FRAME)}
"""What is served beside the page, by name."""
ITS_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; sandbox allow-scripts"
)
"""Of the frame: it has no origin, and no request leaves it."""
WIDTH, HEIGHT = 1200, 630
"""Of the picture, in pixels: what those who show links ask for."""
GRADIOS_OWN = re.compile(r'\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>')
CHARSET = re.compile(r"<meta charset=[^>]*>")
"""The first thing in the head, which must stay the first."""
ENGLISH = """<script>
  // Gradio takes its words, and the language that it says the page has, from the browser; ours are English.
  for (const [name, value] of Object.entries({ language: "en", languages: ["en"] }))
    Object.defineProperty(navigator, name, { get: () => value });
</script>"""


class Front:
    """ASGI middleware behind which Gradio's page is introduced as this project's."""

    def __init__(self, app: ASGIApp, head: str = "", body: str = "") -> None:
        """Take what is behind it.

        Args:
            app: serves the page.
            head: HTML for the end of the page's head, such as what it is to look like from the first paint.
            body: HTML for the end of its body.
        """
        self._app = app
        self._head, self._body = head, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what stands beside the page; rewrite the head of HTML pages; pass on all else as it is."""
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self._app(scope, receive, send)
        if file := FILES.get(scope["path"].rpartition("/")[2]):
            headers = {"Content-Security-Policy": ITS_POLICY} if file == FRAME else None
            return await FileResponse(file, headers=headers)(scope, receive, send)

        scope = {**scope, "query_string": without_page(scope["query_string"])}

        async def ours(body: bytes, _headers: MutableHeaders) -> bytes:
            page = introduced(body.decode(), address_of(scope))
            return (page if FORM in body else self._furnished(page)).encode()

        return await self._app(scope, receive, Gathering(send, _is_page, ours))

    def _furnished(self, page: str) -> str:
        # Texts of people stand between, in a script, where Gradio has escaped every "<".
        for end, html in (("</head>", self._head), ("</body>", self._body)):
            page = page.replace(end, html + end, 1)
        return page


def without_page(query: bytes) -> bytes:
    """Return a query without `page`, all else to the byte: that is for the browser.

    Gradio has a parameter of this name, which means another document.
    """
    return b"&".join(one for one in query.split(b"&") if _name(one) != "page")


def _name(parameter: bytes) -> str:
    return unquote_plus(parameter.partition(b"=")[0].decode("latin-1"))


def _is_page(start: Message) -> bool:
    kinds = [value for name, value in start["headers"] if name.lower() == b"content-type"]
    return start["status"] == 200 and any(kind.startswith(b"text/html") for kind in kinds)


def address_of(scope: Scope) -> str:
    """Return the address of the page as visitors know it, also behind a proxy; without a slash at its end."""
    root_path: Any = scope["app"].root_path or scope.get("root_path")
    return get_root_url(Request(scope), route_path="/", root_path=root_path)


def introduced(page: str, address: str) -> str:
    """Return Gradio's page with a head of our own in front: what links to it show, and its language.

    Args:
        page: HTML as Gradio serves it.
        address: of the page, without a slash at its end.
    """
    before, script, after = page.partition("<script")  # what follows holds texts of people
    before = GRADIOS_OWN.sub("", before)
    return CHARSET.sub(lambda found: f"{found[0]}\n{_head(address)}", before, count=1) + script + after


def _head(address: str) -> str:
    title, description = say("page.title"), say("page.preview.description")
    picture = f"{address}/{PREVIEW}"
    told = {
        "og:type": "website",
        "og:site_name": title,
        "og:title": f"{title}: {say('page.promise')}",
        "og:description": description,
        "og:url": f"{address}/",
        "og:image": picture,
        "og:image:type": "image/png",
        "og:image:width": WIDTH,
        "og:image:height": HEIGHT,
        "og:image:alt": say("page.preview.picture"),
    }
    named = {
        "description": description,
        "twitter:card": "summary_large_image",
        "twitter:title": told["og:title"],
        "twitter:description": description,
        "twitter:image": picture,
        "twitter:image:alt": told["og:image:alt"],
    }
    lines = [f'<meta property="{name}" content="{escape(str(value))}">' for name, value in told.items()]
    lines += [f'<meta name="{name}" content="{escape(str(value))}">' for name, value in named.items()]
    return "\n".join([f"<title>{escape(title)}</title>", *lines, ENGLISH])
