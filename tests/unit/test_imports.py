"""Imports go one way: app -> viz -> model, and between their folders as `MODEL` and `VIZ` say."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.imports import modules_after_importing

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "transformers", "gradio"}


PLAIN = {"numbers", "memory_errors"}
MODEL = {
    "sampler": PLAIN,
    "kernels": PLAIN,
    "tokenizer": PLAIN,
    "texts": PLAIN | {"sampler", "tokenizer"},
    "reference": PLAIN | {"kernels"},
    "network": PLAIN | {"kernels", "reference", "sampler", "tokenizer"},
    "weights": PLAIN | {"kernels", "network", "reference", "tokenizer"},
    "training": PLAIN | {"kernels", "network", "reference", "sampler", "tokenizer", "weights"},
    "engine": PLAIN | {"network", "sampler", "texts", "tokenizer"},
    "lab": PLAIN | {"engine", "network", "sampler", "texts", "tokenizer"},
    "interventions": PLAIN | {"engine", "interior", "lab", "network", "sampler", "texts", "tokenizer"},
    "interior": PLAIN | {"engine", "lab", "network", "sampler", "texts", "tokenizer"},
}
"""What each folder of the model may import, beside itself; no circle is possible between them."""
BENEATH: set[str] = {"words", "server", "components", "figures"}
VIZ: dict[str, set[str]] = {
    "words": set(),
    "server": {"words"},
    "figures": {"words"},
    "components": {"words"},
    "api": {"server", "words"},
    "offline": {"components", "figures", "words"},
    "pages": BENEATH,
    "training": BENEATH | {"pages"},
    "rooms": BENEATH | {"offline", "pages", "training"},
}
"""What each folder of what a person sees may import, beside itself and the model; a room no other room."""
ABOVE = {"command_line", "config_file", "explore", "launch", "space"}
"""The files beside these folders, which the app alone imports."""
PRIVATE = "viz/server/gradio_private.py"
ROOMS = sorted(path.name for path in (ROOT / "viz" / "rooms").iterdir() if (path / "room.py").is_file())


def sources(*folders: str) -> list[str]:
    """Return the paths of all modules in these folders, from the root."""
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports_of(path: str, *, at_run_time: bool = False) -> set[str]:
    """Return the dotted names that a module imports, wherever in it.

    Args:
        path: from the root.
        at_run_time: leave out what only type checkers read.
    """
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports by a relative name, which these rules cannot read"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            if at_run_time and isinstance(node, ast.If) and child in node.body and is_for_types_only(node):
                continue
            visit(child)

    visit(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    return found


def is_for_types_only(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def inside(name: str, packages: set[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def assert_imports_none_of(path: str, packages: set[str]) -> None:
    wrong = {name for name in imports_of(path) if inside(name, packages)}
    assert not wrong, f"{path} must not import {sorted(wrong)}"


@pytest.mark.parametrize("path", sources("model"))
def test_the_model_knows_neither_the_page_nor_its_libraries(path):
    assert_imports_none_of(path, {"viz", "gradio", "plotly", "app", "tests"})


@pytest.mark.parametrize("folder", MODEL)
def test_a_folder_of_the_model_imports_only_those_below_it(folder):
    allowed = {f"model.{name}" for name in MODEL[folder] | {folder}}
    for path in sources(f"model/{folder}"):
        wrong = {name for name in imports_of(path) if inside(name, {"model"}) and not inside(name, allowed)}
        assert not wrong, f"{path} must not import {sorted(wrong)}"


def test_every_file_of_the_model_has_its_folder_and_the_folders_are_in_an_order():
    folders = {path.name for path in (ROOT / "model").iterdir() if any(path.glob("*.py"))}
    assert folders == set(MODEL)
    assert {Path(path).stem for path in sources("model") if path.count("/") == 1} == PLAIN | {"__init__"}
    order = list(TopologicalSorter(MODEL).static_order())
    assert order.index("sampler") < order.index("network") < order.index("engine") < order.index("interior")


@pytest.mark.parametrize("folder", ["model", "viz"])
def test_no_modules_import_each_other_in_a_circle(folder):
    """What only type checkers read included: a circle that is hidden is still one."""
    modules = {dotted(path): imports_of(path) for path in sources(folder)}
    graph = {
        name: {one for one in found if one in modules and one != name} for name, found in modules.items()
    }
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", [one for one in sources("tests") if not one.startswith("tests/figures/")])
def test_no_module_of_tests_is_imported_by_another(path):
    """What several share stands beside them; but those of figures, where one draws what all draw."""
    wrong = {name for name in imports_of(path) if re.search(r"^tests\..*\btest_\w+", name)}
    assert not wrong, f"{path} imports {sorted(wrong)}"


def test_a_circle_is_noticed():
    with pytest.raises(CycleError):
        TopologicalSorter({"model.a": {"model.b"}, "model.b": {"model.a"}}).prepare()


@pytest.mark.parametrize(
    "path",
    [
        "model/sampler/distribution.py",
        "model/sampler/sampling.py",
        "model/texts/run.py",
        "model/sampler/effects.py",
    ],
)
def test_sampling_and_runs_are_plain_numbers(path):
    assert_imports_none_of(path, {"torch", "transformers"})


@pytest.mark.parametrize("folder", VIZ)
def test_a_folder_of_what_a_person_sees_imports_only_those_below_it(folder):
    allowed = {f"viz.{name}" for name in VIZ[folder] | {folder}}
    for path in sources(f"viz/{folder}"):
        found = {name for name in imports_of(path) if inside(name, {"viz", "app", "tests"})}
        wrong = {name for name in found if not inside(name, allowed)}
        assert not wrong, f"{path} must not import {sorted(wrong)}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_no_other_room(room):
    for path in sources(f"viz/rooms/{room}"):
        found = {name for name in imports_of(path) if inside(name, {"viz.rooms"})}
        wrong = {name for name in found if not inside(name, {f"viz.rooms.{room}"})}
        assert not wrong, f"{path} must not import {sorted(wrong)}"


def test_one_file_alone_names_the_rooms():
    named = [path for path in sources("viz") if any(inside(name, {"viz.rooms"}) for name in imports_of(path))]
    assert {path for path in named if not path.startswith("viz/rooms/")} == {"viz/explore.py"}
    imported = imports_of("viz/explore.py")
    assert {room for room in ROOMS if f"viz.rooms.{room}.room" in imported} == set(ROOMS)


def test_every_file_of_what_a_person_sees_has_its_folder_and_the_folders_are_in_an_order():
    assert {path.name for path in (ROOT / "viz").iterdir() if any(path.rglob("*.py"))} == set(VIZ)
    assert {Path(path).stem for path in sources("viz") if path.count("/") == 1} == ABOVE | {"__init__"}
    order = list(TopologicalSorter(VIZ).static_order())
    assert order.index("words") < order.index("pages") < order.index("rooms")


@pytest.mark.parametrize("path", sources("viz/figures"))
def test_figures_know_none_of_the_model_s_libraries_nor_the_page_s(path):
    assert_imports_none_of(path, HEAVY)


@pytest.mark.parametrize("path", sources("viz/components"))
def test_components_draw_no_figures(path):
    assert_imports_none_of(path, {"transformers", "plotly"})


@pytest.mark.parametrize("path", [one for one in sources("viz") if "/bertviz_" not in one])
def test_what_a_person_sees_reaches_torch_only_through_the_model(path):
    """But for BertViz, whose views take tensors: they import torch when one is drawn."""
    assert_imports_none_of(path, {"torch", "transformers"})


@pytest.mark.parametrize("path", [*sources("viz", "model"), "app.py"])
def test_one_file_alone_knows_private_parts_of_gradio(path):
    """Whatever is not told in its public API, which is what `import gradio` offers."""
    private = {name for name in imports_of(path) if name.startswith("gradio.") and not is_public(name)}
    private |= set(
        re.findall(r"\._queue\b|\b_update_config\b|\bstate_holder\b", (ROOT / path).read_text("utf-8"))
    )
    assert bool(private) == (path == PRIVATE), f"{path} must not know {sorted(private)}: see {PRIVATE}"


def is_public(name: str) -> bool:
    import gradio  # noqa: PLC0415 - it takes seconds

    return name.count(".") == 1 and name.removeprefix("gradio.") in gradio.__all__


def test_nothing_but_app_is_left_at_the_top_level():
    assert [path.name for path in ROOT.glob("*.py")] == ["app.py"]


def test_the_rules_read_every_room():
    for folder in ("model", *(f"viz/{name}" for name in VIZ), *(f"viz/rooms/{name}" for name in ROOMS)):
        assert sources(folder), f"{folder} has moved: the rules above check nothing"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("import torch.nn", "torch.nn"),
        ("from torch import nn", "torch.nn"),
        ("def f():\n    from viz.pages import layout", "viz.pages.layout"),
        ("if True:\n    import gradio as gr", "gradio"),
    ],
)
def test_an_import_is_found_wherever_it_is(tmp_path, line, name):
    (tmp_path / "module.py").write_text(line)
    assert name in imports_of(str(tmp_path / "module.py"))


def dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_figures_and_sampling_load_without_torch_transformers_or_gradio():
    """What the imports drag in, however indirectly, seen from a fresh interpreter."""
    plain = [
        "model.sampler.distribution",
        "model.sampler.sampling",
        "model.texts.run",
        "model.sampler.effects",
        *map(dotted, sources("viz/figures")),
    ]
    assert not HEAVY & modules_after_importing(*plain)


def test_the_pages_load_without_torch_so_that_the_first_page_does_not_wait_for_it():
    assert not {"torch", "transformers"} & modules_after_importing("app", *map(dotted, sources("viz")))
