"""What is said of the coin that XTC throws at a step."""

from model.sampler.sampling import ShapedDistribution
from viz.words.percent import count, percent
from viz.words.strings import say


def coin_note(shaped: ShapedDistribution) -> str:
    """Return what the coin showed and did at this step; empty where the sampler throws none."""
    if not shaped.settings.throws_coin:
        return ""
    coin, chance = shaped.coin, shaped.settings.xtc_probability
    if coin is None:
        return say("components.chain.coin.none", chance=percent(chance))
    if coin >= chance:
        return say("components.chain.coin.rests", coin=f"{coin:.3f}")
    acts = "acts" if shaped.excluded else "nothing"
    return say(f"components.chain.coin.{acts}", coin=f"{coin:.3f}", count=count(shaped.excluded))
