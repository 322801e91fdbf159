from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from onegrain import settings as every
from onegrain.configuration import SCHEMAS, compose_jobs, compose_settings
from onegrain.errors import UserError
from onegrain.settings import (
    FilesData,
    MorphTask,
    NlmModel,
    NmtModel,
    Optimizer,
    Selection,
    Settings,
    TrackingMode,
)
from onegrain.validation import validate
from onegrain.validation.rules import RULES

CONF = Path(__file__).resolve().parents[1] / "conf"
FILES = ["data=files", "data.source=a.en", "data.target=a.fr"]
RECORDED = ["model.train=a.hdf5", "model.dev=b.hdf5", "model.test=c.hdf5", "task.root=labels"]
NEEDED = {
    "data=files": FILES[1:],
    "model=transformer": ["model.path=bert"],
    "experiment=jmlr_minimal": ["model.path=bert"],
    "experiment=jmlr_layers": ["model.path=bert"],
    "experiment=report_bert_pos": ["model.path=bert"],
    "experiment=jmlr_redundancy": ["model.path=bert"],
    "experiment=jmlr_finetuning": ["model.path=bert"],
    "tuning=tokens": ["model=transformer", "model.path=bert"],
    "tuning=sentences": ["model=transformer", "model.path=bert", "tuning.train=a.tsv"],
    "tuning=words": ["model=transformer"],
    "model=recorded": [*RECORDED, "ranking=one_model", "ablation=probe_mask"],
    "experiment=neurox_files": RECORDED,
    "task=files": ["task.root=labels"],
    "task=vocabulary": ["task.words=[he,she]"],
    "model=tagger": ["ablation=label"],
    "task=regex": [r"task.patterns=['year=\d{4}']"],
}
CHOICES = [
    f"{path.parent.name}={path.stem}"
    for path in sorted(CONF.glob("*/*.yaml"))
    if path.parent.name != "hydra"
]


