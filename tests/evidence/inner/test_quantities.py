"""The hinges' inputs and the linear path: they give the scores exactly, and their tables are main effects."""

from dataclasses import dataclass, replace
from itertools import product

import pytest
import torch
from torch import Tensor

from scrubjay.core.stats import Stopping
from scrubjay.evidence.inner.parts import InnerParts
from scrubjay.evidence.inner.quantities import SWAPS, Additive, KindsOfRow, Quantities, swap_numbers
from scrubjay.fit.hinges import MergedLayer
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Run
from scrubjay.tasks.domain import Domain
from tests.evidence.inner.cut_out import cut_out, trained_run, untrained_run
from tests.planted import plant

DRAWS = Stopping(most=5, least=5)


@dataclass(frozen=True, eq=False)
class Case:
    """A network, and hinges that read its stream."""

    run: Run
    parts: InnerParts

    @property
    def domain(self) -> Domain:
        return self.run.task.domain

    @property
    def coordinates(self) -> Tensor:
        return self.parts.anatomy.coordinates.of(self.run.full.resid_mid)

    @property
    def scores(self) -> Tensor:
        """The scores of the hinges, by their ReLUs."""
        layer = self.parts.layer
        linear = layer.rest + layer.shares.sum(0)
        before = self.coordinates @ layer.planes[:, :-1].T + layer.planes[:, -1]
        return before.relu() @ layer.outputs + self.coordinates @ linear[:-1] + linear[-1]

    def quantities(self, layer: MergedLayer | None = None) -> Quantities:
        return Quantities.of(layer or self.parts.layer, self.coordinates, self.domain)

    def additive(self) -> Additive:
        return Additive.of(self.quantities(), self.domain, self.run.readout)


@pytest.fixture(scope="module")
def trained(small: SavedNetwork) -> Case:
    """The small trained network, in which attention mixes the tokens."""
    run = trained_run(small)
    return Case(run, cut_out(run, dimensions=3, hinges=3, heads=2, rank=2))


@pytest.fixture(scope="module")
def uniform() -> Case:
    """Exclusive or of two filters, under uniform attention: the stream is a sum of token vectors, exactly."""
    run = plant("XOR", data=3, seed=1).run()
    return Case(run, cut_out(run, dimensions=2, hinges=2, heads=1, rank=2))


@pytest.fixture(scope="module", params=["margin", "logits", "three positions"])
def case(request: pytest.FixtureRequest, trained: Case) -> Case:
    if request.param == "margin":
        return trained
    run = untrained_run(classes=5) if request.param == "logits" else untrained_run(classes=2, positions=3, tokens=5)
    return Case(run, cut_out(run, dimensions=4, hinges=3, heads=2, rank=2))


def with_planes_turned(layer: MergedLayer, turned: Tensor) -> MergedLayer:
    """The same function written with other signs: relu(z) h = relu(-z) h + z h."""
    shares = layer.shares + turned[:, None, None] * layer.planes[:, :, None] * layer.outputs[:, None]
    return replace(layer, planes=torch.where(turned[:, None], -1.0, 1.0).double() * layer.planes, shares=shares)


# Quantities


def test_the_scores_follow_from_the_quantities_exactly(case: Case) -> None:
    quantities = case.quantities()
    assert torch.allclose(quantities.scores(quantities.all), case.scores, atol=1e-9 * float(case.scores.abs().max()))
    assert quantities.all.shape[1] == len(quantities.outputs) + quantities.linear.shape[1] == len(quantities.slopes)
    if quantities.linear.shape[1] == 1:  # then z is in units of the margin
        assert set(quantities.outputs.flatten().tolist()) <= {1.0, -1.0}


def test_the_slopes_are_those_of_the_quantities(case: Case) -> None:
    quantities, x = case.quantities(), case.coordinates
    for one, other in ((0, 1), (5, 3)):
        change = quantities.all[one] - quantities.all[other]
        assert torch.allclose(quantities.slopes @ (x[one] - x[other]), change, atol=1e-9 * float(change.abs().max()))


