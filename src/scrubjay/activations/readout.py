"""From any ``resid_mid`` to the network's answer, in one matrix product and a narrow one.

With u the difference of the two class columns of ``W_U``, the class margin is
``relu(resid_mid @ W_in + b_in) @ (W_out @ u) + (resid_mid + b_out) @ u``: half of what the logits need. Where an answer
isn't a choice between two tokens, the same formula with all of ``W_U`` in the place of u gives the logits.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from scrubjay.activations.record import Activations
from scrubjay.axes import Classes, Residual
from scrubjay.model.chunks import chunk_rows
from scrubjay.model.transformer import OneLayerTransformer
from scrubjay.task.task import Task


@dataclass(frozen=True, eq=False)
class Readout:
    """The part of a network above ``resid_mid``, reduced to the columns that an answer is read from.

    Attributes:
        W_in, b_in: of the network.
        hidden: ``W_out @ u``; direct: ``u``; offset: ``b_out @ u``, with u the columns read.
        task: what a class is.
    """

    W_in: Float[Tensor, "d m"]
    b_in: Float[Tensor, "m"]
    hidden: Float[Tensor, "m c"]
    direct: Float[Tensor, "d c"]
    offset: Float[Tensor, "c"]
    task: Task

    @classmethod
    def of(cls, network: OneLayerTransformer, task: Task, full: Activations) -> "Readout":
        """The narrowest readout that gives the network's answers.

        The class margin, if each of two classes is one token and every answer of the recorded run falls on one of them;
        else all logits.
        """
        if task.is_binary and all(len(group) == 1 for group in task.classes) and full.strays == 0:
            return cls.margin(network, task)
        return cls.logits(network, task)

    @classmethod
    def margin(cls, network: OneLayerTransformer, task: Task) -> "Readout":
        """Reads the logit of class 1's token less that of class 0's."""
        (zero,), (one,) = task.classes
        return cls._reading(network, task, network.W_U[:, [one]] - network.W_U[:, [zero]])

    @classmethod
    def logits(cls, network: OneLayerTransformer, task: Task) -> "Readout":
        """Reads every logit."""
        return cls._reading(network, task, network.W_U)

    @classmethod
    def _reading(cls, network: OneLayerTransformer, task: Task, columns: Float[Tensor, "d c"]) -> "Readout":
        return cls(
            W_in=network.W_in,
            b_in=network.b_in,
            hidden=network.W_out @ columns,
            direct=columns,
            offset=network.b_out @ columns,
            task=task,
        )

    @torch.no_grad()
    def scores(self, resid_mid: Residual) -> Float[Tensor, "n c"]:
        """The margin or the logits, for any residual stream; in chunks, so that no [n, m] is ever held."""
        rows = chunk_rows(self.W_in.shape[1], self.W_in.dtype, self.W_in.device)
        found = []
        for chunk in torch.split(resid_mid, rows):
            here = chunk.to(self.W_in)
            mlp_post = torch.addmm(self.b_in, here, self.W_in).relu_()
            found.append((mlp_post @ self.hidden + (here @ self.direct + self.offset)).cpu())
        return torch.cat(found)

    def classes(self, resid_mid: Residual) -> Classes:
        """The class of the network's answer; -1 where it is in no class."""
        scores = self.scores(resid_mid)
        if scores.shape[1] == 1:
            return (scores[:, 0] > 0).long()
        return self.task.class_of(scores.argmax(-1))
