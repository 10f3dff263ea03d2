"""Networks in which there is nothing to find: the study ends, says so, and NumPy never complains."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from scrubjay.core.errors import BadInput
from scrubjay.nets.transformer import Transformer
from scrubjay.report.claims_json import claims_json
from scrubjay.run import Settings
from scrubjay.study import Study, explain
from tests.evidence.quick import short_fits
from tests.faults.small import saved, small_network, small_task


def constant(network: Transformer) -> None:
    network.b_out.copy_(100 * network.W_U[:, 1])


def zero_mlp(network: Transformer) -> None:
    for name in ("W_in", "b_in", "W_out", "b_out"):
        getattr(network, name).zero_()


def rank_one(network: Transformer) -> None:
    for weight in network.weights.values():
        for matrix in weight.unbind(0) if weight.ndim == 3 else [weight] * (weight.ndim == 2):
            matrix.copy_(matrix[:, :1].clone() * matrix[0].clone())


def all_equal(network: Transformer) -> None:
    for weight in network.weights.values():
        weight.fill_(0.3)


@pytest.fixture(autouse=True)
def numpy_raises() -> Iterator[None]:
    with np.errstate(all="raise"):
        yield


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    """How well filters fit does not matter where nothing can be found."""
    with short_fits():
        yield


def explained(spoil: Callable[[Transformer], None], seed: int) -> Study:
    network = small_network(seed=seed)
    spoil(network)
    return explain(saved(network), small_task(), Settings(draws=2))


NONE = "No gate was found: this network "
LINEAR = "The network answers 1 where one linear filter of its post-attention residual stream is on"


@pytest.mark.parametrize(
    ("spoil", "seed", "classes", "says"),
    [
        (constant, 6, {1}, NONE + "gives class 1 on all 144 inputs"),
        (all_equal, 6, {0}, NONE + "gives class 0 on all 144 inputs"),
        (rank_one, 0, {0, 1}, LINEAR),
        (zero_mlp, 6, {0, 1}, LINEAR),
    ],
)
def test_the_study_ends_and_says_what_there_is_to_find(
    spoil: Callable[[Transformer], None], seed: int, classes: set[int], says: str
) -> None:
    study = explained(spoil, seed)
    assert set(study.run.full.classes.tolist()) == classes
    assert says in study.paragraph
    if len(classes) == 2:
        assert study.claim("gate.full").verdict == "holds", "one half-space is the whole mechanism"
        assert study.claim("gate.full").facts["filters"] == 1
    numbers = [number for c in study.claims for number in (c.value, c.control, *(c.interval or ()))]
    assert np.isfinite(np.array([number for number in numbers if number is not None], dtype=float)).all()
    assert "NaN" not in claims_json(study)


@pytest.mark.parametrize(("spoil", "seed"), [(constant, 6), (all_equal, 6)])
def test_of_constant_answers_nothing_holds_and_every_other_line_is_skipped_with_a_sentence(
    spoil: Callable[[Transformer], None], seed: int
) -> None:
    study = explained(spoil, seed)
    assert study.run.is_constant
    assert {claim.verdict for claim in study.claims} <= {"fails", None}
    assert not any(claim.section == "rivals" for claim in study.claims)
    reasons = {skipped.line: skipped.reason for skipped in study.skipped}
    assert {line.name for line in study.lines} | set(reasons) == {
        "answers", "algorithm", "inner", "attention", "subspace", "filters", "embeddings", "mlp", "steering",
        "scrubbing", "labels", "rivals",
    }  # fmt: skip
    assert {line.name for line in study.lines} <= {"answers", "labels"}
    assert all(reason.startswith(("it builds on", "the network gives all 144 inputs")) or line == "labels"
               for line, reason in reasons.items())  # fmt: skip


@pytest.mark.parametrize("scale", [1e12, 1e30])
def test_activations_beyond_all_numbers_are_refused(scale: float) -> None:
    network = small_network()
    for weight in network.weights.values():
        weight.mul_(scale)
    with pytest.raises(BadInput, match=r"the network's (resid_mid|logits) overflows torch\.float32"):
        explain(saved(network), small_task(), Settings(draws=2))
