"""What the inner network says does not matter is resampled: on networks where that is exactly so, and by another route.

The flips say on which side of its hinge a neuron is on. They are checked by themselves as well, since a wrong one is
hard to see in the share of the answers that stay.
"""

from dataclasses import dataclass, replace

import pytest
import torch
from torch import Tensor

from scrubjay.core.stats import Stopping
from scrubjay.evidence.inner.offside import ROWS, OffSideScores, scrub_inner
from scrubjay.evidence.inner.parts import InnerParts
from scrubjay.evidence.inner.sensitivity import CloseCalls
from scrubjay.fit.hinges import LINEAR
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Run
from tests.evidence.inner.cut_out import cut_out, trained_run, untrained_run
from tests.planted import plant

DRAWS = Stopping(most=20, least=20)


@dataclass(frozen=True, eq=False)
class Case:
    """A network and a smaller one."""

    run: Run
    parts: InnerParts

    def scrubbed(self, parts: InnerParts | None = None, stopping: Stopping = DRAWS) -> OffSideScores:
        """What is left under the inner network, or under another one."""
        run = self.run
        return scrub_inner(
            parts or self.parts,
            run.readout.as_hinges(),
            run.full.resid_mid,
            run.full.classes,
            stopping=stopping,
            seed=0,
        )

    @property
    def turned(self) -> InnerParts:
        """The inner network with every flip the wrong way round."""
        return replace(self.parts, layer=replace(self.parts.layer, flips=-self.parts.layer.flips))


@pytest.fixture(scope="module")
def exact() -> Case:
    """Exclusive or of two filters. Each of its two hinges has one neuron on either side, exactly."""
    run = plant("XOR", data=3, seed=1).run()
    return Case(run, cut_out(run, dimensions=2, hinges=2, heads=1, rank=2))


@pytest.fixture(scope="module")
def trained(small: SavedNetwork) -> Case:
    """The small trained network, whose neurons are only nearly on the sides of their hinges."""
    run = trained_run(small)
    return Case(run, cut_out(run, dimensions=3, hinges=3, heads=2, rank=2))


def test_neurons_that_are_exactly_on_or_off_as_their_hinge_is_may_be_resampled(exact: Case) -> None:
    found = exact.scrubbed()
    assert tuple(found.rows) == ROWS
    assert all(score.worst == 1 and score.draws == 20 for score in found.rows.values())
    assert found.random is not None and found.random.high < 0.95


def test_a_wrong_orientation_falls_clearly(exact: Case, trained: Case) -> None:
    assert exact.scrubbed(exact.turned).rows["both"].high < 0.75
    right, wrong = trained.scrubbed().rows, trained.scrubbed(trained.turned).rows
    assert right["off sides"].low > 0.97 and right["both"].low > 0.97
    assert wrong["off sides"].high < 0.9 and wrong["both"].high < 0.9


def test_the_share_of_resampled_neuron_inputs_is_that_of_the_neurons_that_are_off(exact: Case) -> None:
    readout = exact.run.readout.as_hinges()
    off = exact.run.full.resid_mid @ readout.W_in + readout.b_in <= 0
    assert exact.scrubbed().swapped == pytest.approx(float(off.double().mean()), abs=1e-12)


def test_the_rest_of_the_stream_matters_if_a_coordinate_is_missing(exact: Case) -> None:
    short = cut_out(exact.run, dimensions=1, hinges=1, heads=1, rank=1)
    found = exact.scrubbed(short)
    assert found.rows["rest"].high < 0.95 and found.rows["both"].high < 0.95


def test_there_is_no_control_without_other_groups() -> None:
    run = plant("AND", data=3, seed=1).run()
    case = Case(run, cut_out(run, dimensions=2, hinges=2, heads=1, rank=2))
    found = case.scrubbed()
    assert len(case.parts.layer.groups) == 2 and found.random is None
    assert found.rows["both"].worst == 1


# By another route


