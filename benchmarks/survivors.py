"""Mutation testing: measure how many small faults the tests of a room find.

    python benchmarks/survivors.py [--only core,fit] [--sample 200] [--seed 0] [--folder mutants-at-work]

mutmut (extra ``bench``) makes every possible mutant of the files of a room: a copy of the program with one small fault,
such as ``<=`` in the place of ``<``. A random sample of them runs, since all of them would take a day. A mutant is
killed if a test fails or takes too long; only the tests of the room that reach the mutated function run. The command
prints the change that each surviving mutant makes, for a person to look at, and a table. It works on a copy of
the project in ``--folder``. If that folder is there already, the command goes on with what is in it.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Room:
    """A part of the program, and the tests that should find its faults.

    Attributes:
        files: the files to put faults into, as patterns below ``src/scrubjay``.
        tests: files and folders of tests.
    """

    files: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "core": Room(("core/stats.py", "core/claim.py"), ("tests/core",)),
    "fit": Room(("fit/*",), ("tests/fit",)),
    "scrubbing": Room(
        (
            "evidence/ablations.py",
            "evidence/scrubber.py",
            *(f"evidence/scrubbing/{each}.py" for each in ("claims", "measure", "refinement", "wrong_hypotheses")),
            "evidence/embeddings/input_scrubbing.py",
        ),
        (
            "tests/evidence/test_ablations.py",
            "tests/evidence/test_scrubber.py",
            "tests/evidence/scrubbing",
            "tests/evidence/embeddings/test_input_scrubbing.py",
        ),
    ),
    "program": Room(("program/*",), ("tests/program",)),
}
"""The rooms that can be tested, by name."""
KILLED = ("killed", "timeout")
"""How a mutant ends that the tests found."""
ALIVE = ("survived", "no tests")
"""How a mutant ends that the tests did not find."""
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
"""The first characters of the lines with which mutmut shows its progress."""
ENDINGS = (*KILLED, *ALIVE, "other")
"""All ways to end; ``other`` is, for example, a mutant that crashes the test process."""
DATA = ROOT.parent / "shared" / "data"
"""Where tests look for public data files, unless the variable SCRUBJAY_DATA names another folder."""


def prepare(folder: Path, room: str) -> Path:
    """Make a copy of the project that is set up for one room, if there is none yet; files that git ignores stay out."""
    to = folder / room
    if to.exists():
        return to
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(listed, cwd=ROOT, text=True).splitlines():
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    settings = to / "pyproject.toml"
    # Warnings must not be errors here, because mutmut's own imports give some.
    text = settings.read_text().replace("-W error ", "")
    settings.write_text(
        f"{text}\n[tool.mutmut]\n"
        f"source_paths = ['src']\n"
        f"also_copy = ['docs', 'README.md']\n"
        f"only_mutate = {[f'src/scrubjay/{each}' for each in ROOMS[room].files]}\n"
        f"pytest_add_cli_args_test_selection = {list(ROOMS[room].tests)}\n"
        f"pytest_add_cli_args = ['-x', '-p', 'no:xdist', '-p', 'no:cacheprovider']\n"
        f"process_isolation = 'forkserver'\n"
        f"timeout_multiplier = 2.0\n"
        f"timeout_constant = 10.0\n"
        f"use_git_change_detection = false\n"
        f"debug = true\n"  # so that mutmut shows what pytest printed
    )
    return to


def mutmut(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run mutmut in a folder. Each process has one thread, since many tests run at the same time."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "SCRUBJAY_DATA": os.environ.get("SCRUBJAY_DATA", str(DATA))}
    command = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def mutants(folder: Path) -> dict[str, str]:
    """All mutants of a room by name, and how each has ended, in mutmut's words."""
    lines = mutmut(folder, "results", "--all", "true").stdout.splitlines() if (folder / "mutants").exists() else []
    return dict(line.strip().split(": ", 1) for line in lines if ": " in line)


def run_room(folder: Path, room: str, sample: int, seed: int, children: int) -> dict[str, str]:
    """Make all mutants of a room, run a random sample of them, and return how each of these ended.

    Raises:
        SystemExit: mutmut stopped before it was done, for example because a test fails without any mutant.
    """
    at, done = prepare(folder, room), None
    if not mutants(at):  # no mutant has this name, but before mutmut notices it makes all mutants and times the tests
        done = mutmut(at, "run", "--max-children", str(children), "none.of.these")
    every = mutants(at)
    chosen = sorted(random.Random(seed).sample(sorted(every), min(sample, len(every))))
    left = [name for name in chosen if every[name] == "not checked"]
    if left:
        done = mutmut(at, "run", "--max-children", str(children), *left)
        every = mutants(at)
    if not chosen or any(every[name] == "not checked" for name in chosen):
        said = (
            []
            if done is None
            else [line for line in (done.stdout + done.stderr).splitlines() if line[:1] not in SPINNER]
        )
        raise SystemExit("\n".join([f"mutmut stopped in the room {room}; the end of what it printed:", *said[-40:]]))
    return {name: every[name] if every[name] in ENDINGS else "other" for name in chosen}


def table(made: dict[str, int], ended: dict[str, dict[str, str]]) -> str:
    """A row for each room, and one for all of them."""
    lines = [f"| room | mutants | in the sample | {' | '.join(ENDINGS)} | not killed |"]
    lines.append("|---" * (len(ENDINGS) + 4) + "|")
    for room, each in ended.items():
        lines.append(_line(room, made[room], Counter(each.values())))
    lines.append(_line("all", sum(made.values()), Counter(end for each in ended.values() for end in each.values())))
    return "\n".join(lines) + "\n"


def _line(room: str, made: int, counts: Counter[str]) -> str:
    run, alive = counts.total(), sum(counts[name] for name in ALIVE)
    shown = " | ".join(str(counts[name]) for name in ENDINGS)
    return f"| {room} | {made:,} | {run:,} | {shown} | {alive / run:.1%} |"


def differences(folder: Path, names: Sequence[str]) -> str:
    """The changes that these mutants make."""
    return "\n".join(mutmut(folder, "show", name).stdout.strip() for name in names)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", default=",".join(ROOMS), help="the rooms to test, separated by commas")
    asked.add_argument("--sample", type=int, default=200, help="the number of mutants of each room that run")
    asked.add_argument("--seed", type=int, default=0, help="seed of the sample")
    asked.add_argument("--children", type=int, default=os.cpu_count() or 1, help="the number of mutants at a time")
    asked.add_argument("--folder", type=Path, default=Path("mutants-at-work"), help="where the copies are made")
    words = asked.parse_args()
    folder, rooms = words.folder.absolute(), words.only.split(",")
    if unknown := [room for room in rooms if room not in ROOMS]:
        raise SystemExit(f"there is no room {', '.join(unknown)}; there are {', '.join(ROOMS)}")
    ended = {room: run_room(folder, room, words.sample, words.seed, words.children) for room in rooms}
    for room in rooms:
        print(differences(folder / room, [name for name, end in ended[room].items() if end not in KILLED]))
    print(f"\n{table({room: len(mutants(folder / room)) for room in rooms}, ended)}")


if __name__ == "__main__":
    main()
