"""Translations by a pretrained encoder-decoder, from the states of its encoder on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from onegrain.errors import UserError
from onegrain.models.batches import is_read
from onegrain.settings import TransformerModel, Truncated

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Writer:
    """The decoder of an encoder-decoder, and what turns lines into its pieces and back.

    Attributes:
        model: The whole model, as `transformers` made it.
        tokenizer: Its own, set to the language that it reads.
        settings: How it was asked for.
        limit: Pieces of the longest line that it reads; None: any length.
        longest: Pieces of the longest translation that it can write.
        begin_id: The piece that every translation begins with, which says what language it is in,
            where a model writes several.
    """

    model: Any
    tokenizer: Any
    settings: TransformerModel
    limit: int | None
    longest: int
    begin_id: int | None

    def read(self, lines: Sequence[str]) -> list[list[int]]:
        """Return the pieces of lines as the encoder reads them, with the prefix; of none, none.

        Raises:
            UserError: If one is too long and that is an error.
        """
        prefix = self.settings.translation.prefix
        pieces = [
            self.tokenizer(prefix + line)["input_ids"] if line.strip() else [] for line in lines
        ]
        limit = self.limit
        cut = [] if limit is None else [ids for ids in pieces if len(ids) > limit]
        if limit is None or not cut:
            return pieces
        if self.settings.truncated is Truncated.error:
            raise UserError(
                f"model.truncated=error: {len(cut)} lines to translate have more than {limit} "
                "pieces; take model.truncated=drop or a smaller data.max_length"
            )
        log.warning(
            "%d of %d lines are translated up to the %d pieces that the model reads",
            len(cut), len(lines), limit,
        )  # fmt: skip
        end = len(self.tokenizer("")["input_ids"])  # special pieces, most often the end of a text
        return [_shortened(ids, limit, end) for ids in pieces]

    @torch.inference_mode()
    def write(
        self,
        states: Float[Tensor, "batch time units"],
        lengths: Int[Tensor, " batch"],
        limits: Int[Tensor, " batch"],
    ) -> list[str]:
        """Translate sentences by greedy or beam search; the checkpoint's other ways are kept.

        Args:
            states: What the encoder returned.
            lengths: Pieces of each sentence that it read.
            limits: The most pieces of each translation.

        Raises:
            UserError: If its files do not say how it writes.
        """
        from transformers.modeling_outputs import BaseModelOutput

        limits = limits.clamp(max=self.longest)
        places = torch.zeros(states.shape[:2], dtype=torch.long, device=states.device)
        try:
            sequences = self.model.generate(
                encoder_outputs=BaseModelOutput(last_hidden_state=states),
                attention_mask=is_read(places, lengths).long(),
                do_sample=False,
                num_beams=self.settings.translation.beam,
                max_new_tokens=int(limits.max()),
                use_cache=True,
                **({} if self.begin_id is None else {"forced_bos_token_id": self.begin_id}),
            )
        except ValueError as error:  # of a checkpoint that does not say how it is to write
            message = str(error).strip().partition("\n")[0]
            raise UserError(
                f"model.path={self.settings.path}: cannot translate: {message}"
            ) from None
        rows = zip(sequences.tolist(), limits.tolist(), strict=True)
        written = [ids[: 1 + limit] for ids, limit in rows]  # the first starts the decoder
        texts: list[str] = self.tokenizer.batch_decode(written, skip_special_tokens=True)
        return [text.strip() for text in texts]


def _shortened(ids: list[int], limit: int, end: int) -> list[int]:
    """Leave pieces out of the text, and none of the special ones at its end."""
    return ids if len(ids) <= limit else [*ids[: limit - end], *ids[len(ids) - end :]]


def use_languages(tokenizer: Any, settings: TransformerModel) -> int | None:
    """Set the language that a tokenizer of several reads; return the piece of the one to write.

    Args:
        tokenizer: Of `transformers`.
        settings: With the names that this tokenizer has for languages.

    Raises:
        UserError: If it knows no languages, or not these.
    """
    asked = settings.translation
    if asked.source_language is not None:
        if not hasattr(tokenizer, "src_lang"):
            raise UserError(
                f"model.translation.source_language={asked.source_language}: this tokenizer has no "
                "languages to choose from; take null, and perhaps model.translation.prefix"
            )
        _language_id(tokenizer, "source_language", asked.source_language)
        tokenizer.src_lang = asked.source_language
    if asked.target_language is None:
        return None
    return _language_id(tokenizer, "target_language", asked.target_language)


def _language_id(tokenizer: Any, setting: str, language: str) -> int:
    """Return the piece of a language, which is its name, or its name between underscores."""
    for piece in (language, f"__{language}__"):
        number: int | None = tokenizer.convert_tokens_to_ids(piece)
        if number is not None and number != tokenizer.unk_token_id:
            return number
    raise UserError(
        f"model.translation.{setting}={language}: this tokenizer has no language of that name"
    )
