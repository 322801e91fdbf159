from __future__ import annotations

import importlib.util

import pytest

from onegrain import launchers
from onegrain.errors import UserError
from onegrain.launchers import EXTRAS, check_plugin


@pytest.mark.parametrize("package", sorted(EXTRAS))
def test_a_plugin_that_is_absent_costs_one_line_that_names_its_extra(
    package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_none(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(launchers, "find_spec", find_none)
    with pytest.raises(UserError, match=rf"pip install 'onegrain\[{EXTRAS[package]}\]'") as refused:
        check_plugin(f"{package}.plugin.Plugin")
    assert str(refused.value).startswith(f"hydra/{package.rpartition('_')[2]}: ")
    assert len(str(refused.value).splitlines()) == 1


def test_slurm_is_refused_in_a_line_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    slurm = "hydra_plugins.hydra_submitit_launcher.submitit_launcher.SlurmLauncher"
    monkeypatch.setattr(launchers, "_is_installed", lambda _: True)
    monkeypatch.setattr(launchers.shutil, "which", lambda _: None)
    with pytest.raises(UserError, match=r"^hydra/launcher=submitit_slurm: there is no srun here"):
        check_plugin(slurm)
    monkeypatch.setattr(launchers.shutil, "which", lambda _: "/usr/bin/srun")
    check_plugin(slurm)


def test_hydras_own_plugins_and_those_of_others_are_not_ours_to_judge() -> None:
    check_plugin("hydra._internal.core_plugins.basic_launcher.BasicLauncher")
    check_plugin("hydra_plugins.mine.Launcher")
    assert importlib.util.find_spec("hydra_plugins.mine") is None
