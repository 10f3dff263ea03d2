"""Where a gate agrees with the network, by the signs of the inner hinges; counted again input by input."""

from dataclasses import replace

import pytest
import torch

from scrubjay.evidence.filters import FILTERS
from scrubjay.evidence.filters.by_signs import SignsAgreement, agreement_by_signs
from scrubjay.evidence.filters.measure import FiltersResult
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.inner.measure import InnerResult
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from tests.evidence.quick import short_fits
from tests.planted import plant


@pytest.fixture(scope="module")
def study() -> Study:
    """AND of two filters. Its inner network has two hinges."""
    planted = plant("AND", data=3, seed=1)
    with short_fits(by=4):
        return explain(planted.network, planted.task, Settings(draws=2), lines=(INNER, SUBSPACE, FILTERS))


def inner_of(study: Study, hinges: torch.Tensor) -> InnerResult:
    """The result with other inputs to the hinges, shape [n, k]."""
    inner = study.found.of(INNER)
    assert inner.meaning is not None
    outputs = torch.ones(hinges.shape[1], 1).double()
    quantities = replace(inner.meaning.quantities, hinges=hinges, outputs=outputs)
    return replace(inner, meaning=replace(inner.meaning, quantities=quantities))


def counted(hinges: torch.Tensor, predicted: torch.Tensor, classes: torch.Tensor) -> dict[str, tuple[int, int]]:
    """For each combination of signs, how many inputs have it, and on how many of them the gate is right."""
    found: dict[str, tuple[int, int]] = {}
    for z, says, answer in zip(hinges.tolist(), predicted.tolist(), classes.tolist(), strict=True):
        name = "".join("+" if each > 0 else "-" for each in z)
        inputs, right = found.get(name, (0, 0))
        found[name] = inputs + 1, right + (says == bool(answer))
    return found


@pytest.mark.parametrize("k", [2, 3, 4])
def test_every_combination_of_signs_is_counted(study: Study, k: int) -> None:
    draw = torch.Generator().manual_seed(k)
    hinges = torch.randn(400, k, generator=draw).double()
    predicted = torch.rand(400, generator=draw) < 0.4
    classes = torch.randint(0, 2, (400,), generator=draw)
    found = agreement_by_signs(inner_of(study, hinges), predicted, classes)
    wanted = counted(hinges, predicted, classes)
    assert found is not None and found.hinges == k and len(found.rows) == len(wanted) == 2**k
    for name, share, agrees in found.rows:
        inputs, right = wanted[name]
        assert share == pytest.approx(inputs / 400) and agrees == pytest.approx(right / inputs)
    same = [wanted["+" * k], wanted["-" * k]]
    mixed = [counts for name, counts in wanted.items() if name not in ("+" * k, "-" * k)]
    for value, parts in ((found.same, same), (found.mixed, mixed)):
        assert value == pytest.approx(sum(right for _, right in parts) / sum(inputs for inputs, _ in parts))
    assert found.mixed_share == pytest.approx(sum(inputs for inputs, _ in mixed) / 400)


def test_where_all_inputs_lie_on_one_side_nothing_is_said_of_the_other(study: Study) -> None:
    hinges = torch.ones(400, 2).double()
    classes = torch.zeros(400, dtype=torch.int64)
    found = agreement_by_signs(inner_of(study, hinges), classes == 0, classes)
    assert found is not None and (found.same, found.mixed, found.mixed_share) == (0, None, 0)
    hinges[:, 0] = -1
    found = agreement_by_signs(inner_of(study, hinges), classes == 1, classes)
    assert found is not None and (found.same, found.mixed, found.mixed_share) == (None, 1, 1)


@pytest.mark.parametrize("k", [0, 1, 5])
def test_nothing_is_compared_for_other_numbers_of_hinges(study: Study, k: int) -> None:
    classes = torch.zeros(400, dtype=torch.int64)
    assert agreement_by_signs(inner_of(study, torch.ones(400, k).double()), classes == 1, classes) is None


def test_nothing_is_compared_without_a_class_margin_on_two_positions(study: Study) -> None:
    inner, classes = study.found.of(INNER), torch.zeros(400, dtype=torch.int64)
    assert inner.meaning is not None
    assert agreement_by_signs(replace(inner, meaning=None), classes == 1, classes) is None
    assert agreement_by_signs(replace(inner, meaning=replace(inner.meaning, kinds=None)), classes == 1, classes) is None


# In a study


def result(study: Study) -> FiltersResult:
    return study.found.of(FILTERS)


def test_a_study_compares_the_full_networks_gate(study: Study) -> None:
    found, inner = result(study).by_signs, study.found.of(INNER)
    assert found is not None and inner.meaning is not None
    fit = result(study).sides["full"].gate.fit
    predicted = fit.filters.predict(study.run.full.resid_mid)
    assert found == agreement_by_signs(inner, predicted, study.run.full.classes)
    whole = sum(share * agrees for _, share, agrees in found.rows)
    assert whole == pytest.approx(study.claim("gate.full").value)
    table = FILTERS.tables(result(study))[-1]
    assert table.columns == ("signs of z", "inputs", "agreement")
    assert [row[0] for row in table.rows] == [name for name, _, _ in found.rows]


def test_without_the_inner_line_there_is_nothing_to_compare() -> None:
    planted = plant("AND", data=3, seed=1)
    with short_fits():
        alone = explain(planted.network, planted.task, Settings(draws=2), lines=(SUBSPACE, FILTERS))
    assert result(alone).by_signs is None and len(FILTERS.tables(result(alone))) == 1


def told(study: Study, signs: SignsAgreement | None) -> str:
    return " ".join(FILTERS.words(replace(result(study), by_signs=signs)))


FALLS = SignsAgreement(hinges=2, same=0.95, mixed=0.86, mixed_share=0.3, rows=())


def test_it_is_told_where_the_gate_falls_short_and_only_there(study: Study) -> None:
    assert study.claim("gate.full").verdict == "holds"
    assert told(study, FALLS).endswith(
        "the gate agrees with 95.0% of the answers where both hinges lie on the same side, and with 86.0% where they "
        "do not."
    )
    assert "where all 3 hinges lie on the same side" in told(study, replace(FALLS, hinges=3))
    for other in (replace(FALLS, mixed=0.95), replace(FALLS, same=None), replace(FALLS, mixed=None)):
        assert told(study, other) == told(study, None)
