"""``python train.py`` as it comes: with an empty store, and again with another lambda grid."""

from __future__ import annotations

import subprocess
import sys
import time

from .result import Result
from .setting import ROOT, Setting

COLD, WARM = 90.0, 15.0  # seconds


def measure(setting: Setting) -> list[Result]:
    """Time whole commands, Python's start included; ``--words`` tries it with debug=fast."""
    small = [] if setting.words is None else ["debug=fast"]
    cold = _seconds(setting, small)
    warm = _seconds(setting, [*small, "lambda_grid=paper"])
    return [
        _result("python train.py, empty store", cold, COLD),
        _result("the same with lambda_grid=paper", warm, WARM),
    ]


def _result(work: str, seconds: float, most: float) -> Result:
    figure = f"aim {most:g} s"
    return Result("default_run", work, seconds, figure=figure, agrees=seconds <= most)


def _seconds(setting: Setting, overrides: list[str]) -> float:
    command = [
        *(sys.executable, "train.py", f"store={setting.scratch}/store"),
        *(f"output_root={setting.scratch}/runs", *overrides),
    ]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr}")
    print(f"  {' '.join(overrides) or 'defaults'}: {seconds:.1f} s", flush=True)
    return seconds
