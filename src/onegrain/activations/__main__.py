"""Recordings from the command line: ``python -m onegrain.activations export FOLDER FILE``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from onegrain.activations.activations import Activations
from onegrain.activations.neurox_files import export_neurox
from onegrain.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a recording as NeuroX's files; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m onegrain.activations")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    export = commands.add_parser("export", help="write a recording as NeuroX's json or hdf5")
    export.add_argument("recording", type=Path, help="folder, such as outputs/store/activations/X")
    export.add_argument("file", type=Path, help="that ends in .json or .hdf5")
    asked = parser.parse_args(arguments)
    try:
        export_neurox(Activations.open(asked.recording), asked.file)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
