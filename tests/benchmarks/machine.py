"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import torch

PACKAGES = ("onegrain", "torch", "pytorch-lightning", "numpy", "safetensors")


def describe_machine(threads: int) -> dict[str, object]:
    """Return processor, versions, thread counts and how fast matrices multiply right now."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": threads,
        "python": platform.python_version(),
        "commit": _commit(),
        "versions": {package: version(package) for package in PACKAGES},
        "gigaflops": {
            str(dtype).removeprefix("torch."): round(_matrix_product_speed(dtype), 1)
            for dtype in (torch.float32, torch.bfloat16)
        },
    }


def _commit() -> str:
    """Which state of ours was measured; ``-dirty`` if files differ from it."""
    describe = ["git", "describe", "--always", "--dirty"]
    done = subprocess.run(describe, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _matrix_product_speed(dtype: torch.dtype, size: int = 1024, repeats: int = 7) -> float:
    left, right = torch.randn(2, size, size).to(dtype)
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / median(seconds) / 1e9
