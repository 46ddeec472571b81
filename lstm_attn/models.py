"""The models: multi-head attention on top of an LSTM, and a control without attention.

Letters: B batch, T steps, F features of a step, V tokens in the vocabulary, E embedding width,
H hidden size, W feed-forward width, O outputs of a step, S states attended to.

    (B, T) tokens or (B, T, F) floats -> vectors -> LSTM -> attention on its states -> (B, T, O)

`SequenceModel` tells the story, a variant adds its readout. Outputs stand at every step: a task
pools. Configuration stops at `build`.

Attention: Vaswani et al. 2017, arXiv 1706.03762, section 3.2, as in `nn.MultiheadAttention`.
"""

from abc import ABC, abstractmethod
from typing import TypedDict, Unpack

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lstm_attn.config import ModelConfig
from lstm_attn.initialisation import initialise


class Options(TypedDict, total=False):
    """Keyword-only arguments of every variant."""

    output_size: int | None
    """O; by default as many as inputs, F or V."""
    causal: bool
    """Whether a step attends to itself and earlier steps only; by default it attends to all."""
    attention_dropout: float | None
    """Share of the attention weights dropped; by default `dropout`."""
    output_dropout: float
    """Share of the values before the readout dropped; by default 0."""


class SequenceModel(nn.Module, ABC):
    """An LSTM, attention on its states, and a variant's readout of both.

    Arguments:
        input_size: F, or V for tokens.
        hidden_size: H, a multiple of `num_heads`.
        num_layers: layers of the LSTM.
        num_heads: heads of the attention; None for no attention.
        dropout: share dropped between LSTM layers, where there are several.
        embedding_dim: E; None for floats, and for tokens taken as one-hot.
        output_size, causal, attention_dropout, output_dropout: see `Options`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int | None,
        dropout: float,
        embedding_dim: int | None,
        *,
        output_size: int | None = None,
        causal: bool = False,
        attention_dropout: float | None = None,
        output_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.output_size = input_size if output_size is None else output_size
        self.causal = causal
        self.embedding = None if embedding_dim is None else nn.Embedding(input_size, embedding_dim)
        self.lstm = nn.LSTM(
            input_size if embedding_dim is None else embedding_dim,
            hidden_size,
            num_layers,
            dropout=dropout if num_layers > 1 else 0.0,  # else nn.LSTM warns that it can't act
            batch_first=True,
        )
        dropped = dropout if attention_dropout is None else attention_dropout
        self.attention = (
            nn.MultiheadAttention(hidden_size, num_heads, dropout=dropped, batch_first=True)
            if num_heads is not None
            else None
        )
        self.output_dropout = nn.Dropout(output_dropout)

    def forward(self, x: Tensor, padding: Tensor | None = None) -> Tensor:
        """Answer at every step.

        Arguments:
            x: (B, T, F) floats, or (B, T) integer tokens.
            padding: (B, T) bool, True at padded steps, which end a row: the LSTM meets them too
                late to matter, and every step has something to attend to.

        Returns:
            (B, T, O); without meaning at padded steps.
        """
        states, _ = self.lstm(self.vectors(x))  # (B, T, H)
        context = self.attend(states, states, causal=self.causal, padding=padding)  # (B, T, H)
        return self.readout(states, context)  # (B, T, O)

    def vectors(self, x: Tensor) -> Tensor:
        """Make each step a vector: tokens embedded or one-hot, floats as they are."""
        if self.embedding is not None:
            embedded: Tensor = self.embedding(x)  # (B, T, E)
            return embedded
        if x.is_floating_point():
            return x  # (B, T, F)
        return F.one_hot(x.long(), self.lstm.input_size).to(next(self.parameters()))  # (B, T, V)

    def attend(
        self, queries: Tensor, states: Tensor, *, causal: bool, padding: Tensor | None = None
    ) -> Tensor:
        """Give what each query finds in the states; without attention, the query itself.

        Arguments:
            queries: (B, T, H).
            states: (B, S, H); the queries themselves where `causal`.
            causal: whether a query must not look at states after itself.
            padding: (B, S) bool, True at states that none must look at.

        Returns:
            (B, T, H).
        """
        if self.attention is None:
            return queries
        steps, later = queries.shape[1], None
        if causal:
            later = torch.ones(steps, steps, dtype=torch.bool, device=queries.device).triu(1)
        context, _ = self.attention(
            queries,
            states,
            states,
            key_padding_mask=padding,
            attn_mask=later,  # (T, T), True where row t must not look
            is_causal=causal,  # lets torch take a quicker way to the same; alone it raises
            need_weights=False,
        )
        found: Tensor = context  # (B, T, H)
        return found

    @abstractmethod
    def readout(self, states: Tensor, context: Tensor, /) -> Tensor:
        """Turn states and what attention found for them, (B, T, H) both, into (B, T, O)."""


class LSTMWithAttention(SequenceModel):
    """LSTM -> self-attention -> fc."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        dropout: float = 0.1,
        *,
        embedding_dim: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, num_heads, dropout, embedding_dim, **options
        )
        self.fc = nn.Linear(hidden_size, self.output_size)

    def readout(self, _states: Tensor, context: Tensor, /) -> Tensor:
        """Read what attention found."""
        outputs: Tensor = self.fc(self.output_dropout(context))  # (B, T, O)
        return outputs


