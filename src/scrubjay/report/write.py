"""Write a whole report into a folder: figures, page, claims and tables."""

from pathlib import Path

from scrubjay.core.files import write_whole
from scrubjay.core.progress import Progress, silent
from scrubjay.evidence.drawing import save
from scrubjay.report.claims_json import write_claims
from scrubjay.report.page import Report
from scrubjay.report.terminal import plain_text
from scrubjay.study import Study


def write_figures(study: Study, folder: str | Path, progress: Progress = silent) -> list[Path]:
    """Draw every figure of a study into a folder.

    Args:
        study: what ``explain`` found.
        folder: the folder to write into; it is made if it does not exist.
        progress: called with what is being drawn, and the share that is done.

    Returns:
        The PNG files, in the order of the study's lines.

    Raises:
        OutOfResources: the folder cannot be written.
    """
    pictures = [picture for own in study.pictures().values() for picture in own]
    written = []
    for number, picture in enumerate(pictures):
        progress(f"drawing {picture.file}", number / len(pictures))
        written.append(save(picture.draw(), Path(folder) / picture.file))
    return written


def write_report(study: Study, folder: str | Path, progress: Progress = silent) -> Path:
    """Write ``report.html``, ``claims.json``, ``tables.txt`` and every figure of a study into a folder.

    Example:
        >>> import scrubjay
        >>> study = scrubjay.explain("bundled")  # doctest: +SKIP
        >>> scrubjay.write_report(study, "out")  # doctest: +SKIP
        PosixPath('out/report.html')

    Args:
        study: what ``explain`` found.
        folder: the folder to write into; it is made if it does not exist.
        progress: called with what is being written, and the share that is done.

    Returns:
        The path of the page.

    Raises:
        OutOfResources: the folder cannot be written.
    """
    figures = write_figures(study, folder, progress)
    progress("writing the page", 1.0)
    page = Report.of(study, figures).save(Path(folder) / "report.html")
    write_claims(study, folder)
    write_whole(Path(folder) / "tables.txt", plain_text(study).encode("utf-8"))
    return page
