"""Check a certificate: prove again, in another way, which answers a network gives in real arithmetic.

    python certificate_checker.py CERTIFICATE.json NETWORK.safetensors [INNER.safetensors]

This file stands alone: it needs Python and python-flint, and nothing else of this package. The prover takes tables and
encloses every number in a ball of its own. Here numbers are integers in units of 2^-F, with one bound on the error for
each row of them, which grows by the Lipschitz constant of each step. Only exp, erf and tanh are taken from Arb.
"""

import hashlib
import json
import os
import struct
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import product
from math import isqrt
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from flint import arb, ctx, fmpz, fmpz_mat

BITS = (48, 96, 192, 384)  # fractional bits; the next number is tried for inputs that are not proved with this one
BLOCK = 256  # inputs that are computed together
FORMS = {"F64": ("d", 8), "F32": ("f", 4), "F16": ("e", 2), "BF16": ("", 2)}
STATED = {"n_layers": 1, "act_fn": "relu", "norm": "none", "eps": 1e-5, "attention": "causal", "attn_coeff": 1.0}
KNOWN = {"none", "LN", "RMS", "causal", "bidirectional"}
FAILURES = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, struct.error)
Rows = tuple[list[Any], list[Any]]  # rows of integers, and the bound on the error of each row


def read_file(path: str) -> tuple[Any, dict[str, Any], dict[str, str]]:
    """The weights of a network file as vectors and matrices, its manifest, and the hashes of file and weights."""
    content, tensors, digest = Path(path).read_bytes(), {}, hashlib.sha256()
    header = json.loads(content[8 : (end := 8 + int.from_bytes(content[:8], "little"))])
    manifest = json.loads(header.pop("__metadata__")["scrubjay"])
    for name, entry in sorted(header.items()):
        first, last = entry["data_offsets"]
        raw, (form, size) = content[end + first : end + last], FORMS[entry["dtype"]]
        digest.update(f"{name} {entry['dtype']} {entry['shape']}\n".encode() + raw)
        if entry["dtype"] == "BF16":  # the upper half of a float32
            raw, form, size = b"".join(b"\0\0" + raw[at : at + 2] for at in range(0, len(raw), 2)), "f", 4
        flat, shape = struct.unpack(f"<{len(raw) // size}{form}", raw), entry["shape"]
        rows: list[Any] = list(zip(*[iter(flat)] * shape[-1], strict=True))
        if len(shape) == 3 and name[-1] in "QKV":  # the heads [h d e] side by side; those of W_O lie below each other
            rows = [[v for row in rows[at :: shape[1]] for v in row] for at in range(shape[1])]
        tensors[name] = flat if len(shape) == 1 or "b_" in name else rows
    manifest["config"] = STATED | {"attn_only": False} | manifest["config"]
    return tensors, manifest, {"file_sha256": hashlib.sha256(content).hexdigest(), "weights_sha256": digest.hexdigest()}


