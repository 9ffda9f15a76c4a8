"""The part of a training's text that no checkpoint has met."""

from model.training.line import TrainingLine
from model.training.settings import SettingsError

MOST_TOKENS = 8_000
"""That are read."""


def held_out_text(line: TrainingLine, name: str) -> str:
    """Return the text of the test part of a training.

    Raises:
        SettingsError: there is no such training, or it has not cut its text yet.
    """
    # Written with Transformers, which the page does not wait for.
    from model.training.base import base_tokenizer  # noqa: PLC0415
    from model.training.parts import FILE, load_parts  # noqa: PLC0415

    folder = line.folder(name)
    if not (folder / "data" / FILE).is_file():
        raise SettingsError("The text of this training has not been cut into its parts yet.")
    tokenizer = base_tokenizer(folder / "tokenizer")
    ids = load_parts(folder / "data")["test"].token_ids[:MOST_TOKENS].tolist()
    return str(tokenizer.decode(ids, skip_special_tokens=True))
