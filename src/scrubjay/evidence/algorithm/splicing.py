"""Run a network with the embedding of some positions replaced, so that a position holds what no single token is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float, Float64, Int
from torch import Tensor

from scrubjay.core.axes import Classes, Inputs
from scrubjay.nets.readout import Readout
from scrubjay.nets.recording import plain_rows, task_tokens
from scrubjay.nets.transformer import Block
from scrubjay.run import Run


@dataclass(frozen=True, eq=False)
class Splicer:
    """A network whose inputs can be changed below the level of tokens.

    Attributes:
        run: the run.
        columns: the first output token of each class, in the order of the classes, whose logits are returned.
    """

    run: Run
    columns: tuple[int, ...]

    @classmethod
    def of(cls, run: Run) -> "Splicer":
        """The splicer of a run."""
        return cls(run, tuple(group[0] for group in run.task.classes))

    @cached_property
    def _readout(self) -> Readout:
        return Readout.logits(self.run.network, self.run.task)

    def embedded(self, position: int) -> Float64[Tensor, "t d"]:
        """The embedding of each token that may stand at a position, shape [t, d]."""
        tokens = list(self.run.task.domain.positions[position])
        return self.run.network.weights["W_E"][tokens].double().cpu()

    def logits(self, inputs: Inputs) -> Float64[Tensor, "n c"]:
        """The logits of the network as it is, shape [n, c], a column for each class."""
        return self.after_attention(self.run.full.resid_mid[inputs])

    def after_attention(self, resid_mid: Float[Tensor, "n d"]) -> Float64[Tensor, "n c"]:
        """The logits [n, c] from streams after the last layer's attention, at the position that is read."""
        return self._readout.scores(resid_mid)[:, list(self.columns)].double().cpu()

    @torch.no_grad()
    def spliced(self, inputs: Inputs, moves: Mapping[int, Float64[Tensor, "n d"]]) -> Float64[Tensor, "n c"]:
        """The logits when something is added to the embedding at some positions.

        Args:
            inputs: the inputs, shape [n].
            moves: for each position what is added to its embedding, shape [n, d].
        """
        return torch.cat([each[:, list(self.columns)].double().cpu() for each in self._runs(inputs, moves)])

    @torch.no_grad()
    def classes(self, inputs: Inputs, moves: Mapping[int, Float64[Tensor, "n d"]]) -> Classes:
        """The classes of the answers when something is added to the embedding at some positions; see ``spliced``."""
        return torch.cat([self.run.task.classes_of(each).cpu() for each in self._runs(inputs, moves)])

    def _runs(self, inputs: Inputs, moves: Mapping[int, Float64[Tensor, "n d"]]) -> Iterator[Float[Tensor, "n o"]]:
        rows = plain_rows(self.run.network, self.run.task.domain)
        for start in range(0, len(inputs), rows):
            here = slice(start, start + rows)
            stream = self._embed(inputs[here])
            for position, move in moves.items():
                if position < stream.shape[1]:
                    stream[:, position] += move[here].to(stream)
            yield self._read(stream)

    def gradients(
        self, inputs: Inputs, positions: Sequence[int], wanted: Int[Tensor, "n"]
    ) -> list[Float64[Tensor, "n d"]]:
        """The derivative of one logit of each input by the embedding at some positions, each of shape [n, d].

        Args:
            inputs: the inputs, shape [n].
            positions: the positions.
            wanted: the class whose logit is differentiated, shape [n].
        """
        stream = self._embed(inputs).detach()
        moves = [torch.zeros_like(stream[:, position], requires_grad=True) for position in positions]
        with torch.enable_grad():
            moved = stream.clone()
            for position, move in zip(positions, moves, strict=True):
                moved[:, position] = moved[:, position] + move
            columns = torch.tensor(self.columns, device=stream.device)[wanted.to(stream.device)]
            chosen = self._read(moved).gather(1, columns[:, None]).sum()
            return [each.double().cpu() for each in torch.autograd.grad(chosen, moves)]

    def _embed(self, inputs: Inputs) -> Float[Tensor, "n s d"]:
        return self.run.network.embed(task_tokens(self.run.network, self.run.task.domain, inputs))

    def _read(self, stream: Float[Tensor, "n s d"]) -> Float[Tensor, "n o"]:
        """From embeddings to all logits; the last MLP runs at the position that is read only."""
        network = self.run.network
        fixed = None if network.frozen_pattern is None else network.frozen_scores()
        *early, last = network.blocks
        for block in early:
            assert isinstance(block, Block)
            stream = block.think(block.attend(stream, {}, fixed), {})
        assert isinstance(last, Block)
        read = last.think(last.attend(stream, {}, fixed)[:, self.run.task.domain.read_at], {})
        return network.unembed(read)
