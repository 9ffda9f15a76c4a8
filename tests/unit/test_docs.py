"""README, CONTRIBUTING and docs say what is so: options, files, models, panels, targets, links, the API."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from PIL import Image

from model.training.command_line import parser as training_parser
from model.weights.background import BackgroundModel
from model.weights.catalog import CATALOG
from viz.command_line import PREFIX, Options, read_options

ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
}
"""Every page that a person reads, by its path from the root."""
CONTRIBUTING = PAGES["CONTRIBUTING.md"]
WRITTEN = "\n".join(PAGES.values())
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
STRINGS = json.loads((ROOT / "assets" / "locales" / "en.json").read_text(encoding="utf-8"))
ROOMS = ("app.py", "model", "viz", "assets")
LEFTOVERS = {".pyc", ".pyi"}
PICTURES = {".png": 300_000, ".svg": 100_000, ".webp": 900_000}
"""Kinds of pictures, and the most bytes of each."""


def section(page: str, title: str) -> str:
    """Return the text of a page under a heading of the second level."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGES[page], re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {title!r}"
    return found[1]


def block(text: str, language: str) -> str:
    """Return the first fenced block of a language."""
    found = re.search(rf"```{language}\n(.*?)```", text, re.DOTALL)
    assert found, f"no block of {language}"
    return found[1]


