"""The only entry: ``python train.py [group=choice ...] [setting=value ...]``; see conf/train.yaml.

Nothing heavy is imported until a job runs, so that ``--cfg job`` answers at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

from onegrain.command_line import load_pipeline, run_job, start

CONF = Path(__file__).resolve().parent / "conf"


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")
def train(config: DictConfig) -> float | None:
    """Text to a trained model, its activations, a probe, ranked neurons and what ablation says."""
    return run_job(config, load_pipeline())


if __name__ == "__main__":
    sys.exit(start(train, CONF))
