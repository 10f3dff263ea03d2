"""From any ``resid_mid`` of the last layer to the network's answer.

For a choice between two tokens, let u be the difference of their columns of ``W_U``. The class margin, which is the
difference of their logits, is ``relu(resid_mid @ W_in + b_in) @ (W_out @ u) + (resid_mid + b_out) @ u``. It takes one
product [n, d] x [d, m] and a narrow one, half of what all logits take. For other answers the same formula with the
whole of ``W_U`` in place of u gives the logits. Networks with another activation, or with normalisations, run as they
are from ``resid_mid`` on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from scrubjay.core.axes import Classes, Directions, Inputs, Residual
from scrubjay.core.errors import BadInput
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.recording import Activations
from scrubjay.nets.rest import Rest
from scrubjay.nets.tables import AfterAttention
from scrubjay.nets.transformer import Block, Transformer
from scrubjay.tasks.task import Task

_MOVED_SHARE = 8
"""Several moves of one chunk pass over its hidden layer again and again, so it should fit into a core's own cache."""


@dataclass(frozen=True, eq=False)
class Readout(Rest):
    """The part of a network after the last ``resid_mid``, reduced to the columns that the answer is read from.

    Below, u stands for these columns: all of ``W_U``, the difference of two of its columns, or a single one whose sign
    is read. ``HingeReadout`` does the same faster where the MLP has ReLUs and nothing is normalised.

    Example:
        >>> import scrubjay
        >>> from scrubjay.tasks.named import named_task
        >>> saved = scrubjay.load_network("bundled")
        >>> run = scrubjay.Run.of(saved.network, named_task(saved.task))
        >>> bool((run.readout.classes(run.full.resid_mid) == run.full.classes).all())
        True

    Attributes:
        network: the network.
        direct: [d, c], ``u``.
        bias: [c], what the unembedding's bias adds.
        task: the task, which says which answers belong to which class.
    """

    network: Transformer
    direct: Float[Tensor, "d c"]
    bias: Float[Tensor, "c"]
    task: Task

    @classmethod
    def of(cls, network: Transformer, task: Task, full: Activations) -> "Readout":
        """The narrowest readout that gives the network's answers.

        This is the class margin if there are two classes of one token each and every recorded answer is one of these
        two tokens, and the single logit if its sign is the answer. Otherwise it is all logits.

        Args:
            network: the network.
            task: the task.
            full: what the network computes on every input of the task.
        """
        if task.is_binary and (task.answer == "sign" or (_has_single_tokens(task) and full.strays == 0)):
            return cls.margin(network, task)
        return cls.logits(network, task)

    @classmethod
    def margin(cls, network: Transformer, task: Task) -> "Readout":
        """A readout of the class margin: the logit of class 1's token minus that of class 0's, if it has one.

        Raises:
            BadInput: the task does not have two classes of one token each.
        """
        if task.answer == "sign":
            (token,) = task.classes[1]
            return cls._reading(network, task, network.W_U[:, [token]], _bias(network)[[token]])
        if not task.is_binary or not _has_single_tokens(task):
            raise BadInput(
                f"a class margin needs two classes of one token each; task {task.name} has {len(task.classes)} classes "
                f"of {sorted({len(group) for group in task.classes})} tokens; use Readout.logits"
            )
        (zero,), (one,) = task.classes
        bias = _bias(network)
        return cls._reading(network, task, network.W_U[:, [one]] - network.W_U[:, [zero]], bias[[one]] - bias[[zero]])

    @classmethod
    def logits(cls, network: Transformer, task: Task) -> "Readout":
        """A readout of all logits."""
        return cls._reading(network, task, network.W_U, _bias(network))

    @staticmethod
    def _reading(
        network: Transformer, task: Task, columns: Float[Tensor, "d c"], bias: Float[Tensor, "c"]
    ) -> "Readout":
        c = network.config
        if c.curved_by is not None:
            return Readout(network, columns, bias, task)
        block = network.blocks[-1]
        assert isinstance(block, Block)
        if c.attn_only:
            W_in, b_in = columns.new_zeros(c.d_model, 0), columns.new_zeros(0)
            return HingeReadout(network, columns, bias, task, W_in, b_in, columns.new_zeros(0, len(bias)), bias)
        return HingeReadout(
            network,
            columns,
            bias,
            task,
            W_in=block.W_in,
            b_in=block.b_in,
            hidden=block.W_out @ columns,
            offset=block.b_out @ columns + bias,
        )

    def as_hinges(self) -> "HingeReadout":
        """The same readout as a sum of hinges.

        Raises:
            BadInput: the MLP's activation is not ReLU, or the stream is normalised.
        """
        if isinstance(self, HingeReadout):
            return self
        what = self.network.config.curved_by
        raise BadInput(f"this needs a network that is piecewise linear after attention, and this one {what}")

    @property
    def reads_margin(self) -> bool:
        """Whether the answer is the sign of a single number."""
        return self.direct.shape[1] == 1

    @property
    def width(self) -> int:
        """The number of columns of the widest array that one input takes."""
        return max(self.network.config.d_mlp, self.direct.shape[1], self.network.config.d_model)

    def scores(self, resid_mid: Residual) -> Float[Tensor, "n c"]:
        """The margin [n, 1] or the logits [n, c] of any residual stream, computed in chunks to save memory."""
        return self._scores(len(resid_mid), lambda rows: resid_mid[rows].to(self.direct))

    @torch.no_grad()
    def _scores(self, n: int, streams: Callable[[slice], Residual]) -> Float[Tensor, "{n} c"]:
        found = torch.empty(n, self.direct.shape[1], dtype=self.direct.dtype)
        rows = chunk_rows(self.width, self.direct.dtype, self.direct.device)
        for start in range(0, n, rows):
            here = streams(slice(start, start + rows))
            found[start : start + len(here)] = self._whole(here)
        return found

    def _whole(self, resid_mid: Residual) -> Float[Tensor, "n c"]:
        return self.after_mlp(AfterAttention.of(self.network, resid_mid).resid_post)

    def after_mlp(self, resid_post: Residual) -> Float[Tensor, "n c"]:
        """The margin or the logits of residual streams [n, d] after the last layer."""
        return self.network.final_norm(resid_post.to(self.direct)) @ self.direct + self.bias

    def classes(self, resid_mid: Residual) -> Classes:
        """The class [n] of the answer for any residual stream, or -1 where the answer belongs to no class."""
        return self.classes_from(self.scores(resid_mid))

    def classes_at(self, streams: Residual, inputs: Inputs) -> Classes:
        """The same as ``classes``: from the last ``resid_mid`` on, nothing else of an input matters."""
        return self.classes(streams)

    def classes_from(self, scores: Float[Tensor, "n c"]) -> Classes:
        """The class [n] of the answer for the given margins or logits, or -1 where it belongs to no class."""
        return classes_of_scores(self.task, scores)

    @torch.no_grad()
    def slopes(self, resid_mid: Residual, along: Residual) -> Float[Tensor, "n c"]:
        """The derivative of the margin or the logits at each residual stream, along a direction of its own.

        Args:
            resid_mid: [n, d], the residual streams.
            along: [n, d], the direction for each of them.
        """
        found = torch.empty(len(resid_mid), self.direct.shape[1], dtype=self.direct.dtype)
        rows = chunk_rows(self.width, self.direct.dtype, self.direct.device)
        for start in range(0, len(resid_mid), rows):
            here, there = (x[start : start + rows].to(self.direct) for x in (resid_mid, along))
            with torch.enable_grad():
                _, slopes = torch.autograd.functional.jvp(self._whole, here, there)  # type: ignore[no-untyped-call]
            found[start : start + len(here)] = slopes
        return found

    def hidden_layer(self, resid_mid: Residual) -> tuple[Float[Tensor, "n m"], Float[Tensor, "n c"]]:
        """What ``classes_moved`` starts from, for a few thousand inputs that are moved again and again."""
        return resid_mid.to(self.direct), self.direct.new_zeros(len(resid_mid), 0)

    def classes_moved(
        self,
        start: tuple[Float[Tensor, "n m"], Float[Tensor, "n c"]],
        step: Float[Tensor, "n k"],
        along: Directions,
    ) -> Classes:
        """The answers [n] after streams are moved, from their ``hidden_layer``.

        Args:
            start: what ``hidden_layer`` returned for the streams before the move.
            step: [n, k], how far each input goes along each direction.
            along: [k, d], the directions.
        """
        return self.moved_classes(start[0], [step], along)[0]


