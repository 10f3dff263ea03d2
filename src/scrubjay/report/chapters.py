"""The parts of the page that follow from lines and claims: headlines, chapters, and rows of the table of claims."""

from collections import Counter
from collections.abc import Sequence
from html import escape
from itertools import groupby
from typing import Any

from scrubjay.core.claim import Claim, Verdict, as_shown
from scrubjay.core.table import Table
from scrubjay.evidence.inner.naming import counted, listed
from scrubjay.evidence.line import Line, Skipped
from scrubjay.report.markup import number, verdict_mark
from scrubjay.study import Study

_VERDICTS: dict[Verdict, str] = {
    "holds": "hold",
    "partly": "hold partly",
    "fails": "fail",
    "not applicable": "could not be tested",
}
"""How many claims have each verdict, in words."""


def headlines_markup(study: Study) -> str:
    """The claims that a reader should see first, one line each, below the titles of their chapters."""
    groups = groupby(study.headlines, key=lambda claim: claim.section)
    titles = {line.name: line.title for line in study.lines}
    rows = "".join(
        f'<tr class="group"><th scope="rowgroup" colspan="4"><a href="#{escape(section)}">'
        f"{escape(titles.get(section, section))}</a></th></tr>{''.join(map(_headline, claims))}"
        for section, claims in groups
    )
    head = "".join(f'<th scope="col" class="number">{name}</th>' for name in ("here", "control"))
    told = Counter(claim.verdict for claim in study.headlines)
    counts = [f"{told[verdict]} {words}" for verdict, words in _VERDICTS.items() if told[verdict]]
    summary = f"Of {counted(len(study.headlines), 'headline claim')}, {listed(counts)}." if counts else ""
    return (
        f'<p class="verdicts">{summary}</p>'
        f'<table class="headlines"><thead><tr><th scope="col">claim</th>{head}<th scope="col">verdict</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _headline(claim: Claim) -> str:
    return (
        f'<tr><th scope="row" title="{escape(claim.statement)}">{escape(claim.heading)}</th>'
        f"{number('here', claim.shown)}{number('control', as_shown(claim.control, claim.kind))}"
        f"<td>{verdict_mark(claim.verdict).markup}</td></tr>"
    )


def claim_row(claim: Claim, published: bool) -> str:
    """A row of the table of all claims, with a cell for a published figure if there is a column for it."""
    mark = verdict_mark(claim.verdict)
    return (
        f'<tr data-verdict="{mark.name}"><td><code>{_breaking(claim.id)}</code></td><td>{escape(claim.statement)}</td>'
        + (number("published*", as_shown(claim.published, claim.kind)) if published else "")
        + f"{number('here', claim.shown)}{number('control', as_shown(claim.control, claim.kind))}"
        + f"<td>{mark.markup}</td></tr>"
    )


def chapter(
    line: Line[Any],
    study: Study,
    at: int,
    stages: frozenset[str],
    figures: Sequence[str],
    tables: Sequence[Table],
) -> str:
    """The chapter of a line: its question, the answer, one picture, and everything else folded away.

    Args:
        line: the line.
        study: what was found.
        at: the number of the chapter.
        stages: the explorer's stages that the page can show.
        figures: the markup of the line's figures.
        tables: the line's tables.
    """
    claims = [claim for claim in study.claims if claim.section == line.name]
    is_live = line.stage in stages
    main = [f'<div data-stage="{escape(line.stage)}"></div>'] if is_live else list(figures[:1])
    further = figures if is_live else figures[1:]
    folded = (
        _folded(f"The evidence: {counted(len(claims), 'claim')}", _said(claims)),
        _folded(counted(len(further), "picture"), "".join(further)),
        _folded(counted(len(tables), "table"), "".join(map(_table, tables))),
        _folded("How this is measured", f'<p class="prose">{escape(line.method)}</p>' if line.method else ""),
    )
    answer = study.answer(line)
    return (
        f'<section id="{escape(line.name)}" class="chapter"><h2><span class="at">{at}</span> {escape(line.title)}</h2>'
        f'<p class="question">{escape(line.question)}</p>'
        + (f'<p class="said-in-short">{escape(answer)}</p>' if answer else "")
        + "".join(main)
        + f'<div class="folds">{"".join(folded)}</div></section>'
    )


def skipped_chapter(skipped: Skipped) -> str:
    """A line that was not followed, in one line."""
    return (
        f'<section id="{escape(skipped.line)}" class="skipped"><h2>{escape(skipped.title)}</h2>'
        f'<p class="prose">Skipped: {escape(skipped.reason)}.</p></section>'
    )


def _folded(title: str, content: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{content}</details>" if content else ""


def _said(claims: Sequence[Claim]) -> str:
    return f'<ul class="said">{"".join(map(_sentence, claims))}</ul>' if claims else ""


def _sentence(claim: Claim) -> str:
    published = as_shown(claim.published, claim.kind)
    value = f"{claim.shown}{claim.shown_interval}; " if claim.value is not None else ""
    numbers = f"{value}control {as_shown(claim.control, claim.kind)}" + (
        f"; published {published}" if published else ""
    )
    mark = verdict_mark(claim.verdict).markup
    return f'<li>{mark} {escape(claim.statement)}. <span class="numbers">{escape(numbers)}.</span></li>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' if name else "<td></td>" for name in table.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows if row)
    note = f'<p class="quiet">{escape(table.note)}</p>' if table.note else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}"><table class="data">'
        f"<caption>{escape(table.title)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{note}"
    )


def _breaking(claim_id: str) -> str:
    """The id of a claim, which may go on in another line after each of its dots."""
    return escape(claim_id).replace(".", ".<wbr>")
