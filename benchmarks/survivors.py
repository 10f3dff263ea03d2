"""Mutation testing: how many small faults put into geometry, scrubbing and the program search do their tests let live?

    python benchmarks/survivors.py [--sample 200] [--seed 0] [--folder mutants-at-work]

mutmut (extra ``bench``) makes every mutant of these rooms; a random sample of each runs, since all would take a day. A
mutant is killed when a test fails, or when the tests exceed their time limit; only tests that reach its function run.
Prints the difference that each survivor makes, so that it can be looked at, and a table. Works in a copy of the tracked
files, ``--folder``; a second call goes on with what is there.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROOMS = {
    "geometry": (("geometry/*",), ("tests/geometry",)),
    "scrubbing": (
        ("evidence/scrub*", "evidence/refinement.py", "evidence/input_scrubbing.py"),
        tuple(f"tests/evidence/test_{each}.py" for each in ("scrubbing", "refinement", "filter_images")),
    ),
    "program": (("program/*",), ("tests/program",)),
}
"""Of each room: its files, and the tests that have to kill the mutants."""
KILLED = ("killed", "timeout")
ALIVE = ("survived", "no tests")
ENDINGS = (*KILLED, *ALIVE, "other")
DATA = ROOT.parent / "shared" / "data"


def prepare(folder: Path, room: str) -> Path:
    """A copy of the tracked files, set up for one room."""
    to = folder / room
    if to.exists():
        return to
    for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines():
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)
    files, tests = ROOMS[room]
    settings = to / "pyproject.toml"
    # warnings stay warnings, since mutmut's own imports give some
    text = settings.read_text().replace("-W error ", "")
    settings.write_text(
        f"{text}\n[tool.mutmut]\n"
        f"source_paths = ['src']\n"
        f"also_copy = ['docs', 'README.md']\n"
        f"only_mutate = {[f'src/scrubjay/{each}' for each in files]}\n"
        f"pytest_add_cli_args_test_selection = {list(tests)}\n"
        f"pytest_add_cli_args = ['-x', '-p', 'no:xdist', '-p', 'no:cacheprovider']\n"
        f"process_isolation = 'forkserver'\n"
        f"timeout_multiplier = 2.0\n"
        f"timeout_constant = 10.0\n"
        f"use_git_change_detection = false\n"
    )
    return to


def mutmut(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run mutmut with a thread a process, since many tests run at once."""
    quiet = os.environ | {"OMP_NUM_THREADS": "1", "SCRUBJAY_DATA": os.environ.get("SCRUBJAY_DATA", str(DATA))}
    command = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(command, cwd=folder, env=quiet, capture_output=True, text=True)


def mutants(folder: Path) -> dict[str, str]:
    """All mutants of a room by name, and how each has ended, in mutmut's words."""
    lines = mutmut(folder, "results", "--all", "true").stdout.splitlines() if (folder / "mutants").exists() else []
    return dict(line.strip().split(": ", 1) for line in lines if ": " in line)


def run_room(folder: Path, room: str, sample: int, seed: int, children: int) -> dict[str, str]:
    """Make a room's mutants, run a sample of them, and say how each of these has ended."""
    at = prepare(folder, room)
    if not mutants(at):  # no mutant has this name, but all are made and the tests are timed before it finds out
        mutmut(at, "run", "--max-children", str(children), "none.of.these")
    every = mutants(at)
    chosen = sorted(random.Random(seed).sample(sorted(every), min(sample, len(every))))
    left = [name for name in chosen if every[name] == "not checked"]
    done = None
    if left:
        done = mutmut(at, "run", "--max-children", str(children), *left)
        every = mutants(at)
    if not chosen or any(every[name] == "not checked" for name in chosen):
        said = "" if done is None else "\n".join(done.stdout.splitlines()[-20:])
        raise SystemExit(f"mutmut stopped in {room}:\n{said}")
    return {name: every[name] if every[name] in ENDINGS else "other" for name in chosen}


def table(made: dict[str, int], ended: dict[str, dict[str, str]]) -> str:
    """A row a room."""
    lines = [f"| room | mutants | of them run | {' | '.join(ENDINGS)} | alive |", "|---" * (len(ENDINGS) + 4) + "|"]
    for room, each in ended.items():
        lines.append(_line(room, made[room], Counter(each.values())))
    lines.append(_line("all", sum(made.values()), Counter(end for each in ended.values() for end in each.values())))
    return "\n".join(lines) + "\n"


def _line(room: str, made: int, counts: Counter[str]) -> str:
    run, alive = counts.total(), sum(counts[name] for name in ALIVE)
    shown = " | ".join(str(counts[name]) for name in ENDINGS)
    return f"| {room} | {made:,} | {run:,} | {shown} | {alive / run:.1%} |"


def differences(folder: Path, names: Sequence[str]) -> str:
    """What each of these mutants changes."""
    return "\n".join(mutmut(folder, "show", name).stdout.strip() for name in names)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--only", default=",".join(ROOMS), help="which rooms, by comma")
    asked.add_argument("--sample", type=int, default=200, help="mutants a room")
    asked.add_argument("--seed", type=int, default=0, help="of the sample")
    asked.add_argument("--children", type=int, default=os.cpu_count() or 1, help="tests at a time")
    asked.add_argument("--folder", type=Path, default=Path("mutants-at-work"))
    words = asked.parse_args()
    folder, rooms = words.folder.absolute(), words.only.split(",")
    ended = {room: run_room(folder, room, words.sample, words.seed, words.children) for room in rooms}
    for room in rooms:
        print(differences(folder / room, [name for name, end in ended[room].items() if end not in KILLED]))
    print(f"\n{table({room: len(mutants(folder / room)) for room in rooms}, ended)}")


if __name__ == "__main__":
    main()
