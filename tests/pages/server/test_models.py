"""Several models at once: loaded when they are asked for, put away when others need the memory."""

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from weakref import ref

import pytest

from model.sampler.settings import SamplerSettings
from model.weights import loading
from tests.pages.conftest import TINY_LIMITS, LoadedModel
from tests.patience import PATIENCE
from tests.tiny import saved_tiny, tiny_transformer
from viz.server.models import BYTES_EACH, ModelChoice, Models, Shelved
from viz.server.service import OWN, Service, Trouble

ANN, BOB = "ann", "bob"
PARAMETERS = tiny_transformer("gpt2").num_parameters()
EACH = PARAMETERS * BYTES_EACH
"""Bytes of the weights of one tiny model; what it records is less than as much again."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Checkpoints of tiny models, by the key under which they are offered."""
    above = tmp_path_factory.mktemp("checkpoints")
    return {f"run/{seed}": saved_tiny("gpt2", seed, above / str(seed)) for seed in (1, 2, 3)}


def choice(key: str, folder: Path) -> ModelChoice:
    return ModelChoice(key, f"step {key[-1]}", str(folder), PARAMETERS)


@pytest.fixture
def shelf(tiny, closing, folders) -> Iterator[Callable[..., Models]]:
    """Make models beside the tiny one, all of them trained by Ann."""
    made: list[Models] = []

    def models(memory: int = 3 * EACH - 1, offered: dict[str, Path] = folders) -> Models:
        own = closing(Service(LoadedModel(tiny), TINY_LIMITS))
        choices = [choice(key, folder) for key, folder in offered.items()]
        made.append(
            Models(own, trained=lambda who: choices if who == ANN else (), memory=memory, precision="exact")
        )
        return made[-1]

    yield models
    for one in made:
        one.close()


def here(models: Models, key: str, who: str = ANN) -> Shelved:
    """Return a model once it has loaded."""
    service = models.open(who, key)
    assert isinstance(service, Shelved) and service.wait(PATIENCE)
    return service


def written(service: Service, length: int = 3) -> Any:
    run = service.new_run("in the", SamplerSettings(), 7, "exact")
    return service.write(run, length, run.settings, 7, owner=None)


def test_visitors_who_ask_for_the_same_model_at_once_wait_for_one_loading(shelf, monkeypatch):
    loads, load = [], loading.load_model

    def counted(spec: str, **how: Any) -> Any:
        loads.append(spec)
        return load(spec, **how)

    monkeypatch.setattr(loading, "load_model", counted)
    models = shelf()
    with ThreadPoolExecutor(8) as visitors:
        found = list(visitors.map(lambda _: here(models, "run/1"), range(8)))
    assert len(loads) == 1 and len(set(map(id, found))) == 1
    assert found[0].model.info.name == "step 1"


def test_a_model_beside_the_own_writes_what_it_writes_alone(shelf, folders):
    models = shelf()
    *_, run = written(here(models, "run/1"))
    *_, own = written(models.own)
    alone = loading.load_model(str(folders["run/1"]), report=lambda _: None)
    with Service(LoadedModel(alone), TINY_LIMITS).engine as engine:
        *_, expected = engine.write(run.cut_at(len(run.prompt_token_ids)), 3, settings=run.settings, seed=7)
    assert run.token_ids == expected.token_ids and run.model.startswith("step 1@") and own.model != run.model


def test_the_model_that_was_used_longest_ago_makes_room(shelf):
    models = shelf()
    first, second = here(models, "run/1"), here(models, "run/2")
    for one in (second, first):
        *_, _run = written(one)
        with one.in_use():
            pass
    third = here(models, "run/3")
    assert first.ready and third.ready and not second.ready
    assert second.info.name == "step 2" and second.text.token(0), "its words are known for its texts"
    assert second.wait(PATIENCE), "and it is loaded again when it is asked for"
    assert models.own.ready, "the server's own is never put away"


