"""The formulas of a decoder with this model's sizes, as MathML: what browsers draw without a library.

An element is its tag and its children, so that a script can build it; strings become text, never markup.
"""

from typing import Any

from model.interior.journey import ModelSizes
from viz.words.percent import count

Element = list[Any]
"""[tag, child, ...], a child being an element, a string, or a dictionary of attributes."""
Lines = list[Element]
"""Of a formula, one under the other."""
USUAL = 1e-6
"""Relative difference up to which the factor of attention is the usual one."""


def embedding(sizes: ModelSizes) -> Lines:
    """Return x = E[t], and P[i] where positions are embedded as well."""
    row = [_sub("x", "i"), _op("="), *_of("E", _sub("t", "i"))]
    if sizes.position in ("learned", "sinusoidal"):
        row += [_op("+"), *_of("P", _name("i"))]
    return [_math(*row)]


def attention(sizes: ModelSizes) -> Lines:
    """Return masked attention of a head (Vaswani et al. 2017, arXiv:1706.03762), with its own scale."""
    product = _row(_name("Q"), _transposed("K"))
    if abs(sizes.scaling * sizes.head_size**0.5 - 1) < USUAL:
        scaled = [["mfrac", product, ["msqrt", _number(sizes.head_size)]]]
    elif sizes.scaling == 1.0:  # none, or the queries come with it
        scaled = [product]
    else:
        scaled = [_number(f"{sizes.scaling:.4g}"), _op("·"), product]
    return [_math(_word("softmax"), _paren(*scaled, _op("+"), _name("M")), _name("V"))]


def inside_known(sizes: ModelSizes) -> bool:
    """Return whether it is known what the MLP reads, and what it does with it."""
    return None not in (sizes.neurons, sizes.activation, sizes.beside)


def mlp(sizes: ModelSizes) -> Lines:
    """Return the MLP: gated (Shazeer 2020, arXiv:2002.05202), plain, or without its inside."""
    if not inside_known(sizes):
        return [_math(_word("MLP"), _paren(_name("x")))]
    activation, read = _word(sizes.activation or ""), _name("n")
    first = _math(read, _op("="), *_normed(sizes))
    if not sizes.gated:
        return [first, _math(_sub("W", "down"), activation, _paren(_sub("W", "up"), read))]
    gate = (activation, _paren(_sub("W", "gate"), read))
    return [first, _math(_sub("W", "down"), _paren(*gate, _op("⊙"), _sub("W", "up"), read))]


def stream(sizes: ModelSizes) -> Lines:
    """Return what a layer does to the stream: one after the other, both at once, or something else."""
    x = _name("x")
    becomes = [x, _op("←"), x, _op("+")]
    if sizes.beside is None:
        return [_math(x, _op("←"), _word("Layer"), _paren(x))]
    attended = [*becomes, _word("Attention"), _paren(*_normed(sizes))]
    added = [_word("MLP"), _paren(*_normed(sizes))]
    if sizes.beside:
        return [_math(*attended), _math(["mo", {"form": "infix"}, "+"], *added)]
    return [_math(*attended), _math(*becomes, *added)]


def next_token(sizes: ModelSizes) -> Lines:
    """Return the softmax of the logits of the last position, through the final norm and the unembedding."""
    table = _transposed("E") if sizes.tied else _name("U")
    scores = [table, _word("Norm"), _paren(_sub("x", "T"))]
    if sizes.factor != 1.0:
        scores = [_number(f"{sizes.factor:.4g}"), _op("·"), *scores]
    if sizes.cap is not None:
        cap = _number(f"{sizes.cap:g}")
        scores = [cap, _op("·"), _word("tanh"), _paren(["mfrac", _row(*scores), cap])]
    return [_math(_name("p"), _op("="), _word("softmax"), _paren(*scores))]


def sampler() -> Lines:
    """Return what is drawn from: what is kept, brought back to a sum of 1."""
    total = ["munder", ["mo", "∑"], _row(_name("j"), _op("∈"), _word("kept"))]
    share = ["mfrac", _sub("w", "i"), _row(total, _sub("w", "j"))]
    return [_math(_sub("q", "i"), _op("="), share)]


def dice(u: float | None) -> Lines:
    """Return where the draw falls: on the token whose stretch of the tokens laid end to end holds it."""
    drawn = [] if u is None else [_math(_name("u"), _op("="), _number(f"{u:.4f}"))]
    before = ["msub", _name("q"), _row(_name("k"), _op("−"), _number(1))]
    first = [_sub("q", "1"), _op("+"), _op("…"), _op("+")]
    return [*drawn, _math(*first, before, _op("≤"), _name("u"), _op("<"), *first, _sub("q", "k"))]


def longer() -> Lines:
    """Return the text with one more token."""
    last = ["msub", _name("t"), _row(_name("T"), _op("+"), _number(1))]
    return [_math(_paren(_sub("t", "1"), _op(","), _op("…"), _op(","), _sub("t", "T"), _op(","), last))]


def tokens(sizes: ModelSizes) -> Lines:
    """Return of which numbers a token is one."""
    last = _number(count(sizes.vocab_size - 1))
    kinds = (_op("{"), _number(0), _op(","), _op("…"), _op(","), last, _op("}"))
    return [_math(_sub("t", "i"), _op("∈"), *kinds)]


def _normed(sizes: ModelSizes) -> Lines:
    """Return what a part reads: the stream behind a norm of the model's kind."""
    kinds = {"rms": "RMSNorm", "layer": "LayerNorm", None: "Norm"}
    return [_word(kinds[sizes.norm]), _paren(_name("x"))]


def _transposed(name: str) -> Element:
    return ["msup", _name(name), ["mo", "⊤"]]


def _math(*children: Element) -> Element:
    return ["math", ["mrow", *children]]


def _row(*children: Element) -> Element:
    return ["mrow", *children]


def _paren(*children: Element) -> Element:
    return _row(["mo", "("], *children, ["mo", ")"])


def _of(table: str, index: Element) -> Lines:
    return [_name(table), ["mo", "["], index, ["mo", "]"]]


def _sub(base: str, below: str) -> Element:
    return ["msub", _name(base), ["mn", below] if below.isdecimal() else ["mi", below]]


def _name(text: str) -> Element:
    return ["mi", text]


def _word(text: str) -> Element:
    return ["mtext", text]


def _number(number: object) -> Element:
    return ["mn", str(number)]


def _op(text: str) -> Element:
    return ["mo", text]
