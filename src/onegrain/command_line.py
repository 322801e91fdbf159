"""What happens around Hydra when ``train.py`` is started.

The whole command line is checked first, so that a mistake costs a line and not a folder; then the
run gets its folder, and Hydra takes over.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from onegrain.configuration import Jobs, compose_jobs, register_schemas, to_settings
from onegrain.errors import UserError
from onegrain.failures import describe_failures
from onegrain.help import help_template
from onegrain.job_state import own_state
from onegrain.launchers import check_plugin, quiet_presets, take_threads
from onegrain.mistakes import in_one_line
from onegrain.resuming import (
    begin_again,
    begun_sweep,
    forget_begun,
    is_finished,
    mark_finished,
    note_begun,
    without_resume,
)
from onegrain.run_folder import (
    LOG_FILE,
    command_of,
    discard_unmade_run,
    give_back_latest,
    latest_folder,
    link_latest,
    new_run_folder,
    selection_score,
)
from onegrain.settings import Settings
from onegrain.validation.files import require_files

log = logging.getLogger("onegrain.train")
quiet_presets()  # here: a launcher's process loads this module, and then Hydra composes in it

USER_ERROR = 2  # the exit code that argparse too gives to a wrong command line
BUG = 1  # that of Python where an exception ends it
INTERRUPTED = 130
USAGE = "train.py [group=choice ...] [setting=value ...] [-m] [--cfg job] [--help]"


def start(train: Callable[[], object], conf: Path) -> int:
    """Run ``train``, a function decorated with ``hydra.main``, and return its exit code.

    A user's mistake ends with one line on stderr and exit code 2, Ctrl-C with one and 130; anything
    else is ours and keeps its traceback.
    """
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # Hydra hands its exceptions on to us
    register_schemas()
    try:
        with _run_folder(conf):
            train()
    except (UserError, HydraException, OmegaConfBaseException) as error:
        message = str(error) if isinstance(error, UserError) else in_one_line(error)
        sys.stderr.write(f"error: {message}\n")
        return USER_ERROR
    except KeyboardInterrupt as stopped:
        again = f"; to go on: {stopped}" if stopped.args else ""
        sys.stderr.write(f"interrupted{again}\n")
        return INTERRUPTED
    return 0


Pipeline: TypeAlias = Callable[[Settings, Path, list[str]], object]


@cache
def load_pipeline() -> Pipeline:
    """Import `onegrain.pipeline`: torch, pandas and wandb take seconds.

    What they consist of stays until the end. Half a million objects are not looked through for
    garbage while they are made, nor ever again: a tenth of the time of a run that finds its work
    in the store.
    """
    gc.disable()
    try:
        from onegrain.pipeline import run

        gc.freeze()
    finally:
        gc.enable()
    return run


def run_job(config: DictConfig, run: Pipeline) -> float | None:
    """Run the pipeline on what Hydra composed, in the folder that Hydra prepared.

    Returns ``probe/selection_score`` of its metrics, for a sweeper that searches.

    In a sweep the other jobs go on after one that failed, and the sweep fails at its end; a job
    that an earlier start of the sweep finished (``resume=true``) is left as it is.
    """
    job = HydraConfig.get()
    folder = Path(job.runtime.output_dir)
    chosen = list(job.overrides.task)
    if job.mode is RunMode.MULTIRUN:
        if is_finished(folder, config):
            log.info("job %s is finished: %s", job.job.num, folder)
            return selection_score(folder)
        begin_again(folder)
        try:
            with own_state(), _told(job.job.num, folder):
                take_threads(job.launcher)
                run(to_settings(config), folder, chosen)
        except BaseException:
            begin_again(folder)
            raise
        mark_finished(folder, config)
        return selection_score(folder)
    try:
        with _told(None, folder):
            run(to_settings(config), folder, chosen)
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(USER_ERROR) from error
    return selection_score(folder)


@contextlib.contextmanager
def _told(number: int | None, folder: Path) -> Iterator[None]:
    """Put what stops a job in its log: all of it in the file, for a job of a sweep a line too."""
    try:
        yield
    except UserError as error:
        log.debug("stopped by what the user gave", exc_info=True)
        if number is not None:
            log.error("job %s: %s", number, error)
        raise
    except BaseException as error:
        log.debug("stopped", exc_info=True)
        if number is not None and isinstance(error, Exception):
            kind = type(error).__name__
            log.error("job %s: %s: %s (see %s)", number, kind, error, folder / LOG_FILE)
        raise


@contextlib.contextmanager
def _run_folder(conf: Path) -> Iterator[None]:
    """Check the command line and, where jobs will run, tell Hydra which folder is theirs."""
    parser = get_args_parser()
    parser.usage = USAGE
    arguments = parser.parse_intermixed_args()
    if arguments.help:
        sys.argv.append(f"hydra.help.template={_help(arguments, conf)}")
    if arguments.help or arguments.hydra_help or arguments.shell_completion:
        yield
        return
    jobs = _check(arguments, conf)
    if jobs.warning:
        sys.stderr.write(f"warning: {jobs.warning}\n")
    if arguments.cfg or arguments.info or any(map(_is_folder, arguments.overrides)):
        yield
        return
    for settings in jobs.settings:
        require_files(settings)
    if jobs.swept:
        check_plugin(jobs.launcher)
        check_plugin(jobs.sweeper)
    with (_sweep_folder if jobs.swept else _single_folder)(jobs.settings[0], arguments):
        yield


@contextlib.contextmanager
def _single_folder(settings: Settings, arguments: argparse.Namespace) -> Iterator[None]:
    """Give a run a new folder, which is gone again where it made nothing."""
    if settings.resume:
        raise UserError(
            "resume=true: is for a sweep (-m); start a run that was stopped again as it was, and "
            "what is in the store is not made again"
        )
    root = Path(settings.output_root)
    before, folder = latest_folder(root), new_run_folder(root)
    link_latest(root, folder)
    _tell_hydra(folder, arguments, without_resume(arguments.overrides))
    try:
        yield
    except SystemExit as stopped:
        if stopped.code == USER_ERROR:
            discard_unmade_run(folder)
            give_back_latest(root, folder, before)
        raise
    finally:
        with contextlib.suppress(OSError):  # it holds something, as it should
            folder.rmdir()
            give_back_latest(root, folder, before)


@contextlib.contextmanager
def _sweep_folder(settings: Settings, arguments: argparse.Namespace) -> Iterator[None]:
    """Give a sweep a new folder, or that of the sweep that goes on; compare its jobs at its end."""
    root = Path(settings.output_root)
    chosen = without_resume(arguments.overrides)
    begun = begun_sweep(root, chosen) if settings.resume else None
    if settings.resume and begun is None:
        sys.stdout.write(f"resume=true: {root} has no sweep of this command line; it begins now\n")
    before = latest_folder(root)
    folder = new_run_folder(root) if begun is None else begun.folder
    link_latest(root, folder)
    if begun is None:
        note_begun(folder, chosen)
    _tell_hydra(folder, arguments, chosen if begun is None else begun.overrides)
    again = command_of(["-m", *chosen, "resume=true"])
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(again) from None
    except Exception as error:
        if not (failures := describe_failures(folder, again)):
            raise
        sys.stderr.write(failures)
        raise SystemExit(USER_ERROR if isinstance(error, UserError) else BUG) from error
    else:  # a sweeper that searches goes on, and ends well, after a job that failed
        if failures := describe_failures(folder, again):
            sys.stderr.write(failures)
            raise SystemExit(BUG)
    finally:
        forget_begun(folder)
        with contextlib.suppress(OSError):
            folder.rmdir()
            give_back_latest(root, folder, before)
        if folder.exists():
            _compare(folder)


def _tell_hydra(folder: Path, arguments: argparse.Namespace, chosen: Sequence[str]) -> None:
    quoted = QuotedString(str(folder), Quote.double).with_quotes()
    places = [f"hydra.run.dir={quoted}", f"hydra.sweep.dir={quoted}"]
    sys.argv[1:] = [*_flags(sys.argv[1:], arguments.overrides), *chosen, *places]


def _compare(sweep: Path) -> None:
    """Lay the jobs of a sweep over each other, also where some of them failed."""
    from onegrain.reporting.comparison.page import write_comparison  # altair: a second

    try:
        log.info("the sweep's jobs, compared: %s", write_comparison([sweep], sweep))
    except UserError as error:
        log.warning("the sweep's jobs cannot be compared: %s", error)


def _help(arguments: argparse.Namespace, conf: Path) -> str:
    text = help_template(conf, USAGE, _own_folder(arguments))
    return str(QuotedString(text, Quote.double).with_quotes())


def _check(arguments: argparse.Namespace, conf: Path) -> Jobs:
    if arguments.config_name or arguments.config_path:
        raise UserError("--config-name, --config-path: give a folder of your own as --config-dir")
    overrides = [*arguments.overrides, *_own_folder(arguments)]
    return compose_jobs(conf, overrides, multirun=arguments.multirun)


def _own_folder(arguments: argparse.Namespace) -> list[str]:
    """Return the override that makes a user's own folder of choices known."""
    if arguments.config_dir is None:
        return []
    own = Path(arguments.config_dir).resolve()
    if not own.is_dir():
        raise UserError(f"--config-dir {arguments.config_dir}: no such folder")
    return [f"hydra.searchpath=[{QuotedString(str(own), Quote.double).with_quotes()}]"]


def _flags(argv: Sequence[str], overrides: Sequence[str]) -> list[str]:
    """The rest of the command line; argparse wants all overrides beside each other."""
    left = list(overrides)
    flags = []
    for word in argv:
        if left and word == left[0]:
            left.pop(0)
        else:
            flags.append(word)
    return flags


def _is_folder(override: str) -> bool:
    return override.startswith(("hydra.run.dir=", "hydra.sweep.dir="))
