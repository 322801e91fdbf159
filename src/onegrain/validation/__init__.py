"""Which settings can be meant, beyond their types."""

from __future__ import annotations

from onegrain.settings import Settings
from onegrain.validation.models import validate_model
from onegrain.validation.rules import validate_each
from onegrain.validation.tasks import validate_beside, validate_task
from onegrain.validation.together import validate_control, validate_ranking, validate_together

__all__ = ["validate"]


def validate(settings: Settings) -> None:
    """Refuse settings that cannot be meant.

    Raises:
        UserError: One line with the first wrong setting, its value and what would be right.
    """
    validate_each(settings)
    validate_model(settings)
    validate_together(settings)
    validate_task(settings.task)
    validate_beside(settings)
    validate_ranking(settings)
    validate_control(settings)