def mistake(*overrides: str) -> str:
    with pytest.raises(UserError) as caught:
        compose_settings(CONF, overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_yaml_files_and_the_dataclasses_have_the_same_defaults() -> None:
    assert compose_settings(CONF, ["~scale"]) == Settings()


@pytest.mark.parametrize("choice", CHOICES)
def test_every_choice_of_every_group_composes(choice: str) -> None:
    assert isinstance(compose_settings(CONF, [choice, *NEEDED.get(choice, [])]), Settings)


@pytest.mark.parametrize("scale", ["demo", "real", "paper"])
@pytest.mark.parametrize("data", ["grammar", "tatoeba", "multi30k"])
def test_every_scale_fits_every_corpus(scale: str, data: str) -> None:
    assert compose_settings(CONF, [f"scale={scale}", f"data={data}"]).data.name == data


@pytest.mark.parametrize("scale", ["scale=demo", "scale=real", "scale=paper", "~scale"])
@pytest.mark.parametrize("model", ["nmt", "nlm"])
@pytest.mark.parametrize("debug", ["~debug", "debug=fast"])
def test_every_scale_fits_every_model(scale: str, model: str, debug: str) -> None:
    composed = compose_settings(CONF, [scale, f"model={model}", debug]).model
    assert composed.name == model
    assert hasattr(composed, "input_feeding") == (model == "nmt")


def test_what_scale_means_for_one_model_follows_the_scale_and_gives_way() -> None:
    def feeding(*overrides: str) -> bool:
        model = compose_settings(CONF, overrides).model
        assert isinstance(model, NmtModel)
        return model.input_feeding

    assert not feeding()
    assert not feeding("experiment=tatoeba_ewt")
    assert feeding("scale=paper")
    assert feeding("experiment=tatoeba_ewt", "scale=paper")
    assert feeding("model.input_feeding=true")


def test_a_language_model_has_the_defaults_of_its_dataclass() -> None:
    assert compose_settings(CONF, ["~scale", "model=nlm"]).model == NlmModel()


def test_the_command_lines_of_the_design_are_understood() -> None:
    assert isinstance(compose_settings(CONF, FILES).data, FilesData)
    real_text = ["data=tatoeba", "data.root=../shared/data/tatoeba", "data.pair=en-fr"]
    labels = ["task=pos", "task.root=../shared/data/ud/UD_English-EWT"]
    composed = compose_settings(CONF, [*real_text, "model.hidden=128", *labels])
    assert (composed.model.hidden, composed.task.root) == (128, labels[1].partition("=")[2])
    for line in (["probe.epochs=3"], ["model.instances=3"], ["lambda_grid=single", "seed=3"]):
        compose_settings(CONF, line)


def test_scale_sets_sizes_and_gives_way_to_experiments_and_the_command_line() -> None:
    paper = compose_settings(CONF, ["scale=paper"])
    assert (paper.model.hidden, paper.trainer.optimizer) == (500, Optimizer.sgd)
    assert compose_settings(CONF, ["scale=paper", "debug=fast"]).model.hidden == 16
    assert compose_settings(CONF, ["scale=paper", "model.hidden=7"]).model.hidden == 7
    experiment = compose_settings(CONF, ["experiment=tatoeba_ewt"])
    assert (experiment.data.train_sentences, experiment.model.hidden) == (30000, 256)
    assert compose_settings(CONF, ["experiment=tatoeba_ewt", "scale=demo"]).model.hidden == 64


def test_choices_that_build_on_another_change_only_their_own_part() -> None:
    neurox = compose_settings(CONF, ["probe=neurox"]).probe
    assert neurox == replace(Settings().probe, penalty=every.Penalty.neurox)
    assert compose_settings(CONF, ["tracking=disabled"]).tracking.mode is TrackingMode.disabled


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ["model=nmtt"],
            "model=nmtt: no such model; did you mean nmt? available: nlm, nmt, recorded, tagger, "
            "transformer",
        ),
        (["modle=nmt"], "modle=nmt: no such setting; did you mean model=nmt?"),
        (["model.hiden=32"], "model.hiden=32: no such setting; did you mean model.hidden=32?"),
        (
            ["trainer.epoch=3"],
            "trainer.epoch=3: no such setting; did you mean trainer.epochs=3 or model.epoch=3?",
        ),
        (
            ["hidden=32"],
            "hidden=32: no such setting; did you mean model.hidden=32 or tuning.network.hidden=32?",
        ),
        (
            ["model=null"],
            "model=null: it needs a choice; available: nlm, nmt, recorded, tagger, transformer",
        ),
        (["probe.epochs=abc"], "probe.epochs=abc: expected a whole number"),
        (["probe.tolerance=x"], "probe.tolerance=x: expected a number"),
        (["model.hidden="], "model.hidden=: expected a whole number"),
        (["model.embedding=x"], "model.embedding=x: expected a whole number or null"),
        (["data.text.lowercase=maybe"], "data.text.lowercase=maybe: expected true or false"),
        (
            ["probe.penalty=squard"],
            "probe.penalty=squard: expected one of squared, neurox; did you mean squared?",
        ),
        (
            ["lambda_grid.lambda1=3"],
            "lambda_grid.lambda1=3: expected a list, each item a number, such as [1,2]",
        ),
        (["data.source=a"], "data.source=a: data=grammar has no such setting; data=files has"),
        (
            ["model=nlm", "model.beam=3"],
            "model.beam=3: model=nlm has no such setting; model=nmt has",
        ),
        (["data=files"], "data.source: data=files needs a file, data.source=..."),
        (["+model.foo=3"], "+model.foo: no such setting, and none can be added"),
        (
            ["model.hidden=3,4"],
            "model.hidden=3,4: several values are a sweep, which needs -m; "
            "a list is model.hidden=[3,4]",
        ),
        (["model=nmt,nlm"], "model=nmt,nlm: several choices are a sweep; add -m for a sweep"),
        (
            ["property=en_pos,de_pos"],
            "property=en_pos,de_pos: several choices are a sweep; add -m for a sweep",
        ),
    ],
)
def test_a_mistake_is_answered_with_one_line_that_says_what_is_right(
    overrides: list[str], line: str
) -> None:
    assert mistake(*overrides) == line


