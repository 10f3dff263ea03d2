"""Condensed networks as text, as JSON, and as a Python file."""

import ast
import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from scrubjay.condensation import Condensate, condense
from scrubjay.evidence.inner.condensing import Condensed
from scrubjay.nets.files.checkpoint import SavedNetwork
from scrubjay.report.inner_function import python_function
from scrubjay.report.inner_text import condensate_json, condensate_text
from tests.data.small_network import TOKENS, small_task


@pytest.fixture(scope="module")
def found(small: SavedNetwork) -> Condensate:
    return condense(small, small_task())


@pytest.fixture(scope="module")
def wide(found: Condensate) -> Condensate:
    """A condensate with a front of three hundred networks; the chosen one and the last are at no level of the text."""
    shares = torch.linspace(0.5, found.inner.agreement, 300, dtype=torch.float64).tolist()
    front = tuple(Condensed(replace(found.inner.parts), share) for share in shares)
    chosen = next(each for each in front if each.agreement >= 0.93)
    inner = replace(found.inner, parts=chosen.parts)
    return replace(found, at_least=0.93, inner=inner, found=replace(found.found, front=front))


def test_the_json_has_these_keys_and_what_the_condensate_holds(found: Condensate) -> None:
    said, inner = json.loads(condensate_json(found)), found.inner
    sizes = {"dimensions", "heads", "ranks", "hinges", "numbers", "agreement"}
    assert set(said) == sizes | {"bits", "mistakes", "at_least", "smallest", "front"}
    assert said["heads"] == len(said["ranks"]) == inner.network.config.n_heads
    assert (said["dimensions"], said["hinges"]) == (inner.parts.dimensions, inner.network.config.d_mlp)
    assert (said["agreement"], said["mistakes"]) == (inner.agreement, inner.mistakes)
    assert (said["numbers"], said["bits"], said["at_least"]) == (inner.parts.numbers, inner.coarse.bits, 0.995)
    assert all(set(each) == sizes for each in said["front"]) and len(said["front"]) == len(found.found.front)
    assert {key: said[key] for key in sizes} == said["smallest"]["0.995"] in said["front"]
    assert set(said["smallest"]) == {"0.99", "0.995"}


def test_the_json_says_null_where_nothing_was_found_or_there_are_no_labels(found: Condensate) -> None:
    inner = replace(found.inner, task=replace(small_task(), labels=None))
    smallest = {**found.found.smallest, 1.0: None}
    said = json.loads(condensate_json(replace(found, inner=inner, found=replace(found.found, smallest=smallest))))
    assert said["mistakes"] is None and said["smallest"]["1.0"] is None
    assert "mistakes" not in condensate_text(replace(found, inner=inner))


def test_the_text_says_what_the_json_says(found: Condensate) -> None:
    text, said = condensate_text(found), json.loads(condensate_json(found))
    sizes = dict(re.findall(r"^  (dimensions|heads|neurons|numbers) +[\d,]+ +([\d,]+)$", text, re.M))
    wanted = {"dimensions": "dimensions", "heads": "heads", "neurons": "hinges", "numbers": "numbers"}
    assert {name: int(size.replace(",", "")) for name, size in sizes.items()} == {
        name: said[key] for name, key in wanted.items()
    }
    assert re.search(r"^  numbers +5,856 ", text, re.M)  # as many as the original's file holds
    assert f"gives {said['agreement']:.2%} of the network's 484 answers, and makes {said['mistakes']:.2%} of" in text
    coarse = found.inner.coarse
    alike = float((coarse.classes == found.inner.wanted).double().mean())
    assert f"With numbers of {coarse.per_number} bits, {said['bits']:,} bits in all, it gives {alike:.2%} of" in text


def test_the_rows_of_the_text_are_networks_on_the_front(found: Condensate) -> None:
    said = json.loads(condensate_json(found))
    front = {
        f"{each['agreement']:.2%}": [each["numbers"], each["dimensions"], each["hinges"], each["heads"], each["ranks"]]
        for each in said["front"]
    }
    rows = re.findall(
        r"^ +([\d.]+%) +([\d,]+) +(\d+) +(\d+) +(\d+)  ([\d, -]+?)( <- this one)?$", condensate_text(found), re.M
    )
    for agreement, *counts, ranks, _ in rows:
        listed = [] if ranks == "-" else [int(rank) for rank in ranks.split(", ")]
        assert [*(int(count.replace(",", "")) for count in counts), listed] == front[agreement]
    (chosen,) = (agreement for agreement, *_, mark in rows if mark)
    assert chosen == f"{said['agreement']:.2%}"
    shares = [float(agreement.rstrip("%")) for agreement, *_ in rows]
    assert shares == sorted(shares) and shares[-1] == 100.0
    for level in (50, 60, 70, 80, 90, 95, 98, 99, 99.5, 99.8):  # the smallest network of each level is there
        first = next(each["agreement"] for each in said["front"] if 100 * each["agreement"] >= level)
        assert f"{first:.2%}" in {agreement for agreement, *_ in rows}


