"""A study's note: what optuna-dashboard shows of it in words, renewed while the study runs."""

from search.noting.noting import Noting

__all__ = ["Noting"]
