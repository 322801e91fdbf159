"""Evaluate NeuroX's probe with some neurons kept, one point after another, each timed."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from neurox.interpretation import ablation, linear_probe
from safetensors.torch import load_file


def main(request: dict, answer: Path) -> None:
    torch.set_num_threads(request["threads"])
    tensors = load_file(request["data"])
    values, labels = tensors["values"].numpy().astype(np.float32), tensors["labels"].numpy()
    fitted = load_file(request["probe"])
    probe = linear_probe.LinearProbe(values.shape[1], len(fitted["bias"]))
    probe.linear.load_state_dict({"weight": fitted["weight"], "bias": fitted["bias"]})
    accuracy, seconds = [], []
    for order in fitted["orders"].numpy():
        accuracy.append([])
        seconds.append([])
        for count in request["counts"]:
            start = time.perf_counter()
            kept = ablation.zero_out_activations_keep_neurons(values, order[:count])
            scores = linear_probe.evaluate_probe(probe, kept, labels)
            seconds[-1].append(time.perf_counter() - start)
            accuracy[-1].append(float(scores["__OVERALL__"]))
    versions = {name: version(name) for name in ("neurox", "torch", "numpy")}
    result = {"accuracy": accuracy, "seconds": seconds, "versions": versions}
    answer.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
