"""A condensed network as a Python file that needs nothing but Python: tables, and a function of a few lines."""

from collections.abc import Iterable, Sequence
from functools import partial
from math import floor, log10
from string import ascii_lowercase
from typing import Any

import torch
from jaxtyping import Float64
from torch import Tensor

from scrubjay.core.errors import BadInput
from scrubjay.evidence.inner.inner_network import InnerNetwork
from scrubjay.nets.recording import record

_FEWEST_DIGITS = 4
"""The fewest significant digits of the largest number of each kind; there are more if an answer would change."""
_MOST_DIGITS = 17
"""As many significant digits as a float64 has."""
_FILE = '''"""The network inside {name}, on {task}.

It gives {agreement:.2%} of the answers of that network, and has {heads}, {neurons} and {numbers:,} numbers.
"""

from math import exp

# For each token, and for each head: its score, then the values that the head moves from it to the stream. Scores and
# values are relative to those of the last token, which are 0.
TOKENS = {tokens}

# For each position before the last, and for each head: what the position adds to score and values.
POSITIONS = {positions}

# For each head: what one unit of each value adds to the stream; the last row is for each unit of attention to the
# tokens before the last.
WRITES = {writes}

# The stream before the heads add to it.
START = {start}

{neuron_comment}
NEURONS = {planes}

{linear_comment}
LINEAR = {linear}


def answer({arguments}):
    """Return the answer to these tokens followed by the token {last}: {answer}."""
    stream = START
    for head, writes in enumerate(WRITES):
        rows = [
            [x + y for x, y in zip(TOKENS[token][head], shifts[head])]
            for token, shifts in zip({given}, POSITIONS)
        ]
        pattern = softmax([score for score, *_ in rows] + [0])
        moved = [dot(pattern, value) for value in zip(*rows)][1:] + [1 - pattern[-1]]
        stream = [x + dot(moved, column) for x, column in zip(stream, zip(*writes))]
{readout}

def dot(u, v):
    return sum(x * y for x, y in zip(u, v))


def softmax(scores):
    exps = [exp(score - max(scores)) for score in scores]
    return [each / sum(exps) for each in exps]


if __name__ == "__main__":
    import sys

    print(answer(*map(int, sys.argv[1:])))
'''
"""The Python file."""
_MARGIN = """\
    margin = dot(LINEAR, [*stream, 1])
    for sign, plane in NEURONS:
        margin += sign * max(0, dot(plane, [*stream, 1]))
    return int(margin > 0)
"""
"""The end of the function for a class margin."""
_LOGITS = """\
    logits = [dot(row, [*stream, 1]) for row in LINEAR]
    for outputs, plane in NEURONS:
        neuron = max(0, dot(plane, [*stream, 1]))
        logits = [logit + output * neuron for logit, output in zip(logits, outputs)]
    return logits.index(max(logits))
"""
"""The end of the function for all logits."""
_MARGIN_COMMENTS = {
    "neuron_comment": "# For each neuron: whether it adds to the margin (1) or subtracts from it (-1), then its "
    "weights and its bias.",
    "linear_comment": "# The direct path from the stream to the margin: its weights and a constant.",
}
"""What stands above the tables for a class margin."""
_LOGITS_COMMENTS = {
    "neuron_comment": "# For each neuron: what it adds to the logit of each token, then its weights and its bias.",
    "linear_comment": "# The direct path from the stream to the logit of each token: its weights and a constant.",
}
"""What stands above the tables for all logits."""


