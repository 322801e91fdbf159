"""Training a translator, beside joeynmt's of equal layers, width, vocabulary and batch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from statistics import median

from onegrain.configuration import compose_settings
from onegrain.data.corpus import Corpus, Splits
from onegrain.data.datasets import load_parallel
from onegrain.data.detokenization import detokenize
from onegrain.models.bleu import corpus_bleu
from onegrain.models.evaluation import references
from onegrain.models.text_model import translation_of
from onegrain.settings import NmtModel, Settings
from onegrain.stages import model_metrics, trained_model
from onegrain.store import Store

from .peers import run_peer
from .result import Result
from .setting import ROOT, Setting
from .sweep import Untracked

SENTENCES, EPOCHS, WIDTH, LAYERS, BATCH, VOCABULARY = 40_000, 4, 128, 2, 64, 6000
TARGET = 2.0


def measure(setting: Setting) -> list[Result]:
    """Compare seconds for a million target tokens, validation left out, and BLEU at the end.

    joeynmt's context is twice as wide as ours, which adds both directions up; its learning rate is
    constant, and the better of two; ours goes up and down again.
    """
    settings = _settings(setting)
    data = load_parallel(settings.data)
    chosen = list(range(setting.at_most(len(data.train.sentences))))
    data = replace(data, train=data.train.select(chosen))
    store = Store(setting.scratch / "translator")
    model = trained_model(settings, data, 1, store, Untracked())
    ours = model_metrics(settings, data, model, store)
    peers = [_joeynmt(setting, data, settings, rate) for rate in (1e-3, 3e-3)]
    speed, bleu = max(peers, key=lambda each: each[1])
    return [
        Result(
            case="translator",
            work=f"{len(data.train.sentences):,} sentences, {EPOCHS} epochs, a million tokens",
            peer="joeynmt 2.3.0",
            seconds=1e6 / ours["train/tokens_per_second"],
            peer_seconds=1e6 / speed,
            target=TARGET,
            accuracy=ours["train/bleu"] / 100,
            peer_accuracy=bleu / 100,
            figure="accuracy is BLEU",
            agrees=ours["train/bleu"] >= bleu,
            details={"peers": peers, "parameters": ours["train/parameters"]},
        )
    ]


def _settings(setting: Setting) -> Settings:
    return compose_settings(
        ROOT / "conf",
        [
            *("data=tatoeba", "scale=real", f"data.root={setting.data}/tatoeba"),
            *(f"data.train_sentences={SENTENCES}", f"data.text.vocabulary_size={VOCABULARY}"),
            *(f"model.hidden={WIDTH}", f"model.embedding={WIDTH}", f"model.layers={LAYERS}"),
            *("model.instances=1", "ranking=one_model", f"trainer.epochs={EPOCHS}"),
            *(f"trainer.batch_size={BATCH}", "trainer.accelerator=cpu", "trainer.progress=lines"),
            "trainer.precision=fp32",
        ],
    )


def _joeynmt(
    setting: Setting, data: Splits, settings: Settings, rate: float
) -> tuple[float, float]:
    """Return target tokens a second and BLEU, by the measure that ours is scored with."""
    print(f"  joeynmt trains with a learning rate of {rate:g}", flush=True)
    assert isinstance(settings.model, NmtModel)
    folder = setting.scratch / f"joeynmt_{rate:g}"
    (folder / "model").mkdir(parents=True)
    for name in ("train", "dev", "test"):
        _write(folder / name, getattr(data, name), lowercase=settings.data.text.lowercase)
    steps = -(-len(data.train.sentences) // BATCH)
    request = {
        "folder": str(folder),
        "width": WIDTH,
        "layers": LAYERS,
        "dropout": settings.model.dropout,
        "vocabulary": VOCABULARY,
        "batch": BATCH,
        "epochs": EPOCHS,
        "learning_rate": rate,
        "logged": max(every for every in range(1, 101) if steps % every == 0),  # as it wants it
        "validated": steps,
        "threads": setting.threads,
    }
    answer = run_peer(setting.python, "joeynmt_train.py", request, setting.threads)
    translation = translation_of(data.test)
    written = [detokenize(line.split(), translation.language) for line in answer["translations"]]
    lowercase = settings.data.text.lowercase
    score = corpus_bleu(written, references(translation), lowercase=lowercase).score
    return median(answer["speeds"]), score


def _write(prefix: Path, corpus: Corpus, *, lowercase: bool) -> None:
    for suffix, side in (("src", corpus), ("trg", translation_of(corpus))):
        lines = "\n".join(" ".join(words) for words in side.sentences)
        lines = lines.lower() if lowercase else lines
        prefix.with_suffix(f".{suffix}").write_text(lines + "\n", encoding="utf-8")
