"""``python -m onegrain.reporting RUN…``: make reports again from the files of finished runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from onegrain.errors import UserError
from onegrain.reporting.page import write_report


def main(arguments: Sequence[str] | None = None) -> int:
    """Write ``report.html`` into every run named; return 2 if one of them could not be read."""
    parser = argparse.ArgumentParser(
        prog="python -m onegrain.reporting",
        description="Make the report of finished runs again from their files.",
    )
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="a run's folder")
    status = 0
    for folder in parser.parse_args(arguments).runs:
        try:
            sys.stdout.write(f"{write_report(folder)}\n")
        except UserError as error:
            sys.stderr.write(f"{error}\n")
            status = 2
    return status


if __name__ == "__main__":
    raise SystemExit(main())
