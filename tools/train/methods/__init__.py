"""The four methods of FER-Zoo, by the names that the command knows them by."""

from tools.train.methods.avce import AVCE
from tools.train.methods.base import Batch, Method, Optimisation, set_rate
from tools.train.methods.baseline import Baseline
from tools.train.methods.caf import CAF
from tools.train.methods.elim import ELIM

METHODS: dict[str, type[Method]] = {"baseline": Baseline, "caf": CAF, "avce": AVCE, "elim": ELIM}

__all__ = ["AVCE", "CAF", "ELIM", "METHODS", "Baseline", "Batch", "Method", "Optimisation", "set_rate"]
