"""How text becomes tokens: letter by letter, or by byte-pair encoding that is made on it."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from model.training.settings import SettingsError

if TYPE_CHECKING:  # Transformers takes seconds to import.
    from tokenizers import Tokenizer
    from transformers import PreTrainedTokenizerFast

END = "<|endoftext|>"
UNKNOWN = "<|unknown|>"
MOST_CHARACTERS = 4096
"""Different ones that a tokenizer of characters knows: the most frequent."""
FIRST_MERGES = 12
CURVE = 5
"""Vocabularies at which the tokens of a character are counted."""
CURVE_TEXT = 100_000
"""Characters that they are counted on."""


@dataclass(frozen=True)
class Merge:
    """One step of byte-pair encoding: the two tokens that stand beside each other most often become one."""

    left: str
    right: str
    count: int
    """Times that they stood beside each other at that moment in the training part."""


@dataclass(frozen=True)
class CurvePoint:
    """What a vocabulary does to the length of a text."""

    vocabulary: int
    tokens_per_character: float


def characters_tokenizer(texts: Sequence[str]) -> "PreTrainedTokenizerFast":
    """Return a tokenizer in which each character of some texts is a token; others are one unknown token."""
    from tokenizers import Tokenizer, decoders, models  # noqa: PLC0415 - wanted by the job alone

    counted = Counter[str]()
    for text in texts:
        counted.update(text)
    known = sorted(character for character, _ in counted.most_common(MOST_CHARACTERS))
    vocabulary = {token: index for index, token in enumerate([END, UNKNOWN, *known])}
    made = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=UNKNOWN, fuse_unk=False))
    made.decoder = decoders.Fuse()
    return _fast(made, unk_token=UNKNOWN)


def bpe_tokenizer(texts: Sequence[str], vocabulary: int) -> "PreTrainedTokenizerFast":
    """Return a byte-level byte-pair encoding (Sennrich et al. 2016) that is made on some texts.

    Args:
        texts: the training part.
        vocabulary: tokens: 256 bytes, the end, and merges.

    Raises:
        SettingsError: the text has fewer pairs that come twice; says how many tokens it allows.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers  # noqa: PLC0415 - as above

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    if made.get_vocab_size() < vocabulary:
        raise SettingsError(
            f"The vocabulary of {vocabulary:,} tokens is larger than the text allows: it has pairs that come "
            f"twice for {made.get_vocab_size():,} tokens. Take that many at most, or a longer text."
        )
    return _fast(made)


def first_merges(
    tokenizer: "PreTrainedTokenizerFast", texts: Sequence[str], count: int = FIRST_MERGES
) -> list[Merge]:
    """Return the first merges of a byte-pair encoding, in order, with the counts that made them the first.

    The counts are our own, over the distinct words of the texts as the tokenizer parts them, each weighed by
    how often it comes; what comes of a merge is written into these words before the next is counted.
    """
    words = Counter[tuple[str, ...]]()
    parting: Any = tokenizer.backend_tokenizer.pre_tokenizer
    for text in texts:
        words.update(tuple(word) for word, _ in parting.pre_tokenize_str(text))
    found = []
    for left, right in _merges(tokenizer.backend_tokenizer)[:count]:
        times = sum(n * sum(pair == (left, right) for pair in pairwise(word)) for word, n in words.items())
        found.append(Merge(left, right, times))
        words = Counter({_joined(word, left, right): n for word, n in words.items()})
    return found


def length_curve(tokenizer: "PreTrainedTokenizerFast", text: str) -> list[CurvePoint]:
    """Return the tokens of a character at several vocabularies up to that of a byte-pair encoding.

    A smaller vocabulary has the first of the same merges, so that nothing is made anew.
    """
    from tokenizers import Tokenizer, models  # noqa: PLC0415 - as above

    merges = _merges(tokenizer.backend_tokenizer)
    sample = text[:CURVE_TEXT]
    own = len(tokenizer) - len(merges)
    points = []
    for share in range(CURVE):
        taken = merges[: round(len(merges) * (share / (CURVE - 1)) ** 2)]
        smaller = Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())
        smaller.model = models.BPE(vocab=tokenizer.get_vocab(), merges=taken)
        tokens = len(smaller.encode(sample, add_special_tokens=False).ids)
        points.append(CurvePoint(own + len(taken), tokens / max(1, len(sample))))
    return points


def described(tokenizer: "PreTrainedTokenizerFast", texts: Sequence[str]) -> dict[str, Any]:
    """Return merges and curve of a byte-pair encoding made here, for `statistics.json`."""
    return {
        "merges": [asdict(merge) for merge in first_merges(tokenizer, texts)],
        "curve": [asdict(point) for point in length_curve(tokenizer, "".join(texts))],
    }


def _fast(made: "Tokenizer", **special: str) -> "PreTrainedTokenizerFast":
    from transformers import PreTrainedTokenizerFast  # noqa: PLC0415 - takes seconds

    made.add_special_tokens([END, *special.values()])
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, bos_token=END, clean_up_tokenization_spaces=False, **special
    )


def _merges(made: "Tokenizer") -> list[tuple[str, str]]:
    """Return the merges of a tokenizer, first to last."""
    written = json.loads(made.to_str())["model"]["merges"]
    return [(pair[0], pair[1]) for pair in written]


def _joined(word: tuple[str, ...], left: str, right: str) -> tuple[str, ...]:
    """Return a word in which a pair has become one, from its beginning on."""
    parts: list[str] = []
    at = 0
    while at < len(word):
        both = at + 1 < len(word) and word[at] == left and word[at + 1] == right
        parts.append(left + right if both else word[at])
        at += 2 if both else 1
    return tuple(parts)
