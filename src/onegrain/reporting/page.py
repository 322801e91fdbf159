"""The page of a run: one file that opens from disk, in any theme, without a network.

All that comes from corpora or settings reaches the page as escaped text or as JSON in which no
markup can end, and the page's content security policy lets no script run but its own.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from onegrain.reporting.control_page import control_tables
from onegrain.reporting.explorer import explorer_payload
from onegrain.reporting.figures import Figure, figures_of, write_figures
from onegrain.reporting.findings import finding, gaps, number_of, selected_point
from onegrain.reporting.formatting import measure, number, strength
from onegrain.reporting.judges import judge_table
from onegrain.reporting.meaning_tables import meaning_tables
from onegrain.reporting.notes import doubts, notes
from onegrain.reporting.page_tables import (
    DataTable,
    agreement_tables,
    grid_table,
    kept_tables,
    linked,
    metrics_table,
    neuron_tables,
)
from onegrain.reporting.run_contract import EXPLORER_FILE
from onegrain.reporting.run_files import RunResults, read_run, write_whole
from onegrain.reporting.sensitivity_tables import sensitivity_tables
from onegrain.reporting.set_tables import set_tables
from onegrain.reporting.theme import THEMES
from onegrain.reporting.vega import vega_library
from onegrain.run_folder import METRICS_FILE, REPORT_FILE
from onegrain.store import Store

log = logging.getLogger(__name__)

GAP_TILES = 4  # at most; the tables have all
TEMPLATES = Path(__file__).parent / "templates"
EXPLORER_SCRIPTS = ("explorer_model.js", "explorer_parts.js", "explorer.js")
EXPLORER_STYLES = ("explorer.css",)

# metrics.json name -> what the tile says; in this order, those that the run has.
_TILES = {
    "probe/accuracy": "Probe accuracy",
    "probe/majority_accuracy": "Majority baseline",
    "probe/selectivity": "Selectivity",
    "probe/compression": "Compression (MDL)",
    "probe/unknown_share": "Unknown words",
    "train/entity_f1": "Tagger's entity F1",
    "train/macro_f1": "Tagger's macro F1",
    "train/bleu": "Model BLEU",
    "train/perplexity": "Model perplexity (dev)",
}


@dataclass(frozen=True)
class Tile:
    """A key number."""

    title: str
    text: str
    detail: str = ""


def write_report(folder: Path, store: Store | None = None) -> Path:
    """Make ``report.html`` and ``figures/*.svg`` of a run from its files; return the page's path.

    What makes the results doubtful is on the page and in the log.

    Args:
        folder: The run's.
        store: Keeps the script that draws charts, which else is put together.

    Raises:
        UserError: If the folder is not a run's, or its files are not what they must be.
    """
    results = read_run(folder)
    for doubt in doubts(results):
        log.warning("%s", doubt)
    figures = list(figures_of(results))
    page = render(results, figures, store)
    write_figures(figures, folder)
    write_whole(folder / REPORT_FILE, page)
    return folder / REPORT_FILE


def render(results: RunResults, figures: list[Figure], store: Store | None = None) -> str:
    """The page as HTML."""
    explorer = explorer_payload(results)
    shown = explorer is not None
    leading = linked if shown else list[DataTable]  # their ids, to the explorer
    return render_template(
        "report.html.j2",
        ["report.js", *(EXPLORER_SCRIPTS if shown else ())],
        ["report.css", *(EXPLORER_STYLES if shown else ())],
        explorer=explorer,
        results=results,
        finding=finding(results),
        facts=_facts(results.settings),
        tiles=_tiles(results),
        notes=notes(results),
        figures=figures,
        kept_tables=kept_tables(results),
        grid_table=None if results.lambda_grid.empty else grid_table(results.lambda_grid),
        neuron_tables=leading(neuron_tables(results.neurons)),
        agreement_tables=agreement_tables(results.agreement),
        judge_table=judge_table(results),
        meaning_tables=leading(meaning_tables(results)),
        sensitivity_tables=leading(sensitivity_tables(results)),
        set_tables=set_tables(results),
        control_tables=control_tables(results.control),
        metrics_table=metrics_table(results.metrics),
        numbers=_numbers(results.folder, explorer is not None),
        charts={"specs": {figure.name: figure.spec for figure in figures}},
        store=store,
    )


def render_template(
    name: str,
    scripts: Sequence[str],
    styles: Sequence[str] = ("report.css",),
    store: Store | None = None,
    **content: Any,
) -> str:
    """Fill one of our templates: its style, scripts and charts are in the page itself.

    Args:
        name: Of the template.
        scripts: Of ours, in the order in which they run, after Vega.
        styles: Of ours.
        store: Where Vega is kept.
        content: What the template shows; ``charts`` becomes JSON for the scripts.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}  # choices have an order
    all_scripts = [vega_library(store), *map(_template, scripts)]
    content["charts"] = {"themes": THEMES, **content["charts"]}
    return environment.get_template(name).render(
        **content,
        style="".join(map(_template, styles)),
        scripts=all_scripts,
        hashes=[_content_hash(script) for script in all_scripts],
    )


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _content_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _numbers(folder: Path, explored: bool) -> list[str]:
    """The files that the page is made of, as they lie beside it."""
    tables = sorted(path.name for path in folder.glob("*.csv"))
    return [METRICS_FILE, *tables, *([EXPLORER_FILE] if explored else [])]


def _facts(settings: Mapping[str, Any]) -> list[str]:
    """The few choices that tell runs apart at a glance."""
    model = settings.get("model", {})
    rooms = (room for room in ("data", "task", "model") if "name" in settings.get(room, {}))
    sizes = (("layers", "layer"), ("hidden", "unit"))
    return [
        *(f"{room} {settings[room]['name']}" for room in rooms),
        *(
            f"{model[name]} {title}" + "s" * (model[name] != 1)
            for name, title in sizes
            if name in model
        ),
        *([f"seed {settings['seed']}"] if "seed" in settings else []),
    ]


def _tiles(results: RunResults) -> list[Tile]:
    tiles = [
        Tile(title, measure(name, value))
        for name, title in _TILES.items()
        if not isinstance(value := results.metrics.get(name, math.nan), str)
        and math.isfinite(value)
    ]
    chosen = selected_point(results.lambda_grid)
    if chosen is not None:
        where = f"weights at λ1 {strength(chosen['lambda1'])}, λ2 {strength(chosen['lambda2'])}"
        # The chosen point fitted alone is nearer to its optimum than the grid's.
        alone = number_of(results.metrics, "probe/nonzero")
        nonzero = chosen["nonzero"] if alone is None else alone
        tiles.append(Tile("Non-zero", number(nonzero), where))
    for name, gap in list(gaps(results.metrics).items())[:GAP_TILES]:
        tiles.append(Tile("Top–bottom gap", number(gap), name.replace("/", " / ")))
    return tiles
