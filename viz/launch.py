"""What Gradio needs to serve the app, and to make it look like this project."""

from pathlib import Path
from typing import Any

from viz.words.assets import ASSETS
from viz.words.strings import say

ROOMS = Path(__file__).parent / "rooms"


def style_sheets() -> list[Path]:
    """Return the style sheets of the page in their order: those of the rooms, then those of all."""
    return [*sorted(ROOMS.glob("*/room.css")), *sorted(ASSETS.glob("*.css"))]


def launch_arguments(
    frame_ancestors: str = "", *, public: bool = False, trusted_proxies: int = 0
) -> dict[str, Any]:
    """Return what Gradio's `launch` needs: how the pages are served, and their look.

    Args:
        frame_ancestors: pages that may show the app in a frame; those of a Space if none are named.
        public: whether each visitor and each address may ask for so much a minute only.
        trusted_proxies: how many there are in front of the server, whose word on addresses is believed.
    """
    # Gradio takes seconds to import, and a page's module may be wanted without it.
    import gradio as gr  # noqa: PLC0415
    from starlette.middleware import Middleware  # noqa: PLC0415

    from viz.components.figure_queue import figure_queue  # noqa: PLC0415
    from viz.components.first_paint import first_paint  # noqa: PLC0415
    from viz.components.theme import AFTER_GRADIOS_OWN, page_head, page_theme  # noqa: PLC0415
    from viz.components.unwatched import unwatched  # noqa: PLC0415
    from viz.server.allowance import Allowance  # noqa: PLC0415
    from viz.server.checkpoint_download import CheckpointDownload  # noqa: PLC0415
    from viz.server.closed import Closed  # noqa: PLC0415
    from viz.server.compression import Compression  # noqa: PLC0415
    from viz.server.front import Front  # noqa: PLC0415
    from viz.server.gate import Gate  # noqa: PLC0415
    from viz.server.gradio_private import preload  # noqa: PLC0415
    from viz.server.health import Health  # noqa: PLC0415
    from viz.server.lasting import Lasting  # noqa: PLC0415
    from viz.server.login import Login  # noqa: PLC0415
    from viz.server.malformed import Malformed  # noqa: PLC0415
    from viz.server.origins import Origins  # noqa: PLC0415
    from viz.server.prefix import Prefix  # noqa: PLC0415
    from viz.server.presence import Presence, presence  # noqa: PLC0415
    from viz.server.security import ANCESTORS, Security  # noqa: PLC0415
    from viz.server.sessions import sessions  # noqa: PLC0415
    from viz.server.streams import Streams  # noqa: PLC0415

    head = presence() + preload() + page_head(style_sheets()) + figure_queue() + unwatched()
    return {
        "theme": page_theme(),
        "head": AFTER_GRADIOS_OWN,  # comes with the components: see `page_head`
        # Read out when an event has ended; Gradio has no word for it, and would read out the key.
        "i18n": gr.I18n(en={"common.complete": say("page.event_ended")}),
        # No page takes files; what is sent to Gradio's upload address all the same stays small.
        "max_file_size": "1kb",
        # Not its settings: languages that this page does not have, and the theme, which has a button.
        "footer_links": ["api", "gradio"],
        "favicon_path": str(ASSETS / "icon.svg"),
        "app_kwargs": {
            "lifespan": sessions,
            "middleware": [
                *(Middleware(one) for one in (Prefix, Health)),
                Middleware(Origins, framed=bool(frame_ancestors)),
                *(Middleware(one) for one in (Compression, Streams, Lasting)),
                Middleware(Security, ancestors=frame_ancestors or ANCESTORS, inserted=AFTER_GRADIOS_OWN),
                *(Middleware(one) for one in (Login, Closed, Malformed)),
                Middleware(Gate, allowance=Allowance() if public else None, trusted_proxies=trusted_proxies),
                Middleware(CheckpointDownload),
                Middleware(Presence),
                Middleware(Front, head=head, body=first_paint()),
            ],
        },
        # Runs are saved as files, by whoever wants to. Gradio would keep them in every browser, and offer to
        # keep them on the hub with the login of whoever serves the app.
        "run_history": False,
        "enable_monitoring": False,
    }