def test_a_model_with_a_text_under_way_or_a_job_is_not_put_away(shelf, brake, newcomer):
    models = shelf(2 * EACH - 1)
    first = here(models, "run/1")
    brake.pull()
    text = written(first)
    brake.wait()
    with pytest.raises(Trouble, match="no memory for step 2"):
        models.open(ANN, "run/2")
    brake.release()
    assert text.wait(PATIENCE) and len(text.latest().steps) == 3
    visitor = newcomer()
    visitor.models.turn(first)
    with visitor.at_work("lens", lambda: None), pytest.raises(Trouble, match="no memory"):
        models.open(ANN, "run/2")
    assert here(models, "run/2").ready and not first.ready


def test_what_is_too_large_is_refused_before_anything_makes_room_for_it(shelf):
    models = shelf()
    assert here(models, "run/1").ready
    models.memory = EACH // 1000
    with pytest.raises(Trouble, match="--models-memory"):
        models.open(ANN, "run/2")
    assert models.open(ANN, "run/1").ready


def test_a_damaged_model_is_told_in_a_sentence_and_tried_again_when_it_is_whole(shelf, folders, tmp_path):
    folder = saved_tiny("gpt2", 5, tmp_path / "damaged")
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text("{")
    models = shelf(offered={"run/5": folder})
    service = models.open(ANN, "run/5")
    for _ in range(2):
        with pytest.raises(Trouble, match="readable config"):
            service.wait(PATIENCE)
    (folder / "config.json").write_text(config)
    assert here(models, "run/5") is service


@pytest.mark.parametrize(
    "key",
    ["gpt2", "run/9", "run/../1", "/etc", "openai-community/gpt2", "", None, 7, ["run/1"]],
)
def test_a_visitor_names_nothing_but_what_the_server_offers(shelf, key):
    with pytest.raises(Trouble, match="No such model"):
        shelf().open(ANN, key)


def test_trainings_are_their_own_visitors(shelf):
    models = shelf()
    assert len(models.choices(ANN)) == 3 and not models.choices(BOB)
    with pytest.raises(Trouble, match="No such model"):
        models.open(BOB, "run/1")
    assert models.open(BOB, OWN) is models.own


def test_a_model_that_was_put_away_leaves_no_thread_and_no_weights(shelf):
    models = shelf()
    written(models.own).wait(PATIENCE)
    before = set(threading.enumerate())
    service = here(models, "run/1")
    text = written(service)
    text.wait(PATIENCE)
    model = service.model
    internals = service.read(text.latest().token_ids, "float32")
    internals.attention(0, 0, 2)
    model.intervene(lambda hooked: hooked)
    network = ref(model.networks["float32"])
    models.close()
    gc.collect()
    assert network() is None, "although somebody still holds the model and what it recorded"
    assert {one.name for one in threading.enumerate() if one not in before} == set()
    assert models._taken == 0 and not service.ready


def test_places_lines_and_counts_are_those_of_the_server(shelf, brake):
    models = shelf()
    other = here(models, "run/1")
    shared = models.own.shared
    brake.pull()
    texts = [written(models.own, 1) for _ in range(TINY_LIMITS.places + 1)]
    brake.wait()
    # The engine may have been held before it took the second one out of the line.
    assert shared.writing + shared.waiting == TINY_LIMITS.places + 1 and shared.waiting >= 1
    texts.append(written(other, 1))
    assert shared.waiting >= 1 and other.engine._share() == 1, "an even share, whoever came first"
    brake.release()
    assert all(text.wait(PATIENCE) for text in texts)
    tokens = shared.tally.tokens
    assert tokens == len(texts) == sum(shared.tally.texts.values())
    models.close()
    assert shared.tally.tokens == tokens, "what a model has done stays counted once it is gone"
    shared.draining = True
    with pytest.raises(Trouble, match="restarted"):
        models.open(ANN, "run/2")
