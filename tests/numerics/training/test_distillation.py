"""The loss of a student: against PyTorch's own divergence, and where its gradient goes."""

import pytest
import torch
from torch.nn.functional import cross_entropy, kl_div, softmax
from transformers import PreTrainedTokenizerFast

from model.training.distillation import DistillationLoss, alone, require_teacher, same_tokenizer
from model.training.settings import DistillationSettings, SettingsError, TrainingSettings
from tests.tiny import CONTEXT, EOS, tiny_tokenizer, tiny_transformer


@pytest.fixture(scope="module")
def batch():
    tokens = torch.randint(0, 256, (3, 12), generator=torch.Generator().manual_seed(0))
    labels = tokens.clone()
    labels[0, :5] = -100
    return {"input_ids": tokens, "labels": labels}


@pytest.mark.parametrize(("temperature", "share"), [(1.0, 1.0), (2.0, 0.5), (5.0, 0.9)])
def test_the_loss_is_the_formula_of_hinton_s_paper(batch, temperature, share):
    teacher, student = tiny_transformer("llama"), tiny_transformer("gpt2")
    loss = DistillationLoss(teacher, DistillationSettings(temperature, share))(student, batch)
    with torch.no_grad():
        taught, told = (model(batch["input_ids"]).logits[:, :-1].double() for model in (teacher, student))
    following = batch["labels"][:, 1:]
    kept = following >= 0
    soft = kl_div(
        (told[kept] / temperature).log_softmax(-1),
        softmax(taught[kept] / temperature, -1),
        reduction="batchmean",
    )
    hard = cross_entropy(told[kept], following[kept])
    expected = share * temperature**2 * soft + (1 - share) * hard
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_without_a_share_it_is_transformers_own_loss(batch):
    student = tiny_transformer("gpt2")
    loss = DistillationLoss(tiny_transformer("llama"), DistillationSettings(share=0.0))(student, batch)
    assert loss.item() == pytest.approx(student(**batch).loss.item(), rel=1e-6)


def test_who_thinks_as_the_teacher_has_nothing_to_learn(batch):
    student = tiny_transformer("gpt2")
    loss = DistillationLoss(tiny_transformer("gpt2"), DistillationSettings(share=1.0))(student, batch)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert max(parameter.grad.abs().max().item() for parameter in student.parameters()) < 1e-5


def test_only_the_student_learns(batch):
    teacher, student = tiny_transformer("llama").train(), tiny_transformer("gpt2").train()
    before = [parameter.clone() for parameter in teacher.parameters()]
    loss = DistillationLoss(teacher, DistillationSettings())
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3)
    losses = []
    for _ in range(5):
        losses.append(loss(student, batch))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < losses[0]
    assert not teacher.training
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert all(torch.equal(*pair) for pair in zip(before, teacher.parameters(), strict=True))
    assert all(parameter.grad is not None for parameter in student.parameters())


def test_another_tokenizer_is_refused_and_a_copy_from_disk_is_not(tmp_path):
    own = tiny_tokenizer()
    own.save_pretrained(tmp_path)
    copy = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    require_teacher(tiny_transformer("gpt2"), own, copy, CONTEXT)
    other = tiny_tokenizer()
    other.add_tokens(["giraffe"])
    assert not same_tokenizer(own, other)
    with pytest.raises(SettingsError, match="different tokenizers"):
        require_teacher(tiny_transformer("gpt2"), own, other, CONTEXT)
    assert own.eos_token == EOS


def test_a_teacher_that_reads_less_is_refused():
    with pytest.raises(SettingsError, match="128 tokens at most"):
        require_teacher(tiny_transformer("gpt2"), tiny_tokenizer(), tiny_tokenizer(), CONTEXT + 1)


def test_the_other_student_differs_by_the_teacher_alone():
    settings = TrainingSettings(kind="distillation", base="abc/100", name="small")
    other = alone(settings)
    assert other.kind == "pretraining"
    assert other.optimisation == settings.optimisation
    assert (other.data, other.architecture, other.base) == (settings.data, settings.architecture, "abc/100")
