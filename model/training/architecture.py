"""A new model: its configuration, how many parameters it has, and what it takes to train it."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model.training.settings import ArchitectureSettings, OptimisationSettings

if TYPE_CHECKING:  # Transformers takes seconds to import, and parameters are counted before it is there.
    from transformers import PreTrainedConfig

ROTARY_BASE = 1000.0
"""Of the angles by which queries and keys are turned: Llama's own 10,000 is for thousands of tokens."""
FLOAT = 4
"""Bytes of a float32."""


@dataclass(frozen=True)
class Memory:
    """Bytes that a training needs, roughly: the libraries' own few hundred MB come on top."""

    weights: int
    gradients: int
    optimizer: int
    """Two moments of Adam for every parameter."""
    activations: int
    """What a step keeps for its way back, with the logits and their gradient."""

    @property
    def total(self) -> int:
        """Bytes together."""
        return self.weights + self.gradients + self.optimizer + self.activations


@dataclass(frozen=True)
class Size:
    """A model of a size that can be chosen by its name, and how it learns well."""

    architecture: ArchitectureSettings
    vocabulary: int
    """Of a tokenizer that goes with it."""
    optimisation: OptimisationSettings


SIZES: dict[str, Size] = {
    "0.1M": Size(
        ArchitectureSettings("gpt2", layers=2, heads=2, width=48, context=64),
        vocabulary=512,
        optimisation=OptimisationSettings(steps=500, learning_rate=3e-3),
    ),
    "1M": Size(ArchitectureSettings(), vocabulary=1024, optimisation=OptimisationSettings()),
    "3M": Size(
        ArchitectureSettings("gpt2", layers=6, heads=6, width=192, context=128),
        vocabulary=2048,
        optimisation=OptimisationSettings(steps=1000, learning_rate=1e-3, warmup=50, evaluate_every=100),
    ),
    "10M": Size(
        ArchitectureSettings("llama", layers=6, heads=6, width=336, context=256),
        vocabulary=4096,
        optimisation=OptimisationSettings(steps=2000, learning_rate=6e-4, warmup=100, evaluate_every=200),
    ),
    "gpu": Size(
        ArchitectureSettings("llama", layers=12, heads=12, width=768, context=512),
        vocabulary=16_384,
        optimisation=OptimisationSettings(
            steps=10_000, batch=64, learning_rate=6e-4, warmup=500, weight_decay=0.1, evaluate_every=1000
        ),
    ),
}
"""From a tenth of a million parameters to ten million; gpu: for a card; a processor would take days."""


def parameters(architecture: ArchitectureSettings, vocabulary: int) -> int:
    """Return how many parameters a model has, counted without building it."""
    width, layers = architecture.width, architecture.layers
    if architecture.family == "gpt2":  # embeddings serve as output too; every norm and product has a bias
        layer = 12 * width * width + 13 * width
        return (vocabulary + architecture.context) * width + layers * layer + 2 * width
    layer = 4 * width * width + 3 * width * _inner(width) + 2 * width
    return 2 * vocabulary * width + layers * layer + width


def memory(architecture: ArchitectureSettings, vocabulary: int, batch: int) -> Memory:
    """Return roughly which memory a step of `batch` sequences needs, everything in float32."""
    weights = FLOAT * parameters(architecture, vocabulary)
    tokens = batch * architecture.context
    inner = 4 * architecture.width
    # Of each layer: about ten vectors of the width, three of the MLP's, and the attention weights.
    layer = 10 * architecture.width + 3 * inner + 2 * architecture.heads * architecture.context
    activations = FLOAT * tokens * (architecture.layers * layer + 3 * vocabulary)
    return Memory(weights, weights, 2 * weights, activations)


def configuration(
    architecture: ArchitectureSettings, vocabulary: int, end_token_id: int
) -> "PreTrainedConfig":
    """Return Transformers' configuration of a model, without dropout: texts are short and read once or twice.

    Args:
        architecture: see there.
        vocabulary: tokens of the tokenizer.
        end_token_id: the token that ends a text.
    """
    from transformers import GPT2Config, LlamaConfig  # noqa: PLC0415 - takes seconds

    special: dict[str, Any] = {"bos_token_id": end_token_id, "eos_token_id": end_token_id}
    if architecture.family == "gpt2":
        return GPT2Config(
            vocab_size=vocabulary,
            n_positions=architecture.context,
            n_embd=architecture.width,
            n_layer=architecture.layers,
            n_head=architecture.heads,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            **special,
        )
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=architecture.width,
        intermediate_size=_inner(architecture.width),
        num_hidden_layers=architecture.layers,
        num_attention_heads=architecture.heads,
        num_key_value_heads=architecture.heads,
        max_position_embeddings=architecture.context,
        rope_parameters={"rope_type": "default", "rope_theta": ROTARY_BASE},
        **special,
    )


def build(architecture: ArchitectureSettings, vocabulary: int, end_token_id: int, seed: int) -> Any:
    """Return a new `PreTrainedModel` in float32 whose random weights follow from the seed alone."""
    import torch  # noqa: PLC0415 - takes seconds
    from transformers import AutoModelForCausalLM  # noqa: PLC0415

    config = configuration(architecture, vocabulary, end_token_id)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def seconds_per_step(
    architecture: ArchitectureSettings, vocabulary: int, batch: int, *, tries: int = 3
) -> float:
    """Return how long a step takes on this machine: the median of a few, on random tokens, after one more.

    Looks (validation, samples, checkpoints) come on top. It takes as many threads as torch is set to.

    Args:
        architecture: of the model.
        vocabulary: of its tokenizer.
        batch: sequences in a step.
        tries: steps that are timed.
    """
    import torch  # noqa: PLC0415 - takes seconds

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build(architecture, vocabulary, 0, seed=0).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    dice = torch.Generator().manual_seed(0)
    taken = []
    for _ in range(tries + 1):
        tokens = torch.randint(vocabulary, (batch, architecture.context), generator=dice).to(device)
        began = time.perf_counter()
        with torch.autocast("cuda", torch.bfloat16, enabled=device.type == "cuda"):
            loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss.item()  # waits for a graphics card
        taken.append(time.perf_counter() - began)
    return sorted(taken[1:])[tries // 2]


def _inner(width: int) -> int:
    """Return the width inside Llama's MLP: as many parameters as GPT-2's, rounded up to a multiple of 16."""
    return -(-width // 6) * 16
