"""The stage `report`: reads a run's results and writes report.json, report.md, report.html.

Nothing is drawn or trained here, so it can be repeated at any time; a partial run gives a
report that says what is missing.
"""

from __future__ import annotations

from typing import Any

from harness.files import write_atomically, write_json
from harness.progress import Progress
from harness.run_folder import RunFolder

_FORMATS = ("json", "md", "html")


def report(run: RunFolder, progress: Progress, *, reference: str | None = None) -> dict[str, Any]:
    """Writes the three files of the report.

    Args:
        run: the run.
        progress: where to say what is going on.
        reference: name of a paper to put its results beside ours.

    Returns:
        {"report": paths by format, "headline", "missing"} for `--json`, and with a reference
        "claims" (whether each holds); the whole document is in `report.json`.

    Raises:
        InputError: a results file is there and cannot be read, or there is no such reference.
    """
    from harness.reference import load_reference
    from harness.report.document import report_of
    from harness.report.html import html_of
    from harness.report.markdown import markdown_of
    from harness.report.sections import sections_of
    from harness.report.sources import read_sources

    theirs = load_reference(reference) if reference is not None else None
    with progress.task("report", len(_FORMATS), "files") as task:
        built = report_of(read_sources(run), theirs)
        sections = sections_of(built)
        write_json(run.report("json"), built.model_dump(mode="json"))
        task.advance()
        write_atomically(run.report("md"), markdown_of(built, sections))
        task.advance()
        write_atomically(run.report("html"), html_of(built, sections))
        task.advance()
    document: dict[str, Any] = {
        "report": {name: str(run.report(name)) for name in _FORMATS},
        "headline": built.headline,
        "missing": built.missing,
    }
    if built.reference is not None:
        document["claims"] = {claim.name: claim.holds for claim in built.reference.claims}
    return document
