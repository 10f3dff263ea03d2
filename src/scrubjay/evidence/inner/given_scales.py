"""What the MLP and the unembedding read of the stream, with the scales of normalisations given for each input.

Let x be ``resid_mid``, σ what the normalisation before the MLP divides it by, and τ what the one before the unembedding
divides by. Centring, and the weights and biases of the normalisations, are folded into ``W_in``, into the columns u
that the answer is read from, and into the bias. Then the scores, times τ > 0, are

    relu(x / σ @ W_in + b_in) @ (W_out @ u) + x @ u + b_out @ u + τ bias.

For given σ and τ this is a sum of hinges of ``(x / σ, x, τ)``, and it has the same sign and the same largest column as
the scores. The last two are divided by the mean of τ, so that all three are of similar size. Without an MLP, ``x / σ``
is left out. Without normalisations, what is read is x itself.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from scrubjay.core.axes import Inputs, Residual
from scrubjay.core.errors import BadInput
from scrubjay.fit.decisive import Coordinates
from scrubjay.nets.chunks import chunk_rows
from scrubjay.nets.config import Config
from scrubjay.nets.pointwise import scale_of
from scrubjay.nets.readout import HingeReadout, Readout
from scrubjay.nets.tables import AfterAttention
from scrubjay.nets.transformer import Block, Transformer


@dataclass(frozen=True, eq=False)
class ReadStream:
    """What is read of the stream on every input, in b blocks; b is 2 where an MLP reads it normalised, and else 1.

    Attributes:
        resid_mid: the stream, shape [n, d].
        rows: what is read, shape [n, f]: ``resid_mid`` times each block's factor, and with normalisations one more
            column, for the scale τ.
        factors: what each block multiplies ``resid_mid`` by, shape [n, b].
        readout: from these rows to the scores.
        config: the network's architecture.
    """

    resid_mid: Residual
    rows: Float[Tensor, "n f"]
    factors: Float64[Tensor, "n b"]
    readout: HingeReadout
    config: Config

    @classmethod
    @torch.no_grad()
    def of(cls, readout: Readout, resid_mid: Residual) -> "ReadStream":
        """Take the scales of normalisations as they are on every input.

        Args:
            readout: from ``resid_mid`` to the scores.
            resid_mid: the streams of all inputs, shape [n, d].

        Raises:
            BadInput: the MLP's activation is not ReLU.
        """
        network, config = readout.network, readout.network.config
        if isinstance(readout, HingeReadout):
            return cls(resid_mid, resid_mid, torch.ones(len(resid_mid), 1, dtype=torch.float64), readout, config)
        if config.smooth_by is not None:
            raise BadInput(
                f"this needs a network that is piecewise linear after attention, and this one {config.smooth_by}"
            )
        before_mlp, before_unembedding = _scales(network, resid_mid)
        unit = before_unembedding.mean()
        factors = torch.stack([1 / before_mlp, (1 / unit).expand(len(resid_mid))], 1)
        factors = factors[:, 1:] if config.attn_only else factors
        rows = [resid_mid * factor[:, None].to(resid_mid) for factor in factors.unbind(1)]
        rows.append((before_unembedding / unit)[:, None].to(resid_mid))
        return cls(resid_mid, torch.cat(rows, 1), factors, _read_from(readout, float(unit)), config)

    @property
    def has_norm(self) -> bool:
        """Whether scales of normalisations are given."""
        return self.config.norm != "none"

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return self.factors.shape[1]

    def readers(self, coordinates: Coordinates) -> Float64[Tensor, "br d"]:
        """What each block of ``resid_mid`` adds to each coordinate before the block's factor, shape [b r, d]."""
        r, d = coordinates.r, self.resid_mid.shape[1]
        return coordinates.readers[:, : self.blocks * d].view(r, self.blocks, d).transpose(0, 1).flatten(0, 1)

    def coordinates_from(
        self, inputs: Inputs, by_block: Float64[Tensor, "#p br"], coordinates: Coordinates
    ) -> Float64[Tensor, "p r"]:
        """The coordinates of what is read on some inputs, shape [p, r].

        Args:
            inputs: the inputs.
            by_block: for each block the coordinates before its factor, shape [p, b r], or [1, b r] for all inputs.
            coordinates: the coordinates of ``rows``.
        """
        if not self.has_norm:
            return by_block.expand(len(inputs), -1)
        last = self.rows[inputs, -1:].double() @ coordinates.readers[:, -1:].T
        return self.changed_by(inputs, by_block) + last - coordinates.mean @ coordinates.readers.T

    def changed_by(self, inputs: Inputs, by_block: Float64[Tensor, "#p br"]) -> Float64[Tensor, "p r"]:
        """By how much the coordinates change on some inputs if those of each block change, shape [p, r]."""
        each = by_block.view(len(by_block), self.blocks, -1)
        return (each * self.factors[inputs, :, None]).sum(1)

    def rows_moved(self, inputs: Inputs, change: Residual) -> Float[Tensor, "p f"]:
        """What is read on some inputs, shape [p, f], if ``resid_mid`` changes there and the scales do not."""
        if not self.has_norm:
            return self.rows[inputs] + change
        moved = [change * factor[:, None].to(change) for factor in self.factors[inputs].unbind(1)]
        return self.rows[inputs] + torch.cat([*moved, change.new_zeros(len(change), 1)], 1)

    def by_block(self, inputs: Inputs, gradients: Float64[Tensor, "p q r"]) -> Float64[Tensor, "p q br"]:
        """Gradients by the coordinates of each block on some inputs, from those by the coordinates of what is read."""
        return torch.cat([factor[:, None, None] * gradients for factor in self.factors[inputs].unbind(1)], 2)


