"""scrubjay's way of the same work, and the bare matrix products beneath it."""

import torch
from torch import Tensor

import scrubjay
from peers.measure import Figures, Work, medians
from scrubjay.nets.mean_pattern import mean_pattern
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, record
from scrubjay.evidence.scrubber import Hypothesis, Scrubber, scrub
from scrubjay.core.stats import share_of
from scrubjay.fit.filters import fit_filters
from scrubjay.fit.gate import Gate
from scrubjay.fit.pca import PCA
from scrubjay.evidence.subspace.causal import causal_subspace
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.training.ensemble import Ensemble, Trainee
from scrubjay.nets.transformer import OneLayerTransformer
from scrubjay.tasks.task import Task

_COMPONENTS = 3


def analysis() -> Work:
    """The post's analysis with what it knows beforehand: how many components, and that the gate is an AND."""
    return _analysis(chosen=False)


def analysis_with_choices() -> Work:
    """The same, with the subspace chosen causally and either gate tried: what the post settles by eye."""
    return _analysis(chosen=True)


def _analysis(chosen: bool) -> Work:
    saved, task = scrubjay.load_network("bundled"), scrubjay.challenge2()

    def work() -> Figures:
        full = record(saved.network, task)
        frozen = record(saved.network, task, frozen_at=mean_pattern(full))
        readout = Readout.of(saved.network, task, full)
        assert task.labels is not None
        figures: Figures = {
            "accuracy": share_of(full.classes == task.labels),
            "frozen agreement": share_of(frozen.answers == full.answers),
        }
        for name, act in (("full", full), ("frozen", frozen)):
            figures |= _side(name, act, readout, chosen)
        return figures

    return work


def _side(name: str, act: Activations, readout: Readout, chosen: bool) -> Figures:
    pca, r, gates = PCA.of(act.resid_mid), _COMPONENTS, [Gate.conjunction(2)]
    if chosen:
        r = max(2, causal_subspace(act.resid_mid, pca.components, readout, act.classes).r)
    filters = fit_filters(act.resid_mid, pca, act.classes == 1, r=r, k=2, gates=None if chosen else gates)
    masks = filters.bits(act.resid_mid)
    hypothesis = Hypothesis.of(filters, act.resid_mid)
    scrubber = Scrubber.of(hypothesis, act.resid_mid, pca.components[:r], "permute")
    scores = scrub(scrubber, readout, act.classes, draws=1, seed=0)
    return {
        f"{name} gate": share_of(filters.gate(masks) == (act.classes == 1)),
        f"{name} scrubbed": {row: each.own.mean for row, each in scores.items()},
    }


def products() -> Work:
    """The products that the analysis can't avoid: the MLP in and out in two runs, and for each network two products in
    (one that seven of its ablations share, one of [1*])."""
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


def _rows(network: OneLayerTransformer) -> int:
    return chunk_rows(network.config.d_mlp, network.dtype, network.device)


def draw(repeats: str = "30") -> Work:
    """One draw of [1] beside the one product [n, d] x [d, m] that it can't avoid, and [1] to the last row at once."""
    saved, task = scrubjay.load_network("bundled"), scrubjay.challenge2()
    full = record(saved.network, task)
    readout = Readout.of(saved.network, task, full)
    pca = PCA.of(full.resid_mid)
    filters = fit_filters(full.resid_mid, pca, full.classes == 1, r=_COMPONENTS, k=2, gates=[Gate.conjunction(2)])
    scrubber = Scrubber.of(Hypothesis.of(filters, full.resid_mid), full.resid_mid, pca.components[:_COMPONENTS])
    into = saved.network.W_in.detach()

    def work() -> Figures:
        def one(*rows: str) -> object:
            return scrub(scrubber, readout, full.classes, draws=1, seed=0, only=rows or None)

        taken = medians(
            {
                "draw": lambda: one("1"),
                "table": one,
                **_products({"product": (full.resid_mid, into)}, _rows(saved.network)),
            },
            int(repeats),
        )
        return _fastest(taken)

    return work


def training(steps: str = "10") -> Work:
    """A training step beside its bare products."""
    task = scrubjay.challenge2()
    assert task.recipe is not None
    run = Ensemble([Trainee(task, task.recipe)])
    network = run.network(0)

    def work() -> Figures:
        with torch.no_grad():
            bare = _products(step_products(network, task), _rows(network))
        return _fastest(medians({"step": run.step, **bare}, int(steps))) | {"loss": run.progress(0).train_loss}

    return work


def step_products(network: OneLayerTransformer, task: Task) -> dict[str, tuple[Tensor, Tensor]]:
    """The matrix products of a training step over the training half, forward and backward, as operands of zeros.

    For a layer [n, i] x [i, o]: the product itself, the gradient of its input [n, o] x [o, i], and that of its weights
    [i, n] x [n, o]. The layers are the MLP's two (six products of the same size, nearly all of the work), W_O, and the
    unembedding. The tables' products, over tokens in the place of inputs, are left out, as is all that is no product.
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


def _products(operands: dict[str, tuple[Tensor, Tensor]], rows: int) -> dict[str, Work]:
    """The products one after another into memory that is there already, whole and in chunks of rows."""
    room = {name: torch.zeros(len(a), b.shape[1]) for name, (a, b) in operands.items()}

    def whole() -> Figures:
        for name, (a, b) in operands.items():
            torch.mm(a, b, out=room[name])
        return {}

    def chunked() -> Figures:
        for name, (a, b) in operands.items():
            if a.is_contiguous():
                for some, out in zip(a.split(rows), room[name].split(rows), strict=True):
                    torch.mm(some, b, out=out)
            else:  # a gradient of weights sums over the inputs
                for some, other in zip(a.split(rows, 1), b.split(rows), strict=True):
                    room[name].addmm_(some, other)
        return {}

    return {"whole": whole, "chunked": chunked}


def _fastest(taken: dict[str, float]) -> Figures:
    """The bare products the faster way."""
    return {**taken, "products": min(taken["whole"], taken["chunked"])}
