"""The two pictures of the sampler panel, one above the other: same height, same margins, same units."""

from viz.figures.ranked_probability import ranked_probability_figure
from viz.figures.temperature_sweep import HEIGHT, temperature_sweep_figure

__all__ = ["HEIGHT", "ranked_probability_figure", "temperature_sweep_figure"]
