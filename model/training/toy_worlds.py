"""Worlds small enough to be learned in a minute, made on the fly: what is true in them is known exactly."""

import string
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from model.training.settings import Source

LETTERS = (string.ascii_lowercase + string.digits)[:32]
"""Of the world of repeats."""
SHORTEST_REPEAT = 6
TRIES = 20
"""Of a line that has been made before, until a world is said to hold no more of them."""


def repeats(
    count: int, length: int, seed: int, kinds: int = len(LETTERS)
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return sequences of random letters in which a stretch comes a second time, right after the first.

    The distance between the two is the length of the stretch, which varies, as does where it stands: only a
    head that looks for what followed the same letter before can foresee the second (Olsson et al. 2022,
    arXiv:2209.11895).

    Args:
        count: sequences.
        length: letters of each; 16 at least.
        seed: of the letters and stretches.
        kinds: different letters.

    Returns:
        (count, length) numbers of letters, from 0; and which of them can be foreseen: those of the second
        stretch but for its first.
    """
    dice = np.random.default_rng(seed)
    letters = dice.integers(kinds, size=(count, length))
    stretch = dice.integers(SHORTEST_REPEAT, max(SHORTEST_REPEAT + 1, length * 7 // 16), size=count)
    begin = dice.integers(0, length - 2 * stretch + 1)
    at = np.arange(length)[None, :]
    second = (at >= (begin + stretch)[:, None]) & (at < (begin + 2 * stretch)[:, None])
    earlier = np.where(second, at - stretch[:, None], at)
    letters = np.take_along_axis(letters, earlier, axis=1)
    return letters, second & (at > (begin + stretch)[:, None])


def lines(world: Source, characters: int, seed: int) -> str:
    """Return at most so many characters of a world of lines, of which no two are the same.

    So no line of one part of the text is found in another, and what is measured there is not remembered.

    Args:
        world: addition, sorting or brackets.
        characters: most of them.
        seed: of the lines.
    """
    dice = np.random.default_rng(seed)
    made: dict[str, None] = {}
    size = again = 0
    while again < TRIES:
        line = _WORLDS[world](dice)
        if line in made:
            again += 1
            continue
        if size + len(line) + 1 > characters:
            break
        again = 0
        made[line] = None
        size += len(line) + 1
    return "".join(line + "\n" for line in made)


def _addition(dice: np.random.Generator) -> str:
    """Return a sum of two numbers of up to three digits: `12+345=357`."""
    first, second = (int(dice.integers(10 ** int(dice.integers(1, 4)))) for _ in range(2))
    return f"{first}+{second}={first + second}"


def _sorting(dice: np.random.Generator) -> str:
    """Return letters, and the same in order: `dacb>abcd`."""
    letters = dice.choice(list(string.ascii_lowercase), size=int(dice.integers(3, 9)))
    return "".join(letters) + ">" + "".join(sorted(letters))


def _brackets(dice: np.random.Generator) -> str:
    """Return brackets of three kinds of which each is closed by its own: `([]{()})`."""
    length, line = 2 * int(dice.integers(2, 17)), ""
    unclosed: list[str] = []
    for done in range(length):
        must_close = len(unclosed) == length - done
        if unclosed and (must_close or dice.random() < 0.5):
            line += unclosed.pop()
        else:
            opening, closing = ("()", "[]", "{}")[int(dice.integers(3))]
            line += opening
            unclosed.append(closing)
    return line


_WORLDS: dict[str, Callable[[np.random.Generator], str]] = {
    "addition": _addition,
    "sorting": _sorting,
    "brackets": _brackets,
}