@pytest.mark.parametrize("override", ["model.hidden", "probe.tolerance=[", "model.=3"])
def test_what_is_not_an_override_is_quoted(override: str) -> None:
    assert mistake("seed=2", override).startswith(f"{override}: not understood")


def test_the_first_mistake_of_several_is_the_one_that_is_told() -> None:
    assert mistake("seed=2", "model.hiden=32", "probe.epochs=abc").startswith("model.hiden=32:")


@pytest.mark.parametrize(
    ("override", "wanted"),
    [
        ("model.hidden=0", "at least 1"),
        ("model.instance=4", "model.instances is 3"),
        ("model.epoch=2", "is not one of trainer.keep_epochs=[]"),
        ("trainer.keep_epochs=[1,100]", "trainer.epochs is"),
        ("trainer.keep_epochs=[1,1]", "none twice"),
        ("model.dropout=1.5", "[0, 1)"),
        ("model.dropout=.nan", ""),
        ("trainer.epochs=0", "at least 1"),
        ("trainer.learning_rate=0", "above 0"),
        ("trainer.learning_rate=inf", "above 0"),
        ("lambda_grid.lambda1=[-1e-5]", "at least 0"),
        ("lambda_grid.lambda2=[]", "at least one number"),
        ("ablation.keep=[0.1,1.1]", "[0, 1]"),
        ("ranking.share=0", "(0, 1]"),
        ("activations.layers=[0]", "counted from 1"),
        ("activations.layers=[-1]", "at least 0"),
        ("activations.layers=[1,3]", "model.layers is 2"),
        ("data.pair=english", "en-fr"),
        ("data.min_length=60", "over data.max_length"),
        ("probe.selection=fixed", "lambda_grid=single"),
        ("lambda_grid.search.look=1", "at least 2"),
        ("lambda_grid.search.keep=0", "at least 1"),
        ("lambda_grid.search.head_start=-1", "at least 0"),
        ("task.root=", "null"),
        ("seed=-1", "0 to"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_would_be_right(override: str, wanted: str) -> None:
    message = mistake(override)
    assert message.startswith(override.split("=")[0] + "=")
    assert wanted in message


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ["model.instances=1", "ranking=cross_model"],
            "model.instances=1: cross_model compares instances; take model.instances=3 or "
            "ranking=one_model",
        ),
        (
            ["model.instances=1", "ranking=linear_regression"],
            "model.instances=1: linear_regression compares instances; take model.instances=3 or "
            "ranking=one_model",
        ),
        (
            ["model.layers=2", "activations.layers=[2]"],
            "activations.layers=[2]: ablation in the model needs the rankings of all of its "
            "neurons; take activations.layers=null or ablation=probe_mask",
        ),
        (
            ["ablation.clamps=[zero,resample]"],
            "ablation.clamps=[zero,resample]: must be a list of zero and mean; resample is for "
            "ablation.model.clamps",
        ),
        (
            ["ranking=svcca", "ablation=probe_mask"],
            "ranking=svcca: directions are ablated in the model only; take ablation=model",
        ),
        (
            ["ranking.methods=[cross_model,cross_model_mean]", "ranking.reduce=mean"],
            "ranking.methods=[cross_model,cross_model_mean]: cross_model is cross_model_mean too, "
            "by ranking.reduce, signed and weight; take one of them",
        ),
        (
            ["model=tagger"],
            "ablation.targets=[probe_mask,model]: neurons of a tagger are taken away before its "
            "output layer, or from the probe; take ablation=label or ablation=probe_mask",
        ),
        (
            ["model=tagger", "ablation=label", "activations.layers=[1]"],
            "activations.layers=[1]: a tagger's output layer reads its own neurons; take "
            "activations.layers=null or ranking.reader=probe",
        ),
        (
            ["model=tagger", "ablation=label", "model.frozen=true"],
            "model.frozen=True: there are no vectors to freeze; give model.vectors=FILE",
        ),
        (
            ["ablation.model.sites=[]"],
            "ablation.model.sites=[]: must name at least one, and none twice",
        ),
        (
            ["analysis.tasks=[sem,pos]"],
            "analysis.tasks=[sem,pos]: must name none twice, and only tasks beside task=pos",
        ),
        (
            ["ranking.methods=[variance,variance]"],
            "ranking.methods=[variance,variance]: must name at least one, and none twice",
        ),
    ],
)
def test_what_does_not_go_together_is_said_in_one_line(overrides: list[str], line: str) -> None:
    assert mistake(*overrides) == line


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (
            ["task=pos", "task.feature=Tense"],
            "task.feature=Tense: task=pos has no such setting; task=morph has",
        ),
        (
            ["task=vocabulary"],
            "task.words: task=vocabulary needs task.words=[...] or else task.file=...",
        ),
        (
            ["task=vocabulary", "task.words=[a]", "task.file=b"],
            "task.words: task=vocabulary needs task.words=[...] or else task.file=...",
        ),
        (
            ["task=vocabulary", "task.words=['New York']"],
            "task.words=[New York]: must be a list of at least one word, none with a space",
        ),
        (
            ["task=regex"],
            r"task.patterns: task=regex needs some, task.patterns=['year=\d{4}']",
        ),
        (
            ["task=regex", "task.patterns=['year=[']"],
            "task.patterns: year=[: not a regular expression (unterminated character set at "
            "position 0)",
        ),
        (["task=files"], "task.root: task=files needs files, task.root=... or task.train=..."),
        (
            ["task=files", "task.root=a", "task.dev_labels=b"],
            "task.dev_labels: needs task.dev, the words, too",
        ),
        (
            ["task=files", "task.root=a", "task.word_column=2", "task.label_column=2"],
            "task.label_column=2: is task.word_column",
        ),
        (["task.min_count=-1"], "task.min_count=-1: must be at least 0"),
        (["task.rare=merg"], "task.rare=merg: expected one of merge, drop; did you mean merge?"),
    ],
)
def test_a_task_that_cannot_be_is_answered_in_one_line(overrides: list[str], line: str) -> None:
    assert mistake(*overrides) == line


