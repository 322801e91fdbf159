"""A synchronous grammar that writes English, French and German with gold labels."""

from onegrain.data.grammar.generator import LANGUAGES, generate

__all__ = ["LANGUAGES", "generate"]
