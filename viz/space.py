"""What a Hugging Face Space says of itself to what runs in it, and the options that follow from that."""

from collections.abc import Mapping

PUBLIC_LIMITS = {"max_new_tokens": "128", "places": "16", "queue_size": "48", "internals_memory": "1024"}
"""For two cores that anybody may use: a text is there within seconds, and nobody waits long for a place."""


def options_of_space(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what takes the place of the defaults inside a Space; nothing anywhere else.

    A Space is reached from outside its container at the port that Gradio is told, and everybody may come.

    Args:
        environment: of the process; Spaces set `SPACE_ID` and `GRADIO_SERVER_PORT`.
    """
    if not environment.get("SPACE_ID"):
        return {}
    port = environment.get("GRADIO_SERVER_PORT") or environment.get("PORT") or "7860"
    return {"host": "0.0.0.0", "port": port, **PUBLIC_LIMITS}
