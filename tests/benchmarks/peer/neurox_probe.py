"""Train NeuroX's logistic regression with its defaults; only the training is timed."""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from neurox.interpretation import linear_probe
from safetensors.torch import load_file, save_file


def main(request: dict, answer: Path) -> None:
    torch.set_num_threads(request["threads"])
    torch.manual_seed(0)
    tensors = load_file(request["data"])
    values, labels = tensors["values"].numpy().astype(np.float32), tensors["labels"].numpy()
    start, cpu_start = time.perf_counter(), time.process_time()
    probe = linear_probe.train_logistic_regression_probe(
        values,
        labels,
        lambda_l1=request["lambda1"],
        lambda_l2=request["lambda2"],
        num_epochs=request["epochs"],
    )
    times = {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu_start,
    }
    fitted = {"weight": probe.linear.weight, "bias": probe.linear.bias}
    save_file({name: tensor.detach() for name, tensor in fitted.items()}, request["output"])
    versions = {name: version(name) for name in ("neurox", "torch", "numpy")}
    answer.write_text(json.dumps(times | {"versions": versions}), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
