"""Heads, the way from mean to full attention, and AUC, against plain recomputation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations
from scrubjay.evidence.attention.heads import auc, scale_attention, study_heads
from scrubjay.evidence.attention.row_losses import RowKinds
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.tasks.task import Task


def test_one_head_frozen_is_a_hook_on_its_pattern(
    bundled: SavedNetwork, challenge: Task, full: Activations, frozen: Activations
) -> None:
    mean = mean_pattern(full)
    readout = Readout.of(bundled.network, challenge, full)
    heads = study_heads(bundled.network, challenge, full, frozen, mean, readout, draws=2, seed=0)
    head = 3

    def freeze(module: object, args: object, pattern: torch.Tensor) -> torch.Tensor:
        replaced = pattern.clone()
        replaced[:, head, -1] = mean[head]
        return replaced

    tokens = challenge.domain.tokens(challenge.domain.inputs())
    handle = bundled.network.pattern.register_forward_hook(freeze)
    plain = torch.cat([bundled.network(chunk)[:, -1].argmax(-1) for chunk in torch.split(tokens, 2000)])
    handle.remove()
    assert heads.frozen_alone[head] == float((plain == full.answers).double().mean())
    everything = float((frozen.classes == full.classes).double().mean())
    losses = heads.losses
    assert losses is not None
    images = [challenge.domain.image(classes) for classes in (full.classes, plain_classes(plain), frozen.classes)]
    for at, pattern in enumerate(losses.kinds.patterns):
        rows = [row for row in range(113) if int(losses.kinds.of_inputs[row * 113]) == at]
        assert len(rows) == int(losses.kinds.rows[at])
        for image, found in zip(images[1:], (losses.alone[head], losses.all_frozen), strict=True):
            assert float(found[at]) == pytest.approx(float((image != images[0])[rows].double().mean()), abs=1e-12)
        if len(pattern) == 1:
            assert all(float((images[0][row] == int(pattern)).double().mean()) > 0.9 for row in rows)
    assert min(heads.frozen_others) < everything + 0.2
    assert all(everything < kept <= 1 for kept in heads.frozen_alone)
    assert all(0 < score.mean <= 1 for score in heads.patched)
    assert torch.allclose(heads.spread, full.pattern.double().std(0, correction=0))


def test_scaling_ends_at_the_full_network_and_starts_at_the_frozen_one(
    bundled: SavedNetwork, challenge: Task, full: Activations, frozen: Activations
) -> None:
    readout = Readout.of(bundled.network, challenge, full)
    scaling = scale_attention(full, frozen, readout)
    assert scaling.agreement[-1] == 1.0
    assert scaling.agreement[0] == float((frozen.classes == full.classes).double().mean())
    assert scaling.flips == int((frozen.classes != full.classes).sum())
    assert scaling.f1 == pytest.approx(
        2 * scaling.precision * scaling.recall / (scaling.precision + scaling.recall), abs=1e-12
    )
    assert scaling.f1 > 2 * scaling.chance


def test_slopes_are_the_derivative(
    bundled: SavedNetwork, challenge: Task, full: Activations, frozen: Activations
) -> None:
    network = bundled.network.double()
    try:
        readout = Readout.margin(network, challenge)
        at, way = frozen.resid_mid[::50].double(), (full.resid_mid - frozen.resid_mid)[::50].double()
        step = 1e-7
        numerical = (readout.scores(at + step * way) - readout.scores(at - step * way)) / (2 * step)
        close = (readout.slopes(at, way) - numerical).abs() < 1e-4
        assert float(close.double().mean()) > 0.99
    finally:
        bundled.network.float()


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=20))
def test_auc_counts_pairs(points: list[tuple[int, bool]]) -> None:
    ups = [score for score, up in points if up]
    downs = [score for score, up in points if not up]
    pairs = [(u > d) + 0.5 * (u == d) for u in ups for d in downs]
    expected = sum(pairs) / len(pairs) if pairs else 0.5
    scores = torch.tensor([float(score) for score, _ in points], dtype=torch.float64)
    assert auc(scores, torch.tensor([up for _, up in points])) == pytest.approx(expected, abs=1e-12)


def plain_classes(answers: torch.Tensor) -> torch.Tensor:
    """The challenge's answers are its classes' tokens."""
    assert set(answers.tolist()) == {0, 1}
    return answers


def test_rows_are_sorted_by_what_runs_through_them() -> None:
    labels = np.array([[0, 0, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [1, 0, 0, 0], [0, 1, 1, 0]])
    task = Task.from_arrays(labels)
    assert task.labels is not None
    kinds = RowKinds.of(task, task.labels)
    assert kinds is not None and kinds.patterns == ("0", "1", "01", "10", "010")
    assert kinds.rows.tolist() == [1, 1, 1, 1, 1] and kinds.of_inputs.tolist()[::4] == [0, 2, 1, 3, 4]
    changed = torch.zeros(20, dtype=torch.bool)
    changed[4:7] = True
    assert kinds.shares(changed).tolist() == [0, 0, 0.75, 0, 0]
    assert RowKinds.of(Task.from_arrays(np.array([[0, 1], [2, 0]])), torch.tensor([0, 1, 2, 0])) is None
