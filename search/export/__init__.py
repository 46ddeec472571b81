"""The best trials as folders that another program loads, each verified before it is there."""

from search.export.best import export_best

__all__ = ["export_best"]
