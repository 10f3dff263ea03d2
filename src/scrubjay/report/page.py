"""``report.html``: one page that holds the claims, the figures and the network itself, and works offline from disk.

Everything that a user supplies (names, labels, commands) is escaped in text and attributes. The embedded JSON has no
``<``, ``>`` or ``&``. A Content-Security-Policy allows the page's own script and style by their hashes, and no request
to anywhere.
"""

import webbrowser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from scrubjay.core.claim import HOLDS, PARTLY, Claim, as_shown
from scrubjay.core.errors import BadInput
from scrubjay.core.files import write_whole
from scrubjay.evidence.line import Line, Picture, Skipped
from scrubjay.report.bundle import page_script, style, template
from scrubjay.report.claims_json import claims_json
from scrubjay.report.markup import data_url, entry, figure_markup, number, policy, verdict_mark
from scrubjay.report.portrait import MOST_BYTES, Portrait, is_played
from scrubjay.report.portrait_json import portrait_json
from scrubjay.study import Study


@dataclass(frozen=True)
class Report:
    """A report as a page. If it is the last value of a notebook's cell, the notebook shows it.

    Example:
        >>> import scrubjay
        >>> from scrubjay.report.page import Report
        >>> Report.of(scrubjay.explain("bundled")).save("report.html")  # doctest: +SKIP
        PosixPath('report.html')

    Attributes:
        title: the title of the page.
        html: the page.
    """

    title: str
    html: str

    @classmethod
    def of(cls, study: Study, figures: Sequence[Path] = ()) -> "Report":
        """Make the page of a study.

        Args:
            study: what ``explain`` found. If the network or the domain is too large for a page, the page has no
                explorer and says why.
            figures: the files that ``write_figures`` returns. Pictures without a file are left out.

        Raises:
            BadInput: a figure cannot be read.
        """
        script, sheet = page_script(), style("page", "explorer")
        try:
            portrait, place = _playable(study), '<div id="explorer"></div>'
        except BadInput as refusal:
            portrait, place = "null", f'<p class="prose">The network is not in this page: {escape(str(refusal))}.</p>'
        drawn, pictures = {path.name: path for path in figures}, study.pictures()
        published = any(claim.published is not None for claim in study.claims)
        return cls(
            study.title,
            Template(template("page")).substitute(
                policy=escape(policy(script, sheet)),
                title=escape(f"{study.title} on {study.task.name}"),
                about=escape(_about(study)),
                paragraph=escape(study.paragraph),
                contents="".join(entry(anchor, title) for anchor, title in _contents(study)),
                reading=escape(_reading(published)),
                claims_link=data_url("application/json", claims_json(study).encode()),
                published_head='<th scope="col" class="number">published*</th>' if published else "",
                claims="\n".join(_row(claim, published) for claim in study.claims),
                explorer=place,
                sections="\n".join(
                    (
                        *(_section(line, study, pictures[line.name], drawn) for line in study.lines),
                        *map(_skipped, study.skipped),
                    )
                ),
                provenance="\n".join(
                    f"<dt>{escape(str(key))}</dt><dd>{escape(_told(value))}</dd>"
                    for key, value in study.provenance.items()
                ),
                portrait=portrait,
                script=script,
                style=sheet,
            ),
        )

    def save(self, path: str | Path) -> Path:
        """Write the page, and return its path.

        Raises:
            OutOfResources: the file cannot be written.
        """
        write_whole(Path(path), self.html.encode("utf-8"))
        return Path(path)

    def _repr_html_(self) -> str:
        return (
            f'<iframe title="{escape(self.title)}" sandbox="allow-scripts allow-downloads" '
            f'srcdoc="{escape(self.html)}" style="width: 100%; height: 80vh; border: 1px solid #888"></iframe>'
        )


