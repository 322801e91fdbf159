"""Which settings go with which kind of model."""

from __future__ import annotations

from onegrain.errors import UserError
from onegrain.settings import (
    COMPARING,
    LstmModel,
    Pieces,
    Reader,
    RecordedModel,
    Settings,
    Site,
    TaggerModel,
    Target,
    TransformerModel,
    TuningSettings,
)
from onegrain.validation.tasks import validate_task
from onegrain.validation.typed import as_typed

ON_PROBE = {Target.probe_mask, Target.probe_retrain, Target.label}


def validate_model(settings: Settings) -> None:
    """Refuse what the chosen model cannot do."""
    model = settings.model
    if model.instance > model.instances:
        raise UserError(f"model.instance={model.instance}: model.instances is {model.instances}")
    if isinstance(model, LstmModel):
        _validate_trained(settings, model)
    if isinstance(model, TaggerModel):
        _validate_tagger(settings, model)
    if isinstance(model, TransformerModel):
        _validate_pretrained(settings, model)
    _validate_tuning(settings)
    if isinstance(model, RecordedModel):
        _validate_recorded(settings, model)


def _validate_trained(settings: Settings, model: LstmModel) -> None:
    layers = settings.activations.layers
    if layers is not None and not all(1 <= layer <= model.layers for layer in layers):
        raise UserError(
            f"activations.layers={as_typed(layers)}: model.layers is {model.layers}, and they are "
            "counted from 1"
        )
    kept = settings.trainer.keep_epochs
    if kept and max(kept) > settings.trainer.epochs:
        raise UserError(
            f"trainer.keep_epochs={as_typed(kept)}: trainer.epochs is {settings.trainer.epochs}"
        )
    if model.epoch is not None and model.epoch not in kept:
        raise UserError(
            f"model.epoch={model.epoch}: is not one of trainer.keep_epochs={as_typed(kept)}"
        )


def _validate_pretrained(settings: Settings, model: TransformerModel) -> None:
    anew = settings.tuning.name == "words"
    if model.path is None and not anew:
        raise UserError(
            "model.path: model=transformer needs a folder or a name on the hub, "
            "model.path=bert-base-cased"
        )
    if model.instances > 1:
        raise UserError(f"model.instances={model.instances}: a pretrained model is one")
    comparing = [method.name for method in settings.ranking.methods if method in COMPARING]
    if comparing:
        raise UserError(
            f"ranking.methods: {comparing[0]} compares instances, and a pretrained model is one; "
            "take ranking=pretrained"
        )
    targets, inside = settings.ablation.targets, settings.ablation.model
    if Target.prune in targets:
        raise UserError(
            "ablation.targets: prune is for LSTMs; a transformer's layers share the units of one "
            "residual stream, take ablation=pretrained"
        )
    if Target.model in targets and inside.sites != [Site.layer_output]:
        raise UserError(
            f"ablation.model.sites={as_typed(inside.sites)}: a transformer has one site, "
            "ablation.model.sites=[layer_output]"
        )
    if Target.model in targets and not model.head:
        raise UserError(
            "model.head=false: ablation in the model needs the head, whose answers are measured"
        )


def _validate_tagger(settings: Settings, model: TaggerModel) -> None:
    targets = settings.ablation.targets
    inside = [target for target in targets if target not in ON_PROBE]
    if inside:
        raise UserError(
            f"ablation.targets={as_typed(targets)}: neurons of a tagger are taken away before its "
            "output layer, or from the probe; take ablation=label or ablation=probe_mask"
        )
    if model.frozen and model.vectors is None:
        raise UserError(
            "model.frozen=True: there are no vectors to freeze; give model.vectors=FILE"
        )
    if settings.activations.layers is not None and settings.ranking.reader is Reader.auto:
        raise UserError(
            f"activations.layers={as_typed(settings.activations.layers)}: a tagger's output layer "
            "reads its own neurons; take activations.layers=null or ranking.reader=probe"
        )


def _validate_tuning(settings: Settings) -> None:
    tuning, model = settings.tuning, settings.model
    if tuning.is_on and not isinstance(model, TransformerModel):
        raise UserError(
            f"tuning={tuning.name}: a transformer is tuned; take model=transformer or tuning=none"
        )
    if tuning.name == "tokens":
        validate_task(tuning.task, "tuning.task")
        if tuning.piece is Pieces.mean:
            raise UserError(
                "tuning.piece=mean: a label is read off one piece of its word; take first or last"
            )
    if tuning.name == "sentences" and tuning.train is None:
        raise UserError(
            "tuning.train: tuning=sentences needs a file of lines sentence<TAB>label, "
            "tuning.train=..."
        )
    if tuning.name == "words":
        _validate_network(tuning)


def _validate_network(tuning: TuningSettings) -> None:
    network = tuning.network
    if network.hidden % network.heads:
        raise UserError(
            f"tuning.network.heads={network.heads}: must divide tuning.network.hidden="
            f"{network.hidden}"
        )


def _validate_recorded(settings: Settings, model: RecordedModel) -> None:
    task = settings.task
    for split in ("train", "dev", "test"):
        if getattr(model, split) is None:
            raise UserError(
                f"model.{split}: model=recorded needs a file of activations for each split, "
                f"such as model.{split}={split}.hdf5"
            )
        if getattr(task, f"{split}_sentences") is not None:
            raise UserError(
                f"task.{split}_sentences={getattr(task, f'{split}_sentences')}: model=recorded "
                "reads all sentences of its files; take null (debug=fast sets it)"
            )
    if (task.root, task.train, task.dev, task.test) == (None,) * 4:
        raise UserError(
            "task.train: model=recorded needs the words that were recorded, and their labels; take "
            "task=files task.train=words.txt task.train_labels=labels.txt and so on"
        )
    inside = [target.name for target in settings.ablation.targets if target not in ON_PROBE]
    if inside:
        raise UserError(
            f"ablation.targets={as_typed(settings.ablation.targets)}: {inside[0]} needs a "
            "network, and model=recorded has none; take ablation=probe_mask"
        )
