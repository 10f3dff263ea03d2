"""What else tells how a network multiplies: the logits, the neurons, and how much of the work attention does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.parallel import side_by_side
from scrubjay.core.stats import share_of
from scrubjay.evidence.algorithm.cosets import CosetFit, coset_fit
from scrubjay.evidence.algorithm.group_tests import DRAWN, main_effects
from scrubjay.evidence.algorithm.group_variables import GroupVariables, Variable
from scrubjay.nets.pointwise import ACTIVATION
from scrubjay.nets.transformer import Block

_LIVE = 1e-4
"""A neuron whose variance is below this share of the largest one's is not live."""
_NEURONS_AT_ONCE = 16
"""How many neurons are split at a time, which bounds the memory."""


@dataclass(frozen=True)
class LogitFit:
    """How much of the logits' variance a formula explains.

    Attributes:
        inside: the share in the variables' representations, whatever the coefficients.
        characters: the share that a sum of the variables' characters explains, one weight each.
        runner_up: the share that as many characters of other representations explain; None if there are no others.
    """

    inside: float
    characters: float
    runner_up: float | None


@dataclass(frozen=True)
class NeuronFit:
    """How much of each neuron one variable explains.

    Attributes:
        live: how many neurons vary at all.
        explained: the share of a live neuron's variance that its best variable explains, mean over the live neurons.
        by_variance: the same, with each neuron weighted by its variance.
        renamed: ``explained`` with the group's elements renamed at random.
        cosets: how many live neurons are constant on the cosets of a subgroup, by the first factor; None if the group
            has no proper subgroup.
    """

    live: int
    explained: float
    by_variance: float
    renamed: float
    cosets: CosetFit | None


@dataclass(frozen=True)
class AttentionNeeded:
    """How much of the answers is left with less of attention's work.

    Attributes:
        additive: the share of answers kept if ``resid_mid`` is the sum of what each factor adds on average.
        frozen: the share kept with every attention pattern at its mean.
    """

    additive: float
    frozen: float


@dataclass(frozen=True)
class Symmetry:
    """The two published measures that tell "clock" from "pizza" networks.

    Source: Zhong, Liu, Tegmark and Andreas (2023), "The clock and the pizza", definitions 3.1 and 3.2.

    Attributes:
        gradient_symmetricity: mean cosine of the derivatives of an answer's logit by both factors' embeddings.
        distance_irrelevance: how far the correct logit varies within inputs of one distance a - b, compared with how
            far it varies over all inputs; None unless the group is cyclic.
    """

    gradient_symmetricity: float
    distance_irrelevance: float | None


