"""A survey: one row for each network file of some folders, whatever happens with one of them."""

import json
import multiprocessing
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from scrubjay.core.errors import BadInput, RefusedFile
from scrubjay.nets.config import Config
from scrubjay.nets.files.checkpoint import save_network
from scrubjay.nets.transformer import Transformer
from scrubjay.survey.declaration import read_declaration
from scrubjay.survey.each_alone import Survey
from scrubjay.survey.examine import examined
from scrubjay.survey.row import SurveyRow
from tests.cli.in_process import scrubjay
from tests.nets.files.written import lens_state
from tests.planted import one_direction

TOKENS = 7
TASK = """
labels = "a + b >= 7"
classes = [[0], [1], [2]]
[[position]]
name = "a"
tokens = "0-6"
[[position]]
name = "b"
tokens = "0-6"
[[position]]
tokens = 7
"""
DECLARED = """
layout = "transformer-lens"
task = "task.toml"
[set]
act_fn = "relu"
attention = "causal"
norm = "none"
"""


def planted_in(folder: Path, name: str = "good") -> Path:
    """A network that answers whether a + b >= 7, its declaration, and its task.

    The task has a third class, which is never the answer: with two classes, the rivals alone would take seconds.
    """
    state = {key: weight.float() for key, weight in lens_state(one_direction(tokens=TOKENS).network).items()}
    torch.save(state, folder / f"{name}.pt")
    (folder / f"{name}.toml").write_text(DECLARED)
    (folder / "task.toml").write_text(TASK)
    return folder / f"{name}.pt"


def row_of(place: Path, declared: Path | None = None) -> SurveyRow:
    return examined(place, place.name, declared)


def test_a_declared_network_is_explained(tmp_path: Path) -> None:
    row = row_of(planted_in(tmp_path))
    assert (row.outcome, row.reason) == ("explained", "")
    assert row.architecture.startswith("1 layer, no norm, ReLU, causal") and row.assumed == ()
    assert (row.inputs, row.is_sample, row.right, row.mistakes, row.interval) == (49, False, 1.0, 0, None)
    assert row.dimensions == 1
    assert row.inner is not None and row.inner.agreement == 1.0 and row.inner.dimensions == 1
    assert row.inner_skipped == "" and row.computes == "0 if (a + b) is at most 6, 1 if it is at least 7"
    assert row.seconds is not None and row.seconds > 0 and row.cpu_seconds is not None and row.cpu_seconds > 0
    assert row.peak_mib is not None and 50 < row.peak_mib < 20_000


def test_mistakes_and_samples_are_counted(tmp_path: Path) -> None:
    place = planted_in(tmp_path)
    (tmp_path / "task.toml").write_text(TASK.replace('"a + b >= 7"', '"a + b >= 7 or a + b == 0"'))
    row = row_of(place)
    assert row.mistakes == 1 and row.right == pytest.approx(48 / 49)
    (tmp_path / "good.toml").write_text(DECLARED.replace("task.toml", "task.toml:sample=30"))
    row = row_of(place)
    assert row.is_sample and row.inputs == 30 and row.interval is not None and row.interval[0] < 1


def test_a_network_that_is_not_declared_is_opened_and_no_more(tmp_path: Path) -> None:
    place = planted_in(tmp_path)
    (tmp_path / "good.toml").unlink()
    row = row_of(place)
    assert (row.outcome, row.reason, row.inputs) == ("opened", "opened, but no task is declared", None)
    assert row.architecture and any("act_fn = relu is assumed" in sentence for sentence in row.assumed)


def test_a_network_of_our_own_brings_its_task(tmp_path: Path) -> None:
    network = Transformer.initialised(Config(6, 3, 4, 1, 4, 4), seed=0)
    save_network(tmp_path / "own.safetensors", network, task="modular_addition:p=5")
    row = row_of(tmp_path / "own.safetensors")
    assert (row.outcome, row.inputs) == ("explained", 25)


def test_what_cannot_be_read_is_refused_with_its_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.pt").write_bytes(b"not a network")
    row = row_of(tmp_path / "broken.pt")
    assert row.outcome == "refused" and "broken.pt" in row.reason and row.architecture == ""


