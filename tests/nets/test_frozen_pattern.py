"""Networks with fixed attention agree with the same weights whose pattern is replaced by a hook."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from scrubjay.core.errors import BadInput
from scrubjay.nets.bridges.transformer_lens import to_transformer_lens
from scrubjay.nets.config import Config
from scrubjay.nets.files.hub import load_network
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.recording import record
from scrubjay.nets.training.run_folder import train_into
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

LABELS = np.subtract.outer(np.arange(7), np.arange(7)) % 3
TASK = Task.from_arrays(LABELS, train=np.random.default_rng(0).random((7, 7)) < 0.5)
PATTERN = ((0.2, 0.3, 0.5), (0.6, 0.3, 0.1))
RECIPE = Recipe(d_model=8, n_heads=2, d_head=3, d_mlp=6, epochs=5, learning_rate=0.01, frozen_pattern=PATTERN)


def network(frozen: bool) -> Transformer:
    made = Transformer.initialised(Config.for_recipe(RECIPE, TASK), seed=3).double().requires_grad_(False)
    made.frozen_pattern = PATTERN if frozen else None
    return made


def test_it_computes_what_the_same_weights_do_with_the_pattern_put_in() -> None:
    held, free = network(frozen=True), network(frozen=False)
    tokens = TASK.domain.tokens(TASK.domain.inputs())

    def put_in(module: torch.nn.Module, args: object, pattern: torch.Tensor) -> torch.Tensor:
        pattern = pattern.clone()
        pattern[:, :, -1] = torch.tensor(PATTERN, dtype=pattern.dtype)
        return pattern

    free.pattern.register_forward_hook(put_in)
    torch.testing.assert_close(held(tokens)[:, -1], free(tokens)[:, -1], rtol=0, atol=1e-12)


def test_tables_and_the_plain_forward_pass_agree_on_every_input() -> None:
    held = network(frozen=True)
    act = record(held, TASK)
    tokens = TASK.domain.tokens(TASK.domain.inputs())
    seen: list[torch.Tensor] = []
    held.resid_mid.register_forward_hook(lambda module, args, out: seen.append(out[:, -1]))
    answers = held(tokens)[:, -1].argmax(-1)
    torch.testing.assert_close(act.resid_mid, seen[0], rtol=0, atol=1e-12)
    assert act.answers.equal(answers)
    assert not act.answers.equal(record(network(frozen=False), TASK).answers) or not torch.allclose(
        act.resid_mid, record(network(frozen=False), TASK).resid_mid
    )
    torch.testing.assert_close(mean_pattern(act), torch.tensor(PATTERN, dtype=torch.float64), rtol=0, atol=1e-12)


def test_the_pattern_is_kept_with_the_network(tmp_path: Path) -> None:
    trained = train_into(tmp_path, TASK, RECIPE)
    again = load_network(tmp_path)
    assert again.network.frozen_pattern == PATTERN and again.recipe == RECIPE
    assert record(again.network, TASK).answers.equal(record(trained.network, TASK).answers)
    resumed = train_into(tmp_path, TASK, replace(RECIPE, epochs=7), resume=True)
    assert resumed.network.frozen_pattern == PATTERN


@pytest.mark.parametrize(
    ("pattern", "message"),
    [(((0.5, 0.5, 0.1),), "sum to 1"), (((1.0, 0.0, 0.0),), "positive shares"), (((0.5, 0.5),), "needs 1 rows")],
)
def test_a_pattern_that_is_none_is_refused(pattern: tuple[tuple[float, ...], ...], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        recipe = replace(RECIPE, n_heads=1, frozen_pattern=pattern)
        Transformer(Config.for_recipe(recipe, TASK), frozen_pattern=recipe.frozen_pattern)


def test_transformer_lens_is_told_that_it_can_not_hold_attention_fixed() -> None:
    with pytest.raises(BadInput, match="trained with a fixed attention pattern"):
        to_transformer_lens(network(frozen=True))


def test_a_network_without_an_mlp_trains_and_runs(tmp_path: Path) -> None:
    saved = train_into(tmp_path, TASK, replace(RECIPE, d_mlp=0, frozen_pattern=None))
    tokens = TASK.domain.tokens(TASK.domain.inputs())
    assert record(saved.network, TASK).answers.equal(saved.network(tokens)[:, -1].argmax(-1))
