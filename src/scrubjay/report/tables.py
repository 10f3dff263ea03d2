"""The study as tables in a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from scrubjay.study.records import Side, Study

_STYLES = {"holds": "green", "partly": "yellow", "fails": "red"}


def study_tables(study: Study) -> Group:
    """Claims, filters and the plain paragraph."""
    parts: list[RenderableType] = [claims_table(study)]
    if study.full.grid:
        parts += [Text(), grid_table(study)]
    parts += [Text(), Text(study.paragraph)]
    return Group(*parts)


def claims_table(study: Study) -> Table:
    """One row a claim. The post's figures are of the original network, which ours is not."""
    table = Table(title=f"{study.title} on {study.task.name}", title_justify="left")
    published = any(claim.post is not None for claim in study.claims)
    table.add_column("claim", ratio=1)
    for column in (*(["post*"] if published else []), "here", "control", "verdict"):
        table.add_column(column, justify="right", no_wrap=True)
    for claim in study.claims:
        post, value, control = claim.shown
        table.add_row(
            Text.assemble((claim.id, "bold"), "  ", claim.statement),
            *([post] if published else []),
            value,
            control,
            Text(claim.verdict, style=_STYLES[claim.verdict]),
        )
    if published:
        table.caption = "* published for the original network, whose weights these are not"
        table.caption_justify = "left"
    return table


def grid_table(study: Study) -> Table:
    """Filters by subspace and number: what they classify, and what is left when all else is resampled."""
    table = Table(
        title="Filters: how often their gate gives the network's own answer, and how much of those answers is left\n"
        "when everything but the filters' directions is resampled",
        title_justify="left",
    )
    for column in ("network", "components", "filters", "gate", "agreement", "left", "reading"):
        table.add_column(column, justify="left" if column in ("network", "gate", "reading") else "right")
    for side in (study.full, study.frozen):
        for fit in side.grid:
            left = fit.scrubbed
            table.add_row(
                side.name,
                _components(fit.r, side),
                str(fit.k),
                fit.filters.gate.name,
                f"{fit.agreement:.1%}",
                f"{left.mean:.1%}",
                "a probe" if fit.is_probe else "",
            )
    table.caption = "a probe: it tells the answers, but the network does not use its directions"
    table.caption_justify = "left"
    return table


def _components(r: int, side: Side) -> str:
    if r == len(side.pca.mean):
        return f"all {r}"
    return f"{r} (causal)" if r == side.subspace.r else str(r)
