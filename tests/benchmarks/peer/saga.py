"""Fit scikit-learn's elastic-net logistic regression by saga; only the fit is timed."""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression


def main(request: dict, answer: Path) -> None:
    """Our objective is theirs, sum CE C + l1_ratio |W|_1 + (1 - l1_ratio) / 2 |W|^2, over C n."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    tensors = load_file(request["data"])
    values, labels = tensors["values"].astype(np.float32), tensors["labels"]
    whole = request["lambda1"] + 2 * request["lambda2"]
    saga = LogisticRegression(
        solver="saga",
        l1_ratio=request["lambda1"] / whole,
        C=1 / (whole * len(labels)),
        max_iter=request["epochs"],
        tol=0.0,
        random_state=0,
    )
    start = time.perf_counter()
    saga.fit(values, labels)
    seconds = time.perf_counter() - start
    fitted = {"weight": saga.coef_, "bias": saga.intercept_}
    save_file(
        {name: np.ascontiguousarray(part, "f4") for name, part in fitted.items()}, request["output"]
    )
    answer.write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
