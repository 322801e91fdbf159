"""``python -m onegrain.reporting RUN_OR_SWEEP…``: the pages of finished runs, from their files."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from onegrain.errors import UserError
from onegrain.reporting.comparison.page import write_comparison
from onegrain.reporting.page import write_report
from onegrain.run_folder import METRICS_FILE


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page of every run named, and compare where there are several.

    Returns:
        2 if something could not be read, else 0.
    """
    options = _parser().parse_args(arguments)
    status = 0
    readable = []
    for place in options.places:
        try:
            if (place / METRICS_FILE).exists() or not place.is_dir():
                sys.stdout.write(f"{write_report(place)}\n")
            readable.append(place)
        except UserError as error:
            sys.stderr.write(f"{error}\n")
            status = 2
    if len(readable) > 1 or any(not (place / METRICS_FILE).exists() for place in readable):
        try:
            into = options.into or Path(os.path.commonpath([place.resolve() for place in readable]))
            sys.stdout.write(f"{write_comparison(readable, into)}\n")
        except UserError as error:
            sys.stderr.write(f"{error}\n")
            status = 2
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m onegrain.reporting",
        description="Make the page of each run again; lay several runs, or those of a sweep, "
        "over each other on comparison.html.",
    )
    parser.add_argument(
        "places",
        nargs="+",
        type=Path,
        metavar="RUN_OR_SWEEP",
        help="a folder of a run, of a sweep, or above those",
    )
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FOLDER",
        help="of the comparison; else the folder that all runs lie in",
    )
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
