"""The networks of an ensemble equal the same networks trained alone, whichever way gradients are computed."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

LABELS = np.subtract.outer(np.arange(7), np.arange(7)) % 3
HALF = np.random.default_rng(0).random((7, 7)) < 0.5
THIRD = np.random.default_rng(1).random((7, 7)) < 0.3
TASK = Task.from_arrays(LABELS, train=HALF)
RECIPE = Recipe(d_model=12, n_heads=2, d_head=5, d_mlp=9, epochs=9, learning_rate=0.01, warmup=4)
PATTERN = ((0.2, 0.3, 0.5), (0.6, 0.3, 0.1))

SEEDS = [Trainee(TASK, replace(RECIPE, seed=seed)) for seed in (3, 1, 2)]
VARIED = [
    Trainee(TASK, RECIPE),
    Trainee(TASK, replace(RECIPE, seed=5, weight_decay=0.1)),
    Trainee(Task.from_arrays(LABELS, train=THIRD), replace(RECIPE, seed=6)),
    Trainee(Task.from_arrays((LABELS + 1) % 3, train=HALF), replace(RECIPE, learning_rate=0.02)),
    Trainee(TASK, replace(RECIPE, betas=(0.8, 0.9), seed=5)),
    Trainee(TASK, replace(RECIPE, frozen_pattern=PATTERN)),
]


def trained(trainees: list[Trainee], steps: int, **options: object) -> Ensemble:
    ensemble = Ensemble(trainees, **options)  # type: ignore[arg-type]
    for _ in range(steps):
        ensemble.step()
    return ensemble


def assert_alike(found: Ensemble, number: int, alone: Ensemble, tolerance: float) -> None:
    one, other = found.state(number), alone.state(0)
    for group in ("weights", "first_moments", "second_moments"):
        for name in one.weights:
            ours, theirs = getattr(one, group)[name], getattr(other, group)[name]
            assert ours.shape == theirs.shape
            assert float((ours - theirs).abs().max()) <= tolerance, (group, name)


@pytest.mark.parametrize("trainees", [SEEDS, VARIED], ids=["seeds", "varied"])
def test_each_network_is_bit_for_bit_what_it_is_alone(trainees: list[Trainee]) -> None:
    ensemble = trained(trainees, 9)
    for number, trainee in enumerate(trainees):
        alone = trained([trainee], 9)
        assert_alike(ensemble, number, alone, tolerance=0.0)
        assert ensemble.progress(number) == alone.progress(0)
        assert ensemble.progress(number).epoch == 9


@pytest.mark.parametrize("trainees", [SEEDS, VARIED], ids=["seeds", "varied"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-11), (torch.float32, 2e-4)], ids=["64", "32"])
def test_one_batched_product_gives_each_network_what_it_is_alone(
    trainees: list[Trainee], dtype: torch.dtype, tolerance: float
) -> None:
    ensemble = trained(trainees, 9, stacked=True, dtype=dtype)
    for number, trainee in enumerate(trainees):
        assert_alike(ensemble, number, trained([trainee], 9, stacked=False, dtype=dtype), tolerance)


def test_networks_of_a_split_stack_go_on_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scrubjay.nets.training.ensemble._STACK_BYTES", 1)
    ensemble = Ensemble(SEEDS, stacked=True, dtype=torch.float64)
    assert len(ensemble.optimiser.param_groups) == 3
    for _ in range(9):
        ensemble.step()
    assert_alike(ensemble, 2, trained(SEEDS[2:], 9, dtype=torch.float64), 1e-11)


def test_equal_settings_share_one_group_of_the_optimiser() -> None:
    (group,) = Ensemble(SEEDS).optimiser.param_groups
    assert {parameter.shape[0] for parameter in group["params"]} == {3} and len(group["params"]) == 11
    assert len(Ensemble(VARIED).optimiser.param_groups) == 5


def test_restored_networks_go_on_with_the_same_bits() -> None:
    ensemble = trained(VARIED, 4)
    kept = [ensemble.state(number) for number in range(len(VARIED))]
    other = Ensemble(VARIED)
    other.restore(kept)
    for _ in range(3):
        ensemble.step()
        other.step()
    for number in range(len(VARIED)):
        one, two = ensemble.state(number), other.state(number)
        assert one.epoch == two.epoch == 7
        assert all(torch.equal(one.weights[name], two.weights[name]) for name in one.weights)
        assert not torch.equal(one.weights["W_in"], kept[number].weights["W_in"])


def test_a_network_of_the_ensemble_moves_with_its_steps() -> None:
    ensemble = Ensemble(SEEDS)
    network = ensemble.network(1)
    assert torch.equal(network.W_E, Transformer.initialised(network.config, seed=SEEDS[1].recipe.seed).weights["W_E"])
    before = network.W_E.detach().clone()
    for _ in range(3):
        ensemble.step()
    assert not torch.equal(network.W_E, before)
    assert torch.equal(network.W_E, ensemble.state(1).weights["W_E"])


def test_queries_and_keys_are_left_alone_under_a_frozen_pattern() -> None:
    frozen = [Trainee(TASK, replace(RECIPE, frozen_pattern=PATTERN, seed=4))]
    start, end = Ensemble(frozen).state(0), trained(frozen, 5).state(0)
    stayed = {name for name in start.weights if torch.equal(start.weights[name], end.weights[name])}
    assert stayed == {"W_Q", "W_K"}


@pytest.mark.filterwarnings("ignore")  # PyTorch's compiler warns of PyTorch
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a compiler")
def test_compiled_products_give_the_same_steps() -> None:
    found = trained(SEEDS[:2], 3, stacked=True, compiled=True)
    assert_alike(found, 1, trained(SEEDS[1:2], 3), 2e-4)


def test_products_in_tf32_are_asked_for_during_a_step_only() -> None:
    before, seen = torch.get_float32_matmul_precision(), []
    ensemble = Ensemble(SEEDS[:1], tf32=True)
    ensemble.network(0).W_in.register_hook(  # type: ignore[no-untyped-call]
        lambda grad: seen.append(torch.get_float32_matmul_precision())
    )
    ensemble.step()
    assert seen == ["high"] and torch.get_float32_matmul_precision() == before


@pytest.mark.parametrize(
    ("trainees", "message"),
    [
        ([], "needs at least one network"),
        ([SEEDS[0], Trainee(TASK, replace(RECIPE, d_mlp=8))], "one domain and one architecture"),
        ([SEEDS[0], Trainee(Task.from_arrays(LABELS[:6], train=HALF[:6]), RECIPE)], "one domain and one architecture"),
        ([Trainee(Task.from_arrays(LABELS), RECIPE)], "has no split"),
    ],
)
def test_networks_that_can_not_be_trained_together_are_refused(trainees: list[Trainee], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        Ensemble(trainees)


def test_states_of_different_epochs_are_refused() -> None:
    early, late = trained(SEEDS[:1], 1).state(0), trained(SEEDS[1:2], 2).state(0)
    with pytest.raises(BadInput, match="as many states of one epoch"):
        Ensemble(SEEDS[:2]).restore([early, late])
