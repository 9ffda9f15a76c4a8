"""Another model is chosen in the masthead, writes and is left again; texts stay those of their models."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from model.weights.background import BackgroundModel
from tests.browser.visit import Visit
from tests.tiny import saved_tiny, tiny_transformer
from viz.explore import build_app
from viz.launch import launch_arguments
from viz.server.limits import Limits
from viz.server.models import ModelChoice, Models
from viz.server.service import Service


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An app with a tiny model, and a checkpoint of another one beside it."""
    above: Path = tmp_path_factory.mktemp("models")
    own, step = saved_tiny("gpt2", 1, above / "tiny-gpt2"), saved_tiny("qwen2", 2, above / "step")
    size = tiny_transformer("qwen2").num_parameters()
    choice = ModelChoice("run/300", "my first GPT, step 300", str(step), size)

    def shelf(service: Service) -> Models:
        return Models(service, trained=lambda _: [choice], precision="exact")

    background = BackgroundModel(str(own), precision="exact", report=lambda _: None)
    background.start()
    app = build_app(background, Limits(), shelf)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    app.launch(server_name="127.0.0.1", prevent_thread_lock=True, quiet=True, **launch_arguments())
    yield app.local_url
    app.close(verbose=False)


def test_a_model_is_chosen_writes_and_is_left_again(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})
    visit = Visit(page, address)
    own = visit.write("in the", 6)
    menu, notice = page.get_by_label("The model of this page"), page.locator("#notice")
    expect(menu).to_be_visible()
    menu.select_option("my first GPT, step 300")
    expect(notice).to_contain_text("tiny-gpt2 wrote this text")
    assert visit.tokens() == own
    trained = visit.write("on a", 6)
    page.locator("#undo").click()
    expect(notice.get_by_role("button", name="Switch to tiny-gpt2")).to_be_visible()
    assert visit.tokens() == own
    page.reload()
    visit.ready()
    visit.wait_for_tokens(own)
    expect(menu.locator("option:checked")).to_have_text("my first GPT, step 300")
    page.locator("#redo").click()
    visit.wait_for_tokens(trained)
    page.locator("#undo").click()
    notice.get_by_role("button", name="Switch to tiny-gpt2").click()
    expect(menu.locator("option:checked")).to_have_text("tiny-gpt2")
    expect(page.locator("#next-token")).to_contain_text("%")
    page.close()
    visit.assert_well()