def python_function(inner: InnerNetwork, name: str) -> str:
    """Write the inner network as a Python file, whose function ``answer`` gives its answers.

    The file imports nothing but the standard library. The function takes the tokens before the last position, and so
    does the file if it is run as a command.

    Args:
        inner: the inner network.
        name: the name of the network that it was found in.

    Raises:
        BadInput: the answer is not the largest logit at the last position, several tokens may stand there, or
            attention is not a softmax.
    """
    parts, task = inner.parts, inner.task
    coeff = inner.network.config.attn_coeff
    if task.domain.read_at != task.domain.n_ctx - 1 or coeff != 1 or task.answer != "argmax":
        raise BadInput(
            "the inner network is written in Python only where the answer is the largest of all logits at the last "
            f"position and attention is a softmax; here the answer is {task.answer} at position {task.domain.read_at} "
            f"of {task.domain.n_ctx}, and the softmax has the share {coeff:g}"
        )
    weights = _with_few_digits(inner)
    r, count = parts.dimensions, task.domain.n_ctx - 1
    heads, channel = [], r + 2
    for rank in parts.ranks:
        heads.append(slice(channel, channel + rank + 1))
        channel += rank + 1
    tokens = task.domain.early_tokens
    names = ", ".join(ascii_lowercase[:count]) if count <= len(ascii_lowercase) else "*tokens"
    planes = torch.cat([weights["W_in"][:r], weights["b_in"][None]]).T.tolist()
    is_margin = parts.layer.outputs.shape[1] == 1
    if is_margin:
        (zero,), (first,) = task.classes
        linear = (weights["W_U"][:r, first] - weights["W_U"][:r, zero]).tolist() + weights["b_out"][-1:].tolist()
        outputs = [int(sign) for sign in weights["W_out"][:, -1].tolist()]
    else:
        linear = torch.cat([weights["W_U"][:r], weights["W_U"][-1:]]).T.tolist()
        outputs = weights["W_U"][-1 - parts.hinges : -1].tolist()
    (last,) = task.domain.positions[-1]
    return _FILE.format(
        name=_in_a_docstring(name),
        task=_in_a_docstring(task.name),
        agreement=inner.agreement,
        heads=_counted(len(heads), "head"),
        neurons=_counted(parts.hinges, "neuron"),
        numbers=parts.numbers,
        tokens=_by_token({token: [weights["W_E"][token, head].tolist() for head in heads] for token in tokens}),
        positions=_listed([[weights["W_pos"][at, head].tolist() for head in heads] for at in range(count)]),
        writes=_listed([weights["W_O"][at, : rank + 1, :r].tolist() for at, rank in enumerate(parts.ranks)]),
        start=_literal(weights["W_pos"][-1, :r].tolist()),
        planes=_listed(list(zip(outputs, planes, strict=True))),
        linear=_literal(linear) if is_margin else _listed(linear),
        arguments=names,
        last=last,
        answer="the class 0 or 1" if is_margin else "a token",
        given="tokens" if names == "*tokens" else f"({names}{',' * (count == 1)})",
        readout=_MARGIN if is_margin else _LOGITS,
        **(_MARGIN_COMMENTS if is_margin else _LOGITS_COMMENTS),
    )


def _with_few_digits(inner: InnerNetwork) -> dict[str, Tensor]:
    """The weights with as few digits as keep every answer."""
    wanted = record(inner.network, inner.task).answers
    for digits in range(_FEWEST_DIGITS, _MOST_DIGITS):
        shortened = inner.changed(partial(_shortened, digits=digits))
        if torch.equal(record(shortened, inner.task).answers, wanted):
            return shortened.weights
    return inner.network.weights


def _shortened(values: Float64[Tensor, "..."], digits: int) -> Float64[Tensor, "..."]:
    """The numbers with as many decimals as the largest one needs for a number of significant digits."""
    if not bool(values.any()):
        return values
    decimals = digits - 1 - floor(log10(float(values.abs().max())))
    rounded = [round(value, decimals) for value in values.flatten().tolist()]
    return torch.tensor(rounded, dtype=values.dtype).reshape(values.shape)


def _listed(rows: Sequence[Any]) -> str:
    """A list with a line for each of its rows."""
    return "[" + _lines(map(_literal, rows)) + "]"


def _by_token(table: dict[int, list[list[float]]]) -> str:
    """A dictionary with a line for each token, whose numbers are aligned."""
    heads = [_columns_aligned(list(rows)) for rows in zip(*table.values(), strict=True)]
    width = max(map(len, map(str, table)))
    rows = zip(*heads, strict=True) if heads else [()] * len(table)
    return "{" + _lines(f"{token:{width}}: [{', '.join(row)}]" for token, row in zip(table, rows, strict=True)) + "}"


def _columns_aligned(rows: list[list[float]]) -> list[str]:
    columns = [_aligned_numbers(column) for column in zip(*rows, strict=True)]
    return [f"[{', '.join(row)}]" for row in zip(*columns, strict=True)]


def _aligned_numbers(column: Sequence[float]) -> list[str]:
    texts = list(map(_literal, column))
    if not any("e" in text for text in texts):
        decimals = max(len(text.partition(".")[2]) for text in texts)
        texts = [f"{value:.{decimals}f}" for value in column]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts]


def _lines(rows: Iterable[str]) -> str:
    lines = "".join(f"    {row},\n" for row in rows)
    return "\n" + lines if lines else ""


def _literal(values: Any) -> str:
    if isinstance(values, list | tuple):
        return "[" + ", ".join(map(_literal, values)) + "]"
    return repr(values) if values else "0"


def _in_a_docstring(text: str) -> str:
    return ascii(text)[1:-1].replace('"', '\\"')


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"
