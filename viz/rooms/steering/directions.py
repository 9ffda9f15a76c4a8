"""The directions of a visitor: made of two prompts, saved under a name, chosen again, deleted."""

from dataclasses import dataclass

from model.interventions.limits import MOST_TOKENS
from model.interventions.steering import FEWEST_TOKENS, Direction, NoDirection, direction
from model.numbers import within
from viz.pages.kept import RoomState
from viz.server.service import Service, Trouble
from viz.words.strings import say
from viz.words.tokens import display_text, isolated

MOST_NAME = 40
"""Characters of a name."""
MOST_SAVED = 20
QUOTED = 30
"""Characters of a prompt that a direction without a name is called by."""


@dataclass(frozen=True, eq=False)
class Named:
    """A direction, and what it is called."""

    name: str
    direction: Direction

    @property
    def called(self) -> str:
        """Its name as it stands in a sentence."""
        return isolated(display_text(self.name))


class Directions(RoomState):
    """What a visitor has saved."""

    comes_back = True
    of_page = True

    def __init__(self) -> None:
        self.saved: tuple[Named, ...] = ()

    def named(self, name: str) -> Named | None:
        """Return the one of a name."""
        return next((one for one in self.saved if one.name == name), None)

    def save(self, name: object, made: Direction) -> Named:
        """Keep a direction under a name; one of that name is replaced.

        Raises:
            Trouble: no name, or too many are saved.
        """
        called = " ".join(str(name or "").split())[:MOST_NAME]
        if not called:
            raise Trouble(say("why.steering.trouble.no_name"))
        others = tuple(one for one in self.saved if one.name != called)
        if len(others) >= MOST_SAVED:
            raise Trouble(say("why.steering.trouble.too_many", most=MOST_SAVED))
        kept = Named(called, made)
        self.saved = (*others, kept)
        return kept

    def delete(self, name: object) -> Named:
        """Forget a direction and return it.

        Raises:
            Trouble: none of that name is saved.
        """
        gone = self.named(name) if isinstance(name, str) else None
        if gone is None:
            raise Trouble(say("why.steering.trouble.none_chosen"))
        self.saved = tuple(one for one in self.saved if one is not gone)
        return gone


def direction_of(service: Service, toward: str, away: str, layer: object) -> Named:
    """Return the direction between two prompts that a visitor typed.

    Raises:
        Trouble: says which of them cannot be used.
        OutOfRange: no such layer.
        UnknownPart: nothing can be changed in this model.
    """
    texts = (
        (say("why.steering.name.toward"), toward),
        (say("why.steering.name.away"), away),
    )
    one, other = (_tokens(service, text, name) for name, text in texts)
    if one == other:
        raise Trouble(say("why.steering.trouble.same"))
    at = int(within("layer", layer, 0, service.info.layers - 1, whole=True))
    try:
        made = direction(service.model, one, other, at)
    except NoDirection as error:
        raise Trouble(say("why.steering.trouble.no_direction", layer=at)) from error
    quoted = " ".join(toward.split())
    shown = quoted if len(quoted) <= QUOTED else quoted[: QUOTED - 1] + "…"
    return Named(say("why.steering.quoted", text=shown), made)


def require_here(service: Service, named: Named) -> None:
    """Refuse a direction of another model.

    Raises:
        Trouble: it is one.
    """
    if named.direction.model != service.info.identity:
        raise Trouble(say("why.steering.trouble.other_model", model=named.direction.model.partition("@")[0]))


def _tokens(service: Service, text: str, name: str) -> tuple[int, ...]:
    token_ids = service.encode(text, name)
    if len(token_ids) < FEWEST_TOKENS:
        raise Trouble(say("why.steering.trouble.too_short", name=name, fewest=FEWEST_TOKENS))
    if len(token_ids) > MOST_TOKENS:
        raise Trouble(
            say("why.steering.trouble.too_long", name=name, tokens=len(token_ids), most=MOST_TOKENS)
        )
    return token_ids
