"""The post's analysis and its training in TransformerLens, two ways: as the post's script goes about it, and used well.

The script keeps gradients, caches every site of every position, computes per-head results that nothing reads, and runs
the whole network for each patched ``resid_mid``. Used well there are no gradients and no per-head results, and only
what is read is cached; a patched ``resid_mid`` still takes a whole run.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

import scrubjay
from peers.measure import Figures, Work, medians
from scrubjay.nets.config import Config
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

warnings.simplefilter("ignore")  # what TransformerLens's own imports have to say

PATTERN, RESID_MID, Z = "blocks.0.attn.hook_pattern", "blocks.0.hook_resid_mid", "blocks.0.attn.hook_z"
ROWS = ("1", "1*", "1+2", "1+3a", "1+3b", "1+2+3a", "1+2+3b", "1+2+3a+3b")
HAND_GIVEN = (0.3, 0.0, -0.8, 0.0)
"""Where the boundary fit starts: angle and threshold of each filter in the plane of two components."""

Hooks = list[tuple[str, Callable[..., Any]]]


@dataclass(frozen=True)
class Way:
    """How TransformerLens is used.

    Attributes:
        gradients: kept; every_site: cached.
        per_head: how the per-head results [n, s, h, d] are computed, if they are. TransformerLens 4 has them for no
            native layer and computes those of others by one ``einsum``; its releases 2 and 3 multiplied
            [n, s, h, e, 1] by [h, e, d] and summed, which the post's script had to wait for.
    """

    gradients: bool
    every_site: bool
    per_head: Literal["einsum", "multiply and sum"] | None = None


SCRIPT, LEANER, WELL = Way(True, True, "einsum"), Way(True, True), Way(False, False)
OLD = Way(True, True, "multiply and sum")


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two networks: what a run needs, what it answers, and its residual stream at the last position."""

    hooks: Hooks
    answers: Tensor
    resid_mid: Tensor
    pattern: Tensor


class Lens:
    """A bridge over one task's whole domain."""

    def __init__(self, network: OneLayerTransformer, task: Task, way: Way) -> None:
        self.bridge = scrubjay.to_transformer_lens(network).requires_grad_(way.gradients)
        self.tokens = task.domain.tokens(task.domain.inputs())
        self.way = way
        self.W_O = network.W_O.detach()

    def answers(self, hooks: Hooks) -> Tensor:
        """The answer to every input, of one whole run."""
        with torch.set_grad_enabled(self.way.gradients):
            return self.bridge.run_with_hooks(self.tokens, fwd_hooks=hooks + self._heads())[:, -1].argmax(-1)

    def side(self, hooks: Hooks) -> Side:
        """One run with its cache."""
        wanted = None if self.way.every_site else [PATTERN, RESID_MID]
        with torch.set_grad_enabled(self.way.gradients), self.bridge.hooks(fwd_hooks=hooks + self._heads()):
            logits, cache = self.bridge.run_with_cache(self.tokens, names_filter=wanted)
        self.cache = cache  # the script's notebook keeps what it has run
        return Side(hooks, logits[:, -1].argmax(-1), cache[RESID_MID][:, -1].detach(), cache[PATTERN].detach())

    def frozen(self, full: Side) -> Side:
        """The network with its pattern at the dataset mean."""
        mean = full.pattern.double().mean(0).to(full.pattern.dtype)
        return self.side([(PATTERN, lambda pattern, hook: mean.expand_as(pattern))])

    def patched(self, side: Side, resid_mid: Tensor) -> Tensor:
        """The answers where ``resid_mid`` at the last position is another: a whole run."""

        def patch(value: Tensor, hook: object) -> Tensor:
            value = value.clone()
            value[:, -1] = resid_mid.to(value.dtype)
            return value

        return self.answers([*side.hooks, (RESID_MID, patch)])

    def _heads(self) -> Hooks:
        def results(z: Tensor, hook: object) -> None:
            by_einsum = self.way.per_head == "einsum"
            self.result = (
                torch.einsum("nshe,hed->nshd", z, self.W_O) if by_einsum else (z[..., None] * self.W_O).sum(-2)
            )

        return [(Z, results)] if self.way.per_head is not None else []


