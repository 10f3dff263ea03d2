"""Every network of a survey in a process of its own."""

import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from scrubjay.core.errors import BadInput
from scrubjay.core.files import is_folder
from scrubjay.survey.places import network_places, place_names
from scrubjay.survey.row import SurveyRow

_INTERRUPTED = 130
"""The exit code of a process that Ctrl-C has ended."""


class Survey:
    """The networks of some folders, one after another, each read and explained in a process of its own.

    A process of its own lets the peak of memory be that of one network, and a network that ends its process, for lack
    of memory, does not end the survey. The processes are started by multiprocessing's method ``spawn``, which imports
    the main module again. A script must therefore iterate below ``if __name__ == "__main__":``.

    Args:
        folders: the folders with the network files; see ``network_places``.
        declared: the folder with the declarations; by default each declaration lies beside its network.

    Raises:
        BadInput: a folder does not exist, or holds no network file.
    """

    def __init__(self, folders: Sequence[str | Path], declared: str | Path | None = None) -> None:
        self.places = network_places(folders)
        self.names = place_names(self.places)
        self.declared = None if declared is None else Path(declared)
        if self.declared is not None and not is_folder(self.declared):
            raise BadInput(f"there is no folder {self.declared}, which should hold the declarations")

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[SurveyRow]:
        for place, name in zip(self.places, self.names, strict=True):
            yield _alone(place, name, self.declared)


def _alone(place: Path, name: str, declared: Path | None) -> SurveyRow:
    spawn = multiprocessing.get_context("spawn")
    told, tells = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_do, args=(place, name, declared, tells))
    process.start()
    tells.close()
    try:
        row: SurveyRow | None = told.recv()
    except EOFError:  # the process has ended without a row
        row = None
    except BaseException:
        process.terminate()
        raise
    finally:
        process.join()
        told.close()
    if process.exitcode == _INTERRUPTED:
        raise KeyboardInterrupt
    return row or SurveyRow(name, "failed", reason=f"its process was ended {_by_what(process.exitcode)}")


def _by_what(code: int | None) -> str:
    if code is not None and code < 0:
        return f"by the signal {signal.Signals(-code).name}, as happens for lack of memory or time"
    return f"with the exit code {code}"


def _do(place: Path, name: str, declared: Path | None, tells: Connection) -> None:
    try:
        from scrubjay.survey.examine import examined  # here, so that the starting process does not load PyTorch

        tells.send(examined(place, name, declared))
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
