"""How much attention matters: head by head, along the way from its mean to its full pattern, and where."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Float64
from torch import Tensor

from scrubjay.activations.readout import Readout
from scrubjay.activations.record import Activations
from scrubjay.axes import Classes, MeanPattern, Residual
from scrubjay.evidence.row_losses import RowKinds
from scrubjay.geometry.draws import Score, share_of
from scrubjay.geometry.filters import Filters
from scrubjay.model.chunks import chunk_rows
from scrubjay.model.tables import Tables
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.task.task import Task

STEPS = tuple(step / 10 for step in range(11))


@dataclass(frozen=True, eq=False)
class RowLosses:
    """Answers that change as heads are frozen, by the pattern of the row that they stand in.

    Attributes:
        kinds: the rows.
        all_frozen: for each pattern, the share of answers that change when every head is frozen.
        alone: [head, pattern], when that head alone is.
        others: [head, pattern], when all heads but that one are.
    """

    kinds: RowKinds
    all_frozen: Float64[Tensor, "p"]
    alone: Float64[Tensor, "h p"]
    others: Float64[Tensor, "h p"]


@dataclass(frozen=True, eq=False)
class HeadStudy:
    """Each head on its own, scored by agreement with the full network's answers.

    Attributes:
        mean, spread: of each head's pattern over the domain (the spread is a standard deviation).
        scores: for each position, each token's attention score in each head (the QK circuit, read at the last token).
        frozen_alone: the share of answers kept when one head's pattern is frozen to its mean.
        frozen_others: when all heads but this one are.
        patched: when one head's result comes from a random other input.
        losses: on which rows answers change; None for a task that has not two classes and two varying positions.
    """

    mean: MeanPattern
    spread: Float[Tensor, "h s"]
    scores: tuple[Float[Tensor, "_t h"], ...]
    frozen_alone: tuple[float, ...]
    frozen_others: tuple[float, ...]
    patched: tuple[Score, ...]
    losses: RowLosses | None


@dataclass(frozen=True, eq=False)
class Scaling:
    """From the mean pattern to the full one: pattern = mean + t (pattern - mean).

    Attributes:
        steps: t; agreement: with the full network's answers at each.
        flips: how many answers differ between t = 0 and t = 1.
        precision, recall: of the flips that the first-order effect of t at 0 predicts; f1: their harmonic mean.
        chance: the f1 of as many flips predicted at random.
    """

    steps: tuple[float, ...]
    agreement: tuple[float, ...]
    flips: int
    precision: float
    recall: float
    f1: float
    chance: float


@torch.no_grad()
def study_heads(
    network: OneLayerTransformer,
    task: Task,
    full: Activations,
    frozen: Activations,
    mean: MeanPattern,
    readout: Readout,
    *,
    draws: int,
    seed: int,
) -> HeadStudy:
    """Freeze and patch one head at a time.

    Args:
        network: the weights.
        task: its domain.
        full: the recorded run.
        frozen: the run with every head frozen.
        mean: the mean pattern.
        readout: from a residual stream to an answer.
        draws: of each patch.
        seed: of the donors.
    """
    tables = Tables.of(network, task.domain)
    shared = mean.to(full.pattern)
    draw = torch.Generator().manual_seed(seed)
    kinds = RowKinds.of(task, full.classes)
    alone, others, patched = [], [], []
    for head in range(network.config.n_heads):
        one, rest = full.pattern.clone(), shared.expand_as(full.pattern).clone()
        one[:, head], rest[:, head] = shared[head], full.pattern[:, head]
        alone.append(readout.classes(_resid_mid(network, task, tables, one)) == full.classes)
        others.append(readout.classes(_resid_mid(network, task, tables, rest)) == full.classes)
        only = torch.zeros_like(full.pattern)
        only[:, head] = full.pattern[:, head]
        result = _resid_mid(network, task, tables, only) - tables.resid_pre.cpu()
        shares = []
        for _ in range(draws):
            donors = torch.randint(len(result), (len(result),), generator=draw)
            shares.append(_kept(readout, full.resid_mid - result + result[donors], full.classes))
        patched.append(Score.over(shares))
    return HeadStudy(
        mean=mean,
        spread=full.pattern.double().std(0, correction=0),
        scores=tuple(table.cpu() for table in tables.scores),
        frozen_alone=tuple(share_of(kept) for kept in alone),
        frozen_others=tuple(share_of(kept) for kept in others),
        patched=tuple(patched),
        losses=None
        if kinds is None
        else RowLosses(
            kinds=kinds,
            all_frozen=kinds.shares(readout.classes(frozen.resid_mid) != full.classes),
            alone=torch.stack([kinds.shares(~kept) for kept in alone]),
            others=torch.stack([kinds.shares(~kept) for kept in others]),
        ),
    )


def scale_attention(full: Activations, frozen: Activations, readout: Readout) -> Scaling:
    """Interpolate the pattern; ``resid_mid`` is linear in it, so a step is an interpolation and no new run."""
    way = full.resid_mid - frozen.resid_mid
    agreement = tuple(_kept(readout, frozen.resid_mid + t * way, full.classes) for t in STEPS)
    start = readout.scores(frozen.resid_mid)
    predicted = readout.classes_from(start + readout.slopes(frozen.resid_mid, way)) != frozen.classes
    flipped = full.classes != frozen.classes
    hit, said, true = int((predicted & flipped).sum()), int(predicted.sum()), int(flipped.sum())
    n = len(flipped)
    return Scaling(
        steps=STEPS,
        agreement=agreement,
        flips=true,
        precision=hit / said if said else 0.0,
        recall=hit / true if true else 0.0,
        f1=2 * hit / (said + true) if said + true else 0.0,
        chance=2 * (said * true / n) / (said + true) if said + true else 0.0,
    )


def nearness(filters: Filters, full: Activations, frozen: Activations) -> float:
    """The AUC by which a small distance to the nearest threshold tells where the frozen network disagrees.

    Distances are in standard deviations of each filter's value; 0.5 is chance.
    """
    values = filters.values(full.resid_mid)
    spread = values.std(0).clamp(min=torch.finfo(torch.float64).tiny)
    distance = (values.abs() / spread).min(1).values
    return auc(-distance, full.classes != frozen.classes)


def auc(scores: Float64[Tensor, "n"], positive: Bool[Tensor, "n"]) -> float:
    """The chance that a positive's score exceeds a negative's, ties counting half; 0.5 where one kind is missing."""
    ups, downs = int(positive.sum()), int((~positive).sum())
    if not ups or not downs:
        return 0.5
    values, ranks = torch.unique(scores, return_inverse=True)
    sizes = ranks.bincount(minlength=len(values)).double()
    middle = sizes.cumsum(0) - (sizes - 1) / 2
    return float((middle[ranks[positive]].sum() - ups * (ups + 1) / 2) / (ups * downs))


def _kept(readout: Readout, resid_mid: Residual, classes: Classes) -> float:
    return share_of(readout.classes(resid_mid) == classes)


def _resid_mid(network: OneLayerTransformer, task: Task, tables: Tables, pattern: Float[Tensor, "n h s"]) -> Residual:
    found = []
    for inputs in task.domain.chunks(chunk_rows(network.config.d_mlp, network.dtype, network.device)):
        choices = task.domain.choices(inputs).to(network.device)
        found.append(tables.resid_mid(choices, pattern[inputs].to(network.device)).cpu())
    return torch.cat(found)
