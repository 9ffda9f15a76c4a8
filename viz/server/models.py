"""The models of one server: its own, and others that visitors ask for, within a bound on memory."""

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock, RLock
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

from model.weights.background import BackgroundModel
from model.weights.catalog import CATALOG
from viz.server.limits import Limits
from viz.server.log import LOG
from viz.server.service import OWN, Service, Trouble
from viz.words.strings import say

if TYPE_CHECKING:
    from model.network.language_model import LanguageModel
    from model.weights.precision import Precision

MIB = 2**20
BYTES_EACH = 8
"""Of a weight that is loaded: 4 in float32, and as many at most in the packed layers of both formats."""
TEXTS_KEPT = 16
"""Texts of the largest size whose recordings find room beside the weights of such a model."""
Group = Literal["own", "catalog", "trained"]


@dataclass(frozen=True)
class ModelChoice:
    """A model that a visitor may ask for: by its key alone, which the server has made."""

    key: str
    title: str
    """What people read; part of the identity of its texts."""
    spec: str
    """What `load_model` takes. Never from a visitor."""
    parameters: int
    """How many weights, approximately."""
    group: Group = "trained"


Trained = Callable[[Hashable], Sequence[ModelChoice]]
"""Returns the checkpoints of a visitor's own trainings; of no other visitor's."""


def no_trainings(_owner: Hashable) -> Sequence[ModelChoice]:
    """Return that nobody has trained anything."""
    return ()


def catalogue(names: str) -> tuple[ModelChoice, ...]:
    """Return the models of the catalog that have these names, in its order.

    Args:
        names: with commas; all or none.
    """
    wanted = names.split(",")
    return tuple(
        ModelChoice(f"catalog:{entry.name}", entry.title, entry.name, entry.parameters, "catalog")
        for entry in CATALOG
        if names == "all" or entry.name in wanted
    )