def principal(site: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and components, as rows."""
    centred = (site - site.mean(0)).double()
    return site.double().mean(0), torch.linalg.eigh(centred.T @ centred).eigenvectors.T.flip(0)


def boundary(resid_mid: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
    """Two half-planes of the first two components, whose AND is class 1, from starts given by hand."""
    mean, components = principal(resid_mid)
    plane = ((resid_mid.double() - mean) @ components[:2].T).numpy()
    plane, ones = plane / plane.std(0), (answers == 1).numpy()

    def wrong(x: np.ndarray) -> float:
        on = [plane @ (np.cos(angle), np.sin(angle)) > at for angle, at in x.reshape(2, 2)]
        return float(((on[0] & on[1]) != ones).mean())

    found = minimize(wrong, HAND_GIVEN, method="Nelder-Mead").x.reshape(2, 2)
    spread = ((resid_mid.double() - mean) @ components[:2].T).std(0, correction=0)
    directions = torch.tensor([(np.cos(angle), np.sin(angle)) for angle, _ in found]) / spread @ components[:2]
    lengths = directions.norm(dim=1)
    return directions / lengths[:, None], (torch.from_numpy(found[:, 1].copy()) + directions @ mean) / lengths


def masks(resid_mid: Tensor, directions: Tensor, thresholds: Tensor) -> Tensor:
    """α, β and α AND β of every input."""
    on = resid_mid.double() @ directions.T > thresholds
    return torch.stack([on[:, 0], on[:, 1], on.all(1)])


def scrubbed(
    lens: Lens, side: Side, directions: Tensor, thresholds: Tensor, kept: Tensor, seed: int
) -> dict[str, float]:
    """The table of ablations, a permutation each: the share of the side's own answers that each leaves."""
    carriers = torch.linalg.pinv(directions).T
    original = side.resid_mid.double() @ directions.T
    rest = (side.resid_mid.double() - original @ carriers).to(side.resid_mid.dtype)
    left = {}
    for row in ROWS:
        first, second = (torch.Generator().manual_seed(2 * seed * 1_000_003 + which) for which in (0, 1))
        donors = torch.randperm(len(rest), generator=first)
        if row == "1*":
            other, basis = side.resid_mid[donors], kept.to(rest.dtype)
            moved = other + ((side.resid_mid - other) @ basis.T) @ basis
        else:
            values = original.clone()
            for step in row.split("+")[1:]:
                if step == "2":
                    for j in (0, 1):
                        on = values[:, j] > thresholds[j]
                        _permute(values, on, j, second)
                        _permute(values, ~on, j, second)
                else:  # 3a: α where β is off, so that the AND is 0 whatever α is; 3b: the other way round
                    j = "ab".index(step[1])
                    _permute(values, values[:, 1 - j] <= thresholds[1 - j], j, second)
            moved = rest[donors] + (values @ carriers).to(rest.dtype)
        left[row] = float((lens.patched(side, moved) == side.answers).double().mean())
    return left


def _permute(values: Tensor, some: Tensor, j: int, draw: torch.Generator) -> None:
    column = values[some, j]
    values[some, j] = column[torch.randperm(len(column), generator=draw)]


def _analysis(way: Way) -> Work:
    saved, task = scrubjay.load_network("bundled"), scrubjay.challenge2()
    lens = Lens(saved.network, task, way)

    def work() -> Figures:
        full = lens.side([])
        frozen = lens.frozen(full)
        figures: Figures = {
            "accuracy": float((task.class_of(full.answers) == task.labels).double().mean()),
            "frozen agreement": float((frozen.answers == full.answers).double().mean()),
        }
        for name, side in (("full", full), ("frozen", frozen)):
            directions, thresholds = boundary(side.resid_mid, side.answers)
            gate = masks(side.resid_mid, directions, thresholds)[2]
            figures[f"{name} gate"] = float((gate == (side.answers == 1)).double().mean())
            kept = principal(side.resid_mid)[1][:3]
            figures[f"{name} scrubbed"] = scrubbed(lens, side, directions, thresholds, kept, seed=0)
        return figures

    return work


def analysis_as_the_script() -> Work:
    return _analysis(SCRIPT)


def analysis_of_old() -> Work:
    return _analysis(OLD)


def analysis_without_heads() -> Work:
    return _analysis(LEANER)


def analysis_used_well() -> Work:
    return _analysis(WELL)


class LensTraining:
    """The recipe in TransformerLens: the whole training half at once, AdamW on our architecture's weights."""

    def __init__(self, task: Task, recipe: Recipe, network: OneLayerTransformer) -> None:
        assert task.train is not None
        self.bridge = scrubjay.to_transformer_lens(network).requires_grad_(True)
        for name, weight in self.bridge.named_parameters():
            if name.endswith("bias") and ("attn" in name or "unembed" in name):
                weight.requires_grad_(False)  # zeros that our architecture doesn't have
        trained = [weight for weight in self.bridge.parameters() if weight.requires_grad]
        self.optimiser = torch.optim.AdamW(
            trained, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, betas=recipe.betas
        )
        self.tokens = task.domain.tokens(task.domain.inputs())[task.train]
        self.targets = task.targets()[task.train]
        self.recipe, self.epoch = recipe, 0

    def loss(self) -> Tensor:
        return torch.nn.functional.cross_entropy(self.bridge(self.tokens)[:, -1].double(), self.targets)

    def step(self) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.learning_rate * min(self.epoch / self.recipe.warmup, 1.0)
        self.optimiser.zero_grad()
        self.loss().backward()
        self.optimiser.step()
        self.epoch += 1


def training(steps: str = "10") -> Work:
    task = scrubjay.challenge2()
    assert task.recipe is not None
    config = Config.for_recipe(task.recipe, task)
    run = LensTraining(task, task.recipe, OneLayerTransformer.initialised(config, task.recipe.seed))

    def work() -> Figures:
        taken = medians({"step": run.step}, int(steps))
        with torch.no_grad():
            return {**taken, "loss": float(run.loss())}

    return work
