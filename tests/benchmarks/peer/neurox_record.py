"""Extract activations with NeuroX; what it prepares, the model above all, is not timed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from neurox.data.extraction import transformers_extractor


def main(request: dict, answer: Path) -> None:
    torch.set_num_threads(request["threads"])
    start = time.perf_counter()
    transformers_extractor.get_model_and_tokenizer(request["model"])
    preparing = time.perf_counter() - start
    start = time.perf_counter()
    transformers_extractor.extract_representations(
        request["model"], request["text"], request["output"], output_type=request["kind"]
    )
    seconds = time.perf_counter() - start - preparing
    answer.write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
