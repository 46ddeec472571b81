"""Tokenizers fitted on training text, or given as a tokenizer.json."""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from lstm_attn.encoding import PADDING, UNKNOWN, TextEncoding
from lstm_attn.errors import DataError

_WORD = r"\w+(?:['’]\w+)*|[^\w\s]|\n"  # noqa: RUF001 - typographic apostrophes are meant
"""A word with its apostrophes, one other mark, or a line break; other white space is left out."""
_SEEN_TWICE = 2
"""A word seen once counts as unknown, so that training meets the unknown token."""
_PADDING_NAMES = (PADDING, "<pad>", "<|pad|>", "<|endoftext|>")
_UNKNOWN_NAMES = (UNKNOWN, "<unk>", "<|unk|>")


def fit_tokenizer(
    name: str, texts: Iterable[str], *, vocabulary: int, lowercase: bool
) -> TextEncoding:
    """Fit the tokenizer a study names.

    Arguments:
        name: `character`, `word`, or the path of a tokenizer.json, which is taken as it is.
        texts: training texts, cut nowhere within a word.
        vocabulary: the most tokens of a `word` tokenizer, padding and unknown among them.
        lowercase: whether a `word` tokenizer takes upper and lower case as one.

    Raises:
        DataError: no such tokenizer, or no word that is seen twice.
    """
    match name:
        case "character":
            return fit_characters(texts)
        case "word":
            return fit_words(texts, vocabulary=vocabulary, lowercase=lowercase)
        case _:
            return given(name)


def fit_characters(texts: Iterable[str]) -> TextEncoding:
    """Make every character of the training texts a token, in the order of their code points."""
    found: set[str] = set()
    for text in texts:
        found.update(text)
    tokens = {token: number for number, token in enumerate((PADDING, UNKNOWN, *sorted(found)))}
    tokenizer = Tokenizer(models.BPE(vocab=tokens, merges=[], unk_token=UNKNOWN))
    tokenizer.decoder = decoders.Fuse()
    return TextEncoding(kind="character", json=tokenizer.to_str(), padding=0, unknown=1)


def fit_words(texts: Iterable[str], *, vocabulary: int, lowercase: bool) -> TextEncoding:
    """Make words, marks and line breaks tokens, those seen most often first.

    Raises:
        DataError: no word is seen twice.
    """
    tokenizer = Tokenizer(models.WordLevel({UNKNOWN: 0}, unk_token=UNKNOWN))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(_WORD), "removed", invert=True)
    if lowercase:
        tokenizer.normalizer = normalizers.Lowercase()
    trainer = trainers.WordLevelTrainer(
        vocab_size=max(vocabulary - 2, 0), min_frequency=_SEEN_TWICE, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    fitted = tokenizer.get_vocab()
    words = sorted(fitted, key=fitted.__getitem__)
    if not words:
        raise DataError(
            "data.tokenizer: no word is seen twice in the training text, and one seen once counts "
            'as unknown - use tokenizer = "character", or give more text'
        )
    # Not the trainer's special tokens: those would be found in a text that spells them out.
    tokens = {token: number for number, token in enumerate((PADDING, UNKNOWN, *words))}
    tokenizer.model = models.WordLevel(tokens, unk_token=UNKNOWN)
    return TextEncoding(kind="word", json=tokenizer.to_str(), padding=0, unknown=1)


def given(path: str) -> TextEncoding:
    """Take a tokenizer.json as it is; padding and unknown tokens are added where it has none.

    Raises:
        DataError: no such file, or no tokenizer in it.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"data.tokenizer: no tokenizer {path!r} - use character, word or a tokenizer.json"
        ) from error
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing narrower
        raise DataError(
            f"data.tokenizer: {path} is no tokenizer.json ({error}) - use one that the "
            "tokenizers library saved, or character, or word"
        ) from error
    padded = (tokenizer.padding or {}).get("pad_token")
    padding = _token(tokenizer, padded, *_PADDING_NAMES, new=PADDING)
    unknown = _token(tokenizer, getattr(tokenizer.model, "unk_token", None), *_UNKNOWN_NAMES)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return TextEncoding(kind="given", json=tokenizer.to_str(), padding=padding, unknown=unknown)


def _token(tokenizer: Tokenizer, *names: str | None, new: str = UNKNOWN) -> int:
    """Give the id of the first of the names there is, or of a new token."""
    tokens = tokenizer.get_vocab(with_added_tokens=True)
    for name in names:
        if name in tokens:
            return tokens[name]
    tokenizer.add_special_tokens([new])
    return tokenizer.get_vocab(with_added_tokens=True)[new]
