"""optuna-dashboard over the database of studies, behind a gate: it knows no passwords itself."""

from search.dashboard.gate import Credentials
from search.dashboard.serving import serve

__all__ = ["Credentials", "serve"]
