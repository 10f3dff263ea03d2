"""The declarations of the published networks: all can be read, and the networks are as right as is known of them."""

import importlib.util
import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from scrubjay.nets.files.checkpoint import import_network
from scrubjay.nets.recording import record
from scrubjay.survey.declaration import read_declaration
from scrubjay.survey.examine import examined
from scrubjay.tasks.named import named_task
from scrubjay.tasks.task import Task
from tests.conftest import public_file

ZOO = Path(__file__).parents[2] / "examples" / "zoo"


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The declarations, with the lists of inputs that ``declare.py`` writes."""
    folder = tmp_path_factory.mktemp("zoo") / "declarations"
    shutil.copytree(ZOO / "declarations", folder, ignore=shutil.ignore_patterns("*.npz"))
    spec = importlib.util.spec_from_file_location("declare", ZOO / "declare.py")
    assert spec is not None and spec.loader is not None
    declare: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(declare)
    declare.TASKS = folder / "tasks"
    declare.main()
    return folder


def task_of(declared: Path, stem: str) -> Task:
    words = read_declaration(declared / f"{stem}.toml").task
    assert words is not None
    return named_task(words)


def answers_of(declared: Path, stem: str, file: str) -> tuple[Task, torch.Tensor]:
    """The task of a declaration, and the class that the published network answers with on each input."""
    place, declaration, task = public_file(f"zoo/{file}"), read_declaration(declared / f"{stem}.toml"), None
    task = task_of(declared, stem)
    imported = import_network(place, declaration.layout, declaration.values)
    assert imported.assumed == ()
    task.check_fits(imported.network.config)
    return task, record(imported.network, task).classes


def test_every_declaration_can_be_read_and_names_a_task(declared: Path) -> None:
    stems = sorted(path.stem for path in declared.glob("*.toml"))
    assert len(stems) == 17
    sizes = {stem: task_of(declared, stem).domain.size for stem in stems if stem != "arena_cumsum"}
    assert sizes["max_of_five"] == 100_000 and sizes["group_S5"] == 120**2
    assert sizes["rasp_bce_D2_1l1h16d3lr00drop"] == 1_024 and sizes["rasp_bce_tomita4_2l2h16d3lr01drop"] == 1_705


def test_the_labels_of_lists_are_those_of_plain_python(declared: Path) -> None:
    def inputs_of(task: Task) -> list[list[int]]:
        rows: list[list[int]] = task.domain.tokens(task.domain.inputs()).tolist()
        return rows

    def labels_of(task: Task) -> list[int]:
        assert task.labels is not None
        values: list[int] = task.labels.tolist()
        return values

    task = task_of(declared, "arena_sorted_list")
    rows = inputs_of(task)
    assert task.domain.is_sample and all(row[11:] == sorted(row[:10])[:5] for row in rows)
    assert labels_of(task) == [sorted(row[:10])[5] for row in rows]
    task = task_of(declared, "arena_palindrome")
    rows = inputs_of(task)
    truth = [row[1:21] == row[20:0:-1] for row in rows]
    assert labels_of(task) == list(map(int, truth)) and 0.5 <= sum(truth) / len(truth) < 0.51
    task = task_of(declared, "rasp_unique_copy_2l1h64d3lr01drop")
    rows = inputs_of(task)
    assert all(len(set(row[1:21])) == 20 and row[22:] == row[1:11] for row in rows)
    assert labels_of(task) == [row[1:21][10] for row in rows]
    task = task_of(declared, "rasp_bce_tomita4_2l2h16d3lr01drop")
    words = [w for w in itertools.product("01", repeat=12) if "000" not in "".join(w)]
    assert {tuple(map(str, row[1:])) for row in inputs_of(task)} == set(words)
    assert labels_of(task) == [int(row[-2:] != [0, 0]) for row in inputs_of(task)]
    task = task_of(declared, "rasp_bce_D2_1l1h16d3lr00drop")
    for row, label in zip(inputs_of(task), labels_of(task), strict=True):
        open_, text = 0, row[1:]
        for symbol in text:
            open_ += 1 - 2 * symbol
            assert 0 <= open_ <= 2
        assert label == int(open_ < 2)


@pytest.mark.parametrize(
    ("stem", "mistakes", "inputs"),
    [
        ("pizza_p99zdpze5l", 0, 3_481),
        ("pizza_q9rsl94xlv", 0, 3_481),
        ("pizza_dy65ktpiij", 110, 3_481),
        ("group_C113", 0, 12_769),
        ("rasp_bin_majority_1l1h16d3lr01drop", 0, 2_048),
        ("rasp_bce_D2_1l1h16d3lr00drop", 0, 1_024),
        ("rasp_bce_tomita4_2l2h16d3lr01drop", 0, 1_705),
    ],
)
def test_published_networks_make_as_many_mistakes_as_is_known(
    declared: Path, stem: str, mistakes: int, inputs: int
) -> None:
    task, classes = answers_of(declared, stem, f"{stem}{'.safetensors' if 'rasp' in stem else '.pt'}")
    assert task.labels is not None
    assert (int((classes != task.labels).sum()), task.domain.size) == (mistakes, inputs)


def test_the_answers_of_a_group_network_are_a_group_table(declared: Path) -> None:
    _, classes = answers_of(declared, "group_A5", "group_A5.pt")
    table = classes.reshape(60, 60)
    everything = torch.arange(60)
    assert torch.equal(table.sort(0).values, everything[:, None].expand(60, 60))
    assert torch.equal(table.sort(1).values, everything.expand(60, 60))
    x, y, z = (axis.reshape(-1) for axis in torch.meshgrid(everything, everything, everything, indexing="ij"))
    assert torch.equal(table[table[x, y], z], table[x, table[y, z]])


def test_a_network_that_sums_over_positions_is_refused_with_its_reason(declared: Path) -> None:
    row = examined(public_file("zoo/dyck10.pt"), "dyck10.pt", declared)
    assert row.outcome == "refused" and "sums over positions" in row.reason
