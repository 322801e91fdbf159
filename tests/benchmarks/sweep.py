"""A sweep inside the model beside its points one by one.

The work is 20 points x 2 orders x 3 rankings on 500 test sentences, ablated at the recurrence of a
translator of 128 units (EN-FR Tatoeba) on the CPU. Beside it stands what one writes first, in fp32:
for each point, encode with the columns of the mask zeroed (packed), decode all sentences of a batch
greedily until the last has ended or reached its limit, score with sacrebleu. Both must give the
same BLEU.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pandas as pd
import torch
from torch import Tensor

from onegrain.ablation.inside import ablate
from onegrain.ablation.mask import Mask
from onegrain.ablation.measures import TranslationMeasure
from onegrain.ablation.model_curves import model_curves
from onegrain.ablation.orders import ends_of
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
from onegrain.ranking.random_order import rank_at_random
from onegrain.settings import Clamp, NmtModel, Site
from onegrain.stages import loaded, trained_model
from onegrain.store import Store
from onegrain.tracking.runs import TrackedRun, tracked_run

from .result import Result
from .setting import ROOT, Setting

CONF = ROOT / "conf"
POINTS, RANKINGS, SENTENCES, TARGET = 20, 3, 500, 2.0
SAME_BLEU = 0.01


def measure(setting: Setting) -> list[Result]:
    """Measure in fp32; bootstrap intervals are part of ours alone."""
    trained, test, search = _work(setting)
    rankings = [rank_at_random(trained.model.layout, seed) for seed in range(RANKINGS)]
    fractions = [(point + 1) / POINTS for point in range(POINTS)]
    start = time.perf_counter()
    measure = TranslationMeasure(trained, test, search, rows_at_once=512)
    curves = model_curves(
        measure,
        rankings,
        sites=[Site.recurrent],
        clamps={Clamp.zero: None},
        fractions=fractions,
        random_orders=0,
        workers=default_workers(torch.device("cpu")),
    )
    ours = time.perf_counter() - start
    plain, difference, count = _one_by_one(
        trained, test, search, rankings, fractions, curves, setting.every
    )
    return [
        Result(
            case="sweep",
            work=f"{len(curves)} points of {len(test)} sentences; {count} of the peer's measured",
            peer="plain decoding, point by point",
            seconds=ours,
            peer_seconds=plain,
            target=TARGET,
            figure=f"largest difference of BLEU {difference:.4f} (aim 0.01)",
            agrees=difference < SAME_BLEU,
        )
    ]


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
        for order in ends_of(ranking.order, 0):
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


def _work(setting: Setting) -> tuple[TextTranslator, Corpus, NmtModel]:
    """Train the model, once for a cache."""
    settings = compose_settings(
        CONF,
        [
            *("data=tatoeba", "scale=real", f"data.root={setting.data}/tatoeba"),
            *("model.hidden=128", "model.embedding=128", "model.instances=1"),
            *("ranking=one_model", "trainer.epochs=4", "trainer.accelerator=cpu"),
            "trainer.progress=lines",
        ],
    )
    data = load_parallel(settings.data)
    store = Store(setting.cache / "store")
    model = trained_model(settings, data, 1, store, Untracked())
    trained = loaded(settings, model)
    assert isinstance(trained, TextTranslator)
    assert isinstance(settings.model, NmtModel)
    sentences = setting.at_most(SENTENCES)
    return trained, data.test.select(list(range(sentences))), settings.model


class Untracked:
    """Opens runs that nobody sees."""

    def __init__(self) -> None:
        self.settings = compose_settings(CONF, ["tracking=disabled"]).tracking

    @contextlib.contextmanager
    def __call__(self, *, name: str) -> Iterator[TrackedRun]:
        folder = ROOT / "outputs" / "benchmarks"
        options = {"config": {}, "job_type": "train", "group": "benchmarks"}
        with tracked_run(self.settings, name=name, folder=folder, **options) as run:
            yield run
