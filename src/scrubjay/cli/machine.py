"""The command that looks at the machine: doctor."""

import sys
from typing import Annotated

import typer

from scrubjay.cli.words import say


def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Show what scrubjay finds on this machine.

    That is the versions of packages, the device, the threads, ffmpeg, the browser, and which optional packages there
    are.
    """
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
