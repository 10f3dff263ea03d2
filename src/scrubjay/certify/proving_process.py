"""What a process that proves answers does. It does not load PyTorch, which would take longer than many proofs."""

from collections.abc import Callable, Sequence

from scrubjay.certify.balls import BallNetwork, ExactNetwork
from scrubjay.certify.margins import decided

_HERE: list[Callable[[list[list[int]]], list[tuple[int | None, float]]]] = []
"""What answers a block of inputs in this process."""


def begin(
    network: ExactNetwork,
    positions: Sequence[Sequence[int]],
    read_at: int,
    classes: Sequence[Sequence[int]],
    answer: str,
    bits: int,
) -> None:
    """Make the network in balls of this process; see ``BallNetwork`` and ``decided`` for the arguments."""
    balls = BallNetwork(network, positions, read_at, bits)
    width = int(network.config["d_vocab_out"])
    _HERE[:] = [lambda inputs: [decided(row, classes, answer, width) for row in balls.logits(inputs)]]


def block_answers(inputs: list[list[int]]) -> list[tuple[int | None, float]]:
    """The class of the answer on each input and a bound on its margin, as ``decided`` returns them."""
    return _HERE[0](inputs)
