"""Changed layout files, task files, formulas, declarations and tables of answers, for ``fuzz.py``."""

import csv
import datetime
import io
import json
import random
import re
import tomllib
import unicodedata
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.fuzz_checkpoints import Case, bomb, raw_tensors, usable
from benchmarks.mutations import HOSTILE_TEXTS, WORDS, hostile_value, mutated, rezipped
from benchmarks.sound_checkpoints import OWN, disagreement, sound

from scrubjay.functions.table_files import table_from_file
from scrubjay.nets.config import WEIGHT_AXES
from scrubjay.nets.files.checkpoint import import_network
from scrubjay.recovery import FunctionRecovery
from scrubjay.report.function_text import function_json, function_text
from scrubjay.survey.declaration import declaration_file, read_declaration
from scrubjay.survey.examine import opened_with_task
from scrubjay.tasks.formula import FUNCTIONS, Formula
from scrubjay.tasks.named import named_task
from scrubjay.tasks.task import Task

TOML_WORDS = [
    *WORDS,
    *(
        b"[" * 5000,
        b"{a=" * 2000,
        b"a." * 5000,
        b"0x" + b"f" * 5000,
        b"1e999",
        b"nan",
        b"-inf",
        b"1979-05-27",
        b"07:32:00",
    ),
    *(
        b"true",
        b"[[position]]\n",
        b"[position]\n",
        b"[weights]\n",
        b"\xef\xbb\xbf",
        b"\r",
        b"'''",
        b'"""',
        b"#",
        b"=",
        b"\x00",
    ),
]
"""Pieces of TOML."""

TASKS = (
    """name = "largest"
tokens = ["0", "1", "2", "B"]
read_at = "answer"
classes = [["0"], ["1"], ["2"]]
labels = "max(n1, n2) if n1 != n2 else kth(x[1:3], 0)"
[[position]]
tokens = "B"
[[position]]
name = "n1"
tokens = "0-2"
[[position]]
name = "n2"
tokens = ["0", "1-2"]
[[position]]
name = "answer"
tokens = "B"
""",
    """name = "signs"
labels = "sign(sum(x)) + 1"
sample = 20
seed = 3
[values]
"6" = -5
"7" = -4
[[position]]
name = "n"
tokens = "0-10"
repeat = 3
""",
    """sign_of = 3
answer = "sign"
labels = "count(x == sign_of) > 0 and any(x[::-1] > 2) or n2 // 2 ** 2 % 3 == -1"
[[position]]
name = "n1"
tokens = [0, 1, 3]
[[position]]
name = "n2"
tokens = "0-4"
""",
    """inputs = [[0, 1], [1, 2], [2, 2]]
inputs_are_a_sample = true
labels = [0, 1, 1]
read_at = -1
""",
    """inputs = "inputs.csv"
labels = "labels.npz"
classes = [[0], [1, 2]]
""",
)
"""Task files that are read."""

OPTIONS = (
    *(
        "",
        ":read_at=1",
        ":sample=3",
        ":fraction=0.5",
        ":seed=1",
        ":seed=x",
        ":sign_of=1",
        ":read_at=" + "9" * 50,
        ":sample=-1",
    ),
    *(":fraction=nan", ":sha256=0", ":seed=" + "9" * 5000, ":sign_of=²", ":a=1", ":=", ":fraction=0.5,seed=-1"),
    *(":sample=999999999999999999999", ":sample_seed=" + "9" * 20),
)
"""What may follow the name of a task file."""

FORMULAS = (
    *(
        "max(a, b) if a != b else sum(x)",
        "0 <= a < 5",
        "a ** 3 % 7 // 2",
        "median(x[0:3])",
        "kth(sorted(x), 1)",
        "x[a]",
    ),
    *(
        "not (a == b or b > 2)",
        "abs(-a) + len(x) * sign(b - 1)",
        "all(x[::-1] >= 0)",
        "count(x == a)",
        "min(a, b, 3)",
        "x[-1]",
    ),
    *("any(x % 2 == 0)", "sum(x * 2 - a)", "a if b else 1", "sum(x[1:])", "True", "x[1:][0] == x[0]"),
)
PIECES = (
    *(
        "a",
        "b",
        "x",
        "n1",
        "0",
        "1",
        "2",
        "62",
        "63",
        "4611686018427387903",
        "9" * 30,
        "0x" + "f" * 400,
        "True",
        "None",
        "1.5",
    ),
    *(
        " + ",
        " - ",
        " * ",
        " // ",
        " / ",
        " % ",
        " ** ",
        " == ",
        " != ",
        " < ",
        " and ",
        " or ",
        "not ",
        " if ",
        " else ",
    ),
    *(
        "(",
        ")",
        "[",
        "]",
        ":",
        ",",
        "-",
        ".",
        "~",
        "@",
        "lambda: ",
        "*",
        "**",
        "=",
        ":=",
        "#",
        "\n",
        '"x"',
        "f'{a}'",
        "`",
        "é",
    ),
    *(f"{name}(" for name in FUNCTIONS),
    *(
        "().__class__",
        "__import__('os')",
        "eval(",
        "[y for y in x]",
        "await a",
        "x" * 300,
        "((" * 40,
        "-" * 70,
        "not " * 70,
    ),
)
"""Pieces of formulas, among them many that are not allowed."""


