"""What one job of a sweep does to its process does not reach the next."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def own_state() -> Iterator[None]:
    """Give a job a state of its process of its own, and put back what was before it.

    Loggers' levels and handlers, warning filters, the environment, the working folder, the random
    states of Python, numpy and torch, torch's threads, number format and gradient mode are after
    the job as they were before it; a run of Weights & Biases that it left open is closed.
    """
    with contextlib.ExitStack() as kept:
        for keeping in (_random, _environment, _folder, _logging, _torch, _tracking):
            kept.enter_context(keeping())
        kept.enter_context(warnings.catch_warnings())
        yield


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextlib.contextmanager
def _folder() -> Iterator[None]:
    before = Path.cwd()
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _logging() -> Iterator[None]:
    """Put back levels and handlers, and close what is new; loggers that an import made stay."""
    before = {logger: (logger.level, list(logger.handlers)) for logger in _loggers()}
    disabled = logging.root.manager.disable
    try:
        yield
    finally:
        logging.disable(disabled)
        for logger, (level, handlers) in before.items():
            for handler in [each for each in logger.handlers if each not in handlers]:
                logger.removeHandler(handler)
                handler.close()
            logger.handlers[:] = handlers
            logger.setLevel(level)


def _loggers() -> list[logging.Logger]:
    known = logging.root.manager.loggerDict.values()
    return [logging.root, *(each for each in known if isinstance(each, logging.Logger))]


@contextlib.contextmanager
def _random() -> Iterator[None]:
    numpy = sys.modules.get("numpy")
    before = random.getstate()
    of_numpy = numpy.random.get_state() if numpy else None
    try:
        yield
    finally:
        random.setstate(before)
        if numpy and of_numpy is not None:
            numpy.random.set_state(of_numpy)


@contextlib.contextmanager
def _torch() -> Iterator[None]:
    torch = sys.modules.get("torch")
    if torch is None:  # nothing of it can have been set
        yield
        return
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    gradients = torch.is_grad_enabled()
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    deterministic = torch.are_deterministic_algorithms_enabled()
    try:
        with torch.random.fork_rng(devices):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(gradients)
        torch.use_deterministic_algorithms(deterministic)


@contextlib.contextmanager
def _tracking() -> Iterator[None]:
    try:
        yield
    finally:
        wandb = sys.modules.get("wandb")
        if wandb is not None and getattr(wandb, "run", None) is not None:
            wandb.finish(exit_code=1)  # ours are closed by who opened them
