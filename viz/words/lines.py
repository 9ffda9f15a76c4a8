"""Lines that say how things stand, as escaped HTML."""

from viz.words.prose import prose


def status_line(*parts: str) -> str:
    """Return the escaped HTML of the status line."""
    return f'<p class="say">{prose(" · ".join(part for part in parts if part))}</p>'


def said(text: str) -> str:
    """Return the escaped HTML of a notice."""
    return f'<p class="notice" role="status">{prose(text)}</p>'


def problem(text: str, *offers: str) -> str:
    """Return the escaped HTML of a notice that something could not be done.

    Args:
        text: says so.
        offers: buttons with what can be done instead, as escaped HTML.
    """
    return f'<p class="notice problem" role="alert">{" ".join((prose(text), *offers))}</p>'


def finding(text: str) -> str:
    """Return the escaped HTML of a notice that stays until the person who asked does something else."""
    return f'<p class="notice stays" role="status">{prose(text)}</p>'
