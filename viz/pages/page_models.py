"""Which model a page has, which one is on its way, and which it has had before."""

from model.texts.run import Run
from model.tokenizer.pieces import TokenText
from viz.server.service import Service


class Owner:
    """Whoever stands before a page, also when it is loaded anew, and what is theirs."""

    def __init__(self) -> None:
        self.trainings: tuple[str, ...] = ()
        """Names, the latest last."""
        self.checkpoint: str | None = None
        """The one that is looked at, as `<training>/<step>`."""


class PageModels:
    """The models of one open page."""

    def __init__(self, now: Service) -> None:
        """Begin with a model.

        Args:
            now: the one that the page has.
        """
        self.now = now
        self.asked = ""
        """Key of the one that was chosen last: what is on its way for an earlier choice does not arrive."""
        self.wanted: Service | None = None
        """The one that is on its way."""
        self.owner = Owner()
        """Whose page it is, and stays when it is loaded anew: whose trainings are offered."""
        self._had: dict[str, Service] = {}

    def turn(self, service: Service) -> None:
        """Let the page have another model, which is here; the texts of the one before can still be read."""
        if self.now.identity is not None:
            self._had[self.now.identity] = self.now
        self.now, self.wanted = service, None

    def writer(self, run: Run) -> Service | None:
        """Return the model that wrote a text; None where the page has never had it."""
        return self.now if self.now.identity == run.model else self._had.get(run.model)

    def words(self, run: Run) -> TokenText | None:
        """Return the words of the model that wrote a text, likewise."""
        found = self.writer(run)
        return None if found is None else found.text

    def again(self) -> "PageModels":
        """Return these for the page that was loaded anew."""
        again = PageModels(self.now)
        again.owner, again._had = self.owner, dict(self._had)
        return again
