"""Where the jobs of a sweep run, and which there are: Hydra's plugins, each a package."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from importlib.util import find_spec

from omegaconf import DictConfig, OmegaConf

from onegrain.errors import UserError

EXTRAS = {  # of pyproject.toml, by package
    "hydra_plugins.hydra_joblib_launcher": "joblib",
    "hydra_plugins.hydra_submitit_launcher": "slurm",
    "hydra_plugins.hydra_ray_launcher": "ray",
    "hydra_plugins.hydra_optuna_sweeper": "optuna",
}


def check_plugin(target: str) -> None:
    """Refuse a launcher or a sweeper whose package is not installed.

    Args:
        target: The class that Hydra would make.

    Raises:
        UserError: If it is one of ours and absent, or there is no SLURM for it.
    """
    package = ".".join(target.split(".")[:2])
    if package in EXTRAS and not _is_installed(package):
        kind = package.rpartition("_")[2]
        raise UserError(
            f"hydra/{kind}: {package.rpartition('.')[2]} is not installed; "
            f"pip install 'onegrain[{EXTRAS[package]}]'"
        )
    if target.endswith(".SlurmLauncher") and shutil.which("srun") is None:
        raise UserError(
            "hydra/launcher=submitit_slurm: there is no srun here; start it on the cluster, or "
            "take hydra/launcher=submitit_local"
        )


def take_threads(launcher: DictConfig) -> None:
    """Let a job use the cores that its launcher was told to give it, and no more.

    joblib and Ray tell their processes themselves; ``OMP_NUM_THREADS`` of the user's wins.

    Args:
        launcher: Its settings.
    """
    cores = OmegaConf.select(launcher, "cpus_per_task")
    torch = sys.modules.get("torch")
    if cores is not None and torch is not None and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(int(cores))


def quiet_presets() -> None:
    """Our presets have the names of the packages' own and their schemas, as Hydra warns of."""
    warnings.filterwarnings("ignore", "(?s).*is validated against ConfigStore schema.*")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # no plugin of Hydra's is installed
        return False
