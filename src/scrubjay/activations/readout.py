"""From any ``resid_mid`` to the network's answer, in one matrix product and a narrow one.

With u the difference of the two class columns of ``W_U``, the class margin is
``relu(resid_mid @ W_in + b_in) @ (W_out @ u) + (resid_mid + b_out) @ u``: half of what the logits need. Where an answer
isn't a choice between two tokens, the same formula with all of ``W_U`` in the place of u gives the logits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from scrubjay.activations.record import Activations
from scrubjay.axes import Classes, Directions, Inputs, Residual
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

    def scores(self, resid_mid: Residual) -> Float[Tensor, "n c"]:
        """The margin or the logits, for any residual stream; in chunks, so that no [n, m] is ever held."""
        return self._scores(len(resid_mid), lambda rows: resid_mid[rows].to(self.W_in))

    @torch.no_grad()
    def _scores(self, n: int, streams: Callable[[slice], Residual]) -> Float[Tensor, "{n} c"]:
        found = torch.empty(n, self.direct.shape[1], dtype=self.W_in.dtype)
        hidden = self._buffer()
        for start in range(0, n, len(hidden)):
            here = streams(slice(start, start + len(hidden)))
            mlp_post = torch.addmm(self.b_in, here, self.W_in, out=hidden[: len(here)]).relu_()
            direct = torch.addmm(self.offset, here, self.direct)
            found[start : start + len(here)] = torch.addmm(direct, mlp_post, self.hidden)
        return found

    def classes(self, resid_mid: Residual) -> Classes:
        """The class of the network's answer; -1 where it is in no class."""
        return self.classes_from(self.scores(resid_mid))

    def classes_from(self, scores: Float[Tensor, "n c"]) -> Classes:
        """The class that scores amount to."""
        if scores.shape[1] == 1:
            return (scores[:, 0] > 0).long()
        return self.task.class_of(scores.argmax(-1))

    @torch.no_grad()
    def slopes(self, resid_mid: Residual, along: Residual) -> Float[Tensor, "n c"]:
        """How fast the margin or the logits grow, at each residual stream, along a direction of its own."""
        found = torch.empty(len(resid_mid), self.direct.shape[1], dtype=self.W_in.dtype)
        pre, change = self._buffer(), self._buffer()
        for start in range(0, len(resid_mid), len(pre)):
            here, there = (x[start : start + len(pre)].to(self.W_in) for x in (resid_mid, along))
            live = torch.addmm(self.b_in, here, self.W_in, out=pre[: len(here)]) > 0
            moved = torch.mm(there, self.W_in, out=change[: len(here)]).mul_(live)
            found[start : start + len(here)] = moved @ self.hidden + there @ self.direct
        return found

    @torch.no_grad()
    def moved_classes(
        self,
        resid_mid: Residual,
        steps: Sequence[Float[Tensor, "n k"] | Float[Tensor, "1 k"]],
        along: Directions,
        donors: Inputs | None = None,
    ) -> list[Classes]:
        """The answers when every residual stream is moved by its own step along a few directions, for many steps.

        ``mlp_pre`` is linear in the residual stream, so all steps together need one product [n, d] x [d, m]. One step
        alone moves the stream itself, which is smaller; its scores are then those among others up to rounding.

        Args:
            resid_mid: where the moves start.
            steps: for each move, how far each input (or every input alike) goes along each direction.
            along: the directions.
            donors: for each input, the row of ``resid_mid`` that it starts from; by default its own. Gathered a chunk
                at a time, so that no second [n, d] is held.
        """
        along = along.to(self.W_in)

        def begun(rows: slice) -> Residual:
            own = resid_mid[rows] if donors is None else resid_mid.index_select(0, donors[rows])
            return own.to(self.W_in)

        if len(steps) == 1:
            step = steps[0].to(self.W_in).expand(len(resid_mid), -1)
            return [self.classes_from(self._scores(len(step), lambda rows: begun(rows).addmm(step[rows], along)))]
        hidden_along, direct_along = along @ self.W_in, along @ self.direct
        found = torch.empty(len(steps), len(resid_mid), dtype=torch.int64)
        pre, post = self._buffer(), self._buffer()
        for start in range(0, len(resid_mid), len(pre)):
            rows = slice(start, start + len(pre))
            here = begun(rows)
            mlp_pre = torch.addmm(self.b_in, here, self.W_in, out=pre[: len(here)])
            direct = torch.addmm(self.offset, here, self.direct)
            for number, step in enumerate(steps):
                move = (step if len(step) == 1 else step[rows]).to(self.W_in)
                into = (pre if number == len(steps) - 1 else post)[: len(here)]  # the last needs no copy
                if len(move) == 1:
                    mlp_post = torch.add(mlp_pre, move @ hidden_along, out=into).relu_()
                else:
                    mlp_post = torch.addmm(mlp_pre, move, hidden_along, out=into).relu_()
                scores = torch.addmm(direct + move @ direct_along, mlp_post, self.hidden)
                found[number, rows] = self.classes_from(scores.cpu())
        return list(found)

    def _buffer(self) -> Float[Tensor, "rows m"]:
        """Room for one chunk of the hidden layer, used again and again."""
        width = self.W_in.shape[1]
        return self.W_in.new_empty(chunk_rows(width, self.W_in.dtype, self.W_in.device), width)