def test_z_grows_with_the_last_token_and_hinges_are_ordered(case: Case) -> None:
    quantities = case.quantities()
    last = case.domain.varying_tokens()[:, -1].double()
    assert bool(((quantities.hinges * (last - last.mean())[:, None]).sum(0) > 0).all())
    if quantities.linear.shape[1] == 1:
        signs = quantities.outputs[:, 0].tolist()
        assert signs == sorted(signs, reverse=True)
        spread = quantities.hinges.std(0)
        for sign in (1.0, -1.0):
            own = spread[quantities.outputs[:, 0] == sign]
            assert torch.equal(own, own.sort(descending=True).values)


def test_the_signs_of_the_planes_do_not_matter(case: Case) -> None:
    found = case.quantities()
    for turned in product((False, True), repeat=case.parts.hinges):
        other = case.quantities(with_planes_turned(case.parts.layer, torch.tensor(turned)))
        assert torch.allclose(found.all, other.all, atol=1e-9 * float(found.all.abs().max()))
        assert torch.equal(found.outputs, other.outputs)


def test_no_hinges_leave_the_linear_path() -> None:
    run = untrained_run(classes=2)
    case = Case(run, cut_out(run, dimensions=3, hinges=0, heads=1, rank=1))
    quantities = case.quantities()
    assert quantities.hinges.shape == (81, 0) and torch.allclose(quantities.linear, case.scores)
    assert case.additive().numbers == 18


# Tables


def test_the_tables_are_the_main_effects(case: Case) -> None:
    additive, values = case.additive(), case.quantities().all
    tokens = case.domain.varying_tokens()
    mean = values.mean(0)
    assert torch.allclose(additive.mean, mean)
    summed = mean.expand(len(values), -1).clone()
    for position, table in enumerate(additive.tables):
        for at, token in enumerate(case.domain.positions[position]):
            here = tokens[:, position] == token
            assert torch.allclose(table[at], values[here].mean(0) - mean, atol=1e-9)
            summed[here] += values[here].mean(0) - mean
    k = len(case.quantities().outputs)
    scores = summed[:, k:] + summed[:, :k].abs() @ case.quantities().outputs / 2
    assert torch.equal(additive.classes, case.run.readout.classes_from(scores))
    assert additive.numbers == sum(len(each) for each in case.domain.positions[:-1]) * values.shape[1]


def test_shares_add_up_to_one_and_are_those_of_the_variance(case: Case) -> None:
    additive, values = case.additive(), case.quantities().all
    varies = values.std(0) > 1e-9
    assert torch.allclose(additive.shares.sum(0), varies.double(), atol=1e-9)
    assert bool((additive.shares >= 0).all())
    left = values - additive.mean
    for table, column in zip(additive.tables, case.domain.choices(case.domain.inputs()).T, strict=False):
        left = left - table[column]
    wanted = left.square().mean(0) / values.var(0, correction=0)
    assert torch.allclose(additive.shares[-1, varies], wanted[varies], atol=1e-9)


def test_attention_that_mixes_leaves_something_over(trained: Case) -> None:
    assert float(trained.additive().shares[-1].max()) > 0.05


def test_under_uniform_attention_the_tables_are_the_network(uniform: Case) -> None:
    additive = uniform.additive()
    assert torch.equal(additive.classes, uniform.run.full.classes)
    assert float(additive.shares[-1].max()) < 1e-9


def test_a_quantity_that_does_not_vary_is_not_mixed_by_attention() -> None:
    run = untrained_run(classes=5)  # the columns of the tokens that are no class are zero
    quantities = Case(run, cut_out(run, dimensions=4, hinges=3, heads=2, rank=2)).quantities()
    constant = quantities.all.std(0) < 1e-9
    assert int(constant.sum()) == 5
    additive = Additive.of(quantities, run.task.domain, run.readout)
    assert bool((additive.shares[:, constant] == 0).all())


# Kinds of row

CORNERS = {
    "always": (1.0, 1.0),
    "only for small B": (1.0, -1.0),
    "only for large B": (-1.0, 1.0),
    "never": (-1.0, -1.0),
}


