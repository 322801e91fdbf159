"""Which settings of different groups go together."""

from __future__ import annotations

from onegrain.errors import UserError
from onegrain.settings import (
    COMPARING,
    FilesData,
    Method,
    MorphTask,
    NmtModel,
    Reduce,
    Selection,
    Settings,
    Site,
    Strategy,
    Target,
    Weight,
)
from onegrain.validation.models import ON_PROBE
from onegrain.validation.typed import as_typed

NAMED_VARIANTS = {  # of cross_model, by reduce, signed and weight
    (Reduce.mean, False, Weight.none): Method.cross_model_mean,
    (Reduce.min, False, Weight.none): Method.cross_model_min,
    (Reduce.max, True, Weight.none): Method.cross_model_signed,
    (Reduce.max, False, Weight.std): Method.cross_model_std,
}


def validate_together(settings: Settings) -> None:
    """Refuse settings that contradict each other, whatever the model and the task."""
    data = settings.data
    if data.min_length > data.max_length:
        raise UserError(f"data.min_length={data.min_length}: is over data.max_length")
    if settings.trainer.devices > 1 and settings.trainer.strategy is Strategy.single:
        raise UserError(
            f"trainer.devices={settings.trainer.devices}: several share the work with trainer=ddp"
        )
    if isinstance(data, FilesData):
        for name in ("source", "target"):
            if getattr(data, name) is None:
                raise UserError(f"data.{name}: data=files needs a file, data.{name}=...")
    layers = settings.activations.layers
    if layers is not None and set(settings.ablation.targets) - ON_PROBE:
        raise UserError(
            f"activations.layers={as_typed(layers)}: ablation in the model needs the rankings of "
            "all of its neurons; take activations.layers=null or ablation=probe_mask"
        )
    if settings.analysis.redundancy.sets and not settings.analysis.minimal.enabled:
        raise UserError(
            f"analysis.redundancy.sets={settings.analysis.redundancy.sets}: begins with the "
            "minimal set; take analysis.minimal.enabled=true or analysis=sets"
        )
    _validate_grid(settings)


def _validate_grid(settings: Settings) -> None:
    grid = settings.lambda_grid
    points = len(grid.lambda1) * len(grid.lambda2)
    if settings.probe.selection is Selection.fixed and grid.search.enabled:
        raise UserError(
            "probe.selection=fixed: a search chooses among many points; take best, sparsest or "
            "ablation, or lambda_grid=single"
        )
    if settings.probe.selection is Selection.fixed and points != 1:
        raise UserError(
            f"probe.selection=fixed: needs a grid of one point, and this one has {points}; "
            "lambda_grid=single is one"
        )


def validate_ranking(settings: Settings) -> None:
    """Refuse rankings that these instances and ablations have no use for."""
    ranking, instances = settings.ranking, settings.model.instances
    comparing = [method.name for method in ranking.methods if method in COMPARING]
    if comparing and instances < 2:
        raise UserError(
            f"model.instances={instances}: {comparing[0]} compares instances; take "
            "model.instances=3 or ranking=one_model"
        )
    targets = settings.ablation.targets
    inside_only = Target.model in targets and Target.prune not in targets
    if ranking.methods == [Method.svcca] and not inside_only:
        raise UserError(
            "ranking=svcca: directions are ablated in the model only; take ablation=model"
        )
    as_set = (ranking.reduce, ranking.signed, ranking.weight)
    named = NAMED_VARIANTS.get(as_set)
    if named and {Method.cross_model, named} <= set(ranking.methods):
        raise UserError(
            f"ranking.methods={as_typed(ranking.methods)}: cross_model is {named.name} "
            "too, by ranking.reduce, signed and weight; take one of them"
        )


def validate_control(settings: Settings) -> None:
    """Refuse control of translations where there are none, or no features of words."""
    control, task = settings.analysis.control, settings.task
    if not control.enabled:
        return
    if not isinstance(settings.model, NmtModel):
        raise UserError(
            f"analysis.control.enabled=true: translations are controlled, and model="
            f"{settings.model.name} writes none; take model=nmt"
        )
    if settings.activations.layers is not None:
        raise UserError("activations.layers: control of translations needs null, all neurons")
    known = isinstance(task, MorphTask) and task.feature is None
    if settings.data.name != "grammar" and not known:
        raise UserError(
            "analysis.control.enabled=true: words need all their features as labels; take "
            "data=grammar, or task=morph with task.root=TREEBANK and task.feature=null"
        )
    layers = 1 if control.site is Site.context else settings.model.layers
    there = 2 * settings.model.hidden * layers
    if max(control.neurons) > there:
        raise UserError(
            f"analysis.control.neurons={as_typed(control.neurons)}: "
            f"site={control.site.name} reaches {there} neurons; take at most as many"
        )
