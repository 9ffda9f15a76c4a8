"""What becomes of an architecture here: exact, refused and why, or wrong, by Transformers' own forward pass."""

from dataclasses import dataclass
from typing import Any

import torch

from model.engine import Engine
from model.language_model import LanguageModel
from model.network import UnrecordableModel
from tests.numerics.every_architecture import CannotBuild, architecture
from tests.numerics.writing import PLENTY
from tests.tiny import tiny_tokenizer

LENGTHS = (8, 40, 100)
NATS = 1e-3
WEIGHT = 1e-4


@dataclass(frozen=True)
class Verdict:
    name: str
    kind: str
    why: str = ""
    nats: float = 0.0
    sdpa_nats: float = 0.0
    weight: float = 0.0


def text_of(length: int, vocabulary: int) -> list[int]:
    generator = torch.Generator().manual_seed(length)
    return torch.randint(4, vocabulary - 1, (length,), generator=generator).tolist()


def judged(name: str) -> Verdict:
    try:
        transformer = architecture(name)
    except CannotBuild as problem:
        return Verdict(name, "not built", str(problem))
    try:
        model = LanguageModel(transformer, tiny_tokenizer(), name=name, fingerprint="random", parameters=1)
    except UnrecordableModel as refusal:
        return Verdict(name, "refused", str(refusal))
    return compared(name, model, architecture(name))


@torch.inference_mode()
def compared(name: str, model: LanguageModel, judge: Any) -> Verdict:
    nats = weight = sdpa = 0.0
    bad = []
    with Engine(model, PLENTY) as engine:
        for length in LENGTHS:
            ids = text_of(length, model.info.vocab_size)
            internals = engine.read(ids)
            ours = torch.stack([torch.from_numpy(internals.logits(i).copy()) for i in range(length)]).log_softmax(-1)
            judge.set_attn_implementation("sdpa") if judge._supports_sdpa else None
            usual = judge(torch.tensor([ids]), use_cache=False).logits[0].float().log_softmax(-1)
            judge.set_attn_implementation("eager")
            truth = judge(torch.tensor([ids]), output_attentions=True, use_cache=False)
            theirs = truth.logits[0].float().log_softmax(-1)
            d = (ours - theirs).abs().max().item()
            s = (ours - usual).abs().max().item()
            w = max((torch.from_numpy(internals.attention_heads(layer, length).copy()) - truth.attentions[layer][0]).abs().max().item()
                for layer in range(model.info.layers))
            bad.append((length, round(d, 6), round(s, 6), round(w, 6)))
            nats, sdpa, weight = max(nats, d), max(sdpa, s), max(weight, w)
    ok = nats < NATS and weight < WEIGHT and sdpa < NATS
    return Verdict(name, "exact" if ok else "WRONG", "" if ok else str(bad), nats, sdpa, weight)