@pytest.mark.parametrize(
    "overrides",
    [
        ["model.instances=1", "ranking=one_model"],
        ["activations.layers=[2]", "ablation=probe_mask"],
        ["ablation.model.clamps=[zero,mean,resample]"],
        ["ranking=svcca", "ablation=model"],
        ["ranking=all", "model.instances=2"],
        ["ranking=cross_model", "ranking.reduce=min", "ranking.weight=std", "ranking.signed=true"],
    ],
)
def test_what_is_advised_is_accepted(overrides: list[str]) -> None:
    compose_settings(CONF, overrides)


def test_a_fixed_choice_is_refused_of_a_search() -> None:
    message = mistake("lambda_grid=search", "probe.selection=fixed")
    assert message.startswith("probe.selection=fixed: a search chooses")


def test_an_item_of_a_list_is_set_by_its_number_and_refused_by_its_list() -> None:
    settings = compose_settings(CONF, ["lambda_grid=single", "lambda_grid.lambda1.0=3e-5"])
    assert settings.lambda_grid.lambda1 == [3e-5]
    assert "each item a number" in mistake("lambda_grid=single", "lambda_grid.lambda1.0=abc")


def test_a_notebooks_settings_are_checked_alike() -> None:
    validate(Settings())
    wrong = Settings()
    wrong.probe.selection = Selection.fixed
    with pytest.raises(UserError, match="needs a grid of one point"):
        validate(wrong)


def names_and_types(schema: type, prefix: str = "") -> dict[str, Any]:
    found = {}
    for item in fields(schema):
        hint = get_type_hints(schema)[item.name]
        if is_dataclass(hint):
            assert isinstance(hint, type)
            found |= names_and_types(hint, f"{prefix}{item.name}.")
        else:
            found[f"{prefix}{item.name}"] = hint
    return found


