"""Three ways to compute an answer agree: the class margin, the logits, and the recorded activations."""

from pathlib import Path

import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork, import_network
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.tables import AfterAttention
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.modular import modular_addition
from scrubjay.tasks.task import Task


def test_margin_logits_and_run_agree_on_every_input(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    margin = Readout.margin(bundled.network, challenge)
    logits = Readout.logits(bundled.network, challenge)
    for act in (run.full, run.frozen):
        assert torch.equal(margin.classes(act.resid_mid), act.classes)
        assert torch.equal(logits.classes(act.resid_mid), act.classes)
    full = run.full
    plain = AfterAttention.of(bundled.network, full.resid_mid[:3000]).logits
    assert torch.allclose(logits.scores(full.resid_mid[:3000]), plain, atol=1e-4)
    assert torch.allclose(margin.scores(full.resid_mid[:3000])[:, 0], plain[:, 1] - plain[:, 0], atol=1e-4)


def test_the_narrow_readout_is_chosen_only_where_it_is_safe(bundled: SavedNetwork, challenge: Task, run: Run) -> None:
    full = run.full
    assert Readout.of(bundled.network, challenge, full).direct.shape[1] == 1
    strayed = Activations(
        full.pattern, full.resid_mid, full.answers, full.classes.clone().index_fill_(0, torch.tensor([5]), -1)
    )
    assert Readout.of(bundled.network, challenge, strayed).direct.shape[1] == 114


@pytest.mark.parametrize("below", [None, 57])
def test_groups_of_answers_are_read_from_all_logits(real_checkpoint: Path, below: int | None) -> None:
    network = import_network(real_checkpoint).network
    task = modular_addition(113, below=below)
    act = record(network, task)
    readout = Readout.of(network, task, act)
    assert readout.direct.shape[1] == 114
    assert task.labels is not None and torch.equal(act.classes, task.labels)
    assert torch.equal(readout.classes(act.resid_mid), act.classes)


@pytest.mark.parametrize("classes", [((0, 2), (1,)), ((0,), (1,), (2,))])
def test_a_margin_between_other_than_two_tokens_is_refused(classes: tuple[tuple[int, ...], ...]) -> None:
    network = Transformer.initialised(Config(5, 3, 4, 2, 2, 3), seed=0)
    task = Task("sums", Domain.square(4, last=4), classes)
    with pytest.raises(BadInput, match=r"needs two classes of one token each; task sums has .* use Readout\.logits"):
        Readout.margin(network, task)
    assert Readout.of(network, task, record(network, task)).direct.shape[1] == 5
