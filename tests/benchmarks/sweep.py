"""``python -m tests.benchmarks.sweep``: a sweep inside the model beside its points one by one.

The work is 20 points x 2 orders x 3 rankings on 500 test sentences, ablated at the recurrence of a
translator of 128 units (EN-FR Tatoeba) on the CPU. Beside it stands what one writes first, in fp32:
for each point, encode with the columns of the mask zeroed (packed), decode all sentences of a batch
greedily until the last has ended or reached its limit, score with sacrebleu. In fp32, the
default, both must give the same BLEU; with --precision bf16 it may differ by some tenths.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from onegrain.ablation.inside import ablate
from onegrain.ablation.mask import Mask
from onegrain.ablation.measures import TranslationMeasure
from onegrain.ablation.model_curves import model_curves
from onegrain.ablation.orders import orders_of
from onegrain.ablation.schedule import neuron_counts
from onegrain.ablation.workers import default_workers
from onegrain.configuration import compose_settings
from onegrain.data.corpus import Corpus
from onegrain.data.datasets import load_parallel
from onegrain.data.vocabulary import BOS, EOS
from onegrain.models import lstm
from onegrain.models.batches import pad
from onegrain.models.bleu import corpus_bleu
from onegrain.models.evaluation import references
from onegrain.models.next_symbol import writable
from onegrain.models.search import SourceBatch
from onegrain.models.text_model import TextTranslator, translation_of
from onegrain.neurons import Ranking
from onegrain.precision import resolve_precision
from onegrain.ranking.random_order import rank_at_random
from onegrain.settings import Clamp, NmtModel, Precision, Site
from onegrain.stages import loaded, trained_model
from onegrain.store import Store
from onegrain.tracking.runs import TrackedRun, tracked_run

from .machine import describe_machine

ROOT = Path(__file__).resolve().parents[2]
POINTS, RANKINGS, SENTENCES, TARGET = 20, 3, 500, 2.0


def main() -> int:
    """Measure, print, and return 1 if the target is missed or BLEU differs."""
    options = _parser().parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    torch.set_num_threads(options.threads)
    load = os.getloadavg()
    trained, test, search = _work(options)
    rankings = [rank_at_random(trained.model.layout, seed) for seed in range(RANKINGS)]
    fractions = [(point + 1) / POINTS for point in range(POINTS)]

    start = time.perf_counter()
    dtype = resolve_precision(Precision[options.precision], torch.device("cpu"))
    measure = TranslationMeasure(trained, test, search, rows_at_once=512, dtype=dtype)
    curves = model_curves(
        measure,
        rankings,
        sites=[Site.recurrent],
        clamps={Clamp.zero: None},
        fractions=fractions,
        random_orders=0,
        bootstrap_samples=options.bootstrap,
        workers=default_workers(torch.device("cpu"))
        if options.workers is None
        else options.workers,
    )
    ours = time.perf_counter() - start

    plain, differences, count = _one_by_one(
        trained, test, search, rankings, fractions, curves, options.every
    )
    ratio = plain / ours
    print(f"{len(curves)} rows; ours {ours:.1f} s with {options.bootstrap} bootstrap samples")
    print(f"plain, one by one: {plain:.1f} s ({count} points measured, the rest at their mean)")
    print(f"ratio 1/{ratio:.2f} (aim: 1/{TARGET:g}); largest difference of BLEU {differences:.4f}")
    print({"load_before": load, **describe_machine(options.threads)})
    return 0 if ratio >= TARGET and differences < (0.01 if dtype is torch.float32 else 0.5) else 1


def _one_by_one(
    trained: TextTranslator,
    test: Corpus,
    search: NmtModel,
    rankings: list[Ranking],
    fractions: list[float],
    curves: pd.DataFrame,
    every: int,
) -> tuple[float, float, int]:
    """Measure every n-th point and scale up: seconds, largest difference of BLEU, points."""
    total, measured, largest, points = 0.0, 0, 0.0, 0
    size = trained.model.layout.size
    values = curves["value"].tolist()
    row = 0
    for ranking in rankings:
        for order in orders_of(ranking.order, 0, 0):
            for count_of in neuron_counts(size, fractions):
                if count_of > 0 and row % every == 0:
                    start = time.perf_counter()
                    bleu = _plain_bleu(trained, test, search, order.neurons[:count_of])
                    total += time.perf_counter() - start
                    largest = max(largest, abs(bleu - values[row]))
                    measured += 1
                points += count_of > 0
                row += 1
    return total / measured * points, largest, measured


@torch.inference_mode()
def _plain_bleu(trained: TextTranslator, test: Corpus, search: NmtModel, neurons: Tensor) -> float:
    model = trained.model
    sources = [trained.source.encode(words).ids for words in test.sentences]
    written = [""] * len(sources)
    with ablate(model, Mask(neurons, model.layout, Site.recurrent)), _packed():
        for batch in _padded(sources, search):
            source, state = model.start(batch.ids, batch.lengths)
            symbols = torch.full_like(batch.limits, BOS)
            steps = []
            for _ in range(int(batch.limits.max())):
                state = model.decoder.step(symbols, source, state)
                symbols = writable(model.decoder.predict(state.attended)).argmax(-1)
                steps.append(symbols)
                if bool((torch.stack(steps) == EOS).any(dim=0).all()):
                    break
            for (row,), ids, limit in zip(
                batch.sentences, torch.stack(steps, 1).tolist(), batch.limits.tolist(), strict=True
            ):
                ended = ids.index(EOS) if EOS in ids else len(ids)
                written[row] = trained.target.decode(ids[: min(ended, limit)])
    lowercase = trained.target.settings.lowercase
    return corpus_bleu(written, references(translation_of(test)), lowercase=lowercase).score


def _padded(sources: list[list[int]], search: NmtModel) -> list[SourceBatch]:
    """Sort all sentences by length, repeated ones too, 256 in a batch."""
    rows = sorted(range(len(sources)), key=lambda row: len(sources[row]))
    batches = []
    for first in range(0, len(rows), 256):
        chosen = rows[first : first + 256]
        ids, lengths = pad([torch.tensor(sources[row]) for row in chosen])
        limits = (lengths * search.max_decode_ratio).long() + search.max_decode_extra
        batches.append(SourceBatch([[row] for row in chosen], ids, lengths, limits))
    return batches


@contextlib.contextmanager
def _packed() -> Iterator[None]:
    """Read sentences of several lengths packed, as everybody does."""
    ours = lstm._run_by_length
    lstm._run_by_length = lstm._run_packed
    try:
        yield
    finally:
        lstm._run_by_length = ours


def _work(options: argparse.Namespace) -> tuple[TextTranslator, Corpus, NmtModel]:
    """Train the model, once for a cache."""
    settings = compose_settings(
        ROOT / "conf",
        [
            *("data=tatoeba", "scale=real", f"data.root={options.data}/tatoeba"),
            *("model.hidden=128", "model.embedding=128", "model.instances=1"),
            *("ranking=one_model", "trainer.epochs=4", "trainer.accelerator=cpu"),
            "trainer.progress=lines",
        ],
    )
    data = load_parallel(settings.data)
    store = Store(options.cache)
    model = trained_model(settings, data, 1, store, _Untracked())
    trained = loaded(settings, model)
    assert isinstance(trained, TextTranslator)
    assert isinstance(settings.model, NmtModel)
    return trained, data.test.select(list(range(SENTENCES))), settings.model


class _Untracked:
    """Opens runs that nobody sees."""

    def __init__(self) -> None:
        self.settings = compose_settings(ROOT / "conf", ["tracking=disabled"]).tracking

    @contextlib.contextmanager
    def __call__(self, *, name: str) -> Iterator[TrackedRun]:
        folder = ROOT / "outputs" / "benchmarks"
        options = {"config": {}, "job_type": "train", "group": "benchmarks"}
        with tracked_run(self.settings, name=name, folder=folder, **options) as run:
            yield run


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.sweep", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    outputs = ROOT / "outputs" / "benchmarks"
    parser.add_argument("--cache", type=Path, default=outputs / "store", help="of the model")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, help="of ours; all threads if not given")
    parser.add_argument("--every", type=int, default=5, help="plain: measure each n-th point")
    parser.add_argument("--precision", choices=[each.name for each in Precision], default="fp32")
    parser.add_argument("--bootstrap", type=int, default=1000, help="samples, for ours alone")
    return parser


if __name__ == "__main__":
    sys.exit(main())