def table(text: str) -> list[list[str]]:
    """Return the cells of the table in a section, without its head."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def files_of_the_tree(tree: str) -> Iterator[str]:
    """Yield the paths that the file tree names; a folder ends in a slash.

    A line is a name, or several with commas, then two spaces or more and a remark. `.js` after a name stands
    for the same name with that ending.
    """
    folders: list[str] = []
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        names = re.match(r"(?:, |[^\s,])+", line.strip())
        assert names, line
        stem = ""
        for name in names[0].split(", "):
            full = stem + name if name.startswith(".") else name
            stem = full.rpartition(".")[0]
            if full.endswith("/"):
                folders = [*folders[:depth], full]
                yield "".join(folders)
            else:
                yield "".join(folders[:depth]) + full


TREE = list(files_of_the_tree(block(section("docs/architecture.md", "The files"), "text")))


def sources() -> list[str]:
    """Return every source file of the app, from the root; empty `__init__.py` say nothing."""
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
        names = listed.stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):  # a copy without its history
        names = [
            path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*") if path.suffix not in LEFTOVERS
        ]
    ours = [name for name in names if name.split("/")[0] in ROOMS and (ROOT / name).is_file()]
    return [name for name in ours if not name.endswith("__init__.py") or (ROOT / name).stat().st_size]


def test_the_tree_names_every_source_file():
    summarised = {
        name
        for name in TREE
        if name.endswith("/") and not any(n.startswith(name) and n != name for n in TREE)
    }
    missing = [path for path in sources() if path not in TREE and not path.startswith(tuple(summarised))]
    assert not missing, "the file tree of docs/architecture.md lacks these"


def test_the_tree_names_nothing_that_does_not_exist():
    assert [name for name in TREE if not (ROOT / name).exists()] == []
    assert len(set(TREE)) == len(TREE)


def test_the_events_between_scripts_are_those_that_they_tell_and_hear():
    told: dict[str, set[str]] = {}
    heard: dict[str, set[str]] = {}
    for path in (path for kind in ("js", "py") for path in (ROOT / "viz").rglob(f"*.{kind}")):
        text = path.read_text("utf-8")
        for way, found in ((r"CustomEvent|\btell", told), (r"addEventListener|\blisten", heard)):
            for name in re.findall(
                rf'(?:{way})\("([a-z]+-[a-z]+)"', text
            ):  # those of browsers have no hyphen
                found.setdefault(name, set()).add(path.stem)
    rows = table(section("docs/architecture.md", "What scripts tell each other"))
    named = {name.strip("`"): (set(by.split(", ")), set(to.split(", "))) for name, _, by, to in rows}
    assert named == {name: (told.get(name), heard.get(name)) for name in told | heard}


@pytest.mark.parametrize("page", PAGES)
def test_files_named_in_the_text_exist(page):
    named = set(re.findall(r"`((?:model|viz|tests|assets|docs)/[\w./-]*)`", PAGES[page]))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    shown = set(re.findall(r'(?:src|srcset|href)="([^":]+)"', PAGES[page]))
    assert [name for name in sorted(shown) if not (ROOT / page).parent.joinpath(name).is_file()] == []


def headings(page: str) -> set[str]:
    """Return the anchors of a page's headings, made as GitHub makes them; code blocks have none."""
    prose = re.sub(r"^```.*?^```", "", PAGES[page], flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def links(page: str) -> list[tuple[str, str]]:
    """Return where a page's links lead within the project: a path from the root, and an anchor or nothing."""
    targets = re.findall(r"\]\(([^)\s:]+)\)", PAGES[page])
    targets += re.findall(r"^\[[^\]]+\]: ([^\s:]+)$", PAGES[page], re.MULTILINE)
    found = []
    for target in targets:
        path, _, anchor = target.partition("#")
        whole = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert whole.is_relative_to(ROOT), f"{page}: {target} leads out of the project"
        found.append((whole.relative_to(ROOT).as_posix(), anchor))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_its_heading(page):
    lost = [path for path, _ in links(page) if not (ROOT / path).exists()]
    assert lost == []
    astray = [f"{path}#{anchor}" for path, anchor in links(page) if anchor and anchor not in headings(path)]
    assert astray == []


def test_the_readme_leads_to_every_page():
    assert set(PAGES) - {"README.md"} <= {path for path, _ in links("README.md")}


def test_the_readme_is_short():
    assert len(PAGES["README.md"].splitlines()) <= 250


def test_every_picture_is_shown_and_small():
    kept = [path for path in (ROOT / "assets" / "screenshots").iterdir() if path.suffix in PICTURES]
    assert {path.suffix for path in kept} == set(PICTURES)
    assert [path.name for path in kept if f"assets/screenshots/{path.name}" not in WRITTEN] == []
    assert [path.name for path in kept if path.stat().st_size > PICTURES[path.suffix]] == []


def test_the_moving_picture_moves_and_is_short():
    with Image.open(ROOT / "assets" / "screenshots" / "writing.webp") as picture:
        assert picture.width == 720 and picture.n_frames > 10
        frames, lasts = set(), 0
        for number in range(picture.n_frames):
            picture.seek(number)
            frames.add(picture.tobytes())
            lasts += picture.info["duration"]
    assert len(frames) > 10
    assert 3_000 < lasts <= 12_000, "milliseconds"


def test_functions_and_classes_named_in_contributing_exist():
    modules = [*ROOT.glob("viz/**/*.py"), *ROOT.glob("model/**/*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in modules)
    known = set(re.findall(r"(?:def|class) (\w+)", code))
    named = set(re.findall(r"`([a-z]\w*_\w+|[A-Z][a-z]+|heading|placeholder)(?:\([^`]*\))?`", CONTRIBUTING))
    assert named - {"elem_id"} <= known
    assert len(named) > 8


def test_modules_named_in_commands_exist():
    modules = re.findall(r"(?:python|\(PY\)) -m ((?:viz|tests|model)[\w.]+)", WRITTEN + MAKEFILE)
    assert modules
    files = [ROOT / module.replace(".", "/") for module in modules]
    assert all(path.with_suffix(".py").is_file() or (path / "__main__.py").is_file() for path in files)


def test_make_runs_a_file_of_a_package_as_its_module():
    """As a script it would find neither `tests` nor `model` in a fresh clone."""
    commands = re.findall(r"^\t\$\(PY\) (\S+)", MAKEFILE, re.MULTILINE)
    assert set(commands) == {"-m", "app.py"}


def test_the_options_are_those_of_the_command_line(capsys):
    with pytest.raises(SystemExit):
        read_options(["--help"], {})
    real = set(re.findall(r"^  (--[\w-]+)", capsys.readouterr().out, re.MULTILINE))
    rows = {row[0].strip("`"): row[1].strip("`") for row in table(section("docs/sharing.md", "Options"))}
    assert set(rows) == real
    plain = {"off": False, "none": None}
    defaults = {option: getattr(Options, option[2:].replace("-", "_")) for option in rows}
    assert {option: str(plain.get(text, text)).lower() for option, text in rows.items()} == {
        option: str(default).lower() for option, default in defaults.items()
    }


def test_every_option_in_examples_and_prose_exists():
    known = {row[0].strip("`") for row in table(section("docs/sharing.md", "Options"))}
    tools = {"--quick", "--only", "--index-url"}  # of `make bench`, and of pip
    tools |= {"--num_processes", "--nproc_per_node"}  # of accelerate, and of torchrun
    tools |= set(re.findall(r"--[a-z][\w-]*", training_parser().format_help()))
    tools |= {"--build", "--build-arg", "--rm", "--stop-timeout", "--now"}  # of Docker and systemctl
    assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", WRITTEN)) <= known | tools
    for variable in set(re.findall(PREFIX + r"[A-Z_]+[A-Z]", WRITTEN)):
        name = variable.removeprefix(PREFIX).lower()
        assert hasattr(Options, name) or name == "cache", variable


def test_commands_in_the_text_are_understood():
    for arguments in re.findall(r'make run ARGS="([^"]*)"', WRITTEN):
        read_options(arguments.split(), {})


def test_the_small_torch_is_the_one_that_is_required():
    required = re.search(
        r"^torch==(\S+)$", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    named = re.findall(r"install torch==(\S+)", section("README.md", "Troubleshooting"))
    assert required and named == [required[1]]


def test_the_table_of_models_is_the_catalog():
    assert table(section("docs/models.md", "Models that have names")) == [
        [
            f"`{entry.name}`",
            entry.title,
            f"{entry.parameters / 1e6:,.0f} M",
            f"`{entry.hub_id}`" if entry.hub_id else "package index",
            entry.description,
        ]
        for entry in CATALOG
    ]


def test_the_panels_are_called_what_they_are_called_on_the_page():
    on_the_page = [
        words["title"] for words in STRINGS["page"].values() if isinstance(words, dict) and "say" in words
    ]
    text = section("docs/panels.md", "Explore")
    assert re.findall(r"^### (.*)$", text, re.MULTILINE) == on_the_page


def targets_named(text: str) -> set[str]:
    """Return the make targets that a text names in code."""
    in_code = " ".join(
        [*re.findall(r"```sh\n(.*?)```", text, re.DOTALL), *re.findall(r"`(make [^`]*)`", text)]
    )
    return set(re.findall(r"\bmake ([a-z]+)", in_code))


@pytest.mark.parametrize("page", PAGES)
def test_the_make_targets_exist(page):
    assert targets_named(PAGES[page]) <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


def test_readme_and_contributing_name_the_commands_of_every_day():
    assert {"run", "test", "bench"} <= targets_named(PAGES["README.md"])
    assert {"test", "lint", "bench"} <= targets_named(CONTRIBUTING)


@pytest.fixture(scope="module")
def endpoints() -> dict[str, list[str]]:
    """Names of the real endpoints, and their parameters in order."""
    from viz.explore import build_app  # noqa: PLC0415 - Gradio takes seconds, the other tests need none
    from viz.server.limits import Limits  # noqa: PLC0415

    named = build_app(BackgroundModel(), Limits()).get_api_info()["named_endpoints"]
    return {
        name: [parameter["parameter_name"] for parameter in about["parameters"]]
        for name, about in named.items()
    }


def test_the_api_example_calls_real_endpoints_with_real_parameters(endpoints):
    calls = [
        node
        for node in ast.walk(ast.parse(block(PAGES["docs/api.md"], "python")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "predict"
    ]
    assert len(calls) >= 3
    for call in calls:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        name = ast.literal_eval(given.pop("api_name"))
        assert name in endpoints
        assert len(call.args) == 1 and set(given) <= set(endpoints[name][1:])


def test_the_text_on_the_api_names_every_endpoint_and_no_other(endpoints):
    assert set(re.findall(r"`(/\w+)`", PAGES["docs/api.md"])) == set(endpoints)


def test_the_page_on_proxies_speaks_of_this_app():
    from gradio.utils import get_heartbeat_rate  # noqa: PLC0415 - Gradio takes seconds

    from viz.server.gate import MOST_BYTES  # noqa: PLC0415

    text = PAGES["docs/proxy.md"]
    assert "(proxy.md)" in section("docs/sharing.md", "Sharing")
    for server in ("nginx", "caddy", "apache"):
        addresses = re.findall(r"127\.0\.0\.1:\d+", block(text, server))
        assert set(addresses) == {f"127.0.0.1:{Options.port}"}
    assert block(text, "sh").startswith('make run ARGS="--root-path /gpt"')
    assert MOST_BYTES == 8_000_000 and "client_max_body_size 8m" in text
    assert f"every\n  {get_heartbeat_rate()} seconds" in text


def test_the_file_of_options_and_the_numbers_in_the_text_are_understood(tmp_path):
    text = PAGES["docs/deployment.md"]
    (tmp_path / "gpt.toml").write_text(block(text, "toml"), encoding="utf-8")
    assert read_options(["--config", str(tmp_path / "gpt.toml")], {}).metrics == ("127.0.0.1", 9100)
    code = (ROOT / "viz" / "server" / "metrics.py").read_text(encoding="utf-8")
    for name in re.findall(r"`gpt_inside_out_(\w+?)(?:_total)?`", text):
        assert f'"{name}"' in code, name


def test_the_space_asks_for_the_gradio_that_is_required_and_for_files_that_exist():
    head = yaml.safe_load(PAGES["README.md"].split("---\n")[1])
    required = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert f"gradio=={head['sdk_version']}\n" in required and head["sdk"] == "gradio"
    assert (ROOT / head["app_file"]).is_file() and len(head["short_description"]) <= 60
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert {head["colorFrom"], head["colorTo"]} <= colours


def test_what_the_image_copies_and_runs_exists_and_nothing_else_is_sent():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {
        name for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for name in line.split()
    }
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == let_in and all((ROOT / name).exists() for name in copied)
    for module in re.findall(r"-m (model[\w.]+)", text):
        assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
    for variable in re.findall(r"GPT_INSIDE_OUT_(\w+)=", text):
        assert hasattr(Options, variable.lower()) or variable == "CACHE"


def test_the_changelog_has_room_for_what_comes_next():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)


def test_the_citation_names_this_version_and_the_changelog_has_it():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["title"] and citation["message"]
    assert all(author["name"] for author in citation["authors"]) and citation["authors"]
    assert citation["version"] == project["version"] and citation["license"] == project["license"]
    cut = f"## [{project['version']}] - {citation['date-released']}"
    assert cut in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    how = section("README.md", "How to cite")
    assert f"{{{project['version']}}}" in how and f"{{{citation['authors'][0]['name']}}}" in how
