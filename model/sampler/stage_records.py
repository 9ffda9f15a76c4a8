"""What there is to know of each stage of the sampler beside what it computes: one record for each.

Whatever lists stages reads them here: the settings and their ranges, the chain, the page. What a stage
computes is the function of its name in `stages`; what is said of it stands in the strings of the page.
"""

from dataclasses import dataclass

from model.sampler.repeats import LONGEST


@dataclass(frozen=True)
class Parameter:
    """A second number of a stage, by the name of its setting; whether the stage acts is not for it to say."""

    name: str
    low: float
    high: float
    usual: float
    """What its author, or practice, recommends."""
    step: float = 0.01
    """How far one press of an arrow moves the value."""
    whole: bool = False
    """Whether the value is a whole number."""


@dataclass(frozen=True)
class StageRecord:
    """One stage, by the name of its setting."""

    name: str
    low: float
    """Smallest value that can be set."""
    high: float
    off: float
    """The value with which it does nothing."""
    start: float
    """The value with which it is switched on: one that its paper, or practice, recommends."""
    step: float = 0.01
    """How far one press of an arrow moves the value."""
    whole: bool = False
    """Whether the value is a whole number."""
    cuts: bool = False
    """Whether it keeps some tokens and cuts the rest."""
    always: bool = False
    """Whether its value is written into every run; that of others only where they do something."""
    parameters: tuple[Parameter, ...] = ()
    """Its other numbers."""


BIAS = "logit_bias"
"""The stage whose setting is not one number but one for each of several tokens."""
XTC = "xtc_probability"
"""The stage that throws a coin: with this probability it acts at a step."""

DRY = "dry_multiplier"
"""The stage that looks for repetitions; the tokens that end one are `dry_sequence_breakers`."""

RECORDS = (
    StageRecord("repetition_penalty", 0.1, 10.0, off=1.0, start=1.1, always=True),
    StageRecord("presence_penalty", -10.0, 10.0, off=0.0, start=0.5, step=0.1),
    StageRecord("frequency_penalty", -10.0, 10.0, off=0.0, start=0.5, step=0.1),
    StageRecord(
        DRY,
        0.0,
        10.0,
        off=0.0,
        start=0.8,
        step=0.1,
        parameters=(
            Parameter("dry_base", 1.0, 10.0, usual=1.75, step=0.05),
            Parameter("dry_allowed_length", 1, LONGEST, usual=2, step=1, whole=True),
        ),
    ),
    StageRecord("no_repeat_ngram_size", 0, 100, off=0, start=3, step=1, whole=True),
    StageRecord("temperature", 0.0, 5.0, off=1.0, start=0.8, always=True),
    StageRecord("top_n_sigma", 0.0, 100.0, off=0.0, start=1.0, step=0.1, cuts=True),
    StageRecord("top_k", 0, 1_000_000, off=0, start=40, step=1, whole=True, cuts=True, always=True),
    StageRecord("top_p", 0.0, 1.0, off=1.0, start=0.9, cuts=True, always=True),
    StageRecord("min_p", 0.0, 1.0, off=0.0, start=0.05, cuts=True, always=True),
    StageRecord("typical_p", 0.0, 1.0, off=1.0, start=0.9, cuts=True),
    StageRecord("epsilon_cutoff", 0.0, 1.0, off=0.0, start=0.001, step=0.0005, cuts=True),
    StageRecord("eta_cutoff", 0.0, 1.0, off=0.0, start=0.002, step=0.0005, cuts=True),
    StageRecord(
        XTC, 0.0, 1.0, off=0.0, start=0.5, cuts=True, parameters=(Parameter("xtc_threshold", 0.0, 1.0, 0.1),)
    ),
)
"""All others, in the order of Transformers' `generate`; where that has no such stage (presence, frequency,
DRY, top-n-sigma) it stands beside its relatives, and XTC behind what cuts the tail, as its author asks."""

RECORD = {record.name: record for record in RECORDS}
NUMBERS: tuple[StageRecord | Parameter, ...] = (
    *RECORDS,
    *(one for record in RECORDS for one in record.parameters),
)
"""Every setting that is a number."""
STAGES = (BIAS, *RECORD)
"""The names of all stages, in the usual order."""
CUTS = tuple(record.name for record in RECORDS if record.cuts)
"""Those that keep some tokens and cut the rest."""