def open_report(folder: str | Path) -> tuple[str, bool]:
    """Open a report in the web browser.

    Args:
        folder: the folder that ``write_report`` wrote, or the page itself.

    Returns:
        The address of the page, and whether a browser could be started.

    Raises:
        BadInput: there is no report.
    """
    folder = Path(folder)
    path = folder if folder.suffix == ".html" else folder / "report.html"
    if not path.is_file():
        raise BadInput(f"there is no report at {path}; `scrubjay explain --out {folder}` writes one")
    address = path.resolve().as_uri()
    return address, webbrowser.open(address)


def _playable(study: Study) -> str:
    size = sum(weight.nbytes for weight in study.run.network.weights.values())
    if is_played(study.run.network) and size > MOST_BYTES:
        raise BadInput(f"its weights take {size:,} bytes, and a page has room for {MOST_BYTES:,}")
    return portrait_json(Portrait.of_study(study))


def _about(study: Study) -> str:
    made = f"The network was run on {study.task.domain.in_words} of its task."
    if study.provenance["is_replica"]:
        made += " It is a replica, trained by the published recipe, and not the original network."
    return made


def _reading(published: bool) -> str:
    words = (
        f"The control of a value is the same measurement where the statement must fail. The effect of a claim is how "
        f"far its value lies on the way from chance to perfection. A claim holds if its effect is at least {HOLDS:.0%} "
        f"and holds partly if it is at least {PARTLY:.0%}. It fails below that, or if its value does not lie beyond "
        f"its control. All intervals are 95% intervals: Student's t for the mean over random draws, and Wilson's for "
        f"shares of counted inputs. A value without an interval is exact. Rival explanations and readouts are ranked "
        f"and get no verdict."
    )
    if published:
        words += " * These figures were published for another network, which has other weights."
    return words


def _contents(study: Study) -> list[tuple[str, str]]:
    own = [(line.name, line.title) for line in study.lines]
    left = [(skipped.line, f"{skipped.title} (skipped)") for skipped in study.skipped]
    return [
        ("claims", "The claims"),
        ("play", "The network itself"),
        *own,
        *left,
        ("provenance", "Where this comes from"),
    ]


def _row(claim: Claim, published: bool) -> str:
    mark = verdict_mark(claim.verdict)
    return (
        f'<tr data-verdict="{mark.name}"><td><code>{_breaking(claim.id)}</code></td><td>{escape(claim.statement)}</td>'
        + (number("published*", as_shown(claim.published, claim.kind)) if published else "")
        + f"{number('here', claim.shown)}{number('control', as_shown(claim.control, claim.kind))}"
        + f"<td>{mark.markup}</td></tr>"
    )


def _breaking(claim_id: str) -> str:
    """The id of a claim, which may go on in another line after each of its dots."""
    return escape(claim_id).replace(".", ".<wbr>")


def _section(line: Line[object], study: Study, pictures: Sequence[Picture], drawn: Mapping[str, Path]) -> str:
    said = "".join(_sentence(claim) for claim in study.claims if claim.section == line.name)
    figures = "".join(figure_markup(picture, drawn[picture.file]) for picture in pictures if picture.file in drawn)
    return (
        f'<section id="{escape(line.name)}"><h2>{escape(line.title)}</h2>'
        f'<p class="prose">{escape(line.question)}</p><ul class="said">{said}</ul>{figures}</section>'
    )


def _skipped(skipped: Skipped) -> str:
    return (
        f'<section id="{escape(skipped.line)}" class="skipped"><h2>{escape(skipped.title)}</h2>'
        f'<p class="prose">Skipped: {escape(skipped.reason)}.</p></section>'
    )


def _sentence(claim: Claim) -> str:
    published = as_shown(claim.published, claim.kind)
    value = f"{claim.shown}{claim.shown_interval}; " if claim.value is not None else ""
    numbers = f"{value}control {as_shown(claim.control, claim.kind)}" + (
        f"; published {published}" if published else ""
    )
    mark = verdict_mark(claim.verdict).markup
    return f'<li>{mark} {escape(claim.statement)}. <span class="numbers">{escape(numbers)}.</span></li>'


def _told(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    return str(value)
