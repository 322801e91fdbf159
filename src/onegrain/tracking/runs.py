"""A Weights & Biases run that this program owns from its start to its end.

The run's own files are complete without it; W&B mirrors them. One ``wandb/`` folder serves a whole
sweep, so that ``wandb leet`` lays its runs over each other.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import wandb
from pytorch_lightning.loggers import WandbLogger

from onegrain.settings import TrackingMode, TrackingSettings
from onegrain.tracking.artifacts import store_artifact
from onegrain.tracking.identity import discard_halves
from onegrain.tracking.panels import FRACTION, TRAINER_STEP
from onegrain.tracking.tables import wandb_table

log = logging.getLogger(__name__)

TRAINED_STAGES = ("train", "dev", "probe")  # what LightningModules log is named <stage>/<metric>
SERVER_SECONDS = 30.0  # to wait for a server before a run is kept offline
UPLOAD_SECONDS = 600.0  # to wait for uploads at the end; what is left stays on disk
HOME_FOLDERS = {"WANDB_DATA_DIR": "wandb", "WANDB_CACHE_DIR": ""}  # tables to sync, debug logs


@dataclass(frozen=True, eq=False)
class TrackedRun:
    """An open W&B run; one that writes nothing where tracking is disabled.

    Log curves before tables and the report: W&B drops the first point of a curve that comes after
    them.
    """

    run: wandb.Run

    def lightning_logger(self) -> WandbLogger | Literal[False]:
        """What a Lightning ``Trainer(logger=...)`` takes so that it writes into this very run."""
        if self.run.disabled:
            return False
        self.run.define_metric(TRAINER_STEP, hidden=True)
        for stage in TRAINED_STAGES:
            self.run.define_metric(f"{stage}/*", step_metric=TRAINER_STEP)
        return WandbLogger(experiment=self.run)

    def log_scalars(self, metrics: Mapping[str, float | int | str]) -> None:
        """Set the run's summary: the columns by which a sweep is sorted."""
        self.run.summary.update(dict(metrics))

    def log_curves(self, curves: pd.DataFrame) -> None:
        """Draw every curve over all labels against the share of neurons, seeds averaged.

        A curve has the same name in every run (see `curve_names`), so W&B lays them over each
        other. Its summary is its mean, by which runs can be sorted.

        Args:
            curves: Rows of a run's ``curves.csv``.
        """
        overall = curves[curves["label"] == ""]
        if overall.empty:
            return
        table = overall.assign(curve=curve_names(overall)).pivot_table(
            index="fraction", columns="curve", values="value", aggfunc="mean"
        )
        self.run.define_metric(FRACTION, hidden=True)
        for name in table.columns:
            self.run.define_metric(str(name), step_metric=FRACTION, summary="mean")
        for fraction, values in table.iterrows():
            point = {str(name): value for name, value in values.dropna().items()}
            self.run.log({FRACTION: fraction, **point})

    def log_tables(self, **tables: pd.DataFrame) -> None:
        """Show the rows of the run's files as W&B tables, ``tables/<name>``."""
        shown = {
            f"tables/{name}": wandb_table(table)
            for name, table in tables.items()
            if not table.empty
        }
        if shown:
            self.run.log(shown)

    def log_report(self, path: Path) -> None:
        """Show the run's page as a panel."""
        self.run.log({"report": wandb.Html(str(path), inject=False)})

    def log_made(self, kind: str, *folders: Path) -> None:
        """Say that this run made entries of the store, as artifacts that refer to them."""
        if not self.run.disabled:
            self._say(self.run.log_artifact, kind, folders)

    def log_used(self, kind: str, *folders: Path) -> None:
        """Say that this run used entries of the store; W&B draws who made what for whom.

        It can be said to a server only.
        """
        if not self.run.disabled and not self.run.offline:
            self._say(self.run.use_artifact, kind, folders)

    @staticmethod
    def _say(tell: Callable[[wandb.Artifact], object], kind: str, folders: Sequence[Path]) -> None:
        for folder in folders:
            try:
                tell(store_artifact(kind, folder))
            except Exception as error:  # whatever the server says: the work goes on
                log.warning("W&B: no artifact of %s (%s)", folder.name, type(error).__name__)
                log.debug("why there is none", exc_info=True)


