"""Tokenizers of every kind that models come with, trained on a few lines: no download."""

import json
from collections.abc import Callable
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

LINES = [
    "The cat sat on the mat, and the other cats weren't there.",
    "Hello world! Is it 1984 or 2024? I don't know; it's the same.",
    "Größe, façade, naïve, 中文 从前 日本語, עברית, العربية, हिन्दी",
    "Tokens, tokenizers, tokenization: the tokenizer's own words.",
] * 8
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
BOS, EOS, UNKNOWN = "<s>", "</s>", "<unk>"
SPACE = "▁"


def trained(model: Any, trainer: Any, **parts: Any) -> Tokenizer:
    """Return a tokenizer of these parts that has learnt the lines."""
    tokenizer = Tokenizer(model)
    for name, part in parts.items():
        setattr(tokenizer, name, part)
    tokenizer.train_from_iterator(LINES, trainer)
    return tokenizer


def fast(tokenizer: Tokenizer, **names: Any) -> PreTrainedTokenizerFast:
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def byte_level(**parts: Any) -> PreTrainedTokenizerFast:
    """GPT-2, Llama 3, Qwen, SmolLM."""
    trainer = trainers.BpeTrainer(
        vocab_size=420,
        special_tokens=[BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    usual = {"pre_tokenizer": pre_tokenizers.ByteLevel(add_prefix_space=False)}
    tokenizer = trained(models.BPE(), trainer, **{**usual, "decoder": decoders.ByteLevel(), **parts})
    return fast(tokenizer, bos_token=BOS, eos_token=EOS)


def sentencepiece(*, prefix: bool = True) -> PreTrainedTokenizerFast:
    """Llama 2 with a space before the text, Gemma without."""
    replaced = normalizers.Replace(" ", SPACE)
    back: list[Any] = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=[UNKNOWN, BOS, EOS, *BYTES], show_progress=False
    )
    tokenizer = trained(
        models.BPE(byte_fallback=True, unk_token=UNKNOWN),
        trainer,
        normalizer=normalizers.Sequence([normalizers.Prepend(SPACE), replaced]) if prefix else replaced,
        decoder=decoders.Sequence([*back, decoders.Strip(" ", 1, 0)] if prefix else back),
    )
    # Trained as special so that they are there; in a real vocabulary bytes are plain entries.
    plain = Tokenizer.from_str(_without_added(tokenizer, BYTES))
    return fast(plain, unk_token=UNKNOWN, bos_token=BOS, eos_token=EOS, add_bos_token=True)


def metaspace(scheme: str, *, unigram: bool = True, **more: Any) -> PreTrainedTokenizerFast:
    """T5, XLNet, mBART and their kin."""
    parts = {
        **more,
        "pre_tokenizer": pre_tokenizers.Metaspace(prepend_scheme=scheme),
        "decoder": decoders.Metaspace(prepend_scheme=scheme),
    }
    if unigram:
        trainer: Any = trainers.UnigramTrainer(
            vocab_size=200, special_tokens=[UNKNOWN, EOS], unk_token=UNKNOWN, show_progress=False
        )
        return fast(trained(models.Unigram(), trainer, **parts), unk_token=UNKNOWN, eos_token=EOS)
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=[UNKNOWN, EOS], show_progress=False)
    model = models.BPE(unk_token=UNKNOWN)
    return fast(trained(model, trainer, **parts), unk_token=UNKNOWN, eos_token=EOS)


def wordpiece(*, cleanup: bool = True, lowercase: bool = True) -> PreTrainedTokenizerFast:
    """BERT, and decoders made of it."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer = trained(
        models.WordPiece(unk_token="[UNK]"),
        trainers.WordPieceTrainer(vocab_size=260, special_tokens=special, show_progress=False),
        normalizer=normalizers.BertNormalizer(lowercase=lowercase),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.WordPiece(cleanup=cleanup),
    )
    separator, beginning = (
        ("[SEP]", tokenizer.token_to_id("[SEP]")),
        ("[CLS]", tokenizer.token_to_id("[CLS]")),
    )
    tokenizer.post_processor = processors.BertProcessing(separator, beginning)
    return fast(tokenizer, unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]")


def end_of_word() -> PreTrainedTokenizerFast:
    """GPT-1: </w> ends a word."""
    tokenizer = trained(
        models.BPE(unk_token=UNKNOWN, end_of_word_suffix="</w>"),
        trainers.BpeTrainer(
            vocab_size=300, special_tokens=[UNKNOWN], end_of_word_suffix="</w>", show_progress=False
        ),
        normalizer=normalizers.BertNormalizer(),
        pre_tokenizer=pre_tokenizers.BertPreTokenizer(),
        decoder=decoders.BPEDecoder("</w>"),
    )
    return fast(tokenizer, unk_token=UNKNOWN)


def words() -> PreTrainedTokenizerFast:
    """Whole words and no decoder."""
    tokenizer = trained(
        models.WordLevel(unk_token=UNKNOWN),
        trainers.WordLevelTrainer(special_tokens=[UNKNOWN], show_progress=False),
        pre_tokenizer=pre_tokenizers.Whitespace(),
    )
    return fast(tokenizer, unk_token=UNKNOWN)


def stripped() -> PreTrainedTokenizerFast:
    """Two spaces taken from the beginning of the whole, and none fused before."""
    tokenizer = metaspace("never", unigram=False)
    tokenizer.backend_tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.Strip("t", 0, 1), decoders.Fuse(), decoders.Strip(" ", 2, 0)]
    )
    return tokenizer


def _without_added(tokenizer: Tokenizer, tokens: list[str]) -> str:
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [token for token in data["added_tokens"] if token["content"] not in tokens]
    return json.dumps(data)


KINDS: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "byte level": byte_level,
    "byte level, NFC": lambda: byte_level(normalizer=normalizers.NFC()),
    "byte level, NFKC": lambda: byte_level(normalizer=normalizers.NFKC()),
    "byte level, a space before": lambda: byte_level(pre_tokenizer=pre_tokenizers.ByteLevel()),
    "byte level in a sequence": lambda: byte_level(
        decoder=decoders.Sequence([decoders.ByteLevel(), decoders.Fuse()])
    ),
    "sentencepiece": sentencepiece,
    "sentencepiece without a prefix": lambda: sentencepiece(prefix=False),
    "unigram, always": lambda: metaspace("always"),
    "unigram, always, stripped and in small letters": lambda: metaspace(
        "always", normalizer=normalizers.Sequence([normalizers.Strip(), normalizers.Lowercase()])
    ),
    "unigram, first": lambda: metaspace("first"),
    "unigram, never": lambda: metaspace("never"),
    "BPE with Metaspace": lambda: metaspace("always", unigram=False),
    "WordPiece": wordpiece,
    "WordPiece, cased, as it is": lambda: wordpiece(cleanup=False, lowercase=False),
    "end of word": end_of_word,
    "whole words": words,
    "stripped": stripped,
}