class Arithmetic:
    """Integers in units of 2^-F."""

    def __init__(self, bits: int) -> None:
        self.bits, self.one = bits, fmpz(1) << bits
        self.exp = lru_cache(1 << 18)(lambda x: self.of_ball((arb(x) / arb(self.one)).exp()))

    def fixed(self, number: float) -> Any:
        """The nearest integer."""
        top, bottom = number.as_integer_ratio()
        return fmpz(((top << self.bits) + bottom // 2) // bottom)

    def of_ball(self, ball: Any) -> Any:
        """An integer within two units of everything in a ball."""
        if not (ball.is_finite() and ball.rad() * arb(self.one) < arb(1)):
            raise ArithmeticError("more fractional bits are needed")
        mantissa, exponent = ball.mid().man_exp()
        return mantissa << exponent + self.bits if exponent + self.bits >= 0 else mantissa >> -(exponent + self.bits)

    def activation(self, name: str) -> Any:
        """A function of integers, within two units of the true one, whose slope is at most 6/5."""
        zero, scale, root, third = fmpz(0), arb(self.one), arb(2).sqrt(), arb(44715) / 1000000
        if name == "relu":
            return lambda x: x if x > zero else zero
        curve: Any = {
            "gelu": lambda x: x / 2 * (1 + (x / root).erf()),
            "gelu_new": lambda x: x / 2 * (1 + ((2 / arb.pi()).sqrt() * (x + third * x * x * x)).tanh()),
            "silu": lambda x: x / (1 + (-x).exp()),
        }[name]
        return lambda x: self.of_ball(curve(arb(x) / scale))


class Map:
    """A linear map x W + b: weights [k][j] and a bias as integers, which are exact or within ``off`` = 1 unit."""

    def __init__(self, to: Arithmetic, weights: Sequence[Sequence[float]], bias: Sequence[float] | None) -> None:
        self.bits, self.width = to.bits, len(weights[0])
        rows = [[to.fixed(value) for value in row] for row in weights]
        self.off = int(any(value.as_integer_ratio()[1] > to.one for row in weights for value in row))
        self.matrix = fmpz_mat(rows)
        self.gain = max(sum(abs(row[j]) + self.off for row in rows) for j in range(self.width))
        self.bias = [to.fixed(value) << to.bits for value in bias or [0.0] * self.width]

    def __call__(self, x: Rows) -> Rows:  # noqa: D102
        flat, width = (fmpz_mat(x[0]) * self.matrix).entries(), self.width
        lines = (flat[at : at + width] for at in range(0, len(flat), width))
        rows = [[(v + b) >> self.bits for v, b in zip(line, self.bias, strict=True)] for line in lines]
        sizes = (sum(map(abs, row)) if self.off else 0 for row in x[0])
        return rows, [((e * self.gain + size) >> self.bits) + 4 for e, size in zip(x[1], sizes, strict=True)]


def added(x: Rows, y: Rows) -> Rows:
    """The sum of two lists of rows."""
    rows = [[a + b for a, b in zip(v, w, strict=True)] for v, w in zip(x[0], y[0], strict=True)]
    return rows, [a + b for a, b in zip(x[1], y[1], strict=True)]


class IntegerNetwork:
    """A network in integers."""

    def __init__(self, path: str, bits: int, task: dict[str, Any]) -> None:
        self.to, self.task, (tensors, manifest, _) = Arithmetic(bits), task, read_file(path)
        self.get, config = tensors.get, manifest["config"]
        self.config, self.heads, self.e, self.read_at = config, config["n_heads"], config["d_head"], task["read_at"]
        self.root, self.act = isqrt(self.e << 2 * bits), self.to.activation(config["act_fn"])
        self.coeff, self.causal = self.to.fixed(float(config["attn_coeff"])), config["attention"] == "causal"
        self.eps = Arithmetic(2 * bits).fixed(float(config["eps"]))
        prefixes = [""] if config["n_layers"] == 1 else [f"blocks.{n}." for n in range(config["n_layers"])]
        self.layers, self.unembed = list(map(self._layer, prefixes)), Map(self.to, self.get("W_U"), self.get("b_U"))
        allowed = task["positions"] if "positions" in task else map(set, zip(*task["inputs"], strict=True))
        keys = [(at, token) for at, tokens in enumerate(allowed) for token in tokens]
        embed, places = self.get("W_E"), self.get("W_pos") or [[0.0] * config["d_model"]] * (len(keys) + 1)
        pairs = [(map(self.to.fixed, embed[token]), map(self.to.fixed, places[at])) for at, token in keys]
        x = [[a + b for a, b in zip(*pair, strict=True)] for pair in pairs], [2] * len(pairs)
        self.first = dict(zip(keys, self.nodes(self.layers[0], x), strict=True))

    def _layer(self, prefix: str) -> dict[str, Any]:
        get, names = self.get, "QKVO" if self.config["d_mlp"] == 0 else (*"QKVO", "in", "out")
        maps = {name: Map(self.to, get(f"{prefix}W_{name}"), get(f"{prefix}b_{name}")) for name in names}
        if "in" not in maps and not self.config["attn_only"]:  # an MLP of no neurons adds its bias
            pairs = zip(maps["O"].bias, get(f"{prefix}b_out"), strict=True)
            maps["O"].bias = [b + (self.to.fixed(v) << self.to.bits) for b, v in pairs]
        return {"prefix": prefix, **maps}

    def normed(self, x: Rows, name: str) -> Rows:
        """LayerNorm or RMSNorm with the weights of that name."""
        kind, bits, done, bounds = self.config["norm"], self.to.bits, [], []
        if kind == "none":
            return x
        weight = [self.to.fixed(v) for v in self.get(f"{name}_w")]
        bias = [self.to.fixed(v) for v in self.get(f"{name}_b") or [0.0] * len(weight)]
        for row, error in zip(*x, strict=True):
            mean = sum(row) // len(row) if kind == "LN" else 0
            y, e = [v - mean for v in row], 2 * error + 1
            sigma = fmpz(isqrt(int(sum(v * v for v in y) // len(row) + self.eps)))
            low = max(sigma - (e + 4), 0)  # a root mean square moves no further than the largest number; 0 is refused
            ratios = [(v << bits) // sigma for v in y]
            size = max(map(abs, ratios)) + 1
            off = ((e << bits) + size * (e + 4)) // low + 3
            done.append([(r * w >> bits) + b for r, w, b in zip(ratios, weight, bias, strict=True)])
            bounds.append((off * (max(map(abs, weight)) + 1) + size >> bits) + 4)
        return done, bounds

    def nodes(self, layer: dict[str, Any], x: Rows) -> list[tuple[Any, ...]]:
        """For each row: stream, query, key and value, each with its error; the largest of query, key, value."""
        normed = self.normed(x, layer["prefix"] + "ln1")
        made = zip(*x, *layer["Q"](normed), *layer["K"](normed), *layer["V"](normed), strict=True)
        return [(*each, *(max(map(abs, each[at])) for at in (2, 4, 6))) for each in made]

    def attend(self, nodes: list[tuple[Any, ...]], at: int) -> tuple[list[Any], Any]:
        """What the heads, side by side, move to one position of an input."""
        one, e, bits, seen = self.to.one, self.e, self.to.bits, nodes[: at + 1] if self.causal else nodes
        q, eq, lq, moved, spread = nodes[at][2], nodes[at][3], nodes[at][8], [], 0
        count, vmax, ev = len(seen), max(n[10] for n in seen), max(n[7] for n in seen)
        for head in range(self.heads):
            here = slice(head * e, head * e + e)
            scores = [sum(a * b for a, b in zip(q[here], n[4][here], strict=True)) // self.root for n in seen]
            top = max(scores)
            offs = [e * (eq * n[9] + n[5] * lq + eq * n[5]) + abs(s) for n, s in zip(seen, scores, strict=True)]
            weights = [self.to.exp(s - top) for s in scores]
            total, spread = sum(weights), max(spread, max(offs) // self.root + 3)
            for column in zip(*(n[6][here] for n in seen), strict=True):
                moved.append(sum(w * v for w, v in zip(weights, column, strict=True)) // total)
        if 2 * spread > one:
            raise ArithmeticError("more fractional bits are needed")
        error = (vmax * (4 * spread + 4 * count) >> bits) + ev + 2  # exp(2 spread) - 1 is at most 4 spread
        if self.coeff != one:
            c, sums = self.coeff, [sum(column) for column in zip(*(n[6] for n in seen), strict=True)]
            moved = [c * z + (one - c) * s >> bits for z, s in zip(moved, sums, strict=True)]
            error = (c * error + abs(one - c) * count * ev + (count + 1) * (vmax + ev + error) >> bits) + 3
        return moved, error

    def logits(self, inputs: Sequence[Sequence[int]]) -> Rows:
        """The logits of some inputs at the position that is read."""
        lines, length = [[self.first[key] for key in enumerate(tokens)] for tokens in inputs], len(inputs[0])
        for number, layer in enumerate(self.layers):
            is_last = number == len(self.layers) - 1
            asked = [(nodes, at) for nodes in lines for at in ([self.read_at] if is_last else range(length))]
            moved = [self.attend(nodes, at) for nodes, at in asked]
            before = [nodes[at][0] for nodes, at in asked], [nodes[at][1] for nodes, at in asked]
            x = added(before, layer["O"](([m for m, _ in moved], [error for _, error in moved])))
            if "in" in layer:
                rows, errors = layer["in"](self.normed(x, layer["prefix"] + "ln2"))
                post = [list(map(self.act, row)) for row in rows], [e * 6 // 5 + 4 for e in errors]
                x = added(x, layer["out"](post))
            if not is_last:
                made = self.nodes(self.layers[number + 1], x)
                lines = [made[at : at + length] for at in range(0, len(made), length)]
        return self.unembed(self.normed(x, "ln_final"))

    def answers(self, inputs: Sequence[Sequence[int]]) -> Iterator[tuple[int, Any]]:
        """For each input the class of its answer (-1 for none), and a lower bound on its margin in units of 2^-F."""
        classes, rule = self.task["classes"], self.task["answer"]
        groups = {number: group for number, group in enumerate(classes) if group}
        others = set(range(self.unembed.width)).difference(*classes)
        groups |= {-1: others} if rule == "argmax" and others else {}
        for row, error in zip(*self.logits(inputs), strict=True):
            if rule == "sign":
                yield int(row[classes[1][0]] > 0), abs(row[classes[1][0]]) - error
            else:
                best = sorted(((max(row[t] for t in group), number) for number, group in groups.items()), reverse=True)
                yield best[0][1], best[0][0] - best[1][0] - 2 * error


LOADED = lru_cache(8)(lambda path, bits, task: IntegerNetwork(path, bits, json.loads(task)))  # each once in a process


def failure(work: tuple[str, str, list[tuple[int, list[int], int]], float]) -> str | None:
    """Prove the answers (number, tokens, class) of some inputs; why it fails, or None."""
    path, task, waiting, least = work
    for ctx.prec, bits in ((bits + 40, bits) for bits in BITS):
        try:
            found = list((network := LOADED(path, bits, task)).answers([tokens for _, tokens, _ in waiting]))
        except ArithmeticError:
            continue
        for (number, tokens, stated), (answer, margin) in zip(waiting, found, strict=True):
            if margin > 0 and answer != stated:
                return f"input {number} {tokens} has an answer of class {answer}, and the certificate says {stated}"
        wanted = network.to.fixed(least) + 1
        waiting = [each for each, (_, margin) in zip(waiting, found, strict=True) if margin <= wanted]
        if not waiting:
            return None
    return f"the margin of input {waiting[0][0]} {waiting[0][1]} is not shown to be {least} or more"


def tallies(certificate: dict[str, Any]) -> dict[str, dict[str, int]]:
    """How many answers are proved, undecided, right and wrong, and the same in both networks or different."""
    lists = {name: network["answers"] for name, network in certificate["networks"].items()}
    counts = {name: {"proved": len(x) - x.count(None), "undecided": x.count(None)} for name, x in lists.items()}
    compared = {("inner network", "same", "different"): list(lists.values())} if len(lists) == 2 else {}
    if certificate["task"]["labels"] is not None:
        compared |= {(name, "right", "wrong"): [x, certificate["task"]["labels"]] for name, x in lists.items()}
    for (name, same, different), columns in compared.items():
        pairs = [(a, b) for a, b in zip(*columns, strict=True) if a is not None and b is not None]
        counts[name] |= {same: sum(a == b for a, b in pairs), different: sum(a != b for a, b in pairs)}
    return counts


def _need(holds: bool, reason: str) -> None:
    if not holds:
        raise ValueError(reason)


def check_certificate(path: str | Path, places: dict[str, str], jobs: int = 0) -> dict[str, Any]:
    """Check a certificate, given the file of each network; return it, or raise one of ``FAILURES``."""
    certificate: dict[str, Any] = json.loads(Path(path).read_text())
    task, networks, work = certificate["task"], certificate["networks"], []
    rest = json.dumps({key: value for key, value in certificate.items() if key != "sha256"}, sort_keys=True)
    _need(hashlib.sha256(rest.encode()).hexdigest() == certificate["sha256"], "its content has another digest")
    inputs = task["inputs"] if "inputs" in task else list(map(list, product(*task["positions"])))
    _need(min(task["read_at"], *(min(tokens) for tokens in inputs)) >= 0, "a token or position is below 0")
    _need(set(networks) == set(places), f"it is about the {' and '.join(networks)}, and not the {' and '.join(places)}")
    _need(len(set(map(tuple, inputs))) == len(inputs) > 0, "an input occurs twice, or there is none")
    for name, stated in networks.items():
        (_, manifest, hashes), answers = read_file(places[name]), stated["answers"]
        _need(hashes == {key: stated[key] for key in hashes}, f"it is about another {name}, which has other hashes")
        _need(not (manifest.get("recipe") or {}).get("frozen_pattern"), f"the {name} has a fixed attention pattern")
        kinds = {manifest["config"]["norm"], manifest["config"]["attention"]}
        _need(kinds <= KNOWN, f"the {name} has an architecture that is not known here")
        _need(len(answers) == len(inputs), f"it has {len(answers)} answers of the {name} for {len(inputs)} inputs")
        undecided = [number for number, answer in enumerate(answers) if answer is None]
        _need(stated["undecided"] == undecided and stated["least_margin"] > 0, "its undecided inputs are others")
        left = [(n, tokens, a) for n, (tokens, a) in enumerate(zip(inputs, answers, strict=True)) if a is not None]
        blocks = (left[at : at + BLOCK] for at in range(0, len(left), BLOCK))
        work += [(places[name], json.dumps(task), block, stated["least_margin"]) for block in blocks]
    _need(tallies(certificate) == certificate["counts"], "its counts do not follow from its answers and labels")
    with ProcessPoolExecutor(jobs := min(jobs or os.cpu_count() or 1, len(work)), get_context("spawn")) as pool:
        for reason in pool.map(failure, work) if jobs > 1 else map(failure, work):
            _need(reason is None, str(reason))
    return certificate


def main() -> None:
    """Check the certificate that the command line names, with the files of its networks."""
    try:
        certificate, *places = sys.argv[1:]
        counts = check_certificate(certificate, dict(zip(("network", "inner network"), places, strict=False)))["counts"]
        sys.stdout.write("".join(f"holds: {name}, {numbers}\n" for name, numbers in counts.items()))
    except FAILURES as reason:
        sys.exit(f"refused: {reason}")


if __name__ == "__main__":
    main()
