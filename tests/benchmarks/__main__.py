"""``python -m tests.benchmarks [probe|grid|curve|all]``: measure ours beside NeuroX 1.0.9.

All cases work on one real problem: the words of UD English-EWT, recorded from a 6-layer MiniLM
(`tests.benchmarks.minilm`), and their 49 XPOS labels. NeuroX runs in an environment of its own
(`tests.benchmarks.peers`). Both are made at the first run. Machines are shared and noisy, so what
counts is the ratio within one run; the load of the machine stands beside it. A whole run takes
about ten minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import torch

from . import curve, grid, probe
from .machine import describe_machine
from .minilm import load_work
from .neurox import NeuroX
from .peers import ensure_peers
from .result import Result, show
from .setting import Setting

CASES = {"probe": probe.measure, "grid": grid.measure, "curve": curve.measure}
ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = ROOT / "outputs" / "benchmarks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table and write JSON; 1 if a target is missed."""
    options = _parser().parse_args(arguments)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(options.threads)
    load = os.getloadavg()  # before our own
    python = ensure_peers(options.peers)
    with tempfile.TemporaryDirectory(prefix="onegrain-benchmarks-") as scratch:
        work = load_work(options.cache, options.data, python, Path(scratch), options.words)
        neurox = NeuroX(python, work, Path(scratch), options.threads, options.neurox_epochs)
        setting = Setting(work, neurox, options.max_epochs, options.repeats, options.every)
        results: list[Result] = []
        for name in CASES if options.case == "all" else [options.case]:
            print(f"{name}: {len(work.train):,} words x {work.train.neurons:,} neurons")
            results += CASES[name](setting)
        machine = {"load_before": load, **describe_machine(options.threads)}
        machine["peer_versions"] = neurox.versions
    show(results)
    _write(options, machine, results)
    return 0 if all(result.holds for result in results) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("case", nargs="?", default="all", choices=[*CASES, "all"])
    add = parser.add_argument
    add("--output", type=Path, help="JSON file (outputs/benchmarks/<stamp>.json)")
    add("--cache", type=Path, default=OUTPUTS / "recordings", help="where the recordings lie")
    add("--data", type=Path, default=ROOT.parent / "shared" / "data", help="the corpora")
    add("--peers", type=Path, default=OUTPUTS / "peers", help="the peers' environment")
    add("--threads", type=int, default=2, help="of both sides")
    add("--repeats", type=int, default=3, help="of what is quick; medians are shown")
    add("--max-epochs", type=int, default=10, help="of ours, at which the search gives up")
    add("--every", type=int, default=5, help="curve: NeuroX measures each n-th of 100 points")
    add("--words", type=int, help="only the first words, for a trial")
    add("--neurox-epochs", type=int, default=10, help="its default is 10; fewer for a trial")
    return parser


def _write(
    options: argparse.Namespace, machine: dict[str, object], results: Sequence[Result]
) -> None:
    now = datetime.now().astimezone()
    path: Path = options.output or OUTPUTS / f"{now:%Y-%m-%d_%H-%M-%S}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "time": now.isoformat(timespec="seconds"),
        "options": {name: str(value) for name, value in vars(options).items()},
        "machine": machine,
        "results": [
            asdict(result) | {"speedup": result.speedup, "holds": result.holds}
            for result in results
        ],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    sys.exit(main())