class Shelved(Service):
    """A model that is here while it is asked for: loaded when it is wanted, put away for others."""

    def __init__(self, choice: ModelChoice, models: "Models") -> None:
        self.choice = choice
        self._models = models
        self.begun = False
        """Whether it is loading, or has loaded or failed since it was put away last."""
        own = models.own
        super().__init__(models.promise(choice), own.limits, own.shared)

    @property
    def key(self) -> str:
        """The key of its choice."""
        return self.choice.key

    @property
    def progress(self) -> str:
        """How far its loading has got, as a sentence."""
        return say("page.models.loading", name=self.choice.title, progress=self.background.report_line)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, or will take: its weights as often as they are held, and recordings."""
        if not self.begun:
            return 0
        with self._lock:
            engine = self._engine
        if engine is None:
            return self.choice.parameters * BYTES_EACH
        again = 4 if engine.model.is_hooked else 0
        return engine.model.info.parameters * (BYTES_EACH + again) + engine.store.nbytes

    @property
    def busy(self) -> bool:
        """Whether it must not be put away: it loads, or somebody has to do with it."""
        with self._lock:
            loading = self.begun and not self.background.ready and self.background.error is None
            return loading or self._users > 0 or (self._engine is not None and self._engine.busy)

    def wanted(self) -> bool:
        """Return whether the model is here; if it has been put away, it begins to load."""
        self._models.want(self)
        if self.background.error is not None:
            raise Trouble(str(self.background.error))
        return self.ready

    def wait(self, seconds: float) -> bool:
        """Wait for the model, which begins to load if it has been put away."""
        self._models.want(self)
        return super().wait(seconds)

    def put_away(self) -> bool:
        """Free the memory of the model unless somebody has to do with it; return whether that was done."""
        with self._lock:
            if self.busy:
                return False
            engine, before = self._engine, self.background
            self._engine, self.begun = None, False
            self.background = self._models.promise(self.choice)
        model = before.wait(0) if before.ready else None
        if engine is not None:
            self.shared.leave(engine)
        if model is not None:
            model.close()
        return True

    def _budget_of(self, model: "LanguageModel") -> int:
        longest = min(self.limits.max_text_tokens, model.info.context_length)
        each = max(network.bytes_per_token for network in model.networks.values())
        logits = 4 * model.info.vocab_size * 4
        return min(self.limits.internals_bytes, TEXTS_KEPT * (longest * each + logits) + 16 * MIB)


class Models:
    """Finds the service of a model that a visitor asks for by a key of a list that the server has made."""

    def __init__(
        self,
        own: Service,
        *,
        catalog: Sequence[ModelChoice] = (),
        trained: Trained = no_trainings,
        memory: int = 2**30,
        device: str = "auto",
        precision: "Precision" = "auto",
    ) -> None:
        """Offer models.

        Args:
            own: the server's own model, which is never put away.
            catalog: models that every visitor may ask for, of which those that the memory holds are offered.
            trained: checkpoints of a visitor.
            memory: bytes for all models but the own, weights and recordings.
            device: where they run.
            precision: see `load_model`.
        """
        self.own = own
        self.memory = memory
        self.trained = trained
        self._catalog = tuple(one for one in catalog if one.parameters * BYTES_EACH <= memory)
        self._device, self._precision = device, precision
        self._known: WeakValueDictionary[str, Shelved] = WeakValueDictionary()
        """By key; those on pages, and those that are loaded."""
        self._loaded: list[Shelved] = []
        self._lock = RLock()
        self._turn = Lock()
        """Held by the one model that loads: two at once would take longer, and more memory."""

    @property
    def limits(self) -> Limits:
        """Of the server."""
        return self.own.limits

    def choices(self, owner: Hashable) -> tuple[ModelChoice, ...]:
        """Return what a visitor may ask for beside the server's own model."""
        return (*self._catalog, *self.trained(owner))

    def find(self, owner: Hashable, key: object) -> Service:
        """Return the service of a model that a visitor asks for; nothing is loaded yet.

        Raises:
            Trouble: no such model is offered to this visitor.
        """
        if key == OWN:
            return self.own
        choice = next((one for one in self.choices(owner) if one.key == key), None)
        if choice is None:
            raise Trouble(say("page.models.unknown"))
        with self._lock:
            known = self._known.get(choice.key)
            if known is None:
                known = self._known[choice.key] = Shelved(choice, self)
            return known

    def open(self, owner: Hashable, key: object) -> Service:
        """Return the service of a model that a visitor asks for, and let it load if it is not here.

        Whoever asks for one that is being loaded waits for the same. One that has failed is tried again.

        Raises:
            Trouble: no such model is offered to this visitor, or there is no memory for it.
        """
        found = self.find(owner, key)
        if isinstance(found, Shelved):
            with self._lock:
                if found.background.error is not None:
                    self._forget(found)
                self.want(found)
        return found

    def offered(self, owner: Hashable, identity: str) -> str | None:
        """Return the key under which a visitor is offered the model that wrote a text.

        Args:
            owner: the visitor.
            identity: of the model, as the text says: what it says of a model that is not here may be wrong.
        """
        if self.own.ready and self.own.info.identity == identity:
            return OWN
        name = identity.rpartition("@")[0]
        for choice in self.choices(owner):
            known = self._known.get(choice.key)
            about = known.identity if known is not None else None
            if (about == identity) if about is not None else (choice.title == name):
                return choice.key
        return None

    def want(self, service: Shelved) -> None:
        """Let a model load unless it is here, on its way, or has failed.

        Raises:
            Trouble: there is no memory for it, as long as others are in use.
        """
        with self._lock:
            if service.begun:
                return
            if self.own.shared.draining:
                raise Trouble(say("page.draining"))
            self._make_room(service.choice)
            service.begun = True
            self._loaded.append(service)
            service.background.start()

    def promise(self, choice: ModelChoice) -> BackgroundModel:
        """Return a model that is to be loaded."""
        return BackgroundModel(
            choice.spec,
            device=self._device,
            precision=self._precision,
            report=LOG.info,
            title=choice.title,
            turn=self._turn_of_loading(),
        )

    def close(self) -> None:
        """End the threads of all models but the own."""
        with self._lock:
            for one in list(self._loaded):
                self._forget(one)

    def _turn_of_loading(self) -> AbstractContextManager[object]:
        return self._turn

    def _make_room(self, choice: ModelChoice) -> None:
        """Put away the models that were used longest ago until another one finds room."""
        needed = choice.parameters * BYTES_EACH
        if needed > self.memory:
            raise Trouble(
                say(
                    "page.models.too_large",
                    name=choice.title,
                    needed=needed // MIB,
                    memory=self.memory // MIB,
                )
            )
        for one in sorted(self._loaded, key=lambda one: one.last_used):
            if self._taken + needed <= self.memory:
                return
            self._forget(one)
        if self._taken + needed > self.memory:
            raise Trouble(say("page.models.no_room", name=choice.title))

    @property
    def _taken(self) -> int:
        return sum(one.nbytes for one in self._loaded)

    def _forget(self, one: Shelved) -> None:
        from model.engine.memory import give_freed_memory_back  # noqa: PLC0415 - only once something was loaded

        if one.put_away():
            self._loaded.remove(one)
            LOG.info("%s has been put away.", one.choice.title)
            give_freed_memory_back()