@contextmanager
def tracked_run(
    settings: TrackingSettings,
    *,
    config: Mapping[str, Any],
    job_type: str,
    group: str,
    name: str,
    folder: Path,
    tags: Sequence[str] = (),
    identity: str | None = None,
) -> Iterator[TrackedRun]:
    """Open a W&B run, and close it however the block ends; an exception marks it as failed.

    Online without a key or a server that answers becomes offline, with one line in the log.

    Args:
        settings: Where and how to track; its ``group`` and ``name`` win over those given here.
        config: The composed settings as nested plain data.
        job_type: ``"train"`` for a trained model, ``"analyze"`` for what is done with it.
        group: What the runs of a sweep have in common.
        name: Short and readable.
        folder: The sweep's or the single run's folder; W&B's files go to ``folder/wandb``.
        tags: Beside those of the settings.
        identity: The run's id, where it takes the place of one that was killed; see `run_id`.

    Yields:
        The open run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if identity is not None:
        discard_halves(folder, identity)
    with _all_files_in(folder):
        run = _start(
            settings.mode,
            id=identity,
            project=settings.project,
            entity=settings.entity,
            tags=list(dict.fromkeys((*tags, *settings.tags))),
            config=dict(config),
            job_type=job_type,
            group=settings.group or group,
            name=settings.name or name,
            dir=str(folder),
            reinit="create_new",  # never a part of a run that is open already
        )
        try:
            yield TrackedRun(run)
        except BaseException:
            run.finish(exit_code=1)
            raise
        run.finish()


def curve_names(curves: pd.DataFrame) -> pd.Series[str]:
    """The W&B metric of every row: ``ablation/`` and all that sets its curve apart.

    Example:
        >>> row = {"target": "probe_mask", "operation": "keep", "site": "", "clamp": "zero",
        ...        "task": "pos", "ranking": "variance", "order": "top", "metric": "accuracy"}
        >>> curve_names(pd.DataFrame([row]))[0]
        'ablation/probe_mask/keep/zero/pos/variance/top/accuracy'
    """
    parts = ["target", "operation", "site", "clamp", "task", "ranking", "order", "metric"]
    names = ["/".join(("ablation", *filter(None, row))) for row in curves[parts].to_numpy()]
    return pd.Series(names, index=curves.index)


@contextmanager
def _all_files_in(folder: Path) -> Iterator[None]:
    """Keep what W&B would leave in the user's home beside the run that needs it."""
    ours = HOME_FOLDERS.keys() - os.environ.keys()
    os.environ.update({name: str(folder.resolve() / HOME_FOLDERS[name]) for name in ours})
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)
        for place in ("artifacts/tmp", "artifacts"):  # its cache, which references do not fill
            with suppress(OSError):
                (folder / place).rmdir()


def _start(mode: TrackingMode, **options: Any) -> wandb.Run:
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # W&B's talk about its own health
    quiet = wandb.Settings(
        mode=mode.value,  # the process behind W&B is not even started where it is disabled
        silent=True,  # the terminal is ours; W&B's own messages are in its debug logs
        console="off",
        init_timeout=SERVER_SECONDS,
        finish_timeout=UPLOAD_SECONDS,
    )
    wandb.setup(settings=quiet)
    if mode is TrackingMode.online:
        try:
            if wandb.login(prompt=False):
                return wandb.init(mode="online", settings=quiet, **options)
            reason = "there is no API key"
        except wandb.Error as error:  # its text may quote the request, so only its kind is said
            reason = f"the server did not accept it ({type(error).__name__})"
        log.warning("W&B: this run is kept offline, %s; `wandb sync` sends it later", reason)
        mode = TrackingMode.offline
    return wandb.init(mode=mode.value, settings=quiet, **options)