def resampled(case: Case, parts: InnerParts, draw: torch.Generator, *, rest: bool) -> float:
    """The share of answers left, written out neuron by neuron for every input."""
    run, layer, anatomy = case.run, parts.layer, parts.anatomy
    resid_mid, readout = run.full.resid_mid, run.readout.as_hinges()
    n = len(resid_mid)
    readers, carriers = anatomy.coordinates.readers, anatomy.coordinates.carriers
    values = (resid_mid - resid_mid.mean(0)) @ readers.T
    on = values @ layer.planes[:, :-1].T + layer.planes[:, -1] > 0

    def streams(inputs: Tensor) -> Tensor:
        if not rest:
            return resid_mid[inputs]
        others = torch.randint(n, (len(inputs),), generator=draw)
        return values[inputs] @ carriers + resid_mid[others] - values[others] @ carriers

    own = streams(torch.arange(n))
    post = (own @ readout.W_in + readout.b_in).relu()
    for hinge in range(len(layer.planes)):
        for flip in (1, -1):
            neurons = anatomy.bending[(layer.groups == hinge) & (layer.flips == flip)]
            off = (~on if flip == 1 else on)[:, hinge].nonzero()[:, 0]
            if len(off) and len(neurons):
                donors = off[torch.randint(len(off), (len(off),), generator=draw)]
                other = (streams(donors) @ readout.W_in[:, neurons] + readout.b_in[neurons]).relu()
                post[off[:, None], neurons] = other
    scores = post @ readout.hidden + own @ readout.direct + readout.offset
    said = (scores[:, 0] > 0).long() if scores.shape[1] == 1 else run.task.class_of(scores.argmax(1))
    return float((said == run.full.classes).double().mean())


@pytest.mark.parametrize("kind", ["as found", "turned", "too few dimensions"])
def test_what_is_left_is_what_a_plain_loop_leaves(trained: Case, kind: str) -> None:
    parts, draw = trained.parts, torch.Generator().manual_seed(99)
    if kind == "turned":
        parts = trained.turned
    elif kind == "too few dimensions":
        parts = cut_out(trained.run, dimensions=1, hinges=2, heads=2, rank=1)
    found = trained.scrubbed(parts).rows
    for name, rest in (("off sides", False), ("both", True)):
        by_hand = [resampled(trained, parts, draw, rest=rest) for _ in range(20)]
        assert found[name].mean == pytest.approx(sum(by_hand) / 20, abs=0.01)


# Flips


@pytest.mark.parametrize("classes", [2, 5])
def test_a_flip_says_whether_a_neurons_plane_points_the_same_way_as_its_hinges(classes: int) -> None:
    """Planes are compared in the metric of the inputs: the weighted second moment of (coordinates, 1), not centred.
    What the neuron writes, and with which sign, has no part in it."""
    run = untrained_run(classes=classes)
    parts = cut_out(run, dimensions=4, hinges=2, heads=2, rank=3)
    layer, anatomy = parts.layer, parts.anatomy
    calls = CloseCalls.of(run.readout.as_hinges(), run.full.resid_mid, seed=0)
    stream = run.full.resid_mid[calls.inputs]
    inputs = torch.cat(
        [(stream - run.full.resid_mid.mean(0)) @ anatomy.coordinates.readers.T, stream.new_ones(len(stream), 1)], 1
    )
    moment = torch.einsum("ni,nj,n->ij", inputs, inputs, calls.weights.sum(1))
    readout = run.readout.as_hinges()
    planes = torch.cat(
        [
            readout.W_in.T @ anatomy.coordinates.carriers.T,
            (run.full.resid_mid.mean(0) @ readout.W_in + readout.b_in)[:, None],
        ],
        1,
    )[anatomy.bending]
    members = layer.groups != LINEAR
    products = torch.einsum("mi,ij,mj->m", planes[members], moment, layer.planes[layer.groups[members]])
    assert torch.equal(products.sign(), layer.flips[members])
    assert not bool(layer.flips[~members].ne(1).any())
    assert set(layer.flips[members].tolist()) == {1.0, -1.0}
    if classes == 2:
        written = readout.hidden[anatomy.bending][members, 0]
        for flip in (1, -1):
            assert bool(((layer.flips[members] == flip) & (written < 0)).any()), "whatever the sign of the output"
            assert bool(((layer.flips[members] == flip) & (written > 0)).any())
