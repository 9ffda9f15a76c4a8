"""One step of a text in numbers, as the map and the journey show it, and the sizes of its model."""

from model.interior.journey import Look, ModelSizes, StepNumbers

SIZES = ModelSizes(
    layers=30,
    heads=9,
    key_heads=3,
    head_size=64,
    scaling=0.125,
    width=576,
    vocab_size=49_152,
    neurons=1536,
    experts=False,
    gated=True,
    activation="SiLU",
    norm="rms",
    position="rotary",
    tied=True,
    factor=1.0,
    cap=None,
    beside=False,
)


STEP = StepNumbers(
    read=("Once", " there", " was", " a", " keeper", ".", " He", " was"),
    leading=" so",
    leading_probability=0.092,
    entropy_bits=6.7,
    kept=31,
    kept_mass=0.67,
    u=0.3891,
    chosen=" lost",
    rank=4,
    probability=0.042,
    shaped_probability=0.063,
    forced=False,
    look=Look(" keeper", 0.31, 12, None),
    settled=26,
)