class LSTMWithAttentionEmbed(LSTMWithAttention):
    """Embedding -> LSTM -> self-attention -> fc."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        dropout: float = 0.1,
        **options: Unpack[Options],
    ) -> None:
        sizes = (vocab_size, hidden_size, num_layers, num_heads, dropout)
        super().__init__(*sizes, embedding_dim=embedding_dim, **options)


class LSTMWithAttentionAndFFN(SequenceModel):
    """LSTM and, beside its states, self-attention -> feedforward (W hidden units)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        dropout: float = 0.1,
        ffn_hidden_size: int = 256,
        *,
        embedding_dim: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, num_heads, dropout, embedding_dim, **options
        )
        self.feedforward = nn.Sequential(
            nn.Linear(2 * hidden_size, ffn_hidden_size),  # (B, T, W)
            nn.ReLU(),
            nn.Linear(ffn_hidden_size, self.output_size),  # (B, T, O)
        )

    def readout(self, states: Tensor, context: Tensor, /) -> Tensor:
        """Read the states and what attention found, side by side."""
        beside = torch.cat([states, context], dim=-1)  # (B, T, 2H)
        outputs: Tensor = self.feedforward(self.output_dropout(beside))  # (B, T, O)
        return outputs


class LSTMWithAttentionAndFFNEmbed(LSTMWithAttentionAndFFN):
    """Embedding -> LSTM and, beside its states, self-attention -> feedforward."""

    def __init__(
        self,
        vocab_size: int,
        embedding_dim: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        dropout: float = 0.1,
        ffn_hidden_size: int = 256,
        **options: Unpack[Options],
    ) -> None:
        sizes = (vocab_size, hidden_size, num_layers, num_heads, dropout, ffn_hidden_size)
        super().__init__(*sizes, embedding_dim=embedding_dim, **options)


class PlainLSTM(SequenceModel):
    """The control: LSTM -> fc, of floats or, with `embedding_dim`, of embedded tokens."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        dropout: float = 0.1,
        *,
        embedding_dim: int | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, None, dropout, embedding_dim, **options
        )
        self.fc = nn.Linear(hidden_size, self.output_size)

    def readout(self, states: Tensor, _context: Tensor, /) -> Tensor:
        """Read the states alone."""
        outputs: Tensor = self.fc(self.output_dropout(states))  # (B, T, O)
        return outputs


def build(config: ModelConfig) -> SequenceModel:
    """Build the model a configuration describes, with the weights that training starts from.

    Under `torch.device("meta")` it takes no memory and draws nothing.
    """
    inputs, embedding, width = config.input_size, config.embedding_dim, config.ffn_width or 0
    hidden, layers, dropout = config.hidden_size, config.layers, config.dropout
    sizes = (hidden, layers, config.heads or 0, dropout)
    options = Options(
        output_size=config.output_size,
        causal=config.causal,
        attention_dropout=0.0,  # decision 10 says why
        output_dropout=dropout,
    )
    model: SequenceModel
    match config.variant:
        case "attention":
            model = LSTMWithAttention(inputs, *sizes, **options)
        case "embed":
            model = LSTMWithAttentionEmbed(inputs, embedding or 0, *sizes, **options)
        case "ffn":
            model = LSTMWithAttentionAndFFN(inputs, *sizes, width, **options)
        case "embed_ffn":
            model = LSTMWithAttentionAndFFNEmbed(inputs, embedding or 0, *sizes, width, **options)
        case "lstm":
            model = PlainLSTM(inputs, hidden, layers, dropout, embedding_dim=embedding, **options)
    initialise(model.lstm)
    return model


def parameter_count(config: ModelConfig) -> int:
    """Count the numbers that training would set, without making them."""
    with torch.device("meta"):
        return sum(parameter.numel() for parameter in build(config).parameters())