def test_every_number_has_a_range_and_every_range_a_setting() -> None:
    known = names_and_types(Settings)
    for name, schema in SCHEMAS.items():
        group = name.split("_")[1]
        known |= names_and_types(schema, f"{group}.")
        if group == "task":
            known |= names_and_types(schema, "tuning.task.")
    numbers = {name for name, hint in known.items() if "int" in str(hint) or "float" in str(hint)}
    assert numbers <= set(RULES)
    assert set(RULES) <= set(known)


BERT = ("model=transformer", "model.path=bert-base-cased")


def test_a_transformer_chooses_rankings_and_ablation_that_it_can_have_and_gives_way() -> None:
    composed = compose_settings(CONF, BERT)
    assert (composed.ranking.name, composed.ablation.name) == ("pretrained", "pretrained")
    other = compose_settings(CONF, [*BERT, "ranking=random", "ablation=retrain"])
    assert (other.ranking.name, other.ablation.name) == ("random", "retrain")


@pytest.mark.parametrize("scale", ["scale=demo", "scale=real", "scale=paper", "~scale"])
@pytest.mark.parametrize("debug", ["~debug", "debug=fast"])
def test_sizes_of_lstms_are_not_for_transformers(scale: str, debug: str) -> None:
    assert compose_settings(CONF, [*BERT, scale, debug]).model.name == "transformer"


@pytest.mark.parametrize(
    "name",
    ["jmlr_minimal", "jmlr_layers", "jmlr_redundancy", "jmlr_finetuning", "report_bert_pos"],
)
def test_experiments_on_transformers_need_a_path_alone(name: str) -> None:
    composed = compose_settings(CONF, [f"experiment={name}", "model.path=bert-base-cased"])
    assert composed.ranking.text.name == "task"


@pytest.mark.parametrize(
    "name", ["jmlr_minimal", "jmlr_layers", "jmlr_redundancy", "report_bert_pos"]
)
def test_scale_says_how_much_text_such_an_experiment_probes(name: str) -> None:
    def sentences(*overrides: str) -> int | None:
        chosen = [f"experiment={name}", "model.path=bert", *overrides]
        return compose_settings(CONF, chosen).task.train_sentences

    assert sentences() is None
    assert sentences("scale=demo") == 2000
    assert sentences("scale=paper") == 20000
    assert sentences("scale=demo", "task.train_sentences=7") == 7
    assert sentences("scale=demo", "debug=fast") == 100
    other_task = compose_settings(CONF, [f"experiment={name}", "model.path=bert", "task=sem"])
    assert other_task.task.name == "sem"


@pytest.mark.parametrize("name", ["xin_sensitivity", "xin_ablation"])
def test_at_the_papers_scale_a_tagger_is_trained_as_the_papers(name: str) -> None:
    trainer = compose_settings(CONF, [f"experiment={name}", "scale=paper"]).trainer
    assert (trainer.optimizer.name, trainer.learning_rate) == ("sgd", 0.015)
    assert (trainer.batch_size, trainer.schedule.name) == (10, "constant")
    usual = compose_settings(CONF, [f"experiment={name}"]).trainer
    assert (usual.optimizer.name, usual.batch_size) == ("adam", 16)


@pytest.mark.parametrize(("scale", "sentences"), [("demo", 200), ("real", 1000), ("paper", 1000)])
def test_scale_says_how_many_translations_are_controlled(scale: str, sentences: int) -> None:
    composed = compose_settings(CONF, ["experiment=bau_control", f"scale={scale}"])
    assert composed.analysis.control.sentences == sentences


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["model=transformer"], "model.path: model=transformer needs a folder or a name"),
        ([*BERT, "model.instances=2"], "a pretrained model is one"),
        ([*BERT, "ranking=default"], "take ranking=pretrained"),
        ([*BERT, "ablation=prune"], "ablation.targets: prune is for LSTMs"),
        ([*BERT, "ablation=model"], "ablation.model.sites=[layer_output]"),
        ([*BERT, "ablation.targets=[model]", "model.head=false"], "model.head=false"),
        ([*BERT, "model.hidden=8"], "model.hidden=8"),
        ([*BERT, "model.translation.beam=0"], "model.translation.beam=0: must be at least 1"),
    ],
)
def test_what_a_transformer_cannot_do_is_said(overrides: list[str], said: str) -> None:
    assert said in mistake(*overrides)


