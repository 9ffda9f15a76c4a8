"""A checkpoint comes as a zip file that Transformers opens, to whoever knows its name."""

import io
import zipfile
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient
from transformers import AutoModelForCausalLM, AutoTokenizer

from viz.server.checkpoint_download import CheckpointDownload, address_of


async def elsewhere(scope, receive, send):
    await send({"type": "http.response.start", "status": 299, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def client(line) -> TestClient:
    blocks = SimpleNamespace(trainings=line)
    app = CheckpointDownload(elsewhere)

    async def with_blocks(scope, receive, send):
        scope["app"] = SimpleNamespace(get_blocks=lambda: blocks)
        await app(scope, receive, send)

    return TestClient(with_blocks)


def test_the_file_holds_what_transformers_opens_and_nothing_to_unpickle(line, name, tmp_path):
    answer = client(line).get("/" + address_of(name, 4))
    assert answer.status_code == 200 and f"gpt-{name}-4.zip" in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path)
    assert not [one for one in names if one.endswith((".bin", ".pt", ".pth", ".pkl"))]
    folder = tmp_path / "checkpoint-4"
    assert AutoModelForCausalLM.from_pretrained(folder).config.num_hidden_layers == 2
    assert AutoTokenizer.from_pretrained(folder).encode("1+1")
    assert (folder / "README.md").read_text(encoding="utf-8").count("Tiny") == 1


@pytest.mark.parametrize("path", ["ffffffffffff/4.zip", "{name}/3.zip", "{name}/999999.zip"])
def test_what_is_not_there_is_answered_in_a_sentence(line, name, path):
    answer = client(line).get("/trainings/" + path.format(name=name))
    assert answer.status_code == 404 and answer.text.endswith(".")


@pytest.mark.parametrize(
    "path", ["..%2f..%2fetc/4.zip", "{name}/../4.zip", "{name}/4", "{name}/-1.zip", "{name}/4.zip/x"]
)
def test_whatever_else_is_no_address_of_a_checkpoint(line, name, path):
    assert client(line).get("/trainings/" + path.format(name=name)).status_code == 299


def test_a_server_that_trains_nothing_has_none(name):
    assert client(None).get("/" + address_of(name, 4)).status_code == 404
