"""Motions start and end where the network is, and each frame is what a new run would give."""

import inspect
from dataclasses import replace

import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.nets.transformer import Transformer
from scrubjay.report.motion import FRAMES, MOTIONS, Moving
from scrubjay.run import Run
from scrubjay.tasks.modular import modular_addition
from tests.data.small_network import PATH, small_task
from tests.planted import plant


@pytest.fixture(scope="module")
def moving(small: SavedNetwork) -> Moving:
    return Moving.of(small, small_task())


def test_attention_goes_from_the_frozen_answers_to_the_full_ones(moving: Moving, small_run: Run) -> None:
    motion = MOTIONS["attention"](moving, 3)
    frames = list(motion.frames)
    assert len(frames) == motion.count == 3
    assert torch.equal(frames[0].classes, small_run.frozen.classes)
    assert torch.equal(frames[-1].classes, small_run.full.classes)
    assert torch.allclose(frames[-1].points, moving.pca.scores(small_run.full.resid_mid, 2))
    assert torch.allclose(frames[1].points, (frames[0].points + frames[2].points) / 2)


@pytest.mark.parametrize(("what", "count"), [("mlp", 4), ("neurons", 50), ("neurons", 13)])
def test_the_mlp_ends_with_the_networks_answers(moving: Moving, small_run: Run, what: str, count: int) -> None:
    motion = MOTIONS[what](moving, count)
    frames = list(motion.frames)
    assert len(frames) == motion.count <= count
    assert torch.equal(frames[-1].classes, small_run.full.classes)
    assert float((frames[0].classes == small_run.full.classes).double().mean()) < 0.9
    (x0, x1), (y0, y1) = motion.extent
    for frame in (frames[0], frames[-1]):
        assert x0 < float(frame.points[:, 0].min()) and float(frame.points[:, 0].max()) < x1
        assert y0 < float(frame.points[:, 1].min()) and float(frame.points[:, 1].max()) < y1


def test_both_ways_of_switching_the_mlp_on_end_at_the_same_points(moving: Moving) -> None:
    mlp, neurons = (list(MOTIONS[what](moving, 2).frames)[-1].points for what in ("mlp", "neurons"))
    assert torch.allclose(mlp, neurons, atol=1e-3)


def test_each_neuron_has_its_frame_where_there_are_frames_enough(moving: Moving) -> None:
    captions = [frame.caption for frame in MOTIONS["neurons"](moving).frames]
    assert captions == [f"{number} of 48 neurons" for number in range(49)]


@pytest.mark.parametrize(("towards", "axis"), [("alpha", 0), ("beta", 1)])
def test_a_shift_moves_all_points_alike_and_answers_as_the_shifted_network(
    moving: Moving, towards: str, axis: int
) -> None:
    motion = MOTIONS[f"shift-{towards}"](moving, 3)
    frames = list(motion.frames)
    moved = frames[-1].points - frames[0].points
    assert motion.thresholds
    assert torch.allclose(moved, moved[:1].expand_as(moved), atol=1e-9)
    assert float(moved[0, axis]) == pytest.approx(10, abs=1e-6)
    assert moving.filters is not None
    shifted = moving.resid_mid + (10 * moving.filters.directions[axis]).float()
    assert torch.equal(moving.readout.classes(shifted), frames[-1].classes)


def test_a_random_shift_follows_the_seed(moving: Moving) -> None:
    ends = [list(MOTIONS["shift-random"](replace(moving, seed=seed), 2).frames)[-1].points for seed in (0, 0, 1)]
    assert torch.equal(ends[0], ends[1]) and not torch.equal(ends[0], ends[2])


def test_a_frozen_network_moves_from_its_own_stream(small_run: Run) -> None:
    moving = Moving.of(PATH, small_task(), frozen=True)
    assert torch.equal(moving.resid_mid, small_run.frozen.resid_mid)
    assert MOTIONS["mlp"](moving, 2).title == "small, frozen: the MLP switched on"


@pytest.mark.parametrize("what", MOTIONS)
def test_there_are_120_frames_unless_another_number_is_asked_for(what: str) -> None:
    assert FRAMES == 120
    assert inspect.signature(MOTIONS[what]).parameters["count"].default == FRAMES


def test_without_two_classes_there_are_no_filters_to_shift_along() -> None:
    planted = plant("AND", tokens=12)
    three = replace(planted.task, classes=((0,), (1,), (2,)))
    moving = Moving.of(planted.network, three)
    with pytest.raises(BadInput, match=r"needs? a task of two classes; task planted AND has 3"):
        MOTIONS["shift-beta"](moving, 2)
    with pytest.raises(BadInput, match="needs a task of two classes of one token each; task planted AND has 3"):
        MOTIONS["neurons"](moving, 2)


def test_a_task_of_many_classes_moves_with_all_of_them() -> None:
    network = Transformer.initialised(Config(12, 3, 8, 2, 4, 10), seed=5)
    moving = Moving.of(network, "modular_addition:p=11")
    full = Run.of(network, modular_addition(11)).full
    for what in ("mlp", "attention"):
        motion = MOTIONS[what](moving, 2)
        assert motion.n_classes == 11
        assert torch.equal(list(motion.frames)[-1].classes, full.classes)


def test_a_stream_of_one_dimension_is_drawn_on_a_line() -> None:
    network = Transformer.initialised(Config(12, 3, 1, 1, 1, 4), seed=5)
    moving = Moving.of(network, modular_addition(11))
    for what in ("mlp", "attention"):
        motion = MOTIONS[what](moving, 2)
        assert [float(frame.points[:, 1].abs().max()) for frame in motion.frames] == [0, 0]


def test_a_task_that_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="token"):
        Moving.of(PATH, "modular_addition:p=113")
