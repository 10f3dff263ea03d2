"""Check a certificate: prove again, in another way, which answers a network gives in real arithmetic.

    python certificate_checker.py cert.json network.safetensors [--inner inner.safetensors] [--jobs 2]

This file stands alone: it needs Python and python-flint, and nothing else of this package. The prover encloses every
number in a ball of its own and takes tables. Here each number is an integer in units of 2^-F, with one bound on the
error for each row of numbers. Sums and products of integers are exact, and a bound grows by what each step can do to it
(Lipschitz constants, and sums of absolute weights). Only exp, erf and tanh of single numbers are taken from Arb.
"""

import argparse
import hashlib
import json
import os
import struct
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from itertools import product
from math import isqrt, prod
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from flint import arb, ctx, fmpz, fmpz_mat

BITS = (48, 96, 192, 384)  # fractional bits; the next number is tried for inputs that are not proved with this one
BLOCK = 256  # inputs that are computed together
FORMS = {"F64": ("d", 8), "F32": ("f", 4), "F16": ("e", 2), "BF16": ("", 2)}
Rows = tuple[list[Any], list[Any]]  # rows of integers, and the bound on the error of each row


class Refused(Exception):
    """The certificate does not hold, with the reason."""


class TooLoose(Exception):
    """More fractional bits are needed."""


