"""The private parts of Gradio that the app leans on are those that it was written for."""

import gradio as gr
import pytest

from viz.server.gradio_private import PARTS, Part


def change_of(part: Part) -> str:
    """Return what to tell whoever raises the pin; empty where the part is as it was."""
    found = part.found()
    if found == part.digest:
        return ""
    change = f"has another {part.name}, whose digest is {found!r}" if found else f"has no {part.name}"
    return (
        f"Gradio {gr.__version__} {change}. {part.why} Without it: {part.without} "
        "Read it, then what leans on it, and record its digest in viz/server/gradio_private.py."
    )


@pytest.mark.parametrize("part", PARTS, ids=[part.name for part in PARTS])
def test_what_gradio_keeps_to_itself_is_what_we_lean_on(part):
    assert not (change := change_of(part)), change


def test_a_part_that_has_changed_or_is_gone_is_told_with_what_leans_on_it():
    told = change_of(PARTS[0]._replace(digest="another"))
    assert "has another gradio.state_holder.SessionState" in told and PARTS[0].without in told
    told = change_of(PARTS[0]._replace(name="gradio.state_holder.Gone"))
    assert f"Gradio {gr.__version__} has no gradio.state_holder.Gone. {PARTS[0].why}" in told


def test_where_lines_alone_matter_others_may_change():
    (part,) = [part for part in PARTS if part.mentioned == "state_holder"]
    assert part.found() != part._replace(mentioned="").found()
    assert (
        part._replace(mentioned="nothing mentions this").found()
        == part._replace(mentioned="nor this").found()
    )


def test_a_script_draws_our_slider_and_number_field_as_gradios_own():
    from viz.components.dial import Dial  # noqa: PLC0415
    from viz.components.seed import Seed  # noqa: PLC0415

    assert Dial(0, 1, 0).get_block_name() == gr.Slider().get_block_name()
    assert Seed().get_block_name() == gr.Number().get_block_name()