def test_the_tuning_task_is_chosen_apart_from_the_probed_one() -> None:
    tuned = [*BERT, "tuning=tokens", "task@tuning.task=morph", "tuning.task.feature=Tense"]
    composed = compose_settings(CONF, [*tuned, "task=sem", "tuning.epochs=2"])
    assert isinstance(composed.tuning.task, MorphTask)
    assert composed.tuning.task.feature == "Tense"
    assert (composed.task.name, composed.tuning.epochs) == ("sem", 2)


def test_a_sweep_over_tuned_or_not_takes_settings_of_the_tuning() -> None:
    words = ["experiment=jmlr_finetuning", "model.path=bert", "tuning=none,tokens"]
    jobs = compose_jobs(CONF, [*words, "tuning.epochs=2", "tuning.task.root=names"], multirun=True)
    assert [job.tuning.is_on for job in jobs.settings] == [False, True]
    assert {job.tuning.task.root for job in jobs.settings} == {"names"}


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["tuning=words"], "tuning=words: a transformer is tuned; take model=transformer"),
        ([*BERT, "tuning=tokens", "tuning.piece=mean"], "tuning.piece=mean: a label is read off"),
        ([*BERT, "tuning=sentences"], "tuning.train: tuning=sentences needs a file"),
        (["model=transformer", "tuning=tokens"], "model.path: model=transformer needs a folder"),
        (
            ["model=transformer", "tuning=words", "tuning.network.heads=3"],
            "tuning.network.heads=3: must divide tuning.network.hidden=128",
        ),
        ([*BERT, "tuning=tokens", "tuning.task.min_count=-1"], "tuning.task.min_count=-1"),
        (
            [*BERT, "tuning=tokens", "task@tuning.task=files"],
            "tuning.task.root: task=files needs files, tuning.task.root=...",
        ),
        ([*BERT, "tuning=token"], "tuning=token: no such tuning; did you mean tokens?"),
        ([*BERT, "tuning=tokens", "tuning.epoch=2"], "did you mean tuning.epochs=2"),
    ],
)
def test_a_tuning_that_cannot_be_is_answered_in_one_line(overrides: list[str], said: str) -> None:
    assert said in mistake(*overrides)


def test_a_sweep_is_checked_at_each_of_its_values_once() -> None:
    jobs = compose_jobs(CONF, ["model.hidden=32,64", "seed=1,2,3"], multirun=True).settings
    pairs = [(job.model.hidden, job.seed) for job in jobs]
    assert pairs == [(32, 1), (64, 1), (32, 2), (32, 3)]
    with pytest.raises(UserError, match=r"model\.hidden=0: must be at least 1"):
        compose_jobs(CONF, ["model.hidden=32,0"], multirun=True)
    with pytest.raises(UserError, match=r"no such lambda_grid; did you mean coarse"):
        compose_jobs(CONF, ["lambda_grid=single,corse"], multirun=True)


@pytest.mark.parametrize(
    ("overrides", "warning"),
    [
        (["property=en_pos"], None),
        (["task=morph"], None),
        (["experiment=table2", "property=de_pos"], None),
        (
            ["property=en_pos", "task=morph"],
            "property=en_pos stands for task=pos; with task=morph instead, what else belongs to "
            "the property stays, such as its language and its words",
        ),
        (
            ["property=fr_morph", "data=tatoeba", "task=pos"],
            "property=fr_morph stands for task=morph and data=sized; with task=pos and "
            "data=tatoeba instead, what else belongs to the property stays, such as its language "
            "and its words",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_property_that_is_overruled_is_told(overrides: list[str], warning: str | None) -> None:
    assert compose_jobs(CONF, overrides, multirun=False).warning == warning


def test_composing_twice_in_one_process_gives_the_same() -> None:
    first = compose_settings(CONF, ["model.hidden=32"])
    compose_settings(CONF, ["scale=paper"])
    assert compose_settings(CONF, ["model.hidden=32"]) == first
