"""train.py with a pipeline of a few lines, as a file of its own that other processes can load."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

from onegrain.command_line import run_job, start

CONF = Path(__file__).resolve().parents[1] / "conf"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def train(config: DictConfig) -> None:
    """Write down where the job ran."""
    import torch

    from onegrain.errors import UserError

    def run(settings: object, folder: Path, overrides: list[str]) -> None:
        seed = settings.seed  # type: ignore[attr-defined]
        seen = {"seed": seed, "process": os.getpid(), "threads": torch.get_num_threads()}
        (folder / "seen.json").write_text(json.dumps(seen))
        if seed == 13:
            raise UserError("a.en:3: not UTF-8")

    run_job(config, run)


if __name__ == "__main__":
    sys.exit(start(train, CONF))
