"""A forward pass at 60 digits with mpmath, in plain loops: the oracle of the certificates' tests."""

from collections.abc import Sequence
from typing import Any

from mpmath import mp, mpf  # type: ignore[import-untyped]

from scrubjay.nets.transformer import Transformer

mp.dps = 60


def logits_of(network: Transformer, tokens: Sequence[int], read_at: int) -> list[Any]:
    """The logits of one input at one position."""
    c = network.config
    weights = {name: deep(weight.tolist()) for name, weight in network.weights.items()}
    stream = [list(weights["W_E"][token]) for token in tokens]
    if c.positions:
        stream = [plus(x, weights["W_pos"][at]) for at, x in enumerate(stream)]
    for number in range(c.n_layers):
        own = "" if c.n_layers == 1 else f"blocks.{number}."
        x = [normed(c, row, weights.get(own + "ln1_w"), weights.get(own + "ln1_b")) for row in stream]
        after = [list(row) for row in stream]
        for head in range(c.n_heads):
            q, k, v = (
                [plus(times(row, weights[f"{own}W_{name}"][head]), part(weights, f"{own}b_{name}", head)) for row in x]
                for name in "QKV"
            )
            for at in range(len(tokens)):
                seen = range(at + 1) if c.attention == "causal" else range(len(tokens))
                scores = [mp.exp(dot(q[at], k[other]) / mp.sqrt(c.d_head)) for other in seen]
                shares = [mpf(c.attn_coeff) * s / mp.fsum(scores) + (1 - mpf(c.attn_coeff)) for s in scores]
                mixed = [mp.fsum(s * v[o][e] for s, o in zip(shares, seen, strict=True)) for e in range(c.d_head)]
                after[at] = plus(after[at], times(mixed, weights[own + "W_O"][head]))
        stream = [plus(row, weights.get(own + "b_O")) for row in after]
        if not c.attn_only:
            for at, row in enumerate(stream):
                read = normed(c, row, weights.get(own + "ln2_w"), weights.get(own + "ln2_b"))
                hidden = plus(times(read, weights[own + "W_in"]), weights[own + "b_in"]) if c.d_mlp else []
                post = [act(c.act_fn, value) for value in hidden]
                row = plus(row, times(post, weights[own + "W_out"])) if post else row
                stream[at] = plus(row, weights[own + "b_out"])
    last = normed(c, stream[read_at], weights.get("ln_final_w"), weights.get("ln_final_b"))
    return plus(times(last, weights["W_U"]), weights.get("b_U"))


def deep(value: Any) -> Any:
    return [deep(each) for each in value] if isinstance(value, list) else mpf(value)


def part(weights: dict[str, Any], name: str, head: int) -> list[Any] | None:
    """The bias of one head, or None if the network has none."""
    return weights[name][head] if name in weights else None


def dot(x: list[Any], y: list[Any]) -> Any:
    return mp.fsum(a * b for a, b in zip(x, y, strict=True))


def times(x: list[Any], weight: list[list[Any]]) -> list[Any]:
    """The product x W; zeros of no given number if W has no rows."""
    return [dot(x, list(column)) for column in zip(*weight, strict=True)]


def plus(x: list[Any], y: list[Any] | None) -> list[Any]:
    return x if y is None else [a + b for a, b in zip(x, y, strict=True)]


def normed(c: Any, x: list[Any], weight: list[Any] | None, bias: list[Any] | None) -> list[Any]:
    if c.norm == "none" or weight is None:
        return x
    mean = mp.fsum(x) / len(x) if c.norm == "LN" else mpf(0)
    scale = mp.sqrt(mp.fsum((v - mean) ** 2 for v in x) / len(x) + mpf(c.eps))
    return plus([(v - mean) / scale * w for v, w in zip(x, weight, strict=True)], bias)


def act(name: str, x: Any) -> Any:
    return {
        "relu": lambda: max(x, mpf(0)),
        "gelu": lambda: x * mp.ncdf(x),
        "gelu_new": lambda: x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3))),
        "silu": lambda: x / (1 + mp.exp(-x)),
    }[name]()
