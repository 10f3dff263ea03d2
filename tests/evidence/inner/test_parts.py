"""A network taken apart and put together again: what is exact, what is folded, and what the numbers count."""

from dataclasses import dataclass

import pytest
import torch

from scrubjay.evidence.inner.as_transformer import as_transformer, number_groups
from scrubjay.evidence.inner.parts import Anatomy, InnerParts, with_one
from scrubjay.fit.pca import PCA
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Run
from tests.evidence.inner.cut_out import cut_out, trained_run, untrained_run


@dataclass(frozen=True, eq=False)
class Case:
    """A network and a smaller one."""

    run: Run
    parts: InnerParts

    @property
    def anatomy(self) -> Anatomy:
        return self.parts.anatomy


@pytest.fixture(scope="module", params=["margin", "logits", "three positions"])
def case(request: pytest.FixtureRequest, small: SavedNetwork) -> Case:
    if request.param == "margin":
        run = trained_run(small)
        return Case(run, cut_out(run, dimensions=3, hinges=4, heads=2, rank=2))
    if request.param == "logits":
        run = untrained_run(classes=5)
        return Case(run, cut_out(run, dimensions=5, hinges=3, heads=2, rank=3))
    run = untrained_run(classes=2, positions=3, tokens=5)
    return Case(run, cut_out(run, dimensions=4, hinges=2, heads=1, rank=2))


def test_the_neurons_and_the_affine_path_give_the_scores_of_the_stream_in_the_coordinates(case: Case) -> None:
    coordinates, readout = case.anatomy.coordinates, case.run.readout.as_hinges()
    values = coordinates.of(case.run.full.resid_mid)
    wanted = readout.scores(case.run.full.resid_mid.mean(0) + values @ coordinates.carriers)
    found = case.anatomy.layer.scores(with_one(values))
    assert torch.allclose(found, wanted, atol=1e-9 * float(wanted.abs().max()))


def test_every_neuron_is_in_one_of_three_sets_by_where_it_is_on(case: Case) -> None:
    anatomy, readout = case.anatomy, case.run.readout.as_hinges()
    values = anatomy.coordinates.of(case.run.full.resid_mid)
    stream = case.run.full.resid_mid.mean(0) + values @ anatomy.coordinates.carriers
    on = stream @ readout.W_in + readout.b_in > 0
    sets = [anatomy.bending, anatomy.always_on, anatomy.never_on]
    assert sorted(torch.cat(sets).tolist()) == list(range(on.shape[1]))
    assert bool(on[:, anatomy.always_on].all()) and not bool(on[:, anatomy.never_on].any())
    assert bool((on[:, anatomy.bending].any(0) & ~on[:, anatomy.bending].all(0)).all())


def test_what_the_heads_add_makes_the_stream(case: Case) -> None:
    anatomy, domain = case.anatomy, case.run.task.domain
    moved = anatomy.heads.moved(domain.choices(domain.inputs()))[:, :, :-1].sum(1)
    wanted = anatomy.coordinates.of(case.run.full.resid_mid)
    assert torch.allclose(anatomy.base + moved, wanted, atol=1e-9 * float(wanted.abs().max()))


def test_the_parts_and_the_transformer_that_they_are_built_as_agree(case: Case) -> None:
    task, parts = case.run.task, case.parts
    logits = as_transformer(parts, case.run.network, task)(task.domain.tokens(task.domain.inputs()))[:, -1]
    found = parts.scores(task.domain.inputs())
    wanted = logits if found.shape[1] > 1 else logits[:, 1:2] - logits[:, :1]
    assert torch.allclose(found, wanted, atol=1e-9 * float(wanted.abs().max()))


def test_the_numbers_are_those_of_the_tables_and_weights(case: Case) -> None:
    """Counted once more in the transformer's weights. There every hinge has all of its outputs, of which the count
    leaves out the one that is fixed by scaling. With a class margin that is the only one, and it stands in no group."""
    parts, task = case.parts, case.run.task
    network = as_transformer(parts, case.run.network, task)
    held = sum(getattr(network, group.weight)[group.place].numel() for group in number_groups(parts, task))
    columns = parts.layer.outputs.shape[1]
    # The constant of the stream is among the transformer's weights, but could be part of the constants that follow.
    extra = parts.dimensions + (0 if columns == 1 else parts.hinges)
    assert parts.numbers == held - extra


def test_all_heads_and_neurons_in_all_dimensions_are_the_network_itself(small: SavedNetwork) -> None:
    run = trained_run(small)
    every = PCA.of(run.full.resid_mid).components.shape[0]
    parts = cut_out(run, dimensions=every, hinges=0, heads=3, rank=every)
    stream = parts.stream(run.task.domain.inputs())
    wanted = parts.anatomy.coordinates.of(run.full.resid_mid)
    assert torch.allclose(stream, wanted, atol=1e-6)
    scores = parts.anatomy.layer.scores(with_one(stream))
    assert torch.allclose(
        scores, run.readout.as_hinges().scores(run.full.resid_mid), atol=1e-6 * float(scores.abs().max())
    )
