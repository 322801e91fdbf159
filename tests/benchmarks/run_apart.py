"""Ours in a process of its own, whose peak memory is that of one piece of work.

``python -m tests.benchmarks.run_apart WORK REQUEST ANSWER``: JSON in, JSON out.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SAMPLED = 0.02  # seconds
STATUS = Path("/proc/self/status")


def run_apart(work: str, request: dict[str, Any]) -> dict[str, Any]:
    """Do one of `WORKS` in a new process.

    Returns:
        What the work returns, and ``peak_megabytes``, all that was resident at once, and
        ``own_megabytes``, that without pages of mapped files, which the system takes back at will.

    Raises:
        RuntimeError: With the end of what it said, if it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder) / "request.json", Path(folder) / "answer.json"
        asked.write_text(json.dumps(request), encoding="utf-8")
        command = [sys.executable, "-m", "tests.benchmarks.run_apart", work, asked, answered]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{work} failed:\n{done.stderr[-3000:]}")
        answer: dict[str, Any] = json.loads(answered.read_text(encoding="utf-8"))
        return answer


def _record(request: dict[str, Any]) -> dict[str, Any]:
    import torch

    from onegrain.activations.record import record
    from onegrain.data.corpus import Corpus
    from onegrain.models.pretrained import load_pretrained
    from onegrain.settings import ActivationSettings, TransformerModel
    from onegrain.stages.recordings import BATCH_ON_CPU

    torch.set_num_threads(request["threads"])
    settings = TransformerModel(path=request["weights"], head=False)
    model = load_pretrained(Path(request["weights"]), settings)
    network = model.model.to(
        getattr(torch, {"fp32": "float32"}.get(request["precision"], "bfloat16"))
    )
    lines = Path(request["text"]).read_text(encoding="utf-8").splitlines()
    corpus = Corpus("en", tuple(tuple(line.split(" ")) for line in lines))
    chosen = ActivationSettings(batch_tokens=BATCH_ON_CPU)
    start = time.perf_counter()
    record(network, model.source, corpus, Path(request["output"]), chosen)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "words": sum(map(len, corpus.sentences))}


def _fit_mapped(request: dict[str, Any]) -> dict[str, Any]:
    import torch

    from onegrain.activations.activations import Activations
    from onegrain.precision import resolve_precision
    from onegrain.probing.fitting import fit_probe
    from onegrain.probing.grid import LambdaGrid
    from onegrain.probing.labelled import LabelledActivations
    from onegrain.settings import Precision

    torch.set_num_threads(request["threads"])
    activations = Activations.open(Path(request["recording"]))
    words, labels = len(activations.tokens), request["labels"]
    gold = torch.arange(words) % labels
    train = LabelledActivations(activations, gold, activations.tokens.sentence)
    dtype = resolve_precision(Precision.auto, torch.device("cpu"))
    names = [str(label) for label in range(labels)]
    start = time.perf_counter()
    options = {"epochs": 2, "dtype": dtype, "accelerator": "cpu"}
    fit_probe(train, names, LambdaGrid.product([1e-4], [1e-4]), **options)
    return {"seconds": time.perf_counter() - start, "words": words}


WORKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "record": _record,
    "fit_mapped": _fit_mapped,
}


class _OwnMemory(threading.Thread):
    """Looks again and again at what memory belongs to this process alone."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.megabytes = 0.0

    def run(self) -> None:
        while STATUS.exists():
            self.megabytes = max(self.megabytes, _status("RssAnon:", "RssShmem:"))
            time.sleep(SAMPLED)


def _status(*names: str) -> float:
    """Return the sum of what Linux says of this process's memory, in MB; 0 elsewhere."""
    if not STATUS.exists():
        return 0.0
    lines = (line.split() for line in STATUS.read_text(encoding="utf-8").splitlines())
    return sum(int(line[1]) for line in lines if line[0] in names) / 1024


def main() -> None:
    """Do the work and write what it returned."""
    work, asked, answered = sys.argv[1:]
    watching = _OwnMemory()
    watching.start()
    answer = WORKS[work](json.loads(Path(asked).read_text(encoding="utf-8")))
    # Not ru_maxrss, which begins with what was resident in the process that started this one.
    answer["peak_megabytes"] = _status("VmHWM:")
    answer["own_megabytes"] = watching.megabytes
    Path(answered).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
