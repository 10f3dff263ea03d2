"""scrubjay's way of the work that ``side_by_side.py`` compares, and the bare matrix products in it."""

from collections.abc import Callable

import torch
from torch import Tensor

import scrubjay
from peers.measure import Figures, Work, medians
from scrubjay.core.parallel import one_thread_each, side_by_side
from scrubjay.core.stats import Stopping, share_of
from scrubjay.evidence.ablations import RestFromAnywhere, Row
from scrubjay.evidence.scrubber import Scrubber, scrub
from scrubjay.evidence.subspace.causal import causal_subspace
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.hypothesis import Hypothesis
from scrubjay.fit.pca import PCA
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.transformer import Transformer
from scrubjay.run import Run
from scrubjay.tasks.task import Task

_COMPONENTS = 3
"""The number of components in which the post fits its filters."""
_ONE_DRAW = Stopping(most=1)
"""The post draws each ablation once."""


def analysis() -> Work:
    """The post's analysis, with what the post knows beforehand: the number of components, and that the gate is AND."""
    return _analysis(chosen=False)


def analysis_with_choices() -> Work:
    """The same analysis where the subspace is chosen by resampling, and both AND and OR are tried as the gate.

    The post makes both choices by eye.
    """
    return _analysis(chosen=True)


def _analysis(chosen: bool) -> Work:
    saved, task = scrubjay.load_network("bundled"), scrubjay.challenge2()
    assert task.labels is not None

    def work() -> Figures:
        with one_thread_each(), torch.no_grad():  # as ``explain`` does
            return _analysed(saved.network, task, chosen)

    return work


def _analysed(network: Transformer, task: Task, chosen: bool) -> Figures:
    full = record(network, task)
    frozen = record(network, task, frozen_at=mean_pattern(full))
    readout = Readout.of(network, task, full)
    figures: Figures = {
        "accuracy": share_of(full.classes == task.labels),
        "frozen agreement": share_of(frozen.answers == full.answers),
    }
    sides = {"full": full, "frozen": frozen}
    for found in side_by_side(lambda name: _side(name, sides[name], readout, chosen), sides):
        figures |= found
    return figures


def _side(name: str, act: Activations, readout: Readout, chosen: bool) -> Figures:
    pca, r, gates = PCA.of(act.resid_mid), _COMPONENTS, [Gate.conjunction(2)]
    if chosen:
        r = max(2, causal_subspace(act.resid_mid, pca.components, readout, act.classes).r)
    filters = fit_filters(act.resid_mid, pca, act.classes == 1, r=r, k=2, gates=None if chosen else gates)
    scrubber = Scrubber.of(Hypothesis.of(filters, act.resid_mid), act.resid_mid, pca.components[:r], "permute")
    scores = scrub(scrubber, readout, act.classes, stopping=_ONE_DRAW, seed=0)
    return {
        f"{name} gate": share_of(filters.predict(act.resid_mid) == (act.classes == 1)),
        f"{name} scrubbed": {row: each.own.mean for row, each in scores.items()},
    }


def products() -> Work:
    """The matrix products that the analysis cannot avoid.

    Two runs need the MLP's two products. For each of the two networks, scrubbing needs two products [n, d] x [d, m]
    more: one that seven ablations share, and one for the ablation [1*].
    """
    network, n = scrubjay.load_network("bundled").network, scrubjay.challenge2().domain.size
    resid_mid, W_in, W_out = torch.randn(n, network.config.d_model), network.W_in.detach(), network.W_out.detach()

    def work() -> Figures:
        for into, out in ((W_in, W_out),) * 2 + ((W_in, None),) * 4:
            for some in resid_mid.split(_rows(network)):
                hidden = some @ into
                if out is not None:
                    _ = hidden @ out
        return {}

    return work


def _rows(network: Transformer) -> int:
    return chunk_rows(network.config.d_mlp, network.dtype, network.device)


