"""Which neurons each label lives by, from a trained tagger or from a probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch

from onegrain.analysis.sensitivity import predicted_groups, sensitivity
from onegrain.configuration import compose_settings
from onegrain.data.datasets import load_parallel
from onegrain.data.labelled import LabelledText, load_labelled
from onegrain.models.saved import load_model
from onegrain.models.tagging import predicted_labels
from onegrain.models.text_model import TextTagger
from onegrain.settings import Groups, Method, Reader, Settings, Target
from onegrain.stages import model_text, recordings_of, trained_model
from onegrain.steps.probed import Probed, probe_property
from onegrain.steps.sensitivity import label_sensitivity
from onegrain.store import Store
from onegrain.tracking.runs import tracked_run

CONF = Path(__file__).resolve().parents[2] / "conf"
CHOICES = (
    *("debug=fast", "model=tagger", "ranking=sensitivity", "ablation=label", "model.hidden=6"),
    *("model.instances=2", "trainer.epochs=4", "trainer.accelerator=cpu"),
    *("activations.dtype=fp32", "ablation.label.fractions=[0.5]"),
)


@dataclass
class Place:
    """A trained run, up to its probe."""

    settings: Settings
    store: Store
    models: Mapping[int, Path]
    corpora: LabelledText
    probed: Probed

    def found(self, settings: Settings | None = None):
        models = self.models
        return label_sensitivity(settings or self.settings, models, self.probed, self.store)

    def sensitivity(self, settings: Settings) -> torch.Tensor:
        table = self.found(settings).tables.sensitivity
        wide = table.pivot(index="label", columns="neuron", values="sensitivity")
        return torch.tensor(wide.loc[list(self.probed.labels)].to_numpy())


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    folder = tmp_path_factory.mktemp("run")
    settings = compose_settings(CONF, CHOICES)
    store = Store(folder / "store")
    data = load_parallel(settings.data)
    corpora = load_labelled(settings.task, data, "en", settings.seed)
    text = model_text(settings, data, corpora)
    assert text is corpora

    def no_run(*, name):
        tracking = settings.tracking
        return tracked_run(tracking, job_type="t", config={}, group="g", folder=folder, name=name)

    models = {number: trained_model(settings, text, number, store, no_run) for number in (1, 2)}
    recordings = recordings_of(settings, models[1], corpora, store)
    probed = probe_property(settings, recordings, corpora, store)
    return Place(settings, store, models, corpora, probed)


def test_instances_of_a_tagger_read_the_same_text_and_differ(place: Place) -> None:
    one, other = (load_model(place.models[number]) for number in (1, 2))
    assert one.source.vocabulary == other.source.vocabulary
    assert not torch.equal(one.model.output.weight, other.model.output.weight)


def test_a_tagger_is_looked_at_through_its_own_output_layer(place: Place) -> None:
    tagger = load_model(place.models[1])
    assert isinstance(tagger, TextTagger)
    weight, _ = tagger.model.label_weights()
    words = place.probed.task.train
    expected = sensitivity(weight, words.activations, words.labels)
    torch.testing.assert_close(place.sensitivity(place.settings), expected)

    table = place.found().tables.label_ablation
    whole = table[table["neurons"] == 0].drop_duplicates("label").set_index("label")["recall"]
    gold = tagger.labels.encode(place.corpora.test.labels["pos"])
    right = predicted_labels(tagger, place.corpora.test) == gold
    for number, label in enumerate(tagger.labels.names):
        if bool((gold == number).any()):
            assert whole[label] == pytest.approx(float(right[gold == number].double().mean()))


def test_the_probe_is_looked_at_where_it_is_asked_for(place: Place) -> None:
    chosen = replace(place.settings.ranking, reader=Reader.probe, groups=Groups.predicted)
    words = place.probed.task.train.activations
    groups = predicted_groups(place.probed.weight, place.probed.bias, words)
    expected = sensitivity(place.probed.weight, words, groups)
    found = place.sensitivity(replace(place.settings, ranking=chosen))
    torch.testing.assert_close(found, expected)


def test_instances_are_compared_and_the_ranking_is_that_of_the_analysed_one(place: Place) -> None:
    found = place.found()
    assert found.tables.consistency[["one", "other"]].to_numpy().tolist() == [["1", "2"]]
    assert set(found.tables.label_correlations["instance"]) == {1, 2}
    assert found.ranking is not None
    for label, rows in found.tables.sensitivity.groupby("label"):
        assert rows["neuron"].tolist() == found.ranking.by_label[label].tolist()
        assert rows["sensitivity"].is_monotonic_decreasing
    assert found.metrics["sensitivity/consistency"] == pytest.approx(
        found.tables.consistency["similarity"].item()
    )


def test_the_metrics_tell_a_labels_own_neurons_from_others(place: Place) -> None:
    found = place.found()
    table = found.tables.label_ablation
    table = table[(table["fraction"] - 0.2).abs() < 0.05]
    able = table[table["recall"] - table["change"] > 0]
    own = able["target"] == able["label"]
    assert found.metrics["label_ablation/own_change@20%"] == pytest.approx(
        able[own]["change"].mean()
    )
    assert found.metrics["label_ablation/other_change@20%"] == pytest.approx(
        able[~own]["change"].mean()
    )
    fallen = [
        row["change"] == able[able["target"] == row["target"]]["change"].min()
        for row in able[own].to_dict("records")
    ]
    assert found.metrics["label_ablation/falls_most@20%"] == sum(fallen) / len(fallen)


def test_nothing_is_done_that_nobody_asked_for(place: Place) -> None:
    ranking = replace(place.settings.ranking, methods=[Method.variance])
    ablation = replace(place.settings.ablation, targets=[Target.probe_mask])
    found = place.found(replace(place.settings, ranking=ranking, ablation=ablation))
    assert (found.ranking, found.tables.known(), found.metrics) == (None, {}, {})

    only_ablated = place.found(replace(place.settings, ranking=ranking))
    assert set(only_ablated.tables.known()) == {"sensitivity", "label_ablation", "single_drops"}