def test_a_long_front_is_shortened_in_the_text_alone(wide: Condensate) -> None:
    text, front = condensate_text(wide), json.loads(condensate_json(wide))["front"]
    rows = re.findall(r"^ +([\d.]+%) .*?( <- this one)?$", text, re.M)
    assert len(rows) <= 15 and len(front) == 300
    (chosen,) = (share for share, mark in rows if mark)
    levels = {
        level: next(f"{each['agreement']:.2%}" for each in front if each["agreement"] >= level)
        for level in (0.6, 0.93, 0.99, 0.995)
    }
    assert chosen == levels[0.93] and set(levels.values()) <= {share for share, _ in rows}
    assert rows[-1][0] == f"{wide.found.front[-1].agreement:.2%}" != levels[0.995]


def test_the_lines_are_narrow_and_the_table_is_aligned(found: Condensate) -> None:
    lines = condensate_text(found).splitlines()
    assert all(len(line) <= 100 and line == line.rstrip() for line in lines)
    head = next(line for line in lines if "agreement  numbers" in line)
    rows = [line for line in lines if re.match(r" +[\d.]+% ", line)]
    assert {line.index("%") + 1 for line in rows} == {head.index("agreement") + len("agreement")}


def test_the_python_file_gives_every_answer_in_a_process_of_its_own(found: Condensate, tmp_path: Path) -> None:
    """Without any library: -I and -S leave out the folder, the environment and all that is installed."""
    (tmp_path / "inner.py").write_text(python_function(found.inner, "small"))
    asks = (
        "import runpy, itertools, sys",
        "answer = runpy.run_path('inner.py')['answer']",
        f"print(*(answer(a, b) for a, b in itertools.product(range({TOKENS}), repeat=2)))",
    )
    command = [sys.executable, "-I", "-S", "-c", "\n".join(asks)]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout
    tokens = torch.tensor([[a, b, TOKENS] for a, b in product(range(TOKENS), repeat=2)])
    assert [int(each) for each in said.split()] == found.inner.network(tokens)[:, -1].argmax(-1).tolist()
    command = [sys.executable, "inner.py", "3", "5"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.split() == [str(int(found.inner.classes[3 * TOKENS + 5]))]


def test_the_python_file_is_short_and_has_a_comment_for_each_table(found: Condensate) -> None:
    source = python_function(found.inner, "small")
    lines, body = source.splitlines(), ast.parse(source).body
    tables = [node for node in body if isinstance(node, ast.Assign)]
    assert [node.targets[0].id for node in tables] == [  # type: ignore[attr-defined]
        "TOKENS",
        "POSITIONS",
        "WRITES",
        "START",
        "NEURONS",
        "LINEAR",
    ]
    assert all(lines[node.lineno - 2].startswith("# ") for node in tables)
    (function,) = (node for node in body if isinstance(node, ast.FunctionDef) and node.name == "answer")
    assert function.end_lineno is not None and function.end_lineno - function.lineno < 20
    assert [argument.arg for argument in function.args.args] == ["a", "b"]
    assert [node.names[0].name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)] == ["exp"]
    assert max(map(len, lines)) <= 120


def test_the_numbers_of_the_python_file_have_few_digits(found: Condensate) -> None:
    """No number has more than six digits, as many as the largest of its column needs."""
    source = python_function(found.inner, "small").partition("def answer")[0]
    numbers = re.findall(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?", source)
    assert len(numbers) > 100
    assert max(len(number.partition("e")[0].lstrip("-").replace(".", "").lstrip("0")) for number in numbers) <= 6


def test_tokens_stand_in_aligned_rows(found: Condensate) -> None:
    table = python_function(found.inner, "small").partition("TOKENS = {\n")[2].partition("\n}")[0].splitlines()
    assert len(table) == TOKENS
    assert len({tuple(at for at, sign in enumerate(row) if sign in ",.:[]") for row in table}) == 1


@pytest.mark.parametrize("name", ['a"""b', "C:\\Users\\new", "{braces}", "zwölf\nZeilen", '"'])
def test_any_name_may_stand_in_the_docstring(found: Condensate, name: str) -> None:
    module = ast.parse(python_function(replace(found.inner, task=replace(small_task(), name=name)), name))
    said = ast.get_docstring(module)
    assert said is not None and said.startswith(f"The network inside {name}, on {name}.")
    assert f"It gives {found.inner.agreement:.2%} of the answers of that network" in said


def test_the_function_takes_exactly_the_tokens_of_an_input(found: Condensate) -> None:
    names: dict[str, Any] = {}
    exec(python_function(found.inner, "small"), names)
    with pytest.raises(TypeError):
        names["answer"](1)
    with pytest.raises(KeyError):
        names["answer"](1, TOKENS)
