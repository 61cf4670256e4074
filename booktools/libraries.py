"""Import the libraries that preloaded kernels have; the fork server imports this."""

import gc
from contextlib import suppress
from importlib import import_module

LIBRARIES = (
    "numpy",
    "pandas",
    "scipy.stats",
    "matplotlib.pyplot",
    "seaborn",
    "sklearn.datasets",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "sklearn.neural_network",
    "torch",
    "torch._dynamo",  # otherwise imported by the first optimiser, in 1.5 s
    "ipykernel.kernelapp",
)

gc.disable()  # searching all that is imported for garbage takes a third of the time
for name in LIBRARIES:
    with suppress(ImportError):
        import_module(name)
gc.freeze()  # otherwise garbage collection would copy pages that forks share
gc.enable()
