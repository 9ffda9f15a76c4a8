"""The pages: Gradio layout and wiring."""

from pathlib import Path
from typing import Any

from viz.strings import say

ASSETS = Path(__file__).parent.parent.parent / "assets"


def launch_arguments() -> dict[str, Any]:
    """Return what Gradio's `launch` needs: how the pages are served, and their look."""
    # Gradio takes seconds to import, and a page's module may be wanted without it.
    from gradio.i18n import I18n  # noqa: PLC0415
    from starlette.middleware import Middleware  # noqa: PLC0415

    from viz.components.theme import page_head, page_theme  # noqa: PLC0415
    from viz.pages.compression import Compression  # noqa: PLC0415
    from viz.pages.front import Front  # noqa: PLC0415
    from viz.pages.gate import Gate  # noqa: PLC0415
    from viz.pages.login import Login  # noqa: PLC0415
    from viz.pages.prefix import Prefix  # noqa: PLC0415
    from viz.pages.sessions import sessions  # noqa: PLC0415
    from viz.pages.streams import Streams  # noqa: PLC0415

    return {
        "theme": page_theme(),
        "head": page_head(),
        # Read out when an event has ended; Gradio has no word for it, and would read out the key.
        "i18n": I18n(en={"common.complete": say("page.event_ended")}),
        # No page takes files; what is sent to Gradio's upload address all the same stays small.
        "max_file_size": "1kb",
        "favicon_path": str(ASSETS / "icon.svg"),
        "app_kwargs": {
            "lifespan": sessions,
            "middleware": [Middleware(one) for one in (Prefix, Compression, Streams, Login, Gate, Front)],
        },
        # Runs are saved as files, by whoever wants to. Gradio would keep them in every browser, and offer to
        # keep them on the hub with the login of whoever serves the app.
        "run_history": False,
        "enable_monitoring": False,
    }