def toml_text(table: Mapping[str, Any]) -> bytes:
    return "".join(f"{json.dumps(str(k))} = {_inline(v)}\n" for k, v in table.items()).encode(errors="replace")


def _inline(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return hex(value) if value > 10**30 else str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(k))} = {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, datetime.date):
        return value.isoformat()
    return json.dumps(str(value)).replace("\\ud83d\\udc26", "🐦").replace("\x7f", "\\u007f")


def changed_toml(text: str, draw: random.Random, values: Callable[[random.Random], object]) -> bytes:
    """TOML with a value or key changed, or with changed bytes; keys and values stand on one line after the former."""
    if draw.random() < 0.35:
        return mutated(text.encode(), draw, TOML_WORDS)
    table = tomllib.loads(text)
    if draw.random() < 0.4 and "labels" in table:
        return toml_text({**table, "labels": values(draw)})
    for _ in range(draw.choice((1, 1, 2))):
        inner: Any = table
        while True:
            key = draw.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
            if not isinstance(inner[key], list | dict) or not inner[key] or draw.random() < 0.3:
                break
            inner = inner[key]
        match draw.randrange(6):
            case 0:
                del inner[key]
            case 1 if isinstance(inner, dict):
                inner[draw.choice((*HOSTILE_TEXTS, "key", "axes", "part", "tokens", "W_U", "b_Q", "ln1_b"))] = (
                    inner.pop(key)
                )
            case 1 | 2 if isinstance(inner, list):
                inner.insert(key, inner[key])
            case 2:
                inner[draw.choice(HOSTILE_TEXTS)] = hostile_value(draw)
            case 3:
                inner[key] = hostile_value(draw)
            case _:
                inner[key] = values(draw)
    made = toml_text(table)
    if draw.random() < 0.05:  # a key that occurs twice
        made += made.split(b"\n")[0] + b"\n"
    if draw.random() < 0.03:
        made = (
            draw.choice(
                (b"a." * 5000 + b"a = 1\n", b"files." + b"a." * 3000 + b"a = 1\n", b"config." * 2000 + b"x = 1\n")
            )
            + made
        )
    return made


def layout_cases(folder: Path) -> Callable[[random.Random], Case]:
    """What makes a changed layout file and gives its check: that the weights lie where the file says."""
    original = sound("own.toml")
    further = {"part.0.mask": torch.ones(3), "part.0.bias": torch.ones(6), "part.1.bias": torch.ones(6)}
    torch.save({**original.state, **further}, folder / "net.pth")
    content = (folder / "net.pth").read_bytes()

    def values(draw: random.Random) -> object:
        axes = ("v d", "d v", "s d", "d", "m d", "d m", "e d", "d e", "h e d", "3(he) d", "(he) d", "d (eh)", "(3he) d",
                "(h3e) d", "3 h e", "d d", "q", "d 3", "", "d  v", "(he)", "h", "o")  # fmt: skip
        keys = (
            *original.state,
            "part.{l}.n1",
            "part.{l}.head{h}.out",
            "part.{l}.head0.out",
            "{l}{l}",
            "part.{x}",
            "{l",
            "part.{h}.n1",
        )
        other = (0, 1, 2, 3, True, False, "LN", "RMS", "relu", "gelu", "causal", "none", 0.5)
        return draw.choice(
            (draw.choice(axes), draw.choice(keys), draw.choice(other), {"tied": True}, ["*"], ["part.*"])
        )

    def case(draw: random.Random) -> Case:
        file = folder / "own.toml"
        file.write_bytes(changed_toml(OWN, draw, values))

        def check() -> str:
            imported = import_network(folder / "net.pth", str(file))
            network, described = imported.network, tomllib.loads(file.read_text())
            raw, sizes = raw_tensors(content)[0], network.config.axis_sizes
            for full, weight in network.weights.items():
                name, number = full.rsplit(".", 1)[-1], full.split(".")[1] if "." in full else "0"
                entry = described["weights"].get(name)
                if name == "W_U" and (entry is None or "tied" in entry):
                    entry, weight = described["weights"]["W_E"], weight.T
                    name = "W_E"
                if entry is None:
                    if bool((weight != (1 if name.endswith("_w") else 0)).any()):
                        return f"{full} has values, and the layout has no entry for it"
                    continue
                key = entry["key"].replace("{l}", number)
                if entry.get("optional") and key not in raw and not weight.any():
                    continue
                kept = WEIGHT_AXES[name].replace(" ", "")
                lies = [raw[key.replace("{h}", str(h))] for h in range(sizes["h"])] if "{h}" in key else [raw[key]]
                for h, found in enumerate(lies):
                    part = weight[h] if "{h}" in key else weight
                    have = kept.replace("h", "") if "{h}" in key else kept
                    letters = [each for each in entry["axes"] if each in "vosdhem3"]
                    split = found.reshape([3 if each == "3" else sizes[each] for each in letters])
                    if "3" in letters:
                        split = split.unbind(letters.index("3"))[entry["part"]]
                        letters.remove("3")
                    if not torch.equal(torch.einsum(f"{''.join(letters)}->{have}", split), part):
                        return f"{full} differs from {key}"
            return disagreement(network, "own.toml", described.get("config", {})) or usable(network)

        return check, ("own.toml",)

    return case


