"""The network inside the network as a rival: read off the weights, with rounded numbers, and blind to any answer."""

import pytest
import torch

from scrubjay.core.stats import Stopping
from scrubjay.evidence.embeddings import EMBEDDINGS
from scrubjay.evidence.inner import INNER
from scrubjay.evidence.inner.inner_network import ROUNDING_COSTS
from scrubjay.evidence.rivals import RIVALS
from scrubjay.evidence.rivals.kinds import kinds
from scrubjay.evidence.rivals.yardstick import Explanation, Rival, compare_with
from scrubjay.evidence.subspace import SUBSPACE
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from tests.data.small_network import small_task
from tests.evidence.quick import short_fits
from tests.evidence.rivals.test_kinds import seen
from tests.program.test_error_map import LINE, of


def rivals(study: Study) -> dict[str, Rival]:
    return {rival.name: rival for rival in study.found.of(RIVALS).scored}


@pytest.fixture(scope="module")
def study(small: SavedNetwork) -> Study:
    with short_fits():
        return explain(small, small_task(), Settings(draws=2), lines=(INNER, SUBSPACE, EMBEDDINGS, RIVALS))


def test_its_bits_and_predictions_are_those_of_the_rounded_inner_network(study: Study) -> None:
    inner, rival = study.found.of(INNER).inner, rivals(study)["inner"]
    said, answers = inner.coarse.classes, study.run.full.classes
    train = study.run.task.train
    assert train is not None
    assert rival.length.program == inner.coarse.bits < 32 * inner.parts.numbers
    assert rival.length.exceptions == int((said != answers).sum())
    assert rival.scores.everywhere == pytest.approx(float((said == answers).double().mean()))
    assert rival.scores.unseen.value == pytest.approx(float((said == answers)[~train].double().mean()))
    assert rival.scores.everywhere >= inner.agreement - ROUNDING_COSTS


def test_it_is_told_as_what_it_is(study: Study) -> None:
    claim, rival = study.claim("rival.inner"), rivals(study)["inner"]
    assert claim.statement.startswith("The network inside the network, with rounded numbers, read off the weights: ")
    assert claim.statement.endswith("(control: the majority answer)") and claim.verdict is None
    assert (claim.value, claim.facts["bits"]) == (rival.scores.unseen.value, rival.length.total)
    assert rival.reads == "tokens" and not rival.is_fitted
    train, answers = study.run.task.train, study.run.full.classes
    assert train is not None
    majority = int(2 * int(answers[train].sum()) > int(train.sum()))
    assert claim.control == pytest.approx(float((answers[~train] == majority).double().mean()))


def test_where_each_rival_comes_from_is_told(study: Study) -> None:
    origins = {name: rival.origin for name, rival in rivals(study).items()}
    assert origins.pop("inner") == "read off the weights"
    assert origins.pop("program", "found from the labels") == "found from the labels"
    assert set(origins.values()) == {"fitted to the training half"}
    for name, origin in origins.items():
        assert f", {origin}: " in study.claim(f"rival.{name}").statement


def test_without_the_inner_line_it_is_no_rival(small: SavedNetwork) -> None:
    with short_fits():
        alone = explain(small, small_task(), Settings(draws=2), lines=(SUBSPACE, EMBEDDINGS, RIVALS))
    assert "inner" not in rivals(alone) and "rival.inner" not in {claim.id for claim in alone.claims}


def test_it_reads_no_answer() -> None:
    """Its predictions are the same for other answers, and its bits are not counted by how many answers are known."""
    task, classes = of(LINE, split=True)
    says = torch.rand(len(classes), generator=torch.Generator().manual_seed(1)) < 0.3
    for given in (classes, 1 - classes):
        looked = seen(task, given)
        (kind,) = (each for each in kinds(looked, inner=Explanation(says, 123.0)) if each.name == "inner")
        assert torch.equal(kind.fit(given[looked.train] == 1).predicted, says)
        rival = compare_with(kind, looked, given, Stopping(most=2, least=2))
        assert rival.length.program == 123 and rival.length.exceptions == int((says.long() != given).sum())
        assert rival.control.unseen.draws == 0
    assert "inner" not in {kind.name for kind in kinds(seen(task, classes))}
