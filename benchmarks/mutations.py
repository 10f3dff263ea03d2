"""The random changes that ``fuzz.py`` makes to files, and the random objects that it gives as labels."""

import io
import random
import warnings
import zipfile

import numpy as np
import torch

WORDS = [
    *(b"F32", b"F64", b"I64", b"BF16", b"NaN", b"-1", b"99999999999", b"null", b'"', b"[", b"}", b"0"),
    *(b"\\u0000", b"<i8", b"\xc2\xb2", b"\xd9\xa3", b"9" * 5000),
]
"""Pieces of headers and tables, among them characters that look like digits but are none."""
PICKLED = [
    *(b"(", b".", b"R", b"c", b"b", b"0", b"q\x00", b"h\x00", b"\x8a\xff", b"N", b"}", b"t", b"\x85", b"Q"),
    b"cos\nsystem\n",
]
"""Opcodes of pickles."""


def mutated(content: bytes, draw: random.Random, words: list[bytes]) -> bytes:
    """Return the content after one to three random changes of its bytes; ``words`` are pieces to put in."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        at, to = draw.randrange(len(content) + 1), draw.randrange(len(content) + 1)
        piece = content[min(at, to) : min(at, to) + draw.randrange(1, 64)]
        match draw.randrange(10):
            case 0:
                content = content[:at]
            case 1:
                content = content[:at] + bytes([draw.randrange(256)]) + content[at + 1 :]
            case 2 if at < len(content):
                content = content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]
            case 3:
                content = content[:at] + piece + content[at:]
            case 4:
                content = content[:at] + piece + content[at + len(piece) :]
            case 5:
                content = content[: min(at, to)] + content[max(at, to) :]
            case 6:
                content = content[:at] + draw.choice(words) + content[at + draw.randrange(4) :]
            case 7:
                content = content[:at] + bytes(len(piece)) + content[at + len(piece) :]
            case 8:
                content = draw.randrange(2 ** draw.choice((4, 12, 31, 64))).to_bytes(8, "little") + content[8:]
            case _:
                content = content + content[:at]
        if not content:
            break
    return content


def rezipped(content: bytes, draw: random.Random, words: list[bytes]) -> bytes:
    """Return a ZIP archive with one member renamed, dropped, doubled, exchanged, moved, emptied or mutated.

    All checksums of the returned archive are right.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at, other = draw.randrange(len(members)), draw.randrange(len(members))
    name, data = members[at]
    what = draw.choice(("rename", "drop", "double", "exchange", "mutate", "mutate", "mutate", "move", "empty"))
    if what == "rename":
        members[at] = (name.replace(draw.choice(name), draw.choice(["", "..", "/", "é", "a" * 300]), 1) or "x", data)
    elif what == "drop":
        del members[at]
    elif what == "double":
        members.append((name, members[other][1]))
    elif what == "exchange":
        members[at], members[other] = (name, members[other][1]), (members[other][0], data)
    elif what == "move":
        members.insert(other, members.pop(at))
    else:
        members[at] = (name, mutated(data, draw, words) if what == "mutate" and data else b"")
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of names that occur twice
        with zipfile.ZipFile(made, "w", draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
            for name, data in members:
                archive.writestr(name, data)
    return made.getvalue()


def random_array(draw: random.Random) -> object:
    """Return a random object of any kind that somebody could pass as labels."""
    rng = np.random.default_rng(draw.randrange(2**32))
    shape = tuple(rng.integers(0, 7, size=rng.integers(0, 5)))
    kind = draw.choice(
        [*"?bhilqBHILQefdgFDGSUOmM", "list", "ragged", "text", "structured", "labels", "labels", "tensor"]
    )
    if kind == "list":
        return [[draw.choice([0, 1, 2, 10**30, -1, None, "1", 1.5]) for _ in range(3)] for _ in range(3)]
    if kind == "ragged":
        return [[0, 1], [1]]
    if kind == "text":
        return draw.choice(["labels", b"labels", None, {}, {1: 2}, iter([1]), object(), float("nan"), 10**400])
    if kind == "structured":
        return np.zeros(shape, dtype=[("a", "i4"), ("b", "f8")])
    if kind == "tensor":
        return torch.randint(0, 2, shape)
    if kind == "labels":
        return rng.integers(0, draw.choice((2, 2, 3, 5)), size=shape or (3, 3)).astype(draw.choice("bihlBIfdO"))
    with np.errstate(all="ignore"):
        values = rng.integers(-3, 4, size=shape) * draw.choice((1, 1, 10**6, 2**62))
        array = np.array(values, dtype=kind if kind not in "mM" else f"{kind}8[s]")
        if kind in "efdgFDG" and array.size and draw.random() < 0.5:
            array.flat[0] = draw.choice((np.nan, np.inf, -np.inf, 0.5))
    return array[..., ::-1] if array.ndim and draw.random() < 0.2 else array


def random_further(draw: random.Random) -> object:
    """Return a random object that somebody could pass as a last token, as classes or as a split."""
    return draw.choice(
        (None, 0, -1, 2**70, 1.5, "x", [], [[]], [[0], [1]], [[0], [0]], [[0, 1], [2]], [[-1], [1]], [["a"], [1]],
         [[2**70], [1]], [range(6)], [range(6), range(7)], [[0.5], [1]], np.ones((3, 3), dtype=bool), np.ones((3, 3)),
         [None], [[None]])
    )  # fmt: skip


HOSTILE_TEXTS = (
    *(
        "",
        " ",
        "x" * 5000,
        "../../x",
        "/",
        "\x00",
        "\x7f",
        "é",
        "²",
        "<script>",
        "{l}",
        "{h}",
        "%s",
        "\u2028",
        "*",
        "[",
        "a\nb",
    ),
    *(
        "__class__",
        "9" * 30,
        "-1",
        "None",
        "nan",
        "relu",
        "x.toml",
        "a" * 300 + ".toml",
        "a" * 300,
        ".",
        "~",
        "\\",
        "🐦",
    ),
)
"""Texts that a reader could stumble over."""


def hostile_value(draw: random.Random) -> object:
    """Return a random value that JSON and TOML can hold."""
    nested: object = draw.choice((1, "x"))
    for _ in range(draw.choice((2, 40, 150))):
        nested = [nested] if draw.random() < 0.5 else {"a": nested}
    return draw.choice(
        (0, -1, 1, 2, 3, 10**9, 2**31, 2**62, 2**63, 2**64, 10**30, 10**5000, -(10**30), 0.0, 0.5, -0.5, 1e30, 1e308,
         float("nan"), float("inf"), True, False, *HOSTILE_TEXTS, [], [[]], [1, 2], ["a", "b"], [1, "a", None], {},
         {"a": 1}, nested, ["x"] * 1000, [[0] * 50] * 50)
    )  # fmt: skip
