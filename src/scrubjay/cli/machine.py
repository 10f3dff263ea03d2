"""The command that looks at the machine: doctor."""

import sys
from typing import Annotated

import typer

from scrubjay.cli.words import say


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what is on this machine: versions, device, threads, ffmpeg, browser, extras."""
    from dataclasses import asdict
    from json import dumps

    from scrubjay.doctor import examine

    found = examine()
    if json:
        sys.stdout.write(dumps([asdict(each) for each in found], indent=2) + "\n")
        return
    width = max(len(each.what) for each in found)
    for each in found:
        say(f"{each.what:{width}}  {each.found}{f'; {each.advice}' if each.advice else ''}")
