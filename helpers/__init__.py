"""Code that several chapters share; what a chapter teaches is in the chapter."""

from helpers import checks, data, device, networks, plots, predictions, results, tasks
from helpers.checks import *
from helpers.data import *
from helpers.device import *
from helpers.networks import *
from helpers.plots import *
from helpers.predictions import *
from helpers.results import *
from helpers.tasks import *

__all__ = [
    *checks.__all__,
    *data.__all__,
    *device.__all__,
    *networks.__all__,
    *plots.__all__,
    *predictions.__all__,
    *results.__all__,
    *tasks.__all__,
]
