"""Motions end where the network is, and each frame is what a new run would give."""

import pytest
import torch

from scrubjay.nets.recording import Activations
from scrubjay.core.errors import BadInput
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.report.motion import MOTIONS, Moving
from scrubjay.tasks.task import Task
from tests.planted import plant


@pytest.fixture(scope="module")
def moving(bundled: SavedNetwork, challenge: Task) -> Moving:
    return Moving.of(bundled, challenge, frozen=False, seed=0)


def test_attention_goes_from_the_frozen_answers_to_the_full_ones(
    moving: Moving, full: Activations, frozen: Activations
) -> None:
    motion = MOTIONS["attention"](moving, 3)
    frames = list(motion.frames)
    assert len(frames) == motion.count == 3
    assert torch.equal(frames[0].classes, frozen.classes)
    assert torch.equal(frames[-1].classes, full.classes)
    assert torch.allclose(frames[-1].points, moving.pca.scores(full.resid_mid, 2))
    assert torch.allclose(frames[1].points, (frames[0].points + frames[2].points) / 2)


@pytest.mark.parametrize(("what", "count"), [("mlp", 4), ("neurons", 1026), ("neurons", 50)])
def test_the_mlp_ends_with_the_networks_answers(moving: Moving, full: Activations, what: str, count: int) -> None:
    motion = MOTIONS[what](moving, count)
    frames = [frame for number, frame in enumerate(motion.frames) if number in (0, motion.count - 1)]
    assert motion.count <= count
    assert float((frames[-1].classes == full.classes).double().mean()) > 0.9998
    assert float((frames[0].classes == full.classes).double().mean()) < 0.9
    (x0, x1), (y0, y1) = motion.extent
    for frame in frames:
        assert x0 < float(frame.points[:, 0].min()) and float(frame.points[:, 0].max()) < x1
        assert y0 < float(frame.points[:, 1].min()) and float(frame.points[:, 1].max()) < y1


def test_both_ways_of_switching_the_mlp_on_end_at_the_same_points(moving: Moving) -> None:
    mlp, neurons = (list(MOTIONS[what](moving, 2).frames)[-1].points for what in ("mlp", "neurons"))
    assert torch.allclose(mlp, neurons, atol=1e-3)


def test_a_shift_moves_all_points_alike_and_answers_as_the_shifted_network(moving: Moving) -> None:
    frames = list(MOTIONS["shift-alpha"](moving, 3).frames)
    moved = frames[-1].points - frames[0].points
    assert torch.allclose(moved, moved[:1].expand_as(moved), atol=1e-9)
    assert float(moved[0, 0]) == pytest.approx(10, abs=1e-6)
    assert moving.filters is not None
    shifted = moving.resid_mid + (10 * moving.filters.directions[0]).float()
    assert float((moving.readout.classes(shifted) == frames[-1].classes).double().mean()) > 0.9995


def test_a_frozen_network_moves_from_its_own_stream(
    bundled: SavedNetwork, challenge: Task, frozen: Activations
) -> None:
    moving = Moving.of(bundled, challenge, frozen=True, seed=0)
    assert torch.equal(moving.resid_mid, frozen.resid_mid)
    assert "frozen" in MOTIONS["mlp"](moving, 2).title


def test_without_two_classes_there_are_no_filters_to_shift_along() -> None:
    planted = plant("AND", tokens=12)
    three = Task("three", planted.task.domain, ((0,), (1,), (2,)))
    saved = SavedNetwork(planted.network, "made here", None, None, {"sha256": "0"})
    moving = Moving.of(saved, three, frozen=False, seed=0)
    with pytest.raises(BadInput, match="two classes"):
        MOTIONS["shift-beta"](moving, 2)
    with pytest.raises(BadInput, match="no margin"):
        MOTIONS["neurons"](moving, 2)
