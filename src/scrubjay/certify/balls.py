"""The forward pass in ball arithmetic: every number is enclosed in a ball, and so is every rounding.

Weights are dyadic numbers, so they enter as exact balls. The stream before a layer is computed once for each different
beginning of an input (or each input and position, if attention is bidirectional). What a position moves from another
one is computed once for each pair of them and summed along the inputs. In the first layer these are tables over tokens,
as in ``scrubjay.nets.tables``, so that a network with one layer costs two matrix products for each input.

Source: F. Johansson 2017, "Arb: efficient arbitrary-precision midpoint-radius interval arithmetic".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx

Balls = list[Any]
"""A row of balls (``flint.arb``), which have no types of their own."""
Question = tuple[tuple[int, ...], int]
"""The nodes that a position sees, and the position."""


@dataclass(frozen=True)
class ExactNetwork:
    """A network's weights without rounding.

    Attributes:
        config: the fields of ``scrubjay.nets.config.Config``.
        weights: the weights by their names in ``Config.weight_axes``, as float64, which holds every number of a file.
    """

    config: dict[str, Any]
    weights: dict[str, np.ndarray[Any, np.dtype[np.float64]]]

    def get(self, name: str) -> np.ndarray[Any, np.dtype[np.float64]] | None:
        """A weight by its name, or None if the network has none of that name."""
        return self.weights.get(name)


class BallNetwork:
    """A network whose logits are enclosed in balls.

    Args:
        network: the weights.
        positions: the tokens that may stand at each position.
        read_at: the position at which the answer is read.
        bits: the precision of the balls' midpoints.
    """

    def __init__(self, network: ExactNetwork, positions: Sequence[Sequence[int]], read_at: int, bits: int) -> None:
        ctx.prec = bits
        self.config, self.read_at, self.bits = SimpleNamespace(**network.config), read_at, bits
        c, get = SimpleNamespace(**network.config), network.get
        self.coeff = arb(c.attn_coeff)
        self.activation = _activation(c.act_fn)
        self.layers = [_Layer(network, "" if c.n_layers == 1 else f"blocks.{number}.") for number in range(c.n_layers)]
        unembed = _with_bias(get("W_U"), get("b_U"))
        self.norm_at_end = _Norm(c, get("ln_final_w"), get("ln_final_b"))
        last = self.layers[-1]
        # Without a norm before the unembedding, the last layer's neurons add to the logits directly.
        self.direct = c.norm == "none"
        self.unembed = unembed
        if self.direct and last.w_out is not None:
            d = c.d_model
            above, below = _part(unembed, 0, d), _part(unembed, d, d + 1)
            self.out_logits = last.w_out * above + _padded(below, last.w_out.nrows())
            self.stream_logits = above
        rows, keys = [], []
        embed, places = _exact(network.weights["W_E"]), get("W_pos")
        for at, tokens in enumerate(positions):
            for token in tokens:
                row = embed[token]
                if places is not None:
                    row = [x + arb(float(y)) for x, y in zip(row, places[at], strict=True)]
                rows.append(row)
                keys.append((at, token))
        self.first = self.layers[0].nodes(rows)
        self.place = {key: number for number, key in enumerate(keys)}
        self.moves: dict[tuple[int, int], tuple[Balls, Balls]] = {}

    def logits(self, inputs: Sequence[Sequence[int]]) -> list[Balls]:
        """The logits of some inputs, which all have the same number of positions, at the position that is read."""
        ctx.prec = self.bits
        paths = [[self.place[at, token] for at, token in enumerate(tokens)] for tokens in inputs]
        nodes, moves = self.first, self.moves
        for number, layer in enumerate(self.layers):
            is_last = number == len(self.layers) - 1
            asked, wanted = self._asked(paths, is_last)
            streams = [nodes.streams[seen[at]] for seen, at in asked]
            mid = layer.after_attention(streams, self._moved(layer, nodes, asked, moves))
            if is_last:
                rows = self._read(layer, mid)
                return [rows[place] for (place,) in wanted]
            nodes, moves, paths = self.layers[number + 1].nodes(_rows(self._think(layer, mid))), {}, wanted
        raise AssertionError("a network has a layer")

    def _asked(self, paths: list[list[int]], is_last: bool) -> tuple[list[Question], list[list[int]]]:
        """The questions of all inputs, each once, and where each input finds its own."""
        known: dict[Question, int] = {}
        found = []
        for path in paths:
            line = []
            for at in [self.read_at] if is_last else range(len(path)):
                seen = path[: at + 1] if self.config.attention == "causal" else path
                line.append(known.setdefault((tuple(seen), at), len(known)))
            found.append(line)
        return list(known), found

    def _moved(
        self,
        layer: "_Layer",
        nodes: "Nodes",
        asked: list[Question],
        moves: dict[tuple[int, int], tuple[Balls, Balls]],
    ) -> list[Balls]:
        """What attention moves: for each question, the value vectors of all heads, weighted by the pattern."""
        c, found = self.config, []
        sums: list[tuple[Balls, ...]] = []
        before: tuple[int, ...] = ()
        asking = -1
        for seen, at in asked:
            if seen[at] != asking:
                sums, asking = [], seen[at]
            kept = 0
            while kept < min(len(sums), len(seen)) and before[kept] == seen[kept]:
                kept += 1
            del sums[kept:]
            for place in range(kept, len(seen)):
                node = seen[place]
                if (asking, node) not in moves:
                    moves[asking, node] = layer.weighted(nodes, asking, node)
                weights, moved = moves[asking, node]
                row = weights, moved, [] if c.attn_coeff == 1 else nodes.values[node]
                sums.append(row if not sums else tuple(map(_sum, sums[-1], row)))
            before = seen
            weights, moved, plain = sums[-1]
            shares = [self.coeff / weight for weight in weights for _ in range(c.d_head)]
            mixed = [share * x for share, x in zip(shares, moved, strict=True)]
            found.append(mixed if c.attn_coeff == 1 else _sum(mixed, [(1 - self.coeff) * y for y in plain]))
        return found

    def _hidden(self, layer: "_Layer", mid: Any) -> Any:
        """The hidden layer after the activation, with a column of ones."""
        width = layer.w_in.ncols()
        flat = (_with_ones(layer.norm2.of(mid)) * layer.w_in).entries()
        act, one, rows = self.activation, arb(1), []
        for at in range(0, len(flat), width):
            rows += [act(x) for x in flat[at : at + width]]
            rows.append(one)
        return arb_mat(mid.nrows(), width + 1, rows)

    def _think(self, layer: "_Layer", mid: Any) -> Any:
        return mid if layer.w_out is None else mid + self._hidden(layer, mid) * layer.w_out

    def _read(self, layer: "_Layer", mid: Any) -> list[Balls]:
        if self.direct and layer.w_out is not None:
            return _rows(mid * self.stream_logits + self._hidden(layer, mid) * self.out_logits)
        return _rows(_with_ones(self.norm_at_end.of(self._think(layer, mid))) * self.unembed)


@dataclass(frozen=True)
class Nodes:
    """Streams before a layer, each with its queries, keys and values of all heads, side by side."""

    streams: list[Balls]
    queries: list[Balls]
    keys: list[Balls]
    values: list[Balls]


class _Layer:
    def __init__(self, network: ExactNetwork, prefix: str) -> None:
        c, get = SimpleNamespace(**network.config), network.get

        def heads(name: str) -> Any:
            weight, bias = network.weights[f"{prefix}W_{name}"], get(f"{prefix}b_{name}")
            return _with_bias(
                weight.transpose(1, 0, 2).reshape(c.d_model, -1), None if bias is None else bias.reshape(-1)
            )

        self.config = c
        self.heads = {name: heads(name) for name in "QKV"}
        self.w_o = _with_bias(network.weights[f"{prefix}W_O"].reshape(-1, c.d_model), get(f"{prefix}b_O"))
        self.norm1, self.norm2 = (_Norm(c, get(f"{prefix}ln{n}_w"), get(f"{prefix}ln{n}_b")) for n in (1, 2))
        self.root = arb(c.d_head).sqrt()
        self.w_in: Any = None
        self.w_out: Any = None
        if not c.attn_only and c.d_mlp:
            self.w_in = _with_bias(get(f"{prefix}W_in"), get(f"{prefix}b_in"))
            self.w_out = _with_bias(get(f"{prefix}W_out"), get(f"{prefix}b_out"))
        elif not c.attn_only:
            self.w_o = self.w_o + _padded(_matrix(network.weights[f"{prefix}b_out"][None]), self.w_o.nrows())

    def nodes(self, streams: list[Balls]) -> Nodes:
        normed = _with_ones(self.norm1.of(arb_mat(streams)))
        return Nodes(streams, *(_rows(normed * self.heads[name]) for name in "QKV"))

    def weighted(self, nodes: Nodes, asking: int, node: int) -> tuple[Balls, Balls]:
        """The exponential of the score of each head, and the values of each head times it."""
        e, q, k, values = self.config.d_head, nodes.queries[asking], nodes.keys[node], nodes.values[node]
        weights = [(_dot(q[at : at + e], k[at : at + e]) / self.root).exp() for at in range(0, len(q), e)]
        return weights, [weight * x for n, weight in enumerate(weights) for x in values[n * e : n * e + e]]

    def after_attention(self, streams: list[Balls], moved: list[Balls]) -> Any:
        return arb_mat(streams) + _with_ones(arb_mat(moved)) * self.w_o


class _Norm:
    def __init__(self, config: SimpleNamespace, weight: Any, bias: Any) -> None:
        self.kind, self.eps = config.norm, arb(config.eps)
        self.weight = None if weight is None else [arb(float(x)) for x in weight]
        self.bias = None if bias is None else [arb(float(x)) for x in bias]

    def of(self, streams: Any) -> Any:
        if self.kind == "none" or self.weight is None:
            return streams
        done: Balls = []
        for row in _rows(streams):
            width = len(row)
            mean = sum(row, arb(0)) / width if self.kind == "LN" else arb(0)
            centred = [x - mean for x in row]
            scale = (_dot(centred, centred) / width + self.eps).rsqrt()
            scaled = [x * scale * w for x, w in zip(centred, self.weight, strict=True)]
            done += scaled if self.bias is None else _sum(scaled, self.bias)
        return arb_mat(streams.nrows(), streams.ncols(), done)


def _activation(name: str) -> Callable[[Any], Any]:
    zero, half, one = arb(0), arb(0.5), arb(1)
    root, inner, cubed = arb(2).sqrt(), (2 / arb.pi()).sqrt(), arb(44715) / 1000000

    def relu(x: Any) -> Any:
        return x if x > zero else zero if x < zero else x.max(zero)

    return {
        "relu": relu,
        "gelu": lambda x: half * x * (one + (x / root).erf()),
        "gelu_new": lambda x: half * x * (one + (inner * (x + cubed * x * x * x)).tanh()),
        "silu": lambda x: x / (one + (-x).exp()),
    }[name]


def _dot(x: Balls, y: Balls) -> Any:
    return sum((a * b for a, b in zip(x, y, strict=True)), arb(0))


def _sum(x: Balls, y: Balls) -> Balls:
    return [a + b for a, b in zip(x, y, strict=True)]


def _exact(weight: Any) -> list[Balls]:
    return [[arb(x) for x in row] for row in weight.tolist()]


def _matrix(weight: Any) -> Any:
    return arb_mat(_exact(weight))


def _with_bias(weight: Any, bias: Any) -> Any:
    """The weight with the bias as one more row, which ``_with_ones`` multiplies by one."""
    return _matrix(np.vstack([weight, np.zeros((1, weight.shape[1])) if bias is None else bias[None]]))


def _with_ones(streams: Any) -> Any:
    one = arb(1)
    return arb_mat(streams.nrows(), streams.ncols() + 1, [x for row in _rows(streams) for x in (*row, one)])


def _rows(matrix: Any) -> list[Balls]:
    flat, width = matrix.entries(), matrix.ncols()
    return (
        [flat[at : at + width] for at in range(0, len(flat), width)] if width else [[] for _ in range(matrix.nrows())]
    )


def _part(matrix: Any, first: int, last: int) -> Any:
    return arb_mat(_rows(matrix)[first:last])


def _padded(row: Any, height: int) -> Any:
    """A matrix of zeros whose last row is the given one."""
    return arb_mat([[arb(0)] * row.ncols()] * (height - 1) + [row.entries()])