@dataclass(frozen=True, eq=False)
class HingeReadout(Readout):
    """A readout where the MLP has ReLUs (or is missing) and nothing is normalised, so that scores are sums of hinges.

    Attributes:
        W_in: [d, m], the network's input weights of the MLP.
        b_in: [m], the network's input bias of the MLP.
        hidden: [m, c], ``W_out @ u``.
        offset: [c], ``b_out @ u + bias``.
    """

    W_in: Float[Tensor, "d m"]
    b_in: Float[Tensor, "m"]
    hidden: Float[Tensor, "m c"]
    offset: Float[Tensor, "c"]

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

    @torch.no_grad()
    def slopes(self, resid_mid: Residual, along: Residual) -> Float[Tensor, "n c"]:
        """The derivative of the margin or the logits along a direction of each input's own; see ``Readout.slopes``."""
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
        """The answers after every stream is moved; see ``Rest.moved_classes``.

        ``mlp_pre`` is linear in the residual stream, so that all moves together need only one product [n, d] x [d, m].
        A single move is added to the stream itself, which is smaller than ``mlp_pre``; its scores equal those among
        several moves up to rounding. Donors' rows are gathered a chunk at a time, so that no second [n, d] is held.
        """
        along = along.to(self.W_in)

        def start_of(rows: slice) -> Residual:
            own = resid_mid[rows] if donors is None else resid_mid.index_select(0, donors[rows])
            return own.to(self.W_in)

        if len(steps) == 1:
            step = steps[0].to(self.W_in).expand(len(resid_mid), -1)
            return [self.classes_from(self._scores(len(step), lambda rows: start_of(rows).addmm(step[rows], along)))]
        moves = [step.to(self.W_in) for step in steps]
        hidden_along, direct_along = along @ self.W_in, along @ self.direct
        direct = self.W_in.new_empty(len(resid_mid), self.direct.shape[1])
        scores = [torch.empty_like(direct) for _ in moves]
        pre, post = self._buffer(_MOVED_SHARE), self._buffer(_MOVED_SHARE)
        for start in range(0, len(resid_mid), len(pre)):
            rows = slice(start, start + len(pre))
            here = start_of(rows)
            mlp_pre, into = torch.addmm(self.b_in, here, self.W_in, out=pre[: len(here)]), post[: len(here)]
            torch.addmm(self.offset, here, self.direct, out=direct[rows])
            # Nothing but three operations for each move: with more of them, threads wait for Python's lock.
            for move, into_scores in zip(moves, scores, strict=True):
                if len(move) == 1:
                    torch.add(mlp_pre, move @ hidden_along, out=into)
                else:
                    torch.addmm(mlp_pre, move[rows], hidden_along, out=into)
                into.relu_()
                torch.mm(into, self.hidden, out=into_scores[rows])
        return [
            self.classes_from((score.add_(direct).add_(move @ direct_along)).cpu())
            for score, move in zip(scores, moves, strict=True)
        ]

    @torch.no_grad()
    def hidden_layer(self, resid_mid: Residual) -> tuple[Float[Tensor, "n m"], Float[Tensor, "n c"]]:
        """What ``classes_moved`` starts from: the hidden layer before the ReLU, and the direct path to the scores.

        This holds [n, m] numbers, so it is meant for a few thousand inputs that are moved again and again.
        """
        streams = resid_mid.to(self.W_in)
        return torch.addmm(self.b_in, streams, self.W_in), torch.addmm(self.offset, streams, self.direct)

    @torch.no_grad()
    def classes_moved(
        self,
        start: tuple[Float[Tensor, "n m"], Float[Tensor, "n c"]],
        step: Float[Tensor, "n k"],
        along: Directions,
    ) -> Classes:
        """The answers [n] after streams are moved; no product with W_in is needed. See ``Readout.classes_moved``."""
        pre, direct = start
        along, step = along.to(self.W_in), step.to(self.W_in)
        hidden_along, scores = along @ self.W_in, direct + step @ (along @ self.direct)
        post = self._buffer(_MOVED_SHARE)
        for first in range(0, len(pre), len(post)):
            rows = slice(first, first + len(post))
            into = post[: len(pre[rows])]
            mlp_post = torch.addmm(pre[rows], step[rows], hidden_along, out=into).relu_()
            scores[rows] += mlp_post @ self.hidden
        return self.classes_from(scores.cpu())

    def _buffer(self, share: int = 1) -> Float[Tensor, "rows m"]:
        """Memory for one chunk of the hidden layer (or a ``share``-th of one), which every chunk reuses."""
        width = self.W_in.shape[1]
        rows = chunk_rows(width, self.W_in.dtype, self.W_in.device)
        return self.W_in.new_empty(max(1, rows // share), width)


def classes_of_scores(task: Task, scores: Float[Tensor, "n c"]) -> Classes:
    """The class [n] of the answer for margins [n, 1] or all logits, or -1 where it belongs to no class."""
    return (scores[:, 0] > 0).long() if scores.shape[1] == 1 else task.classes_of(scores)


def _has_single_tokens(task: Task) -> bool:
    return all(len(group) == 1 for group in task.classes)


def _bias(network: Transformer) -> Float[Tensor, "o"]:
    return network.b_U if network.config.unembed_bias else network.W_U.new_zeros(network.config.d_vocab_out)
