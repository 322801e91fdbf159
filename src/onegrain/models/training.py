"""From parallel text to a trained translator and its scores."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import Logger

from onegrain.data.corpus import Corpus, Splits
from onegrain.data.encoding import TextEncoder
from onegrain.errors import UserError
from onegrain.models.batches import PairDataset, pair_loader
from onegrain.models.epochs import EpochReport, progress_callbacks
from onegrain.models.evaluation import translation_of, translation_score, unknown_share
from onegrain.models.lightning import checkpoints_in, choose_device, make_trainer, quiet
from onegrain.models.saved import TrainedTranslator, save_translator
from onegrain.models.translation import TranslationModule
from onegrain.settings import NmtModel, TextSettings, TrainerSettings, plain

log = logging.getLogger(__name__)


def train_translator(
    data: Splits,
    model: NmtModel,
    trainer: TrainerSettings,
    text: TextSettings,
    seed: int,
    folder: Path,
    logger: Logger | Literal[False] = False,
    callbacks: Sequence[Callback] = (),
) -> None:
    """Train a translator into ``folder``: the epoch of the lowest dev loss is kept.

    Training that was killed goes on from its last epoch when it is called again with the same
    arguments, and ends as if it had never stopped (on a CPU, to the last bit).

    Args:
        data: Corpora with translations; vocabularies are learned from the train split.
        model: Settings of the network and of the search.
        trainer: Settings of the training.
        text: How text becomes symbols.
        seed: Of weights, order and dropout.
        folder: Where ``model.safetensors``, ``model.json``, ``source.json``, ``target.json``,
            ``metrics.json`` and ``epochs.csv`` are written.
        logger: Gets each epoch's metrics, with the epoch in ``epoch``.
        callbacks: More of Lightning's callbacks.

    Raises:
        UserError: If a setting cannot work here, or training diverged.
    """
    source = TextEncoder.learn(data.train.sentences, data.train.language, text)
    other_side = translation_of(data.train)
    target = TextEncoder.learn(other_side.sentences, other_side.language, text)
    pairs = encode_pairs(data.train, source, target)
    dev = encode_pairs(data.dev, source, target)
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(), quiet():
        module = TranslationModule(model, trainer, source.size, target.size, seed)
        report = _fit(module, pairs, dev, checkpoints, logger, callbacks)
    network = module.network.to(choose_device(trainer.accelerator)).eval()
    trained = TrainedTranslator(network, source, target, model)
    metrics = _training_metrics(report, pairs, network)
    metrics |= _translation_metrics(trained, data, lowercase=text.lowercase)
    save_translator(trained, folder, {"text": plain(text), "trainer": plain(trainer), "seed": seed})
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(checkpoints)


def encode_pairs(corpus: Corpus, source: TextEncoder, target: TextEncoder) -> PairDataset:
    """Return the sentence pairs as symbols; a pair whose source is empty is left out.

    Raises:
        UserError: If no pair is left, or the corpus has no translation.
    """
    rows = zip(corpus.sentences, translation_of(corpus).sentences, strict=True)
    pairs = [(words, other) for words, other in rows if words]
    if not pairs:
        raise UserError("data: the training or the dev split has no sentence pairs")
    return PairDataset(
        [source.encode(words).ids for words, _ in pairs],
        [target.encode(other).ids for _, other in pairs],
    )


def _fit(
    module: TranslationModule,
    pairs: PairDataset,
    dev: PairDataset,
    folder: Path,
    logger: Logger | Literal[False],
    callbacks: Iterable[Callback],
) -> EpochReport:
    """Train ``module`` from the start or from ``last.ckpt``; leave it with its best weights."""
    settings = module.settings
    shown = progress_callbacks(settings.progress, folder.parent / "epochs.csv")
    followers = [*shown, *callbacks, checkpoints_in(folder)]
    lightning = make_trainer(settings, folder.parent, followers, logger)
    last = folder / "last.ckpt"
    if last.exists():
        log.info("training goes on from %s", last)
    lightning.fit(
        module,
        pair_loader(pairs, settings.batch_size, module.seed, shuffle=True),
        pair_loader(dev, settings.batch_size, module.seed, shuffle=False),
        ckpt_path=last if last.exists() else None,
        weights_only=True,
    )
    report = next(each for each in shown if isinstance(each, EpochReport))
    if not torch.isfinite(torch.tensor([row["dev/loss"] for row in report.rows])).any():
        raise UserError(f"trainer.learning_rate={settings.learning_rate}: training diverged")
    best = torch.load(folder / "best.ckpt", weights_only=True)
    module.load_state_dict(best["state_dict"])
    return report


def _training_metrics(
    report: EpochReport, pairs: PairDataset, network: torch.nn.Module
) -> dict[str, Any]:
    best = min(report.rows, key=lambda row: row["dev/loss"])
    tokens = pairs.target_tokens * len(report.rows)
    return {
        "train/perplexity": best["dev/perplexity"],
        "train/accuracy": best["dev/accuracy"],
        "train/loss": best["train/loss"],
        "train/best_epoch": best["epoch"],
        "train/epochs": len(report.rows),
        "train/seconds": report.seconds,
        "train/tokens_per_second": tokens / report.seconds,
        "train/parameters": sum(weights.numel() for weights in network.parameters()),
        "train/sentences": len(pairs),
    }


def _translation_metrics(
    trained: TrainedTranslator, data: Splits, *, lowercase: bool
) -> dict[str, Any]:
    test = translation_score(trained, data.test, lowercase=lowercase)
    dev = translation_score(trained, data.dev, lowercase=lowercase)
    return {
        "train/bleu": test.score,
        "train/bleu_dev": dev.score,
        "train/bleu_signature": test.signature,
        "train/unknown_source": unknown_share(data.test, trained.source),
        "train/unknown_target": unknown_share(translation_of(data.test), trained.target),
    }
