"""The sites of the residual stream at which a computation can be cut, and what a network allows.

A *cut* is a site of a layer at the position where the answer is read. The rest of the network can be run from there on
any stream, with everything at other positions as it is for a given input.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from scrubjay.core.axes import Classes, Inputs, Residual
from scrubjay.nets.memory import free_memory
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import Activations, needed_positions, plain_rows, task_tokens
from scrubjay.nets.rest import Rest
from scrubjay.nets.transformer import Block, Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task

_MEMORY_SHARE = 8
"""The streams of all positions are kept for all inputs if they take at most this part of the free memory."""


@dataclass(frozen=True)
class Capabilities:
    """What a network allows on a domain; derived from its config alone.

    Attributes:
        one_layer: whether the network has a single layer, so that its attention consists of tables over tokens.
        constant_query: whether the same token stands wherever the answer is read, so that these tables have one row.
        has_mlp: whether there are hidden neurons.
        piecewise_linear: whether the network is piecewise linear from its last ``resid_mid`` on: ReLU or no MLP, and no
            normalisation.
        ordinary_attention: whether the pattern is a softmax, with nothing mixed in.
    """

    one_layer: bool
    constant_query: bool
    has_mlp: bool
    piecewise_linear: bool
    ordinary_attention: bool

    @classmethod
    def of(cls, network: Transformer, domain: Domain) -> "Capabilities":
        """What a network allows on a domain."""
        c = network.config
        return cls(
            one_layer=c.n_layers == 1,
            constant_query=domain.has_constant_query,
            has_mlp=not c.attn_only and c.d_mlp > 0,
            piecewise_linear=c.curved_by is None,
            ordinary_attention=c.attn_coeff == 1,
        )


@dataclass(frozen=True, eq=False)
class Cut:
    """A site of the residual stream, what it holds on every input, and the rest of the network from there.

    Attributes:
        name: the site, such as ``blocks.0.resid_mid``; without the layer if there is only one.
        values: [n, d], the stream on every input, at the position that is read.
        rest: the rest of the network.
    """

    name: str
    values: Residual
    rest: Rest


def cuts(network: Transformer, task: Task, act: Activations, readout: Readout) -> tuple[Cut, ...]:
    """All sites of the stream after attention and after each layer, in the order of the forward pass.

    Args:
        network: the network.
        task: the task.
        act: what the network computes on every input.
        readout: from the last ``resid_mid`` to the answer.
    """
    if network.config.n_layers == 1:
        return (Cut("resid_mid", act.resid_mid, readout),)
    found: list[Cut] = []
    last = network.config.n_layers - 1
    for number, layer in enumerate(act.layers):
        for site in ("resid_mid",) if network.config.attn_only else ("resid_mid", "resid_post"):
            if number == last and site == "resid_post":
                continue  # nothing but the unembedding follows
            name, values = f"blocks.{number}.{site}", getattr(layer, site)
            found.append(Cut(name, values, readout if number == last else _RestOfLayers(network, task, number, site)))
    return tuple(found)


class _RestOfLayers(Rest):
    """The rest of a deeper network from a site of one of its earlier layers."""

    def __init__(self, network: Transformer, task: Task, number: int, site: str) -> None:
        self.network, self.task, self.number, self.site = network, task, number, site
        length = needed_positions(network, task.domain)
        size = task.domain.size * length * network.config.d_model * network.dtype.itemsize
        free = free_memory()
        self.kept = None if free is not None and size > free // _MEMORY_SHARE else self._run(task.domain.inputs())

    @torch.no_grad()
    def _run(self, inputs: Inputs) -> Float[Tensor, "n s d"]:
        """The streams of all positions that matter at the site, on the CPU."""
        found = []
        for some in torch.split(inputs, plain_rows(self.network, self.task.domain)):
            stream = self.network.embed(task_tokens(self.network, self.task.domain, some))
            for number, block in enumerate(self.network.blocks[: self.number + 1]):
                assert isinstance(block, Block)
                stream = block.attend(stream, {})
                if number < self.number or self.site == "resid_post":
                    stream = block.think(stream, {})
            found.append(stream.cpu())
        return torch.cat(found)

    @torch.no_grad()
    def classes_at(self, streams: Residual, inputs: Inputs) -> Classes:
        """The class of each answer, with the stream at the position that is read replaced."""
        read, device = self.task.domain.read_at, self.network.device
        block = self.network.blocks[self.number]
        assert isinstance(block, Block)
        found = []
        rows = plain_rows(self.network, self.task.domain)
        for some, own in zip(torch.split(inputs, rows), torch.split(streams, rows), strict=True):
            everywhere = self._run(some) if self.kept is None else self.kept[some]
            stream = everywhere.to(device, copy=True)
            stream[:, read] = own.to(stream)
            stream = block.think(stream, {}) if self.site == "resid_mid" else stream
            logits = self.network.after_layers(stream, self.number + 1, {})[:, read]
            found.append(self.task.classes_of(logits).cpu())
        return torch.cat(found)