def test_a_declaration_with_a_wrong_key_names_the_file_and_the_key(tmp_path: Path) -> None:
    place = planted_in(tmp_path)
    (tmp_path / "good.toml").write_text(f"tasks = 'task.toml'\n{DECLARED}")
    row = row_of(place)
    assert row.outcome == "refused"
    assert row.reason == f"{tmp_path / 'good.toml'}: 'tasks' is no known key; the keys are files, layout, task, set"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("layout = 3", "`layout` must be text, and is 3"),
        ("set = 'act_fn=relu'", "`set` must be a table, and is 'act_fn=relu'"),
        ("files = 'a.pt'", "`files` must be a list of file names, and is 'a.pt'"),
        ("files = ['a.pt', 3]", "`files` must be a list of file names"),
    ],
)
def test_values_of_a_wrong_type_are_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "a.toml").write_text(text)
    with pytest.raises(BadInput, match=says):
        read_declaration(tmp_path / "a.toml")


def test_a_declaration_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("layout")
    with pytest.raises(RefusedFile, match=r"a\.toml is no TOML file"):
        read_declaration(tmp_path / "a.toml")
    with pytest.raises(BadInput, match=r"cannot read .*b\.toml"):
        read_declaration(tmp_path / "b.toml")


def test_layouts_and_tasks_that_are_missing_are_named(tmp_path: Path) -> None:
    place = planted_in(tmp_path)
    (tmp_path / "good.toml").write_text(DECLARED.replace("transformer-lens", "layouts/none.toml"))
    row = row_of(place)
    assert row.outcome == "refused" and f"cannot read {tmp_path / 'layouts/none.toml'}" in row.reason
    (tmp_path / "good.toml").write_text(DECLARED.replace("task.toml", "none.toml"))
    row = row_of(place)
    assert row.outcome == "opened" and f"cannot read {tmp_path / 'none.toml'}" in row.reason


def test_a_task_that_does_not_fit_is_said(tmp_path: Path) -> None:
    place = planted_in(tmp_path)
    (tmp_path / "good.toml").write_text(DECLARED.replace("task.toml", "modular_addition:p=113"))
    row = row_of(place)
    assert row.outcome == "opened" and "token 113" in row.reason and row.architecture


def test_an_error_that_is_no_refusal_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("scrubjay.survey.examine.explain", no_memory)
    row = row_of(planted_in(tmp_path))
    assert (row.outcome, row.reason) == ("failed", "MemoryError") and row.architecture


def test_declarations_lie_beside_or_in_a_folder_and_may_name_files(tmp_path: Path) -> None:
    (nets := tmp_path / "nets").mkdir()
    (declared := tmp_path / "declared").mkdir()
    place = planted_in(nets)
    place.with_suffix(".toml").rename(declared / "all.toml")
    (nets / "task.toml").rename(declared / "task.toml")
    assert row_of(place, declared).outcome == "opened"
    (declared / "all.toml").write_text(f"files = ['good.pt', 'better.pt']\n{DECLARED}")
    (declared / "another.toml").write_text("not a declaration")
    assert row_of(place, declared).outcome == "explained"
    (declared / "good.toml").write_text(DECLARED.replace("transformer-lens", "neel"))
    assert row_of(place, declared).outcome == "refused"


