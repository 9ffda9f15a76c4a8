"""Files that a browser has saved, read again."""

import re


def told(cell: str) -> str:
    """Undo the one thing that is done to a text, as docs/panels.md says."""
    return cell[1:] if re.match(r"'+([\t\r\n]|\s*[=+\-@＝＋－＠])", cell) else cell
