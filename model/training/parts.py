"""The text cut into three parts, training, validation and test, and each into sequences of one length."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from model.training.settings import DataSettings, SettingsError
from model.training.toy_worlds import repeats

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = get_args(Part)
NEAR = 400
"""Most characters within which a part is begun at a new line rather than in the midst of one."""
NEAR_SHARE = 0.25
"""Of the shorter one of validation and test: what it loses to the part before it at most."""
FILE = "parts.safetensors"
UNCOUNTED = -100
"""Transformers' label of a token that the loss leaves out."""


@dataclass(frozen=True, eq=False)
class TokenPart:
    """The tokens of one part, and which of them count in the loss."""

    token_ids: NDArray[np.int32]
    """(N,)"""
    counted: NDArray[np.bool_] | None = None
    """(N,); None for all."""

    def sequences(self, context: int) -> int:
        """Return how many whole sequences it holds."""
        return len(self.token_ids) // context


class Blocks:
    """A part as the sequences that Trainer takes, one after the other; what is left at the end stays out."""

    def __init__(self, part: TokenPart, context: int, at_most: int | None = None) -> None:
        """Cut a part.

        Args:
            part: see there.
            context: tokens of a sequence.
            at_most: so many sequences, evenly over the part; None for all.
        """
        count = part.sequences(context)
        self.token_ids = part.token_ids[: count * context].reshape(count, context).astype(np.int64)
        """(S, context)"""
        self.labels = self.token_ids
        """The same, with `UNCOUNTED` where the loss leaves a token out."""
        if part.counted is not None:
            counted = part.counted[: count * context].reshape(count, context)
            self.labels = np.where(counted, self.token_ids, UNCOUNTED)
        if at_most is not None and count > at_most:
            chosen = np.linspace(0, count - 1, at_most).round().astype(int)
            self.token_ids, self.labels = self.token_ids[chosen], self.labels[chosen]

    def __len__(self) -> int:
        return len(self.token_ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Return one sequence, as the default collator of Transformers takes it."""
        return {"input_ids": self.token_ids[index], "labels": self.labels[index]}


def split(texts: Sequence[str], data: DataSettings) -> dict[Part, list[str]]:
    """Return the texts of each part: the first characters, the next, the last; no character is in two.

    A text in which a part ends is cut, at a new line if one is near.
    """
    total = sum(map(len, texts))
    near = min(NEAR, int(NEAR_SHARE * total * min(data.validation, data.test)))
    ends = [total * (1 - data.validation - data.test), total * (1 - data.test)]
    parts: list[list[str]] = [[], [], []]
    place, seen = 0, 0
    for text in texts:
        left = text
        while place < 2 and seen + len(left) > ends[place]:
            cut = _near_line(left, max(0, round(ends[place] - seen)), near)
            parts[place].append(left[:cut])
            left, seen, place = left[cut:], seen + cut, place + 1
        parts[place].append(left)
        seen += len(left)
    return {name: [text for text in part if text] for name, part in zip(PARTS, parts, strict=True)}


def encode(texts: Sequence[str], tokenizer: Any) -> NDArray[np.int32]:
    """Return the tokens of texts, the token that ends one after each but the last."""
    ids: list[int] = []
    for index, text in enumerate(texts):
        ids += tokenizer.encode(text, add_special_tokens=False)
        if index < len(texts) - 1:
            ids.append(tokenizer.eos_token_id)
    return np.array(ids, dtype=np.int32)


def repeated_parts(
    data: DataSettings, context: int, seed: int, token_ids: NDArray[np.int32], only_repeats: bool
) -> dict[Part, TokenPart]:
    """Return the parts of the world of repeats: whole sequences, each part of its own.

    Args:
        data: how many characters, and the shares.
        context: letters of a sequence.
        seed: of the letters.
        token_ids: (kinds,) the token of each letter.
        only_repeats: whether the loss counts only what can be foreseen.
    """
    count = max(3, data.characters // context)
    letters, known = repeats(count, context, seed, len(token_ids))
    ends = [round(count * (1 - data.validation - data.test)), round(count * (1 - data.test))]
    pieces = zip(np.split(letters, ends), np.split(known, ends), strict=True)
    return {
        name: TokenPart(token_ids[some].ravel(), counted.ravel() if only_repeats else None)
        for name, (some, counted) in zip(PARTS, pieces, strict=True)
    }


def require_sequences(parts: dict[Part, TokenPart], data: DataSettings, context: int) -> None:
    """Refuse a text that is too short to learn from and to be measured on.

    Raises:
        SettingsError: says how long it must be.
    """
    shares = {"train": 1 - data.validation - data.test, "validation": data.validation, "test": data.test}
    tokens = sum(len(part.token_ids) for part in parts.values())
    for name in PARTS:
        if not parts[name].sequences(context):
            needed = int(1.1 * context / ((1 - NEAR_SHARE) * min(shares.values())))
            raise SettingsError(
                f"The text is too short: of its {tokens:,} tokens the {_TITLES[name]} part has "
                f"{len(parts[name].token_ids):,}, and one sequence takes {context}. About {needed:,} tokens "
                "are needed, or a shorter context, or a larger share for validation and test."
            )


def save_parts(folder: Path, parts: dict[Part, TokenPart]) -> None:
    """Write the parts as int32, and which tokens count as uint8 where not all do; whole or not at all."""
    from safetensors.numpy import save_file  # noqa: PLC0415 - wanted by the job alone

    arrays: dict[str, NDArray[Any]] = {name: part.token_ids for name, part in parts.items()}
    for name, part in parts.items():
        if part.counted is not None:
            arrays[f"{name}_counted"] = part.counted.astype(np.uint8)
    partial = folder / (FILE + ".partial")
    save_file(arrays, partial)
    partial.replace(folder / FILE)


def load_parts(folder: Path) -> dict[Part, TokenPart]:
    """Return what `save_parts` wrote."""
    from safetensors.numpy import load_file  # noqa: PLC0415 - as above

    arrays = load_file(folder / FILE)
    found: dict[Part, TokenPart] = {}
    for name in PARTS:
        counted = arrays.get(f"{name}_counted")
        found[name] = TokenPart(arrays[name], None if counted is None else counted.astype(bool))
    return found


def _near_line(text: str, at: int, near: int) -> int:
    """Return the beginning of the first line at or soon after a place; else the place."""
    found = text.find("\n", max(0, at - 1), at + near)
    return at if found < 0 else found + 1


_TITLES = {"train": "training", "validation": "validation", "test": "test"}
