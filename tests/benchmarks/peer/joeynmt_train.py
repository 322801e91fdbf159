"""Train joeynmt's recurrent translator and translate the test set greedily. JSON in, JSON out."""

from __future__ import annotations

import json
import logging
import re
import sys
from importlib.metadata import version
from pathlib import Path

import torch
from joeynmt import training


def main(request: dict, answer: Path) -> None:
    torch.set_num_threads(request["threads"])
    folder = Path(request["folder"])
    heard = Heard()
    logging.getLogger("joeynmt.training").addHandler(heard)
    training.train(rank=0, world_size=1, cfg=settings(request), skip_test=False)
    log = "\n".join(heard.lines)
    speeds = [float(found) for found in re.findall(r"Tokens per Sec:\s+(\d+)", log)]
    (written,) = (folder / "model").glob("*.hyps.test")
    lines = written.read_text(encoding="utf-8").splitlines()
    result = {"speeds": speeds, "translations": lines, "version": version("joeynmt")}
    answer.write_text(json.dumps(result), encoding="utf-8")


class Heard(logging.Handler):
    """Keeps what is logged: the speed is said nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def settings(request: dict) -> dict:
    folder, width = request["folder"], request["width"]
    side = {"level": "word", "lowercase": False, "max_length": 100}
    side |= {"voc_limit": request["vocabulary"], "voc_min_freq": 1}
    layers = {
        "type": "recurrent",
        "rnn_type": "lstm",
        "embeddings": {"embedding_dim": width, "scale": False, "dropout": request["dropout"]},
        "hidden_size": width,
        "num_layers": request["layers"],
        "dropout": request["dropout"],
    }
    return {
        "name": "benchmark",
        "joeynmt_version": "2.3.0",
        "model_dir": f"{folder}/model",
        "use_cuda": False,
        "fp16": False,
        "random_seed": 1,
        "data": {
            "train": f"{folder}/train",
            "dev": f"{folder}/dev",
            "test": f"{folder}/test",
            "dataset_type": "plain",
            "src": {"lang": "src", **side},
            "trg": {"lang": "trg", **side},
        },
        "testing": {
            "beam_size": 1,
            "batch_size": 256,
            "batch_type": "sentence",
            "max_output_length": 60,
            "eval_metrics": ["bleu"],
            "sacrebleu_cfg": {"tokenize": "none"},
        },
        "training": {
            "optimizer": "adam",
            "learning_rate": request["learning_rate"],
            "learning_rate_min": 1e-6,
            "clip_grad_norm": 5.0,
            "batch_size": request["batch"],
            "batch_type": "sentence",
            "epochs": request["epochs"],
            "shuffle": True,
            "logging_freq": request["logged"],
            "validation_freq": request["validated"],
            "normalization": "tokens",
            "scheduling": "exponential",  # joeynmt passes plateau an argument that torch dropped
            "decrease_factor": 1.0,  # constant
            "early_stopping_metric": "loss",
            "overwrite": True,
            "keep_best_ckpts": 1,
            "print_valid_sents": [],
        },
        "model": {
            "initializer": "xavier_uniform",
            "bias_initializer": "zeros",
            "embed_initializer": "normal",
            "embed_init_weight": 0.1,
            "encoder": {**layers, "bidirectional": True},
            "decoder": {
                **layers,
                "attention": "luong",
                "input_feeding": True,
                "hidden_dropout": request["dropout"],
                "init_hidden": "bridge",
            },
        },
    }


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), Path(sys.argv[2]))
