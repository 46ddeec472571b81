from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_attn.ngram import NGram

VOCABULARY = 5
texts = st.lists(st.integers(0, VOCABULARY - 2), min_size=1, max_size=40)
orders = st.integers(1, 5)


def by_hand(training, order):
    """Give p(token | history) by the recursion as it is written, on plain tuples."""
    longest = min(order, len(training))
    grams = [
        Counter(tuple(training[i : i + n]) for i in range(len(training) - n + 1))
        for n in range(longest + 1)
    ]

    def count(gram):
        if len(gram) == longest:
            return grams[longest][gram]
        return sum(longer[1:] == gram for longer in grams[len(gram) + 1])

    followers = defaultdict(set)
    for level in grams[1:]:
        for gram in level:
            followers[gram[:-1]].add(gram)

    def probability(token, history):
        shorter = probability(token, history[1:]) if history else 1 / VOCABULARY
        known = followers[history]
        if not known:
            return shorter
        total = sum(count(gram) for gram in known)
        return (count((*history, token)) + len(known) * shorter) / (total + len(known))

    def after(token, text):
        return probability(token, tuple(text[max(len(text) - longest + 1, 0) :]))

    return after


@given(texts, texts, orders)
def test_tokens_cost_what_the_recursion_says(training, text, order):
    nats = NGram(np.array(training), order=order, vocabulary=VOCABULARY).nats(np.array(text))
    probability = by_hand(training, order)
    expected = [-np.log(probability(token, text[:place])) for place, token in enumerate(text)]
    assert nats == pytest.approx(np.array(expected), rel=1e-9)


@given(texts, texts, orders)
def test_the_probabilities_of_all_next_tokens_sum_to_one(training, history, order):
    model = NGram(np.array(training), order=order, vocabulary=VOCABULARY)
    nats = [model.nats(np.array([*history, token]))[-1] for token in range(VOCABULARY)]
    assert np.exp(-np.array(nats)).sum() == pytest.approx(1.0)


@given(texts, texts, orders)
def test_a_token_costs_the_same_whatever_follows_and_whatever_lies_further_back(
    training, text, order
):
    model = NGram(np.array(training), order=order, vocabulary=VOCABULARY)
    nats = model.nats(np.array(text))
    for end in range(1, len(text) + 1):
        assert model.nats(np.array(text[:end]))[-1] == nats[end - 1]
        start = max(end - order, 0)
        assert model.nats(np.array(text[start:end]))[-1] == pytest.approx(nats[end - 1])


def test_unigrams_count_tokens_and_leave_room_for_those_never_seen():
    nats = NGram(np.array([0, 0, 0, 1]), order=1, vocabulary=4).nats(np.array([0, 1, 2]))
    assert np.exp(-nats) == pytest.approx([(3 + 2 / 4) / 6, (1 + 2 / 4) / 6, (2 / 4) / 6])


def test_large_vocabularies_do_not_overflow():
    tokens = np.random.default_rng(0).integers(0, 200_000, 5_000)
    nats = NGram(tokens, order=5, vocabulary=200_000).nats(tokens[:100])
    assert np.isfinite(nats).all()
    assert nats[10:].mean() < 1.0
