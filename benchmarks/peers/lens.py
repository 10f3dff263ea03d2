"""The post's analysis and training in TransformerLens, both as the post's script does it and as an expert would.

The post's script keeps gradients, caches every site at every position, computes per-head results that it never reads,
and runs the whole network for each patched ``resid_mid``. An expert would keep no gradients, would compute no per-head
results, and would cache only the sites that are read. A patched ``resid_mid`` takes a whole run in both cases.
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
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.recipe import Recipe
from scrubjay.tasks.task import Task

warnings.simplefilter("ignore")  # TransformerLens warns when it is imported

PATTERN, RESID_MID, Z = "blocks.0.attn.hook_pattern", "blocks.0.hook_resid_mid", "blocks.0.attn.hook_z"
ROWS = ("1", "1*", "1+2", "1+3a", "1+3b", "1+2+3a", "1+2+3b", "1+2+3a+3b")
HAND_GIVEN = (0.3, 0.0, -0.8, 0.0)
"""Start of the boundary fit: the angle and the threshold of each filter in the plane of two components."""

Hooks = list[tuple[str, Callable[..., Any]]]


@dataclass(frozen=True)
class Way:
    """How TransformerLens is used.

    Attributes:
        gradients: whether gradients are kept.
        every_site: whether every site is cached, or only those that are read.
        per_head: how the per-head results, shape [n, s, h, d], are computed; None if they are not. Releases 2 and 3 of
            TransformerLens multiply [n, s, h, e, 1] by [h, e, d] and sum, which is slow. Release 4 computes them with
            one ``einsum``.
    """

    gradients: bool
    every_site: bool
    per_head: Literal["einsum", "multiply and sum"] | None = None


SCRIPT, LEANER, WELL = Way(True, True, "einsum"), Way(True, True), Way(False, False)
OLD = Way(True, True, "multiply and sum")


@dataclass(frozen=True, eq=False)
class Side:
    """The full or the frozen network on every input.

    Attributes:
        hooks: the hooks that make the full network this one.
        answers: the answer to every input, shape [n].
        resid_mid: the residual stream at the last position, shape [n, d].
        pattern: the attention pattern, shape [n, h, s, s].
    """

    hooks: Hooks
    answers: Tensor
    resid_mid: Tensor
    pattern: Tensor


class Lens:
    """A TransformerLens bridge that runs on the whole domain of a task."""

    def __init__(self, network: Transformer, task: Task, way: Way) -> None:
        self.bridge = scrubjay.to_transformer_lens(network).requires_grad_(way.gradients)
        self.tokens = task.domain.tokens(task.domain.inputs())
        self.way = way
        self.W_O = network.W_O.detach()

    def answers(self, hooks: Hooks) -> Tensor:
        """Run the whole network on every input and return its answers, shape [n]."""
        with torch.set_grad_enabled(self.way.gradients):
            return self.bridge.run_with_hooks(self.tokens, fwd_hooks=hooks + self._heads())[:, -1].argmax(-1)

    def side(self, hooks: Hooks) -> Side:
        """Run the network on every input and keep the cache."""
        wanted = None if self.way.every_site else [PATTERN, RESID_MID]
        with torch.set_grad_enabled(self.way.gradients), self.bridge.hooks(fwd_hooks=hooks + self._heads()):
            logits, cache = self.bridge.run_with_cache(self.tokens, names_filter=wanted)
        self.cache = cache  # the post's notebook keeps it, too
        return Side(hooks, logits[:, -1].argmax(-1), cache[RESID_MID][:, -1].detach(), cache[PATTERN].detach())

    def frozen(self, full: Side) -> Side:
        """Run the network with its attention pattern frozen to the mean over all inputs."""
        mean = full.pattern.double().mean(0).to(full.pattern.dtype)
        return self.side([(PATTERN, lambda pattern, hook: mean.expand_as(pattern))])

    def patched(self, side: Side, resid_mid: Tensor) -> Tensor:
        """Run the whole network with another ``resid_mid`` at the last position and return its answers, shape [n]."""

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
    """The mean of a site, shape [d], and its principal components as rows, shape [d, d]."""
    centred = (site - site.mean(0)).double()
    return site.double().mean(0), torch.linalg.eigh(centred.T @ centred).eigenvectors.T.flip(0)


def boundary(resid_mid: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
    """Fit two half-planes of the first two components whose AND is class 1, from a start that is set by hand."""
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
    """Whether α, β, and α AND β are true for each input, shape [3, n]."""
    on = resid_mid.double() @ directions.T > thresholds
    return torch.stack([on[:, 0], on[:, 1], on.all(1)])


def scrubbed(
    lens: Lens, side: Side, directions: Tensor, thresholds: Tensor, kept: Tensor, seed: int
) -> dict[str, float]:
    """The share of the network's own answers that each ablation leaves, with one random permutation for each."""
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
                else:  # 3a permutes α where β is off, since α AND β is then 0 in any case; 3b permutes β where α is off
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
    """The task's recipe in TransformerLens: AdamW on the whole training half in every step."""

    def __init__(self, task: Task, recipe: Recipe, network: Transformer) -> None:
        assert task.train is not None
        self.bridge = scrubjay.to_transformer_lens(network).requires_grad_(True)
        for name, weight in self.bridge.named_parameters():
            if name.endswith("bias") and ("attn" in name or "unembed" in name):
                weight.requires_grad_(False)  # biases that our architecture does not have; they stay 0
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
    run = LensTraining(task, task.recipe, Transformer.initialised(config, task.recipe.seed))

    def work() -> Figures:
        taken = medians({"step": run.step}, int(steps))
        with torch.no_grad():
            return {**taken, "loss": float(run.loss())}

    return work
