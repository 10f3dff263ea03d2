"""Measure how much each head matters, and on which rows of the domain."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from scrubjay.core.axes import Mask, MeanPattern, Residual
from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import Score, share_of
from scrubjay.evidence.attention.row_losses import RowKinds, RowLosses
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.tables import Tables
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run, Settings
from scrubjay.tasks.task import Task

PATCH_DRAWS = 3
"""The largest number of draws when a head's result is taken from other inputs."""


@dataclass(frozen=True, eq=False)
class HeadStudy:
    """Each head on its own, scored by agreement with the full network's answers.

    Attributes:
        mean: each head's mean pattern over the domain, shape [h, s].
        spread: the standard deviation of each head's pattern over the domain, shape [h, s].
        scores: for each position, the attention score of each of its tokens in each head, shape [t, h]. This is the QK
            circuit; if several tokens can stand where the answer is read, it is the mean over them.
        frozen_alone: for each head, the share of answers kept when its pattern is frozen to its mean.
        frozen_others: for each head, the share of answers kept when the patterns of all other heads are frozen.
        patched: for each head, the share of answers kept when its result comes from a random input.
        losses: the rows of the domain on which answers change; None unless the task has two classes and two varying
            positions.
    """

    mean: MeanPattern
    spread: Float[Tensor, "h s"]
    scores: tuple[Float[Tensor, "_t h"], ...]
    frozen_alone: tuple[float, ...]
    frozen_others: tuple[float, ...]
    patched: tuple[Score, ...]
    losses: RowLosses | None


@torch.no_grad()
def study_heads(run: Run, settings: Settings) -> HeadStudy:
    """Freeze each head alone, freeze all other heads, and patch each head with its result on other inputs."""
    network, task, full, readout, mean = run.network, run.task, run.full, run.readout, run.mean_pattern
    draws = min(PATCH_DRAWS, settings.draws)
    tables = Tables.of(network, task.domain)
    shared = mean.to(full.pattern)
    kinds = RowKinds.of(task, full.classes)
    unattended = _resid_mid(network, task, tables, torch.zeros_like(full.pattern))
    donors = [
        [torch.randint(task.domain.size, (task.domain.size,), generator=draw) for _ in range(draws)]
        for draw in [torch.Generator().manual_seed(settings.seed)]
        for _ in range(network.config.n_heads)
    ]

    def study(head: int) -> tuple[Mask, Mask, Score]:
        one, rest = full.pattern.clone(), shared.expand_as(full.pattern).clone()
        one[:, head], rest[:, head] = shared[head], full.pattern[:, head]
        alone = readout.classes(_resid_mid(network, task, tables, one)) == full.classes
        others = readout.classes(_resid_mid(network, task, tables, rest)) == full.classes
        only = torch.zeros_like(full.pattern)
        only[:, head] = full.pattern[:, head]
        result = _resid_mid(network, task, tables, only) - unattended
        base = full.resid_mid - result
        patched = [share_of(readout.classes(base + result[drawn]) == full.classes) for drawn in donors[head]]
        return alone, others, Score.over(patched)

    alone, others, patched = zip(*side_by_side(study, range(network.config.n_heads)), strict=True)
    return HeadStudy(
        mean=mean,
        spread=full.pattern.double().std(0, correction=0),
        scores=tuple(table.view(len(tables.resid_pre), -1, table.shape[1]).mean(0).cpu() for table in tables.scores),
        frozen_alone=tuple(share_of(kept) for kept in alone),
        frozen_others=tuple(share_of(kept) for kept in others),
        patched=tuple(patched),
        losses=None
        if kinds is None
        else RowLosses(
            kinds=kinds,
            all_frozen=kinds.shares(run.frozen.classes != full.classes),
            alone=torch.stack([kinds.shares(~kept) for kept in alone]),
            others=torch.stack([kinds.shares(~kept) for kept in others]),
        ),
    )


def _resid_mid(network: Transformer, task: Task, tables: Tables, pattern: Float[Tensor, "n h s"]) -> Residual:
    found = []
    for inputs in task.domain.chunks(chunk_rows(network.config.d_mlp, network.dtype, network.device)):
        choices = task.domain.choices(inputs).to(network.device)
        found.append(tables.resid_mid(choices, pattern[inputs].to(network.device)).cpu())
    return torch.cat(found)