def python_says(text: str, names: Mapping[str, int], x: list[int]) -> object:
    """What Python makes of a formula on one input, with a NumPy array of Python's whole numbers as the list."""

    def first(given: tuple[Any, ...]) -> list[Any]:
        return list(given[0]) if len(given) == 1 else list(given)

    made = {
        "min": lambda *given: min(first(given)),
        "max": lambda *given: max(first(given)),
        "abs": abs,
        "len": len,
        "sum": lambda given: sum(map(int, given)),
        "count": lambda given: sum(map(int, given)),
        "any": any,
        "all": all,
        "sign": lambda n: (n > 0) - (n < 0),
        "sorted": lambda given: np.array(sorted(given), dtype=object),
        "median": lambda given: sorted(given)[len(given) // 2],
        "kth": lambda given, k: sorted(given)[k],
    }
    found = eval(text, {"__builtins__": {}}, {**made, **names, "x": np.array(x, dtype=object)})
    return found


def compared(text: str, names: Mapping[str, int], x: list[int], label: int) -> str:
    """Whether Python agrees with a label; where Python has another rule for lists, nothing is compared."""
    try:
        found = python_says(text, names, x)
    except Exception:  # lists in chained comparisons, conditions on lists
        return ""
    if isinstance(found, np.ndarray):
        return ""
    return "" if int(found) == label else f"the formula {text!r:.80} gives {label} on {x}, and Python {found!r:.40}"  # type: ignore[call-overload]


def changed_formula(draw: random.Random) -> str:
    text = draw.choice(FORMULAS)
    for _ in range(draw.choice((1, 1, 2, 3))):
        at, to = sorted((draw.randrange(len(text) + 1), draw.randrange(len(text) + 1)))
        match draw.randrange(5):
            case 0:
                text = text[:at] + draw.choice(PIECES) + text[at:]
            case 1:
                text = text[:at] + draw.choice(PIECES) + text[to:]
            case 2:
                text = f"{draw.choice(FORMULAS)}{draw.choice(PIECES)}{text}"
            case 3:
                text = f"{draw.choice([*FUNCTIONS])}({text})"
            case _:
                text = text.replace(draw.choice(("a", "b", "x", "0", "1", "2")), draw.choice(PIECES), 1)
    return text


def formula_cases(folder: Path) -> Callable[[random.Random], Case]:
    """What makes a changed formula and gives its check."""

    def case(draw: random.Random) -> Case:
        text, size = changed_formula(draw), draw.choice((4, 10, 2**31, 2**61))
        x = torch.tensor([[draw.randrange(-size, size) for _ in range(4)] for _ in range(8)])

        def check() -> str:
            formula = Formula.parse(text, ("a", "b"))
            labels = formula.labels({"a": x[:, 0], "b": x[:, 1]}, x)
            if labels.shape != (8,):
                return f"{text!r:.80} gives the shape {tuple(labels.shape)}"
            rows = zip(x.tolist(), labels.tolist(), strict=True)
            found = (compared(formula.text, {"a": row[0], "b": row[1]}, row, label) for row, label in rows)
            return next(filter(None, found), "")

        return check, ("the expression", "an expression")

    return case


def task_cases(folder: Path) -> Callable[[random.Random], Case]:
    """What makes a changed task file and gives its check."""

    def values(draw: random.Random) -> object:
        names = (
            "n1",
            "n2",
            "answer",
            "B",
            "0-2",
            "2-0",
            "0-9999999",
            "0-",
            "-1",
            3,
            100,
            "labels.npz",
            "inputs.csv",
            "../x.npz",
        )
        formula = draw.choice((changed_formula(draw), draw.choice(FORMULAS)))
        formula = re.sub(r"\bb\b", "n2", re.sub(r"\ba\b", "n1", formula))
        return draw.choice((formula, draw.choice(names), [0, 1], [[0], [1]], ["0", "1-2"], draw.randrange(4)))

    def case(draw: random.Random) -> Case:
        rows = [[draw.randrange(3) for _ in range(2)] for _ in range(5)]
        rows = [list(row) for row in dict.fromkeys(map(tuple, rows))]
        table = "\n".join(",".join(map(str, row)) for row in rows).encode()
        made = io.BytesIO()
        np.savez(made, labels=np.arange(len(rows)) % 2)
        archive, text = made.getvalue(), draw.choice(TASKS)
        if text is TASKS[-1] and draw.random() < 0.7:
            table = mutated(table, draw, WORDS) if draw.random() < 0.5 else table
            archive = draw.choice((rezipped, mutated))(archive, draw, WORDS) if draw.random() < 0.7 else archive
            archive = bomb(made.getvalue(), "labels.npy") if draw.random() < 0.01 else archive
        (folder / "inputs.csv").write_bytes(table)
        (folder / "labels.npz").write_bytes(archive)
        file = folder / "task.toml"
        is_changed = draw.random() < (0.4 if text is TASKS[-1] else 0.9)
        file.write_bytes(changed_toml(text, draw, values) if is_changed else text.encode())
        options = draw.choice(("", OPTIONS[draw.randrange(5)], draw.choice(OPTIONS)))
        words = f"{file}{options}"

        def check() -> str:
            task = named_task(words)
            return _agrees(task, tomllib.loads(file.read_text()))

        return check, ("task.toml", "labels.npz", "inputs.csv", "cannot read")

    return case


def _agrees(task: Task, said: Mapping[str, Any]) -> str:
    """Whether a task's inputs are tokens, and its labels what Python makes of the formula."""
    domain = task.domain
    places = torch.arange(min(domain.size, 12))
    tokens = domain.tokens(places).tolist()
    if any(token < 0 or token > domain.largest_token for row in tokens for token in row):
        return f"the inputs have the tokens {tokens}"
    if named_task(task.words).source != task.source:
        return "the words of the task make another task"
    if task.labels is None:
        return "" if said.get("labels") is None else "the labels of the file were passed over"
    if task.labels.shape != (domain.size,) or not 0 <= int(task.labels.min()) <= int(task.labels.max()) < len(
        task.classes
    ):
        return f"the labels have the shape {tuple(task.labels.shape)} and are from {int(task.labels.min())} on"
    text = said.get("labels")
    if not isinstance(text, str) or text.endswith((".npz", ".csv")) or "sign_of" in text or said.get("values"):
        return ""
    names = [unicodedata.normalize("NFKC", name) for name in task.names]
    for row, label in zip(tokens, task.labels[: len(tokens)].tolist(), strict=True):
        known = {name: token for name, token in zip(names, row, strict=False) if names.count(name) == 1}
        if found := compared(" ".join(text.split()), known, row[: domain.read_at + 1], label):
            return found
    return ""


def declaration_cases(folder: Path) -> Callable[[random.Random], Case]:
    """What makes a changed declaration of a survey and gives its check."""
    (folder / "own").mkdir()
    (folder / "own" / "own.toml").write_text(OWN)
    (folder / "task.toml").write_text(TASKS[3])
    originals = {layout: sound(layout) for layout in ("neel", "gpt2", "own.toml")}
    texts = {
        "neel": 'layout = "neel"\ntask = "task.toml"\n[set]\nattention = "causal"\nn_heads = 2\n',
        "gpt2": 'files = ["net.pth"]\ntask = "task.toml:seed=3"\n[set]\nn_heads = 2\nact_fn = "gelu_new"\neps = 1e-3\n',
        "own.toml": 'layout = "own/own.toml"\ntask = "modular_addition:p=5"\n[set]\nn_layers = 2\n',
    }

    def values(draw: random.Random) -> object:
        words = ("auto", "gpt2", "x.toml", "own/own.toml", "task.toml", "task.toml:fraction=2", "modular_addition:p=0",
                 "challenge2", "net.pth", "a" * 300 + ".npz", "a" * 300 + ".toml:sha256=0", "a\x00.toml",
                 "..", "/.toml")  # fmt: skip
        return draw.choice((draw.choice(words), draw.choice((1, 2, 3, True, 0.5, "LN", "relu", "causal")), ["net.pth"]))

    def case(draw: random.Random) -> Case:
        layout = draw.choice(list(texts))
        for old in folder.glob("*.toml"):
            if old.name != "task.toml":
                old.unlink()
        torch.save(originals[layout].state, folder / "net.pth")
        is_own_name = layout != "gpt2" or draw.random() < 0.5
        file = folder / ("net.toml" if is_own_name else "others.toml")
        file.write_bytes(changed_toml(texts[layout], draw, values))

        def check() -> str:
            found = declaration_file(folder / "net.pth", None)
            if found != file and is_own_name:
                return f"{found} was taken for the declaration"
            declaration = read_declaration(file)
            saved, _ = opened_with_task(folder / "net.pth", "net", declaration)
            task = None if saved.task is None else named_task(saved.task)
            if task is not None:
                task.check_fits(saved.network.config)
            said = tomllib.loads(file.read_text())
            if (said.get("task") is None) != (task is None):
                return "the task was passed over"
            return disagreement(saved.network, layout, said.get("set", {})) or usable(saved.network)

        return check, (
            "net.toml",
            "others.toml",
            "net.pth",
            "task",
            "layout",
            str(folder),
            "the user declares",
            "cannot read",
        )

    return case


def table_cases(folder: Path) -> Callable[[random.Random], Case]:
    """What makes a changed table of answers and gives its check."""

    def case(draw: random.Random) -> Case:
        rng = np.random.default_rng(draw.randrange(2**32))
        shape = tuple(rng.integers(1, 6, size=draw.choice((1, 2, 2, 3, 4))))
        kinds = ("i1", "i8", "u1", "u8", ">i4", "?", "f8", "i8", "i8", "O", "U3", "c8", "m8[s]", "M8[s]")
        kind = draw.choice(kinds)
        answers = np.add.reduce(np.indices(shape), axis=0) % draw.choice((2, 3, 5))
        is_text = draw.random() < 0.4
        file = folder / ("table.csv" if is_text else "table.npy")
        if is_text:
            lines = "\n".join(",".join(map(str, np.atleast_1d(row).reshape(-1))) for row in answers)
            content = mutated(lines.encode(), draw, WORDS) if draw.random() < 0.8 else lines.encode()
        else:
            content = _array_file(answers, kind, draw)
        file.write_bytes(content)

        def check() -> str:
            table = table_from_file(file)
            if is_text:
                read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
                wanted = np.array([[int(entry) for entry in row] for row in read if row])
            else:
                wanted = np.load(io.BytesIO(content), allow_pickle=False)
            known = [int(value) for value in wanted.reshape(-1)]
            if [int(a) if k else -1 for a, k in zip(table.answers, table.known, strict=True)] != [
                max(v, -1) for v in known
            ]:
                return f"the answers are {table.answers.tolist()!s:.60}, and the file has {known!s:.60}"
            named = FunctionRecovery.of_table(table, "the answers")
            json.loads(function_json(named))
            return "" if function_text(named).strip() else "nothing was said"

        return check, (file.name,)

    return case


def _array_file(answers: np.ndarray, kind: str, draw: random.Random) -> bytes:
    made = io.BytesIO()
    array = answers.astype(kind) if kind[0] not in "mM" else answers.astype("i8").view(kind)
    array = array * draw.choice((1, 1, 2**62)) if kind == "u8" else array
    array = np.asfortranarray(array) if draw.random() < 0.3 else array
    np.save(made, array, allow_pickle=True)
    content = made.getvalue()
    match draw.randrange(10):
        case 0 | 1 | 2 | 3:
            return mutated(content, draw, WORDS)
        case 4:
            shape = draw.choice(
                (
                    b"(99999999999,)",
                    b"(-1,)",
                    b"(2,2,",
                    b"()",
                    b"(0,)",
                    b"(1e3,)",
                    b"(True,)",
                    b"(2**70,)",
                    b"(10**9,9)",
                )
            )
            at = content.index(b"(")
            return content[:at] + shape + content[content.index(b")", at) + 1 :]
        case 5:
            with zipfile.ZipFile(packed := io.BytesIO(), "w") as archive:
                archive.writestr("a.npy", content)
            return mutated(packed.getvalue(), draw, WORDS) if draw.random() < 0.7 else packed.getvalue()
        case 6:
            return content.replace(b"descr", draw.choice((b"desc", b"descr': (" * 200, b"\x00", b"'")), 1)
    return content
