"""The rest of a network from a site of the residual stream on, as scrubbing and resampling use it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from scrubjay.core.axes import Classes, Directions, Inputs, Residual


class Rest(ABC):
    """The rest of a network: from streams at a site, at the position that is read, to the classes of the answers."""

    @abstractmethod
    def classes_at(self, streams: Residual, inputs: Inputs) -> Classes:
        """The class of each answer [m], with streams [m, d] in place of those of some inputs [m]."""

    def moved_classes(
        self,
        resid_mid: Residual,
        steps: Sequence[Float[Tensor, "n k"] | Float[Tensor, "1 k"]],
        along: Directions,
        donors: Inputs | None = None,
    ) -> list[Classes]:
        """The answers after the stream of every input is moved along a few directions, for several moves.

        Args:
            resid_mid: [n, d], the streams of all inputs before the moves.
            steps: for each move, how far each input goes along each direction, [n, k], or [1, k] for all inputs alike.
            along: [k, d], the directions.
            donors: [n], for each input the row of ``resid_mid`` that it starts from; by default its own row.

        Returns:
            For each move, the class [n] of every input's answer.
        """
        start = resid_mid if donors is None else resid_mid[donors]
        inputs = torch.arange(len(resid_mid))
        return [self.classes_at(start + (step.double() @ along).to(start.dtype), inputs) for step in steps]
