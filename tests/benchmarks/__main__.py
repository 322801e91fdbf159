"""``python -m tests.benchmarks [CASE ... | all]``: measure ours beside what people use today.

Most cases work on one real problem: the words of UD English-EWT, recorded from a 6-layer MiniLM
(`tests.benchmarks.minilm`), and their 49 XPOS labels. Peers run in an environment of their own
(`tests.benchmarks.peers`). What a case needs is made at the first run that asks for it. Machines
are shared and noisy, so what counts is the ratio within one run; the load of the machine stands
beside it. All cases take an hour or two; ``--words 2000`` is a trial of minutes.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import torch

from . import (
    certified,
    correlation,
    curve,
    default_run,
    grid,
    growth,
    probe,
    recording,
    retraining,
    saga,
    sweep,
    translator,
)
from .machine import describe_machine
from .result import Result, show
from .setting import ROOT, Setting

CASES: Mapping[str, Callable[[Setting], list[Result]]] = {
    "probe": probe.measure,
    "grid": grid.measure,
    "saga": saga.measure,
    "certified": certified.measure,
    "curve": curve.measure,
    "retraining": retraining.measure,
    "recording": recording.measure,
    "correlation": correlation.measure,
    "translator": translator.measure,
    "sweep": sweep.measure,
    "default_run": default_run.measure,
    "growth": growth.measure,
}
OUTPUTS = ROOT / "outputs" / "benchmarks"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table and write JSON; 1 if a target is missed."""
    options = _parser().parse_args(arguments)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(options.threads)
    load = os.getloadavg()  # before our own
    with tempfile.TemporaryDirectory(prefix="onegrain-benchmarks-") as scratch:
        setting = _setting(options, Path(scratch))
        results: list[Result] = []
        for name in CASES if "all" in options.case else dict.fromkeys(options.case):
            print(f"{name}:", flush=True)
            results += CASES[name](setting)
            show(results)
            machine = {"load_before": load, **describe_machine(options.threads)}
            machine["peer_versions"] = setting.peer_versions
            _write(options, machine, results)
    return 0 if all(result.holds for result in results) else 1


def _setting(options: argparse.Namespace, scratch: Path) -> Setting:
    return Setting(
        data=options.data,
        cache=options.cache,
        peers=options.peers,
        scratch=scratch,
        threads=options.threads,
        words=options.words,
        max_epochs=options.max_epochs,
        neurox_epochs=options.neurox_epochs,
        saga_epochs=tuple(options.saga_epochs),
        repeats=options.repeats,
        every=options.every,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("case", nargs="*", default=["all"], choices=[*CASES, "all"])
    add = parser.add_argument
    now = datetime.now().astimezone()
    default = OUTPUTS / f"{now:%Y-%m-%d_%H-%M-%S}.json"
    add("--output", type=Path, default=default, help="JSON file, and charts beside it")
    add("--cache", type=Path, default=OUTPUTS, help="where recordings and trained models lie")
    add("--data", type=Path, default=ROOT.parent / "shared" / "data", help="the corpora")
    add("--peers", type=Path, default=OUTPUTS / "peers", help="the peers' environment")
    add("--threads", type=int, default=2, help="of both sides")
    add("--repeats", type=int, default=3, help="of what is quick; medians are shown")
    add("--max-epochs", type=int, default=60, help="of ours, at which the search gives up")
    add("--every", type=int, default=5, help="curves: the peer measures each n-th point")
    add("--words", type=int, help="only the first words, for a trial")
    add("--neurox-epochs", type=int, default=10, help="its default is 10; fewer for a trial")
    add("--saga-epochs", type=int, nargs="+", default=[10, 50], help="fewer for a trial")
    return parser


def _write(
    options: argparse.Namespace, machine: dict[str, object], results: Sequence[Result]
) -> None:
    path: Path = options.output
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "time": datetime.now().astimezone().isoformat(timespec="seconds"),
        "options": {name: str(value) for name, value in vars(options).items()},
        "machine": machine,
        "results": [
            asdict(result) | {"speedup": result.speedup, "holds": result.holds}
            for result in results
        ],
    }
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    for result in results:
        for name, chart in result.charts.items():
            path.with_name(f"{path.stem}_{name}.svg").write_text(chart, encoding="utf-8")
    print(path)


if __name__ == "__main__":
    sys.exit(main())