def _scales(network: Transformer, resid_mid: Residual) -> tuple[Float64[Tensor, "n"], Float64[Tensor, "n"]]:
    """What the normalisations before the MLP and before the unembedding divide each input's stream by."""
    c, before, after = network.config, [], []
    for some in torch.split(resid_mid, chunk_rows(max(c.d_mlp, c.d_vocab_out), network.dtype, network.device)):
        here = some.to(network.W_E)
        before.append(scale_of(c, here.double()).cpu())
        after.append(scale_of(c, AfterAttention.of(network, here).resid_post.double()).cpu())
    return torch.cat(before), torch.cat(after)


def _read_from(readout: Readout, unit: float) -> HingeReadout:
    """The readout from ``(x / σ, x / unit, τ / unit)``, or ``(x / unit, τ / unit)`` without an MLP."""
    network, columns = readout.network, readout.direct
    block = network.blocks[-1]
    assert isinstance(block, Block)
    weight, bias = network.weights.get("ln_final_w"), network.weights.get("ln_final_b")
    u, own_bias = _folded(network.config, weight, columns), readout.bias
    own_bias = own_bias if bias is None else own_bias + bias @ columns
    last = torch.cat([u, own_bias[None]])
    nothing = torch.zeros_like(own_bias)
    if network.config.attn_only:
        W_in, hidden = u.new_zeros(len(last), 0), u.new_zeros(0, len(own_bias))
        return HingeReadout(network, last, nothing, readout.task, W_in, u.new_zeros(0), hidden, nothing)
    ln2_b = block.weight("ln2_b")
    W_in = _folded(network.config, block.weight("ln2_w"), block.W_in)
    return HingeReadout(
        network,
        torch.cat([torch.zeros_like(u), last]),
        nothing,
        readout.task,
        W_in=torch.cat([W_in, W_in.new_zeros(len(last), W_in.shape[1])]),
        b_in=block.b_in if ln2_b is None else block.b_in + ln2_b @ block.W_in,
        hidden=block.W_out @ u / unit,
        offset=block.b_out @ u / unit,
    )


def _folded(config: Config, weight: Tensor | None, columns: Float[Tensor, "d _"]) -> Float[Tensor, "d _"]:
    """Columns that read a stream divided by its scale as they read the normalised stream, apart from its bias."""
    scaled = columns if weight is None else weight[:, None] * columns
    return scaled - scaled.mean(0) if config.norm == "LN" else scaled
