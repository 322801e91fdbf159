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
    loaded = transformers_extractor.get_model_and_tokenizer(request["model"])
    transformers_extractor.get_model_and_tokenizer = lambda *_, **__: loaded
    start = time.perf_counter()
    transformers_extractor.extract_representations(
        request["model"], request["text"], request["output"], output_type=request["kind"]
    )
    seconds = time.perf_counter() - start
    answer.write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
