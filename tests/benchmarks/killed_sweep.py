"""``python -m tests.benchmarks.killed_sweep``: kill -9 costs a sweep nothing but time.

A sweep of 12 tiny jobs on the grammar runs undisturbed; then the same sweep is killed with SIGKILL
at random moments and goes on with ``resume=true`` until it ends. The tables of both comparisons
must be byte for byte the same but for times and the name of the sweep's folder; no job may be
finished twice; nothing half-made may lie in the store.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

TRAIN = Path(__file__).resolve().parents[2] / "train.py"
SWEEP = (
    *("debug=fast", "tracking=offline", "model.hidden=8,12", "seed=1,2,3", "task=pos,position"),
    *("model.instances=1", "ranking=linear_correlation", "ablation=probe_mask"),
)
TIMES = re.compile(r"(^|/)(seconds|tokens_per_second)$")


def main() -> int:
    """Run, kill, go on, compare; return 1 if anything but times differs."""
    options = _parser().parse_args()
    words = options.words or SWEEP
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        places = [Path(scratch) / name for name in ("undisturbed", "killed")]
        for place in places:
            place.mkdir()
        began = time.monotonic()
        reference = options.reference or _finished(places[0], words)
        seconds = options.seconds or time.monotonic() - began
        sweep = _killed(places[1], words, options.kills, seconds, random.Random(options.seed))
        return _judge(reference, sweep)


def _finished(place: Path, words: Sequence[str]) -> Path:
    """Run a sweep to its end; return its folder."""
    with (place / "log").open("a") as log:
        subprocess.run(_command(words), cwd=place, stdout=log, stderr=log, check=True)
    return (place / "outputs" / "latest").resolve()


def _killed(
    place: Path, words: Sequence[str], kills: int, seconds: float, chance: random.Random
) -> Path:
    """Run a sweep, killed at random moments; return the folder of the one that ended.

    Args:
        place: Where it runs.
        words: Of its command line.
        kills: How many there must be; one that comes too late is tried again, earlier.
        seconds: What the whole sweep takes.
        chance: Of the moments.
    """
    killed, most = 0, seconds / (kills + 1)
    while killed < kills:
        with (place / "log").open("a") as log:
            process = subprocess.Popen(
                _command([*words, "resume=true"]), cwd=place, stdout=log, stderr=log
            )
            wait = chance.uniform(0, 2 * most)
            try:
                process.wait(wait)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed += 1
                print(f"killed after {wait:.1f} s: {_progress(place)}", flush=True)
                continue
        most /= 2
        for marker in place.glob("outputs/*/*/*/.finished"):
            marker.unlink()  # it ended before the moment came: its jobs run again
    return _finished(place, [*words, "resume=true"])


def _progress(place: Path) -> str:
    jobs = sum(path.is_dir() for path in place.glob("outputs/[0-9]*/*/[0-9]*"))
    done = len(list(place.glob("outputs/[0-9]*/*/*/.finished")))
    work = [path.parent.name for path in place.glob("outputs/store/*/.*.work")]
    return f"{done} of {jobs} jobs were finished" + (f", {', '.join(work)} in work" if work else "")


def _judge(reference: Path, sweep: Path) -> int:
    wanted, found = lasting_tables(reference), lasting_tables(sweep)
    faults = [f"{name} differs" for name in wanted | found if wanted.get(name) != found.get(name)]
    jobs = [path for path in sweep.iterdir() if path.name.isdecimal()]
    faults += [f"{job} is not finished" for job in jobs if not (job / ".finished").exists()]
    others = [path for path in sweep.parent.iterdir() if path != sweep]
    faults += [f"{path} is another sweep" for path in others if (path / "multirun.yaml").exists()]
    store = sweep.parents[1] / "store"
    faults += [f"{path} is half-made" for path in store.glob("*/.*.work")]
    for fault in faults:
        print(fault)
    print(f"{len(jobs)} jobs, {len(wanted)} tables: {'differ' if faults else 'the same'}")
    return 1 if faults else 0


def lasting_tables(sweep: Path) -> dict[str, str]:
    """Return the tables of a sweep's comparison without times and without the sweep's own name."""
    tables = {}
    for path in sorted((sweep / "comparison").glob("*.csv")):
        rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        kept = [index for index, name in enumerate(rows[0]) if not TIMES.search(name)]
        text = "\n".join(",".join(row[index] for index in kept) for row in rows)
        tables[path.name] = text.replace(f"{sweep.parent.name}/{sweep.name}", "SWEEP")
    return tables


def _command(words: Sequence[str]) -> list[str]:
    return [sys.executable, str(TRAIN), "-m", *words]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.killed_sweep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", help="of the sweep's command line (12 tiny jobs)")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(2), "big"))
    parser.add_argument("--reference", type=Path, help="a finished sweep of the same command line")
    parser.add_argument("--seconds", type=float, help="that the sweep takes, with --reference")
    parser.add_argument("--scratch", type=Path, help="where the sweeps run (/tmp)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
