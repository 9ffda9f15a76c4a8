"""The rows of a text: they grow at the end, beginnings are shared, and what is there never changes."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.network.recording import BLOCK, Columns, Layout, Recording, bytes_held
from model.reference.attention_rule import AttentionRule

LAYOUT = Layout(
    queries=(Columns(0, 4, heads=2),),
    keys=(Columns(4, 6, heads=1),),
    values=(Columns(6, 8, heads=1),),
    residual=(Columns(8, 11), Columns(11, 14)),
    final=Columns(14, 17),
    rules=(AttentionRule(1.0),),
)
EVERYTHING = Columns(0, LAYOUT.width)


def rows(count: int, first: int = 0) -> torch.Tensor:
    """Return (count, width) rows, every number another one."""
    numbers = torch.arange(count * LAYOUT.width, dtype=torch.float32)
    return numbers.view(count, LAYOUT.width) + 10_000 * first


def recording_of(given: torch.Tensor) -> Recording:
    recording = Recording(LAYOUT)
    recording.append(given)
    return recording


def kept(recording: Recording) -> torch.Tensor:
    """Return all rows of a recording."""
    return recording.vectors(EVERYTHING, len(recording))[:, 0] if len(recording) else rows(0)


@given(st.lists(st.integers(0, 2 * BLOCK + 1), max_size=6))
def test_rows_appended_in_any_pieces_are_the_rows(pieces):
    everything = rows(sum(pieces))
    recording, rest = Recording(LAYOUT), everything
    for piece in pieces:
        recording.append(rest[:piece])
        rest = rest[piece:]
    assert len(recording) == sum(pieces)
    assert torch.equal(kept(recording), everything)
    assert len(recording.blocks) == -(-len(everything) // BLOCK)


@given(st.data())
def test_texts_that_branch_anywhere_and_go_on_keep_their_own_rows(data):
    """A tree of texts: each grows, or begins as a part of another; none disturbs another."""
    texts = [(Recording(LAYOUT), rows(0))]
    for step in range(data.draw(st.integers(1, 12))):
        index = data.draw(st.integers(0, len(texts) - 1))
        recording, truth = texts[index]
        if data.draw(st.booleans()):
            new = rows(data.draw(st.integers(0, BLOCK + 3)), first=step + 1)
            recording.append(new)
            texts[index] = (recording, torch.cat([truth, new]))
        else:
            length = data.draw(st.integers(0, len(recording)))
            texts.append((recording.prefix(length), truth[:length]))
    for recording, truth in texts:
        assert len(recording) == len(truth)
        assert torch.equal(kept(recording), truth)


@given(st.integers(0, 3 * BLOCK), st.data())
def test_a_prefix_shares_full_blocks_and_copies_the_one_that_is_not(length, data):
    whole = recording_of(rows(length))
    cut = data.draw(st.integers(0, length))
    part = whole.prefix(cut)
    full, rest = divmod(cut, BLOCK)
    assert len(part.blocks) == full + (rest > 0)
    assert all(ours is theirs for ours, theirs in zip(part.blocks[:full], whole.blocks, strict=False))
    if rest:
        assert part.blocks[full] is not whole.blocks[full]
    held = (len(whole.blocks) + (rest > 0)) * BLOCK * LAYOUT.width * 4
    assert bytes_held([whole, part]) == bytes_held([whole, part, part]) == held


def test_a_reader_keeps_what_it_saw_while_the_text_grows():
    recording = recording_of(rows(BLOCK - 1))
    seen = kept(recording)
    before = seen.clone()
    recording.append(rows(BLOCK, first=1))
    assert torch.equal(seen, before)
    assert torch.equal(kept(recording)[: BLOCK - 1], before)


def test_vectors_are_cut_out_of_the_rows_by_head():
    recording = recording_of(rows(BLOCK + 2))
    queries = recording.vectors(LAYOUT.queries[0], BLOCK + 1)
    assert queries.shape == (BLOCK + 1, 2, 2)
    assert torch.equal(queries.flatten(1), rows(BLOCK + 2)[: BLOCK + 1, :4])
    assert recording.vectors(LAYOUT.residual[1], 5).shape == (5, 1, 3)
    place = recording.place(BLOCK)
    assert torch.equal(place.block[place.first, 14:], rows(BLOCK + 2)[BLOCK, 14:])


@pytest.mark.parametrize("length", [-1, 4])
def test_more_than_was_recorded_is_an_error(length):
    recording = recording_of(rows(3))
    for asked in (recording.prefix, lambda count: recording.vectors(LAYOUT.keys[0], count)):
        with pytest.raises(IndexError, match="3 recorded"):
            asked(length)
    with pytest.raises(IndexError, match="3 recorded"):
        recording.place(3)


def test_an_empty_text_holds_nothing():
    recording = Recording(LAYOUT)
    assert (len(recording), recording.blocks, bytes_held([recording])) == (0, (), 0)
    assert len(recording.prefix(0)) == 0
