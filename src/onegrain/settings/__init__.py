"""Every setting, with its type and meaning: the schema behind conf/.

Plain dataclasses without Hydra or torch, so that a notebook can build them and
``python train.py --cfg job`` stays instant. The defaults here are those of the paper or of good
practice; conf/ chooses among them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any

from onegrain.settings.analysis import (
    COMPARING,
    LABELLED,
    AblationSettings,
    Clamp,
    Criterion,
    GaussianSettings,
    Groups,
    IouSettings,
    LabelAblationSettings,
    LambdaGridSettings,
    LambdaSearchSettings,
    Method,
    ModelAblationSettings,
    Penalty,
    ProbeSettings,
    RankingSettings,
    RankingText,
    Reader,
    Reduce,
    RetrainSettings,
    Selection,
    Site,
    Target,
    Weight,
)
from onegrain.settings.control import (
    FEATURE_VALUES,
    ControlledFeature,
    ControlRanking,
    ControlSettings,
)
from onegrain.settings.data import (
    DatasetData,
    DataSettings,
    FilesData,
    GrammarData,
    Splitting,
    TextSettings,
    VocabularyKind,
)
from onegrain.settings.findings import (
    AnalysisSettings,
    BesideTask,
    ClusterSettings,
    JudgeSettings,
    MinimalSettings,
    RedundancySettings,
)
from onegrain.settings.model import (
    ActivationSettings,
    LstmModel,
    ModelSettings,
    NlmModel,
    NmtModel,
    Optimizer,
    Pieces,
    Precision,
    Progress,
    RecordedModel,
    Schedule,
    SearchSettings,
    StorageType,
    Strategy,
    TaggerModel,
    TrainerSettings,
    TransformerModel,
    TranslationSettings,
    Truncated,
    network_settings,
)
from onegrain.settings.task import (
    Absent,
    Ambiguous,
    Column,
    FilesTask,
    MonthsTask,
    MorphTask,
    Multiword,
    NerTask,
    Parts,
    PosColumn,
    PositionScheme,
    PositionTask,
    PosTask,
    Rare,
    RegexTask,
    SemTask,
    TaskSettings,
    TreebankTask,
    VocabularyTask,
    WordsTask,
)
from onegrain.settings.tracking import (
    TrackingMode,
    TrackingSettings,
)
from onegrain.settings.tuning import TUNINGS, NewNetwork, TuningSettings, tuning_trainer

__all__ = [
    "COMPARING",
    "FEATURE_VALUES",
    "LABELLED",
    "TUNINGS",
    "AblationSettings",
    "Absent",
    "ActivationSettings",
    "Ambiguous",
    "AnalysisSettings",
    "BesideTask",
    "Clamp",
    "ClusterSettings",
    "Column",
    "ControlRanking",
    "ControlSettings",
    "ControlledFeature",
    "Criterion",
    "DataSettings",
    "DatasetData",
    "FilesData",
    "FilesTask",
    "GaussianSettings",
    "GrammarData",
    "Groups",
    "IouSettings",
    "JudgeSettings",
    "LabelAblationSettings",
    "LambdaGridSettings",
    "LambdaSearchSettings",
    "LstmModel",
    "Method",
    "MinimalSettings",
    "ModelAblationSettings",
    "ModelSettings",
    "MonthsTask",
    "MorphTask",
    "Multiword",
    "NerTask",
    "NewNetwork",
    "NlmModel",
    "NmtModel",
    "Optimizer",
    "Parts",
    "Penalty",
    "Pieces",
    "PosColumn",
    "PosTask",
    "PositionScheme",
    "PositionTask",
    "Precision",
    "ProbeSettings",
    "Progress",
    "RankingSettings",
    "RankingText",
    "Rare",
    "Reader",
    "RecordedModel",
    "Reduce",
    "RedundancySettings",
    "RegexTask",
    "RetrainSettings",
    "Schedule",
    "SearchSettings",
    "Selection",
    "SemTask",
    "Settings",
    "Site",
    "Splitting",
    "StorageType",
    "Strategy",
    "TaggerModel",
    "Target",
    "TaskSettings",
    "TextSettings",
    "TrackingMode",
    "TrackingSettings",
    "TrainerSettings",
    "TransformerModel",
    "TranslationSettings",
    "TreebankTask",
    "Truncated",
    "TuningSettings",
    "VocabularyKind",
    "VocabularyTask",
    "Weight",
    "WordsTask",
    "network_settings",
    "plain",
    "tuning_trainer",
]


@dataclass
class Settings:
    """One run of onegrain."""

    data: DataSettings = field(default_factory=GrammarData)
    model: ModelSettings = field(default_factory=NmtModel)
    tuning: TuningSettings = field(default_factory=TuningSettings)
    task: TaskSettings = field(default_factory=PosTask)
    lambda_grid: LambdaGridSettings = field(default_factory=LambdaGridSettings)
    probe: ProbeSettings = field(default_factory=ProbeSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)
    ablation: AblationSettings = field(default_factory=AblationSettings)
    analysis: AnalysisSettings = field(default_factory=AnalysisSettings)
    trainer: TrainerSettings = field(default_factory=TrainerSettings)
    activations: ActivationSettings = field(default_factory=ActivationSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    seed: int = 1
    output_root: str = "outputs"  # runs, the store and W&B's files
    store: str | None = None  # null: output_root/store; a network folder shares finished work
    resume: bool = False  # a sweep: go on with the newest of the same command line, or begin it


def plain(settings: Any) -> dict[str, Any]:
    """Return a settings dataclass as nested plain data: enums by name.

    Example:
        >>> plain(TrainerSettings(epochs=3))["schedule"]
        'one_cycle'
    """

    def plain_items(items: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: _plain_value(value) for name, value in items}

    values: dict[str, Any] = asdict(settings, dict_factory=plain_items)
    return values


def _plain_value(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name
    return [_plain_value(item) for item in value] if isinstance(value, list) else value