def read_file(path: str | Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """The tensors of a network file as (shape, flat numbers), its manifest, and the hashes of file and weights."""
    content = Path(path).read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    manifest = json.loads(header.pop("__metadata__")["scrubjay"])
    tensors, digest = {}, hashlib.sha256()
    for name in sorted(header):
        entry = header[name]
        first, last = entry["data_offsets"]
        raw, (form, size) = content[end + first : end + last], FORMS[entry["dtype"]]
        digest.update(f"{name} {entry['dtype']} {entry['shape']}\n".encode() + raw)
        if entry["dtype"] == "BF16":  # the upper half of a float32
            raw, form, size = b"".join(b"\0\0" + raw[at : at + 2] for at in range(0, len(raw), 2)), "f", 4
        tensors[name] = (entry["shape"], struct.unpack(f"<{len(raw) // size}{form}", raw))
    return tensors, manifest, {"file": hashlib.sha256(content).hexdigest(), "weights": digest.hexdigest()}


class Arithmetic:
    """Integers in units of 2^-F."""

    def __init__(self, bits: int) -> None:
        self.bits, self.one = bits, fmpz(1) << bits
        ctx.prec = bits + 40
        self.exp = lru_cache(1 << 18)(lambda x: self.of_ball((arb(x) / arb(self.one)).exp()))

    def fixed(self, number: float) -> tuple[Any, int]:
        """The nearest integer, and whether it is only near (1) or exact (0)."""
        top, bottom = number.as_integer_ratio()
        whole, rest = divmod((top << self.bits) + bottom // 2, bottom)
        return fmpz(whole), int(rest != bottom // 2)

    def of_ball(self, ball: Any) -> Any:
        """An integer within two units of everything in a ball."""
        if not (ball.is_finite() and ball.rad() * arb(self.one) < arb(1)):
            raise TooLoose
        mantissa, exponent = ball.mid().man_exp()
        shift = int(exponent) + self.bits
        return mantissa << shift if shift >= 0 else mantissa >> -shift

    def activation(self, name: str) -> Any:
        """A function of integers, within two units of the true one, whose slope is at most 6/5."""
        zero, scale = fmpz(0), arb(self.one)
        if name == "relu":
            return lambda x: x if x > zero else zero
        half, root, third = arb(1) / 2, arb(2).sqrt(), arb(44715) / 1000000
        curve = {
            "gelu": lambda x: x * half * (1 + (x / root).erf()),
            "gelu_new": lambda x: x * half * (1 + ((2 / arb.pi()).sqrt() * (x + third * x * x * x)).tanh()),
            "silu": lambda x: x / (1 + (-x).exp()),
        }[name]
        return lambda x: self.of_ball(curve(arb(x) / scale))


class Map:
    """A linear map x W + b: weights [k][j] as integers, each within ``off`` units, and a bias."""

    def __init__(self, to: Arithmetic, weights: Sequence[Sequence[float]], bias: Sequence[float] | None) -> None:
        self.to, self.width = to, len(weights[0])
        pairs = [[to.fixed(value) for value in row] for row in weights]
        self.off = max((near for row in pairs for _, near in row), default=0)
        self.matrix = fmpz_mat(len(pairs), self.width, [value for row in pairs for value, _ in row])
        self.gain = max(sum(abs(row[j][0]) + self.off for row in pairs) for j in range(self.width))
        self.bias = [to.fixed(value)[0] << to.bits for value in bias] if bias is not None else [fmpz(0)] * self.width

    def __call__(self, x: Rows) -> Rows:
        bits, width = self.to.bits, self.width
        flat = (fmpz_mat(len(x[0]), len(x[0][0]), [v for row in x[0] for v in row]) * self.matrix).entries()
        rows = [
            [(v + b) >> bits for v, b in zip(flat[at : at + width], self.bias, strict=True)]
            for at in range(0, len(flat), width)
        ]
        sizes = [sum(map(abs, row)) * self.off for row in x[0]] if self.off else [0] * len(rows)
        return rows, [((e * self.gain + s) >> bits) + 4 for e, s in zip(x[1], sizes, strict=True)]


def added(x: Rows, y: Rows) -> Rows:
    """The sum of two lists of rows."""
    rows = [[a + b for a, b in zip(v, w, strict=True)] for v, w in zip(x[0], y[0], strict=True)]
    return rows, [a + b for a, b in zip(x[1], y[1], strict=True)]


class Network:
    """A network in integers."""

    def __init__(self, path: str | Path, bits: int, task: dict[str, Any]) -> None:
        self.tensors, manifest, self.hashes = read_file(path)
        config = self.config = manifest["config"]
        self.to, self.task = Arithmetic(bits), task
        self.frozen = (manifest.get("recipe") or {}).get("frozen_pattern")
        self.heads, self.d_head, self.read_at = config["n_heads"], config["d_head"], task["read_at"]
        self.root = isqrt(self.d_head << 2 * bits)
        self.coeff, self.causal = self.to.fixed(config["attn_coeff"]), config["attention"] == "causal"
        top, bottom = float(config["eps"]).as_integer_ratio()
        self.eps = (top << 2 * bits) // bottom
        self.act = self.to.activation(config["act_fn"])
        self.layers = [
            self._layer("" if config["n_layers"] == 1 else f"blocks.{n}.") for n in range(config["n_layers"])
        ]
        self.unembed = Map(self.to, self._rows("W_U"), self._flat("b_U"))
        embed, places = self._rows("W_E"), self._rows("W_pos") if "W_pos" in self.tensors else None
        allowed = task["positions"] if "positions" in task else map(set, zip(*task["inputs"], strict=True))
        keys = [(at, token) for at, tokens in enumerate(allowed) for token in tokens]
        x = [[self.to.fixed(v)[0] for v in embed[token]] for _, token in keys], [1] * len(keys)
        if places is not None:
            x = added(x, ([[self.to.fixed(v)[0] for v in places[at]] for at, _ in keys], [1] * len(keys)))
        self.first = dict(zip(keys, self.nodes(self.layers[0], x), strict=True))

    def _flat(self, name: str) -> Any:
        return self.tensors[name][1] if name in self.tensors else None

    def _rows(self, name: str) -> list[Any]:
        """A weight as a matrix; the heads of W_Q, W_K and W_V [h d e] lie side by side, those of W_O one below the
        other."""
        shape, flat = self.tensors[name]
        if len(shape) == 3 and not name.endswith("W_O"):
            h, d, e = shape
            return [[flat[(n * d + i) * e + j] for n in range(h) for j in range(e)] for i in range(d)]
        return [flat[at : at + shape[-1]] for at in range(0, len(flat), shape[-1])]

    def _layer(self, prefix: str) -> dict[str, Any]:
        names = "QKVO" if self.config["d_mlp"] == 0 else (*"QKVO", "in", "out")
        layer = {name: Map(self.to, self._rows(f"{prefix}W_{name}"), self._flat(f"{prefix}b_{name}")) for name in names}
        if "in" not in layer and not self.config["attn_only"]:  # an MLP of no neurons adds its bias
            pairs = zip(layer["O"].bias, self._flat(f"{prefix}b_out"), strict=True)
            layer["O"].bias = [b + (self.to.fixed(v)[0] << self.to.bits) for b, v in pairs]
        return layer | {"prefix": prefix}

    def normed(self, x: Rows, name: str) -> Rows:
        """LayerNorm or RMSNorm with the weights of that name."""
        kind, (rows, errors) = self.config["norm"], x
        if kind == "none":
            return x
        bits, done, bounds = self.to.bits, [], []
        weight = [self.to.fixed(v)[0] for v in self._flat(f"{name}_w")]
        bias = [self.to.fixed(v)[0] for v in self._flat(f"{name}_b") or [0.0] * len(weight)]
        most = max(map(abs, weight)) + 1
        for row, e in zip(rows, errors, strict=True):
            width = len(row)
            mean = sum(row) // width if kind == "LN" else 0
            y, e = [v - mean for v in row], 2 * e + 1
            sigma = fmpz(isqrt(int(sum(v * v for v in y) // width + self.eps)))
            low = sigma - (e + 4)  # a root mean square is no further off than the largest error of a number
            if low <= 0:
                raise TooLoose
            ratios = [(v << bits) // sigma for v in y]
            size = max(map(abs, ratios)) + 1
            off = ((e << bits) + size * (e + 4)) // low + 3
            done.append([(r * w >> bits) + b for r, w, b in zip(ratios, weight, bias, strict=True)])
            bounds.append((off * most + size >> bits) + 4)
        return done, bounds

    def nodes(self, layer: dict[str, Any], x: Rows) -> list[tuple[Any, ...]]:
        """For each row its stream, query, key and value with their errors, and the sizes that bounds need."""
        normed = self.normed(x, layer["prefix"] + "ln1")
        q, k, v = (layer[name](normed) for name in "QKV")
        e = self.d_head

        def size(row: list[Any]) -> Any:
            return max(sum(map(abs, row[at : at + e])) for at in range(0, len(row), e))

        made = zip(*x, *q, *k, *v, strict=True)
        return [(*each, size(each[2]), size(each[4]), max(map(abs, each[6]))) for each in made]

    def attend(self, nodes: list[tuple[Any, ...]], at: int) -> tuple[list[Any], Any]:
        """What the heads, side by side, move to one position of an input."""
        one, e, seen = self.to.one, self.d_head, nodes[: at + 1] if self.causal else nodes
        q, eq, lq = nodes[at][2], nodes[at][3], nodes[at][8]
        count, vmax, ev = len(seen), max(n[10] for n in seen), max(n[7] for n in seen)
        moved: list[Any] = []
        spread = 0
        for head in range(self.heads):
            here = slice(head * e, head * e + e)
            if self.frozen is not None:
                weights = [self.to.fixed(p)[0] for p in self.frozen[head]]
            else:
                mine = q[here]
                scores = [sum(a * b for a, b in zip(mine, n[4][here], strict=True)) // self.root for n in seen]
                top = max(scores)
                spread = max([spread, *((eq * n[9] + n[5] * lq + e * eq * n[5] + abs(s)) // self.root + 3
                                        for n, s in zip(seen, scores, strict=True))])  # fmt: skip
                weights = [self.to.exp(s - top) for s in scores]
            total = sum(weights)
            if 2 * total < one:
                raise TooLoose
            columns = zip(*(n[6][here] for n in seen), strict=True)
            moved += [sum(w * v for w, v in zip(weights, column, strict=True)) // total for column in columns]
        if 2 * spread > one:
            raise TooLoose
        error = (vmax * (4 * spread + 8 * count) >> self.to.bits) + ev + 2
        c, near = self.coeff
        if c != one:
            sums = [sum(column) for column in zip(*(n[6] for n in seen), strict=True)]
            moved = [c * z + (one - c) * s >> self.to.bits for z, s in zip(moved, sums, strict=True)]
            error = c * error + abs(one - c) * count * ev + near * (count + 1) * (vmax + ev + error)
            error = (error >> self.to.bits) + 3
        return moved, error

    def logits(self, inputs: Sequence[Sequence[int]]) -> Rows:
        """The logits of some inputs at the position that is read."""
        lines = [[self.first[key] for key in enumerate(tokens)] for tokens in inputs]
        for number, layer in enumerate(self.layers):
            is_last = number == len(self.layers) - 1
            length = len(inputs[0])
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
        others = sorted(set(range(self.unembed.width)) - {token for group in classes for token in group})
        if rule == "argmax" and others:
            groups[-1] = others
        for row, error in zip(*self.logits(inputs), strict=True):
            if rule == "sign":
                value = row[classes[1][0]]
                yield int(value > 0), abs(value) - error
            else:
                best = sorted(((max(row[t] for t in group), number) for number, group in groups.items()), reverse=True)
                yield best[0][1], best[0][0] - best[1][0] - 2 * error


_LOADED: dict[Any, Network] = {}


def proved(work: tuple[str, str, list[tuple[int, list[int], int]], float]) -> str | None:
    """Prove the answers (number, tokens, class) of some inputs; why it fails, or None."""
    path, task, waiting, least = work
    for bits in BITS:
        key = path, bits
        if key not in _LOADED:
            _LOADED[key] = Network(path, bits, json.loads(task))
        network, left = _LOADED[key], []
        ctx.prec = bits + 40
        wanted = network.to.fixed(least)[0] + 1
        try:
            found = list(network.answers([tokens for _, tokens, _ in waiting]))
        except TooLoose:
            continue
        for each, (answer, margin) in zip(waiting, found, strict=True):
            if margin > 0 and answer != each[2]:
                return f"input {each[0]} {each[1]}: its answer is class {answer}, and the certificate says {each[2]}"
            if margin < wanted:
                left.append(each)
        waiting = left
        if not waiting:
            return None
    return f"input {waiting[0][0]} {waiting[0][1]}: its margin is not shown to be at least {least}"


def inputs_of(task: dict[str, Any]) -> Iterator[list[int]]:
    """The tokens of each input: the list that the certificate holds, or all combinations, the last position fastest."""
    yield from task["inputs"] if "inputs" in task else map(list, product(*task["positions"]))


def digest_of(certificate: dict[str, Any]) -> str:
    """The SHA-256 digest of everything in a certificate but the digest itself."""
    rest = {key: value for key, value in certificate.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def counted(certificate: dict[str, Any]) -> dict[str, dict[str, int]]:
    """How many answers are proved, undecided, right and wrong, and the same in both networks or different."""
    labels, counts, lists = certificate["task"]["labels"], {}, []
    for name, network in certificate["networks"].items():
        answers = network["answers"]
        lists.append(answers)
        counts[name] = {"proved": sum(a is not None for a in answers), "undecided": answers.count(None)}
        if labels is not None:
            pairs = [(a, b) for a, b in zip(answers, labels, strict=True) if a is not None and b >= 0]
            counts[name] |= {"right": sum(a == b for a, b in pairs), "wrong": sum(a != b for a, b in pairs)}
    if len(lists) == 2:
        pairs = [(a, b) for a, b in zip(*lists, strict=True) if a is not None and b is not None]
        counts["both"] = {"same": sum(a == b for a, b in pairs), "different": sum(a != b for a, b in pairs)}
    return counts


def sentences(certificate: dict[str, Any]) -> list[str]:
    """What a certificate proves, in words."""
    task, counts = certificate["task"], counted(certificate)
    size = sum(1 for _ in inputs_of(task))
    rule = {"argmax": "the class of the token with the largest of all logits", "sign": "whether one logit is positive",
            "groups": "the class of the token with the largest logit among the classes"}[task["answer"]]  # fmt: skip
    told = [f"Domain: {size:,} inputs of {task['name']}, read at position {task['read_at']}; the answer is {rule}."]
    for name, network in certificate["networks"].items():
        here = counts[name]
        told.append(f"In real arithmetic the {name} (weights {network['weights_sha256'][:16]}) gives the listed answer on "
                    f"{here['proved']:,} of {size:,} inputs, by a margin of {network['least_margin']:.6g} or more; "
                    f"{here['undecided']:,} are undecided.")  # fmt: skip
        if "right" in here:
            told.append(f"The {name} is right on at least {here['right']:,} and wrong on at least {here['wrong']:,} of "
                        f"{size:,} inputs, by the labels in the certificate.")  # fmt: skip
    if "both" in counts:
        told.append(f"Both networks give the same answer on at least {counts['both']['same']:,} of {size:,} inputs, and "
                    f"different answers on at least {counts['both']['different']:,}.")  # fmt: skip
    return told


def check_certificate(
    path: str | Path, network: str | Path, inner: str | Path | None = None, jobs: int = 0
) -> list[str]:
    """Check a certificate and return what it proves, in sentences; ``Refused`` says why it does not hold."""
    try:
        certificate = json.loads(Path(path).read_text())
        _check(certificate, {"network": str(network)} | ({} if inner is None else {"inner network": str(inner)}), jobs)
        return sentences(certificate)
    except (OSError, ValueError, KeyError, TypeError, IndexError, struct.error, AttributeError) as error:
        raise Refused(f"it cannot be read or is incomplete: {type(error).__name__} {error}") from error


def _check(certificate: dict[str, Any], places: dict[str, str], jobs: int) -> None:
    def need(holds: bool, reason: str) -> None:
        if not holds:
            raise Refused(reason)

    task, networks = certificate["task"], certificate["networks"]
    need(digest_of(certificate) == certificate["sha256"], "its content does not have the digest that it states")
    need(set(networks) == set(places), f"it is about {' and '.join(networks)}, and was given {' and '.join(places)}")
    inputs = list(inputs_of(task))
    need(len(set(map(tuple, inputs))) == len(inputs) > 0, "an input occurs twice, or there is none")
    work = []
    for name, stated in networks.items():
        _, manifest, hashes = read_file(places[name])
        for what in ("file", "weights"):
            need(hashes[what] == stated[f"{what}_sha256"], f"it is about another {name}: the {what} has another hash")
        frozen = (manifest.get("recipe") or {}).get("frozen_pattern")
        need(not frozen or len(inputs[0]) == manifest["config"]["n_ctx"] == task["read_at"] + 1, "a frozen pattern")
        answers = stated["answers"]
        need(len(answers) == len(inputs), f"it has {len(answers)} answers of the {name} for {len(inputs)} inputs")
        need(stated["undecided"] == [n for n, a in enumerate(answers) if a is None], "its undecided inputs are wrong")
        need(stated["least_margin"] > 0, "its least margin is not positive")
        left = [(n, tokens, a) for n, (tokens, a) in enumerate(zip(inputs, answers, strict=True)) if a is not None]
        work += [(places[name], json.dumps(task), left[at : at + BLOCK], stated["least_margin"])
                 for at in range(0, len(left), BLOCK)]  # fmt: skip
    need(counted(certificate) == certificate["counts"], "its counts do not follow from its answers and labels")
    jobs = min(jobs or os.cpu_count() or 1, len(work))
    if jobs <= 1:
        found = map(proved, work)
    else:
        pool = ProcessPoolExecutor(jobs, get_context("spawn"))
        found = pool.map(proved, work)
    for reason in found:
        need(reason is None, str(reason))


def main() -> None:
    """Check the certificate that the command line names."""
    parser = argparse.ArgumentParser(description="Check a certificate of a network's answers.")
    for word, about in (("certificate", "the certificate"), ("network", "the network file")):
        parser.add_argument(word, help=about)
    parser.add_argument("--inner", help="the file of the inner network, if the certificate is about one")
    parser.add_argument("--jobs", type=int, default=0, help="processes; by default as many as there are cores")
    given = parser.parse_args()
    try:
        print("\n".join(["Holds.", *check_certificate(given.certificate, given.network, given.inner, given.jobs)]))
    except Refused as reason:
        sys.exit(f"refused: {reason}")


if __name__ == "__main__":
    main()
