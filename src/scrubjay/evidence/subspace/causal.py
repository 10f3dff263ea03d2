"""The causal subspace: the fewest components that keep the network's answers when all others are resampled.

Heimersheim and Hobbhahn (2023) use this resampling as a check, which they call [1*]; here it chooses the dimension.
Filters that are fitted in more dimensions may classify better, but they use directions that the network ignores, and
therefore explain nothing.
"""

from dataclasses import dataclass

import torch

from scrubjay.core.axes import Classes, Components, Residual
from scrubjay.core.stats import Score
from scrubjay.fit.pca import ROWS
from scrubjay.nets.rest import Rest

KEEPS = 0.99
"""The share of answers that must stay the same."""
_SCREEN = 1024
"""How many inputs a number of components is tried on before it is tried on all."""


@dataclass(frozen=True)
class CausalSubspace:
    """The fewest components that keep the answers.

    Attributes:
        r: the number of components.
        lowest: the lower end of the 95% range, over draws, of the number that a single draw would choose.
        highest: the upper end of that range.
        kept: for each number of components that was tried on all inputs, the share of answers kept.
    """

    r: int
    lowest: int
    highest: int
    kept: dict[int, Score]


def causal_subspace(
    resid_mid: Residual,
    components: Components,
    rest: Rest,
    classes: Classes,
    *,
    draws: int = 10,
    seed: int = 0,
    keeps: float = KEEPS,
) -> CausalSubspace:
    """Find the fewest leading components such that resampling all others keeps the answers.

    In a draw, every input keeps its coordinates along the first r components and takes all other coordinates from an
    input that is drawn at random, with replacement and independently for each input. A number of components that falls
    short on about a thousand inputs by more than five standard errors is not tried on all inputs.

    Args:
        resid_mid: the residual streams of all inputs at some site, shape [n, d].
        components: an orthonormal basis of the whole stream, shape [d, d], in the order in which components are kept.
        rest: the rest of the network, from the residual stream to the answer.
        classes: the answers without an ablation, shape [n].
        draws: the number of draws for each number of components.
        seed: seed for the donors.
        keeps: the share of answers that must stay the same.
    """
    sources = torch.Generator().manual_seed(seed)
    size = (len(resid_mid),)
    narrow = torch.int32 if len(resid_mid) < 2**31 else torch.int64
    donors = [torch.randint(len(resid_mid), size, generator=sources).to(narrow) for _ in range(draws)]
    sample = torch.randperm(len(resid_mid), generator=sources)[:_SCREEN]
    kept: dict[int, Score] = {}
    passed: list[int | None] = [None] * draws
    for r in range(len(components) + 1):
        basis = components[:r].to(resid_mid.dtype)
        screened = _share_kept(resid_mid, sample, donors[0][sample], basis, rest, classes)
        if screened < keeps - 5 * (keeps * (1 - keeps) / len(sample)) ** 0.5:
            continue
        shares = [_share_kept(resid_mid, torch.arange(len(resid_mid)), drawn, basis, rest, classes) for drawn in donors]
        kept[r] = Score.over(shares)
        passed = [r if old is None and share >= keeps else old for old, share in zip(passed, shares, strict=True)]
        if kept[r].mean >= keeps:
            break
    first = torch.tensor([r if chosen is None else chosen for chosen in passed], dtype=torch.float64)
    return CausalSubspace(r, int(first.quantile(0.025).floor()), int(first.quantile(0.975).ceil()), kept)


def _share_kept(
    resid_mid: Residual,
    inputs: torch.Tensor,
    donors: torch.Tensor,
    basis: torch.Tensor,
    rest: Rest,
    classes: Classes,
) -> float:
    right = 0
    for some, sources in zip(torch.split(inputs, ROWS), torch.split(donors, ROWS), strict=True):
        own, other = resid_mid[some], resid_mid[sources.long()]
        mixed = other + ((own - other) @ basis.T) @ basis
        right += int((rest.classes_at(mixed, some) == classes[some]).sum())
    return right / len(inputs)