def logit_fit(parts: GroupVariables, variables: Sequence[Variable], *, seed: int) -> LogitFit:
    """Fit the logits of some inputs by characters of c⁻¹ a b.

    Args:
        parts: the network, split by representation.
        variables: the variables of the causal model.
        seed: seed for the inputs.
    """
    own = parts.drawn(DRAWN // 2, torch.Generator().manual_seed(seed))
    logits = parts.splicer.logits(parts.inputs(*own))
    logits = logits - logits.mean(1, keepdim=True)
    logits = logits - logits.mean(0)
    total = float(logits.square().sum())
    members = [i for variable in variables for i in variable.members]
    inside = sum(float((logits @ parts.answers[i]).square().sum()) for i in members)
    quotients = torch.from_numpy(parts.law.quotients(*(each.numpy() for each in own)))
    shares = []
    for each in parts.irreps[1:]:
        values = torch.from_numpy(each.character)[quotients]
        values = values - values.mean(1, keepdim=True)
        shares.append(float((values * logits).sum() ** 2 / values.square().sum()) / total)
    key = [shares[i - 1] for i in members]
    others = sorted((s for i, s in enumerate(shares, 1) if i not in members), reverse=True)[: len(members)]
    return LogitFit(inside / total, sum(key), sum(others) if others else None)


def neuron_fit(parts: GroupVariables, variables: Sequence[Variable], *, seed: int) -> NeuronFit | None:
    """Split each neuron, as a function of both factors, by representation; None if there are no neurons.

    Args:
        parts: the network, split by representation.
        variables: the variables of the causal model.
        seed: seed for the renaming.
    """
    run, n = parts.splicer.run, parts.n
    config = run.network.config
    block = run.network.blocks[-1]
    assert isinstance(block, Block)
    if config.attn_only or config.d_mlp == 0:
        return None
    sides = (parts.tokens, parts.renamed(seed=seed).tokens)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(seed)).numpy()
    by_element = torch.from_numpy(np.argsort(parts.law.left))
    read = block.before_mlp(run.full.resid_mid.to(run.network.W_E)).detach()

    def split(start: int) -> Float64[Tensor, "rows m"]:
        """Of some neurons: the variance, the shares that the best variable explains, right and renamed, and the effect.

        The effect is that of the first factor before the activation, by its element, in n rows.
        """
        some = slice(start, start + _NEURONS_AT_ONCE)
        pre = read @ block.W_in[:, some].detach() + block.b_in[some].detach()
        post = ACTIVATION[config.act_fn](pre).double().cpu().view(n, n, -1)
        post = post - post.mean((0, 1))
        variance = post.square().sum((0, 1))
        best = [variance]
        for tokens in sides:
            found = []
            for variable in variables:
                bases = [torch.cat([side.bases[0], *(side.bases[i] for i in variable.members)], 1) for side in tokens]
                held = torch.einsum("abm,ar,bs->rsm", post, *bases).square().sum((0, 1))
                found.append(held / variance.clamp(min=1e-300))
            best.append(torch.stack(found).amax(0))
        effect = pre.double().cpu().view(n, n, -1).mean(1)[by_element]
        return torch.cat([torch.stack(best), effect])

    rows = torch.cat(side_by_side(split, range(0, config.d_mlp, _NEURONS_AT_ONCE)), 1)
    variance, explained, renamed = rows[:3]
    live = variance > _LIVE * variance.max()
    if not bool(live.any()):
        return None
    return NeuronFit(
        int(live.sum()),
        float(explained[live].mean()),
        float((explained * variance)[live].sum() / variance[live].sum()),
        float(renamed[live].mean()),
        coset_fit(parts.law.group, rows[3:, live].numpy(), order, seed=seed),
    )


def attention_needed(parts: GroupVariables) -> AttentionNeeded:
    """Run the network on the sum of both factors' mean effects, and with mean attention."""
    run = parts.splicer.run
    first, second = main_effects(parts)
    mean = run.full.resid_mid.double().mean(0)
    kept = [
        share_of(
            parts.splicer.after_attention(mean + first[a] + second).argmax(1)
            == run.full.classes[a * parts.n : (a + 1) * parts.n]
        )
        for a in range(parts.n)
    ]
    return AttentionNeeded(sum(kept) / parts.n, share_of(run.frozen.classes == run.full.classes))


def symmetry(parts: GroupVariables, *, seed: int) -> Symmetry:
    """The published measures, on a sample of inputs and answers.

    Args:
        parts: the network, split by representation.
        seed: seed for the sample.
    """
    draw = torch.Generator().manual_seed(seed)
    own = parts.drawn(500, draw)
    inputs = parts.inputs(*own)
    wanted = torch.randint(parts.n, (500,), generator=draw)
    gradients = parts.splicer.gradients(inputs, [side.position for side in parts.tokens], wanted)
    cosines = torch.nn.functional.cosine_similarity(gradients[0], gradients[1], dim=1)
    irrelevance = None
    if parts.law.group.name.startswith("C") and parts.law.group.name[1:].isdecimal():
        own = parts.drawn(parts.n * 40, draw)
        logits = parts.splicer.logits(parts.inputs(*own))
        correct = logits.gather(1, torch.from_numpy(parts.law.answers(*(each.numpy() for each in own)))[:, None])[:, 0]
        standard = torch.from_numpy(parts.law.standard)
        elements = [
            torch.from_numpy(side)[each] for side, each in zip((parts.law.left, parts.law.right), own, strict=True)
        ]
        distance = (standard[elements[0]] - standard[elements[1]]) % parts.n
        spread = [correct[distance == d].std() for d in range(parts.n) if int((distance == d).sum()) > 1]
        irrelevance = float(torch.stack(spread).mean() / correct.std())
    return Symmetry(float(cosines.mean()), irrelevance)