def by_hand(rows: list[str], columns: int) -> tuple[Quantities, Domain]:
    """Quantities of one hinge of each sign for which the rows are of the given kinds.

    The second token moves both z from -10 to 10. The first one shifts them, so that the first hinge wins at one end or
    the other, or shifts l.
    """
    shifts = {
        "always": (0, 0, 20),
        "never": (0, 0, -20),
        "only for small B": (-8, 8, 0),
        "only for large B": (8, -8, 0),
    }
    moved = torch.linspace(-10, 10, columns).double()
    values = torch.zeros(len(rows), columns, 3).double()
    for row, kind in enumerate(rows):
        values[row] = torch.tensor(shifts[kind]).double()
    values[:, :, :2] += moved[:, None]
    flat = values.reshape(-1, 3)
    outputs = torch.tensor([[1.0], [-1.0]]).double()
    last = len(rows) + columns
    domain = Domain((tuple(range(len(rows))), tuple(range(columns)), (last,)))
    return Quantities(flat[:, :2], flat[:, 2:], outputs, torch.zeros(3, 3).double()), domain


def test_rows_are_sorted_by_what_they_say_at_both_ends(uniform: Case) -> None:
    rows = ["never", "only for large B", "always", "only for small B", "never", "only for large B", "never"]
    quantities, domain = by_hand(rows, 40)
    additive = Additive.of(quantities, domain, uniform.run.readout)
    classes = (quantities.scores(quantities.all)[:, 0] > 0).long()
    assert torch.equal(additive.classes, classes), "these quantities are additive"
    kinds = KindsOfRow.of(quantities, additive, domain, classes, "B")
    assert kinds.names == ("always", "only for small B", "only for large B", "never")
    assert [members.tolist() for members in kinds.members] == [[2], [3], [1, 5], [0, 4, 6]]
    assert kinds.ones == tuple(((low + 1) / 2, (high + 1) / 2) for low, high in CORNERS.values())
    assert kinds.signs == (("--", "++"), ("--", "++"), ("--", "++"), ("--", "++"))
    wanted = torch.tensor([[0.0, 0, 20], [-8, 8, 0], [8, -8, 0], [0, 0, -20]]).double()
    assert torch.allclose(kinds.means, wanted, atol=1e-9)


def test_kinds_that_do_not_occur_are_left_out_and_the_networks_own_answers_are_counted(uniform: Case) -> None:
    quantities, domain = by_hand(["never", "always"], 20)
    additive = Additive.of(quantities, domain, uniform.run.readout)
    answers = torch.zeros(2, 20, dtype=torch.int64)
    answers[1, :1] = 1  # a network that does not answer as the tables say
    kinds = KindsOfRow.of(quantities, additive, domain, answers.reshape(-1), "second")
    assert kinds.names == ("always", "never") and kinds.ones == ((1.0, 0.0), (0.0, 0.0))


# The exchange of a token's numbers


def exchanged(case: Case, additive: Additive | None = None) -> tuple[float, float]:
    run = case.run
    found = swap_numbers(
        case.parts.anatomy,
        case.quantities(),
        additive or case.additive(),
        run.readout,
        run.full.resid_mid,
        run.full.classes,
        stopping=DRAWS,
        seed=0,
    )
    assert found.carried.draws == found.unswapped.draws == 5 <= SWAPS
    return found.carried.mean, found.unswapped.mean


def test_where_the_stream_is_additive_a_tokens_numbers_carry_its_row(uniform: Case) -> None:
    carried, unswapped = exchanged(uniform)
    assert carried == 1
    image = uniform.domain.image(uniform.run.full.classes)
    rows = len(image)
    pairs = [
        float((image[one] == image[other]).double().mean())
        for one in range(rows)
        for other in range(rows)
        if one != other
    ]
    assert unswapped == pytest.approx(sum(pairs) / len(pairs), abs=0.05)


def test_numbers_that_are_not_the_tokens_carry_nothing(uniform: Case) -> None:
    additive = uniform.additive()
    wrong = replace(additive, tables=(additive.tables[0].roll(3, 0), additive.tables[1]))
    carried, unswapped = exchanged(uniform, wrong)
    assert carried < 0.8 and unswapped < 0.8
    nothing = replace(additive, tables=(additive.tables[0] * 0, additive.tables[1]))
    assert exchanged(uniform, nothing) == (unswapped, unswapped)


def test_where_attention_mixes_not_all_is_carried(trained: Case) -> None:
    carried, unswapped = exchanged(trained)
    assert unswapped + 0.1 < carried < 0.99