def test_network_files_are_those_with_the_suffixes_and_the_folders_of_hugging_face(tmp_path: Path) -> None:
    (gpt := tmp_path / "nets" / "gpt").mkdir(parents=True)
    (tmp_path / "nets" / "other").mkdir()
    (tmp_path / "more").mkdir()
    for name in ("b.pt", "a.ckpt", "c.pth", "d.bin", "e.safetensors", "notes.txt", "e.config.json"):
        (tmp_path / "nets" / name).touch()
    for name in ("config.json", "model.safetensors"):
        (gpt / name).touch()
    (tmp_path / "more" / "b.pt").touch()
    found = Survey([tmp_path / "nets", tmp_path / "more", gpt])
    assert found.names == ["a.ckpt", "nets/b.pt", "c.pth", "d.bin", "e.safetensors", "gpt", "more/b.pt"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none"], "there is no folder none"),
        (["here.txt"], "here.txt is no folder"),
        (["empty"], "the folder empty holds no network file; their names end with .pt, .pth"),
        (["nets", "--declared", "none"], "there is no folder none, which should hold the declarations"),
        (["nets", "--out", "here.txt"], "here.txt exists, and has no lines <!-- survey --> and <!-- end -->"),
    ],
)
def test_bad_places_are_errors_before_any_work(tmp_path: Path, words: list[str], says: str) -> None:
    (tmp_path / "here.txt").write_text("mine")
    (tmp_path / "empty").mkdir()
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "a.pt").touch()
    ran = scrubjay(tmp_path, "survey", *words)
    assert ran.code in (2, 3) and ran.stdout == "" and ran.stderr.startswith(f"scrubjay: {says}")
    assert (tmp_path / "here.txt").read_text() == "mine"


def test_the_command_writes_its_table_into_a_page_and_prints_it(tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    planted_in(tmp_path / "nets")
    ran = scrubjay(tmp_path, "survey", "nets", "--out", "table.md")
    assert ran.code == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("| network | architecture | inputs | right |") and "what it computes" in lines[0]
    assert lines[2].startswith("| `good.pt` | 1 layer, no norm, ReLU, causal")
    assert " | 49 | 100%, 0 mistakes | 1 | 1, " in lines[2] and lines[2].endswith(" MiB |")
    assert lines[3:] == ["1 of 1 networks were explained", "Wrote table.md"]
    page = (tmp_path / "table.md").read_text()
    assert page.startswith("# A survey of networks\n") and "\n".join(lines[:3]) in page
    own = page.replace("# A survey of networks", "# Mine").replace(lines[2], "| old |") + "The end.\n"
    (tmp_path / "table.md").write_text(own)
    (tmp_path / "nets" / "good.toml").unlink()
    (tmp_path / "nets" / "task.toml").unlink()
    ran = scrubjay(tmp_path, "survey", "nets", "--out", "table.md", "--json")
    (row,) = json.loads(ran.stdout)
    assert set(row) == {field.name for field in fields(SurveyRow)}
    assert (row["file"], row["outcome"]) == ("good.pt", "opened")
    page = (tmp_path / "table.md").read_text()
    assert page.startswith("# Mine") and page.endswith("The end.\n") and page.count("<!-- survey -->") == 1
    assert "| old |" not in page and "opened, but no task is declared" in page


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends processes without signals")
def test_a_network_whose_process_is_killed_has_a_row_and_the_survey_goes_on(tmp_path: Path) -> None:
    for name in ("a.pt", "b.pt"):
        (tmp_path / name).touch()

    def kill_the_first() -> None:
        while not (running := multiprocessing.active_children()):
            time.sleep(0.01)
        running[0].kill()

    killing = threading.Thread(target=kill_the_first)
    killing.start()
    killed, other = Survey([tmp_path])
    killing.join()
    assert (killed.file, killed.outcome, other.file, other.outcome) == ("a.pt", "failed", "b.pt", "refused")
    assert killed.reason == "its process was ended by the signal SIGKILL, as happens for lack of memory or time"
    assert other.reason == f"{tmp_path / 'b.pt'} is empty"


def test_a_survey_with_a_network_that_failed_has_an_exit_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [SurveyRow("a.pt", "failed", reason="MemoryError"), SurveyRow("b.pt", "refused", reason="x|y\nz")]
    monkeypatch.setattr(Survey, "__iter__", lambda _: iter(rows))
    for name in ("a.pt", "b.pt"):
        (tmp_path / name).touch()
    ran = scrubjay(tmp_path, "survey", ".")
    assert ran.code == 3 and ran.stdout.endswith("0 of 2 networks were explained; 1 refused, 1 failed\n")
    assert "| `a.pt` | failed: MemoryError |" in ran.stdout and "| `b.pt` | refused: x\\|y z |" in ran.stdout
