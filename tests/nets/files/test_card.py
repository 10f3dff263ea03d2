"""The model card says what the network is, and calls it a replica only where it is one."""

from dataclasses import replace
from pathlib import Path

import pytest

from scrubjay.nets.files.card import model_card
from scrubjay.nets.files.checkpoint import SavedNetwork, save_network
from scrubjay.nets.files.hub import load_network
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task
from tests.nets.test_transformer import random_network

REPLICA = "A replica, not the original"


def test_the_card_of_the_bundled_network(bundled: SavedNetwork) -> None:
    card = model_card(bundled, "me/replica", "mit")
    front = card.split("---\n")[1]
    assert "license: mit\n" in front and 'task: "challenge2"\n' in front and "- mechanistic-interpretability\n" in front
    assert REPLICA in card and bundled.manifest["sha256"] in card
    assert 'scrubjay.load_network("hf://me/replica")' in card
    assert "8 heads of 16" in card and "seed 0, 5,000 epochs" in card
    assert "| accuracy in training | 100.00% |" in card and "| accuracy in test | 96.60% |" in card


def test_the_card_of_a_network_of_which_nothing_is_known(bundled: SavedNetwork, tmp_path: Path) -> None:
    save_network(tmp_path / "own.safetensors", random_network(bundled.network.config))
    card = model_card(load_network(tmp_path / "own.safetensors"), "me/own", "unknown")
    assert "replica" not in card and "task:" not in card and "| task | not named |" in card and "accuracy" not in card


def test_only_the_published_recipe_makes_a_replica(bundled: SavedNetwork, challenge: Task) -> None:
    assert isinstance(challenge.recipe, Recipe)

    def card(task: str | None, recipe: Recipe | None) -> str:
        return model_card(replace(bundled, task=task, recipe=recipe), "me/net", "mit")

    assert REPLICA in card("challenge2", replace(challenge.recipe, seed=7))
    for change in ({"d_model": 8}, {"epochs": 100}, {"weight_decay": 0.1}, {"d_mlp": 0}):
        assert REPLICA not in card("challenge2", replace(challenge.recipe, **change))
    assert REPLICA not in card("modular_addition:p=113", challenge.recipe)
    assert REPLICA not in card("challenge2", None) and REPLICA not in card(None, challenge.recipe)


@pytest.mark.parametrize("content", [None, b"not an archive"])
def test_a_task_whose_file_is_missing_or_broken_leaves_the_card_as_it_is(
    bundled: SavedNetwork, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "labels.npz").write_bytes(content)
    card = model_card(replace(bundled, task=str(tmp_path / "labels.npz")), "me/net", "mit")
    assert "labels.npz" in card and REPLICA not in card
