"""The command that explains every network file of some folders: survey."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from scrubjay.cli.words import say


def survey(
    folders: Annotated[
        list[Path],
        typer.Argument(
            help="Folders with network files: .pt, .pth, .safetensors, .ckpt, .bin, or folders of Hugging Face."
        ),
    ],
    declared: Annotated[
        Path | None,
        typer.Option(
            help="The folder with the declarations. STEM.toml states the layout, the task and, under [set], what the "
            "network's file does not say. By default each one lies beside its network."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The Markdown file to write. If it exists, the table between its lines <!-- survey --> and "
            "<!-- end --> is replaced."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of the table.")] = False,
) -> None:
    """Explain every network file of some folders.

    Writes a table with one line for each network. A network that cannot be read or explained has a line that says why.

    Example: scrubjay survey networks --declared declarations --out table.md
    """
    from tqdm import tqdm

    from scrubjay.core.files import writable_folder, write_whole
    from scrubjay.report.survey_text import page_around, survey_json, survey_page, survey_summary, survey_table
    from scrubjay.survey.each_alone import Survey

    asked = Survey(folders, declared)
    around = None if out is None else page_around(out)
    if out is not None:
        writable_folder(next(folder for folder in out.resolve().parents if folder.exists()))
    rows = []
    with tqdm(total=len(asked), unit="network", file=sys.stderr, disable=None) as bar:
        for row in asked:
            rows.append(row)
            if out is not None and around is not None:
                # After each network, so that a survey that is interrupted keeps its rows.
                write_whole(out, survey_page(around, rows).encode())
            bar.update()
            bar.set_postfix_str(f"{row.file} {row.outcome}")
    sys.stdout.write(survey_json(rows) if json else survey_table(rows))
    say(survey_summary(rows), quiet=json)
    if out is not None:
        say(f"Wrote {out}", quiet=json)
    if any(row.outcome == "failed" for row in rows):
        sys.exit(3)