def draw(repeats: str = "30") -> Work:
    """One draw of the ablation [1], the one product [n, d] x [d, m] that it cannot avoid, and a draw of all rows."""
    run = Run.of(scrubjay.load_network("bundled").network, scrubjay.challenge2())
    act, pca = run.full, PCA.of(run.full.resid_mid)
    filters = fit_filters(act.resid_mid, pca, act.classes == 1, r=_COMPONENTS, k=2, gates=[Gate.conjunction(2)])
    scrubber = Scrubber.of(Hypothesis.of(filters, act.resid_mid), act.resid_mid, pca.components[:_COMPONENTS])
    operands = {"product": (act.resid_mid, run.network.W_in.detach())}

    def scrubbed(rows: list[Row] | None) -> Callable[[], object]:
        return lambda: scrub(scrubber, run.readout, act.classes, stopping=_ONE_DRAW, seed=0, rows=rows)

    def work() -> Figures:
        works = {"draw": scrubbed([(RestFromAnywhere(),)]), "table": scrubbed(None)}
        return _fastest(medians(works | _products(operands, _rows(run.network)), int(repeats)))

    return work


def training(steps: str = "10") -> Work:
    """A training step, and the bare matrix products in it."""
    task = scrubjay.challenge2()
    assert task.recipe is not None
    ensemble = Ensemble([Trainee(task, task.recipe)])
    network = ensemble.network(0)

    def work() -> Figures:
        with torch.no_grad():
            bare = _products(step_products(network, task), _rows(network))
        taken = medians({"step": ensemble.step, **bare}, int(steps))
        return _fastest(taken) | {"loss": ensemble.progress(0).train_loss}

    return work


def step_products(network: Transformer, task: Task) -> dict[str, tuple[Tensor, Tensor]]:
    """The operands of the matrix products of a training step on the training half, forward and backward.

    A layer [n, i] x [i, o] needs three products: the layer itself, the gradient of its input [n, o] x [o, i], and the
    gradient of its weights [i, n] x [n, o]. The layers are the two of the MLP, which are nearly all of the work, W_O,
    and the unembedding. The products of the attention tables are left out, because they have a row for each token and
    not for each input.
    """
    assert task.train is not None
    n, c = int(task.train.sum()), network.config
    sizes = {"in": (c.d_model, c.d_mlp), "out": (c.d_mlp, c.d_model), "O": (c.n_heads * c.d_head, c.d_model)}
    sizes["U"] = (c.d_model, c.d_vocab)
    found = {}
    for name, (i, o) in sizes.items():
        x, w, slope = torch.rand(n, i), torch.rand(i, o), torch.rand(n, o)
        found |= {f"{name} forward": (x, w), f"{name} input": (slope, w.T), f"{name} weights": (x.T, slope)}
    return found


def _products(operands: dict[str, tuple[Tensor, Tensor]], rows: int) -> dict[str, Callable[[], object]]:
    """All products one after another into memory that is already allocated: whole, and in chunks of rows."""
    room = {name: torch.zeros(len(a), b.shape[1]) for name, (a, b) in operands.items()}

    def whole() -> None:
        for name, (a, b) in operands.items():
            torch.mm(a, b, out=room[name])

    def chunked() -> None:
        for name, (a, b) in operands.items():
            if a.is_contiguous():
                for some, out in zip(a.split(rows), room[name].split(rows), strict=True):
                    torch.mm(some, b, out=out)
            else:  # the gradient of the weights is a sum over the inputs
                for some, other in zip(a.split(rows, 1), b.split(rows), strict=True):
                    room[name].addmm_(some, other)

    return {"whole": whole, "chunked": chunked}


def _fastest(taken: dict[str, float]) -> Figures:
    """The measured times, with the faster of the two ways to compute the bare products as ``products``."""
    return {**taken, "products": min(taken["whole"], taken["chunked"])}
