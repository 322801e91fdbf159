"""The names of a run's files and of their columns: what all who read a run may count on."""

from __future__ import annotations

CURVES_FILE = "curves.csv"
NEURONS_FILE = "neurons.csv"
LAMBDA_GRID_FILE = "lambda_grid.csv"
AGREEMENT_FILE = "agreement.csv"
MINIMAL_FILE = "minimal.csv"
NEURON_SETS_FILE = "neuron_sets.csv"
JUDGES_FILE = "judges.csv"
CONTROL_FILE = "control.csv"
LABEL_ORDERS_FILE = "label_orders.csv"
EXPLORER_FILE = "explorer.json"
FIGURES_FOLDER = "figures"

CURVE_COLUMNS = (
    *("task", "label", "instance", "seed", "target", "operation", "ranking", "order"),
    *("clamp", "site", "neurons", "fraction", "metric", "value", "low", "high"),
)
NEURON_COLUMNS = (
    *("ranking", "rank", "neuron", "component", "layer", "direction", "unit", "score"),
)
LAMBDA_GRID_COLUMNS = (
    *("lambda1", "lambda2", "accuracy_dev", "accuracy_test", "objective", "nonzero", "selected"),
)
AGREEMENT_COLUMNS = (*("kind", "ranking", "one", "other", "top", "overlap", "chance", "spearman"),)
MINIMAL_COLUMNS = (
    *("set", "neurons", "fraction", "accuracy_dev", "accuracy_test", "target_dev", "oracle_dev"),
)
NEURON_SET_COLUMNS = (*("kind", "set", "place", "neuron"),)
LABEL_ORDER_COLUMNS = (*("ranking", "label", "place", "neuron"),)
JUDGE_COLUMNS = (*("ranking", "judge", "neurons", "value"),)
CONTROL_COLUMNS = (
    *("property", "wanted", "present", "ranking", "k", "beta", "success", "low", "high"),
    *("unchanged_elsewhere", "exact", "changed", "bleu", "sentences"),
)

# Text is read as it stands: "NA", "null" and "007" are words. Further columns are guessed.
TEXT_COLUMNS = frozenset(
    {"task", "label", "target", "operation", "ranking", "order", "clamp", "site", "metric"}
    | {"component", "direction", "best_label", "labels", "top_words", "kind", "one", "other"}
    | {"judge", "word", "word_class", "end", "property", "best_property", "name"}
    | {"wanted", "present", "tasks"}
)
FLAG_COLUMNS = frozenset({"selected"})
FREE_COLUMNS = frozenset({"instance"})
