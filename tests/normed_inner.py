"""Networks that hide a smaller network of known size behind LayerNorm or RMSNorm.

``normed`` takes a network of ``hidden_inner.py``, which normalises nothing, and gives it normalisations:

* Each token gets a number of its own for each position, and three more channels. Two of them make the mean of every
  token's stream 0 and its length the same, so that the first normalisation multiplies all of them alike.
* The last channel holds 0. What the MLP and the unembedding read has a weight there that makes the weights' sum 0, so
  that taking the mean away changes nothing.
* The weights of the normalisations are random, and what reads the stream is divided by them.

So heads do what they did, and the MLP reads ``g x`` where it read x, with a scale g that varies between inputs. The
hidden hinges and heads are those of the network that is given, though some answers are others.
"""

from dataclasses import replace

import torch
from torch import Tensor

from scrubjay.nets.config import Config
from scrubjay.nets.transformer import Transformer
from scrubjay.tasks.domain import Domain
from scrubjay.tasks.task import Task
from tests.hidden_inner import HiddenInner, normal


def normed(hidden: HiddenInner, norm: str, *, filling: float, seed: int = 0) -> tuple[Transformer, Task]:
    """The network with normalisations, and its task.

    Args:
        hidden: the network that normalises nothing.
        norm: ``LN`` or ``RMS``.
        filling: the squared length of every token's stream, as a multiple of the largest one without the new channels;
            the larger it is, the less the scales vary.
        seed: seed for the weights of the normalisations.
    """
    old, draw = hidden.network, torch.Generator().manual_seed(seed)
    t, d = hidden.sizes.tokens, old.config.d_model
    wide = d + 3
    config = Config(
        2 * t + 1,
        3,
        wide,
        old.config.n_heads,
        old.config.d_head,
        old.config.d_mlp,
        d_vocab_out=old.config.d_vocab_out,
        norm=norm,
        unembed_bias=True,
        positions=False,
    )
    network = Transformer(config, torch.float64).requires_grad_(False)
    stream = torch.cat([old.W_E[:t] + old.W_pos[0], old.W_E[:t] + old.W_pos[1], old.W_E[t:] + old.W_pos[2]])
    total, power = stream.sum(1), stream.square().sum(1)
    length = filling * (power + total.square() / 2).max()
    apart = ((length - power) / 2 - total.square() / 4).sqrt()
    network.W_E[:] = torch.stack([*stream.T, apart - total / 2, -apart - total / 2, torch.zeros_like(total)], 1)
    for name in ("ln1_w", "ln2_w", "ln_final_w"):
        getattr(network, name)[:] = 1 + 0.3 * normal(draw, wide).tanh()
    same = (length / wide + config.eps).sqrt()  # what the first normalisation divides every token by
    for name in ("W_Q", "W_K", "W_V"):
        getattr(network, name)[:] = _reading(getattr(old, name), network.ln1_w) * same
    network.W_O[:, :, :d] = old.W_O
    network.W_in[:] = _reading(old.W_in, network.ln2_w) * same
    network.b_in[:] = old.b_in
    network.W_out[:, :d], network.b_out[:d] = old.W_out, old.b_out
    network.W_U[:] = _reading(old.W_U, network.ln_final_w)
    network.b_U[:] = 0.01 * network.W_U.std() * normal(draw, len(network.b_U))
    if norm == "LN":  # a bias that the weights behind it take back
        network.ln2_b[:] = 0.1 * normal(draw, wide)
        network.b_in -= network.ln2_b @ network.W_in
        network.ln_final_b[:] = 0.1 * normal(draw, wide)
        network.b_U -= network.ln_final_b @ network.W_U
    domain = Domain((tuple(range(t)), tuple(range(t, 2 * t)), (2 * t,)))
    return network, replace(hidden.task, domain=domain, labels=None)


def _reading(weight: Tensor, scale: Tensor) -> Tensor:
    """Weights [..., d, _] that read the normalised stream of d + 3 channels as they read the stream before."""
    nothing = torch.zeros_like(weight[..., :2, :])
    return torch.cat([weight, nothing, -weight.sum(-2, keepdim=True)], -2) / scale[:, None]
