"""Numbers as a person reads them: percentages that never round something to nothing, and counts."""

import math

GAP = "\u00a0"


def percent(p: float) -> str:
    """Return a percentage: 61.2 %, 0.34 %, 0.0012 %, 1.3e-7 %; 0 % and 100 % only when exact."""
    hundredths = 100.0 * p
    if hundredths <= 0.0:
        return "0 %"
    if p >= 1.0:
        return "100 %"
    if hundredths >= 99.95:
        return ">99.9 %"
    if hundredths >= 0.995:
        return f"{hundredths:.1f} %"
    if hundredths >= 0.0001:
        return f"{_two_digits(hundredths)} %"
    mantissa, exponent = f"{hundredths:.1e}".split("e")
    return f"{mantissa}e{int(exponent)} %"


def count(number: int) -> str:
    """Return a whole number with its thousands apart: 49 152."""
    return f"{number:,}".replace(",", GAP)


def signed(number: float, digits: int = 2) -> str:
    """Return a number with so many decimals and a true minus: −1.84."""
    return f"{number:.{digits}f}".replace("-", "−")


def perplexity_text(perplexity: float | None) -> str:
    """Return a perplexity: 12.34, 1.2e+08, ∞ beyond what a number holds, – for no tokens."""
    if perplexity is None:
        return "–"
    if math.isinf(perplexity):
        return "∞"
    return f"{perplexity:,.2f}" if perplexity < 1e6 else f"{perplexity:.1e}"


def _two_digits(value: float) -> str:
    """Return a value below 1 with two significant digits, without an exponent."""
    exponent = int(f"{value:.1e}".split("e")[1])
    return f"{value:.{1 - exponent}f}"
