"""Data for the book: two linear problems, iris, and handwritten digits.

The digits come from the first source that has them:

1. the folder ``MNIST_DIR``, which contains the four IDX files of MNIST;
2. the cache, where an earlier download put these files;
3. two public mirrors, from which pooch downloads them into the cache;
4. the 8 x 8 digits that come with scikit-learn.

MNIST is accepted from any of the first three only if its pixels and labels
have the SHA-256 sums recorded here, so no chapter ever runs on wrong data.
"""

import gzip
import hashlib
import os
import tempfile
import threading
import warnings
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helpers.flags import read_flag

if TYPE_CHECKING:
    import pooch

__all__ = [
    "TRUE_INTERCEPT",
    "TRUE_WEIGHTS",
    "DataError",
    "Digits",
    "DigitsSplit",
    "Iris",
    "Split",
    "load_digits",
    "load_two_iris_species",
    "make_five_feature_data",
    "make_line_data",
    "split_digits",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SPLIT_SEED = 42
BUNDLED = "the 8 x 8 digits bundled with scikit-learn"
TRAIN_SIZE = 5_000
TEST_SIZE = 10_000

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
#: The files on the mirrors, with the SHA-256 sums of the compressed files.
MIRROR_FILES = {
    "train-images-idx3-ubyte.gz": (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
    ),
    "train-labels-idx1-ubyte.gz": (
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
    ),
}
RESPONSE_TIMEOUT = 3.0  # seconds without a response, after which a mirror is skipped
READ_TIMEOUT = 5.0  # seconds without a byte, after which a download is abandoned


@dataclass(frozen=True)
class MnistSpec:
    """What MNIST must be, wherever it comes from: sizes and SHA-256 sums.

    The sums are those of the 70,000 images in their original order (60,000
    for training, then 10,000 for testing), one unsigned byte per pixel, and of
    their labels, one unsigned byte each.
    """

    n_train: int
    n_test: int
    side: int
    pixels_sha256: str
    labels_sha256: str


MNIST = MnistSpec(
    n_train=60_000,
    n_test=10_000,
    side=28,
    pixels_sha256="5b92582eb909c82a9bfefcd44acbe9233be3eb5b419a44cf211022ad2bf4bf96",
    labels_sha256="671ff9d70b4811116d55c3dd479efa7a981e2e62753ef7a6d5c15fea81e63d27",
)


class DataError(RuntimeError):
    """Requested data are missing, unreadable or not what they claim to be."""


class _MissingError(DataError):
    """A file does not exist."""


# --------------------------------------------------------------------------
# Two linear problems and iris


@dataclass(frozen=True)
class Split:
    """Examples in two parts, one for training and one for validation.

    Attributes
    ----------
    x_train, x_validation : array, shape (N, D)
        Features, one example per row.
    y_train, y_validation : array, shape (N,) or (N, K)
        Targets of the same examples.
    """

    x_train: Floats
    y_train: Floats
    x_validation: Floats
    y_validation: Floats


def _split_in_order(x: Floats, y: Floats, order: Integers, n_train: int) -> Split:
    train, validation = order[:n_train], order[n_train:]
    return Split(x[train], y[train], x[validation], y[validation])


def make_line_data() -> Split:
    """Make the data of chapter 01: y = 1 + 2 x + noise.

    100 points, x uniform on [0, 1), noise normal with standard deviation
    0.1, shuffled; 80 to train and 20 to validate. The legacy
    generator ``RandomState(42)`` reproduces the numbers of the published example.

    Returns
    -------
    Split
        Features of shape (80, 1) and (20, 1), targets of the same shapes.

    References
    ----------
    Godoy (2019); see the references page.
    """
    rng = np.random.RandomState(42)
    x = rng.rand(100, 1)
    y = 1 + 2 * x + 0.1 * rng.randn(100, 1)
    order = np.arange(100)
    rng.shuffle(order)
    return _split_in_order(x, y, order, n_train=80)


#: The weights behind the targets of :func:`make_five_feature_data`; read-only.
TRUE_WEIGHTS = np.array([1.0, 0.5, 0.1, 0.0, 0.0])
#: The intercept behind them.
TRUE_INTERCEPT = 1.0
TRUE_WEIGHTS.setflags(write=False)


def make_five_feature_data(n_examples: int = 100) -> Split:
    """Make the data of chapter 02: five features, two of them irrelevant.

    Features and noise are standard normal; the weights are
    ``TRUE_WEIGHTS``, the intercept is ``TRUE_INTERCEPT``. Four fifths of the
    examples are for training.

    Parameters
    ----------
    n_examples : int
        Number of examples N, a multiple of 5; 100 in the chapter.

    Returns
    -------
    Split
        Features of shape (4N/5, 5) and (N/5, 5), targets of shape (4N/5,)
        and (N/5,).

    Raises
    ------
    ValueError
        If ``n_examples`` is not a positive multiple of 5.
    """
    if n_examples <= 0 or n_examples % 5:
        raise ValueError(
            f"n_examples must be a positive multiple of 5, not {n_examples}"
        )
    rng = np.random.RandomState(42)
    x = rng.randn(n_examples, TRUE_WEIGHTS.size)
    y = TRUE_INTERCEPT + x @ TRUE_WEIGHTS + rng.randn(n_examples)
    order = np.arange(n_examples)
    rng.shuffle(order)
    return _split_in_order(x, y, order, n_train=n_examples * 4 // 5)


@dataclass(frozen=True)
class Iris:
    """Flowers of two or three species, measured in centimetres.

    Attributes
    ----------
    measurements : array, shape (N, 4)
        Sepal length, sepal width, petal length, petal width, in cm.
    species : array, shape (N,)
        Index into ``species_names``.
    measurement_names, species_names : tuple of str
        What the columns and indices mean.
    """

    measurements: Floats
    species: Integers
    measurement_names: tuple[str, ...]
    species_names: tuple[str, ...]


def load_two_iris_species() -> Iris:
    """Load the 50 versicolor and 50 virginica flowers of Fisher's iris data.

    Returns
    -------
    Iris
        100 flowers; species 0 is versicolor, species 1 is virginica.

    References
    ----------
    Fisher (1936); as shipped with scikit-learn.
    """
    from sklearn.datasets import load_iris  # imported late, as it is slow

    bunch = load_iris()
    chosen = bunch.target > 0
    return Iris(
        measurements=bunch.data[chosen],
        species=bunch.target[chosen].astype(np.int64) - 1,
        measurement_names=tuple(
            name.removesuffix(" (cm)") for name in bunch.feature_names
        ),
        species_names=tuple(str(name) for name in bunch.target_names[1:]),
    )


# --------------------------------------------------------------------------
# Handwritten digits


@dataclass(frozen=True)
class Digits:
    """Images of handwritten digits.

    Attributes
    ----------
    images : array of uint8, shape (N, D)
        Grey values from 0 (paper) to ``pixel_max`` (ink), one image per row.
    labels : array of int64, shape (N,)
        The digit each image shows.
    height, width : int
        Size of an image in pixels; D = height * width.
    pixel_max : int
        Largest grey value: 255 for MNIST, 16 for the bundled digits.
    name : str
        Name of the data set.
    n_test_fixed : int
        How many images at the end were set aside for testing by the authors
        of the data: 10,000 for MNIST, 0 for the bundled digits.
    """

    images: NDArray[np.uint8]
    labels: Integers
    height: int
    width: int
    pixel_max: int
    name: str
    n_test_fixed: int

    @property
    def n_classes(self) -> int:
        """Number of classes C."""
        return int(self.labels.max()) + 1

    @property
    def is_mnist(self) -> bool:
        """Whether these are MNIST rather than the bundled digits."""
        return self.n_test_fixed > 0

    @property
    def note(self) -> str:
        """A note in Markdown on which data a page shows, and how to get MNIST."""
        what = (
            f"{len(self.images):,} images of {self.height} x {self.width} "
            f"pixels, grey values 0 to {self.pixel_max}"
        )
        if self.is_mnist:
            return f"> **Data on this page:** {self.name}, {what}."
        return (
            f"> **Data on this page:** {self.name}, {what}. "
            "MNIST was not available, so the cells below compute with these "
            "smaller images; the lessons are the same. To read the page with "
            "MNIST, run it with a network connection, or put the four MNIST "
            "files in a folder and set the environment variable `MNIST_DIR` "
            "to it."
        )

    def _repr_markdown_(self) -> str:
        return self.note


@dataclass(frozen=True)
class DigitsSplit:
    """The split into training and test images that all chapters share.

    Attributes
    ----------
    x_train, x_test : array of uint8, shape (N, D)
        Grey values.
    y_train, y_test : array of int64, shape (N,)
        Labels.
    """

    x_train: NDArray[np.uint8]
    y_train: Integers
    x_test: NDArray[np.uint8]
    y_test: Integers


def split_digits(digits: Digits, train_size: int | None = TRAIN_SIZE) -> DigitsSplit:
    """Split digits into training and test images, the same way every time.

    On MNIST the test images are the 10,000 that its authors set aside, and
    the training images are 5,000 of the other 60,000. Otherwise a third of
    the images are for testing and the rest for training. Both draws are
    stratified by class and seeded.

    Parameters
    ----------
    digits : Digits
        The return value of :func:`load_digits`.
    train_size : int, optional
        How many training images to draw, if there are more; None for all of
        them, in their original order. The test images do not depend on it.

    Returns
    -------
    DigitsSplit
        The two parts.
    """
    from sklearn.model_selection import train_test_split

    everything = np.arange(len(digits.labels))
    if digits.n_test_fixed:
        pool = everything[: -digits.n_test_fixed]
        test = everything[-digits.n_test_fixed :]
    else:
        pool, test = train_test_split(
            everything,
            test_size=min(TEST_SIZE, len(everything) // 3),
            stratify=digits.labels,
            random_state=SPLIT_SEED,
        )
    train = pool
    if train_size is not None and len(pool) > train_size:
        train, _ = train_test_split(
            pool,
            train_size=train_size,
            stratify=digits.labels[pool],
            random_state=SPLIT_SEED,
        )
    return DigitsSplit(
        digits.images[train],
        digits.labels[train],
        digits.images[test],
        digits.labels[test],
    )


@cache
def load_digits() -> Digits:
    """Load MNIST, or the bundled digits if MNIST is not available.

    The sources are tried in the order given at the top of this module. A
    warning names any source that is skipped because of a fault.

    Returns
    -------
    Digits
        MNIST (70,000 images of 28 x 28) or the bundled digits (1,797 images
        of 8 x 8). The arrays are read-only, since all callers share them.

    Raises
    ------
    DataError
        If ``MNIST_DIR`` is set but does not contain MNIST: data requested
        explicitly are never replaced by other data.
    ValueError
        If ``BOOK_OFFLINE`` says neither yes nor no.

    Notes
    -----
    ``BOOK_OFFLINE=1`` disables the mirrors. ``BOOK_CACHE_DIR`` sets where a
    download is stored.
    """
    return find_mnist() or _load_bundled()


@cache
def find_mnist() -> Digits | None:
    """Return MNIST as `load_digits` does, or None if it is not available."""
    offline = read_flag("BOOK_OFFLINE")
    folder = os.environ.get("MNIST_DIR")
    if folder:
        try:
            return _read_mnist(Path(folder))
        except DataError as error:
            raise DataError(
                f"{error} Point MNIST_DIR at a folder with intact copies of "
                "the four MNIST files, or unset it."
            ) from error
    try:
        return _read_mnist(cache_dir())
    except DataError as error:
        if offline and not isinstance(error, _MissingError):
            warnings.warn(f"Ignoring the cached MNIST: {error}", stacklevel=3)
    if offline:
        return None
    try:
        return _download_mnist()
    except (DataError, OSError) as error:
        warnings.warn(
            f"{error} Using {BUNDLED}.",
            stacklevel=3,
        )
        return None


def _load_bundled() -> Digits:
    from sklearn.datasets import load_digits as load_bundled_digits

    bunch = load_bundled_digits()
    _, height, width = bunch.images.shape
    return _read_only(
        Digits(
            images=bunch.data.astype(np.uint8),
            labels=bunch.target.astype(np.int64),
            height=height,
            width=width,
            pixel_max=int(bunch.data.max()),
            name=BUNDLED,
            n_test_fixed=0,
        )
    )


def _read_only(digits: Digits) -> Digits:
    digits.images.setflags(write=False)
    digits.labels.setflags(write=False)
    return digits


# Reading the four IDX files


def _read_mnist(folder: Path) -> Digits:
    parts = []
    for kind, item_shape in (
        ("images-idx3-ubyte", (MNIST.side, MNIST.side)),
        ("labels-idx1-ubyte", ()),
    ):
        arrays = [
            _read_idx(folder, f"{prefix}-{kind}", (n_items, *item_shape))
            for prefix, n_items in (("train", MNIST.n_train), ("t10k", MNIST.n_test))
        ]
        parts.append(np.concatenate(arrays))
    images, labels = parts
    for what, array, expected in (
        ("pixels", images, MNIST.pixels_sha256),
        ("labels", labels, MNIST.labels_sha256),
    ):
        found = hashlib.sha256(array.data).hexdigest()
        if found != expected:
            raise DataError(
                f"The {what} in {folder} are not those of MNIST "
                f"(SHA-256 {found[:12]}…, expected {expected[:12]}…)."
            )
    return _read_only(
        Digits(
            images=images.reshape(len(images), -1),
            labels=labels.astype(np.int64),
            height=MNIST.side,
            width=MNIST.side,
            pixel_max=255,
            name="MNIST",
            n_test_fixed=MNIST.n_test,
        )
    )


def _read_idx(folder: Path, name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, gzipped or not.

    The header is four bytes (0, 0, the type code 8, the number of axes) and
    then the length of each axis as a big-endian 32-bit integer.
    """
    for path in (folder / f"{name}.gz", folder / name):
        try:
            content = path.read_bytes()
            if path.suffix == ".gz":
                content = gzip.decompress(content)
            break
        except FileNotFoundError:
            continue
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(
                f"{path} cannot be read ({error}); it may be truncated or damaged."
            ) from error
    else:
        raise _MissingError(f"{folder} holds neither {name}.gz nor {name}.")
    header = bytes((0, 0, 8, len(shape))) + b"".join(
        length.to_bytes(4, "big") for length in shape
    )
    if not content.startswith(header) or (
        len(content) != len(header) + int(np.prod(shape))
    ):
        raise DataError(
            f"{path} is not an IDX file of {' x '.join(map(str, shape))} bytes."
        )
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


# The cache and the mirrors


def cache_dir() -> Path:
    """Return the folder where downloads are stored; it need not exist yet.

    ``BOOK_CACHE_DIR`` if set, or else ``gradient-descent-to-mlp`` in the user's
    cache folder (``XDG_CACHE_HOME``, by default ``~/.cache``).
    """
    chosen = os.environ.get("BOOK_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "gradient-descent-to-mlp"


def _download_mnist() -> Digits:
    """Download MNIST into the cache, or a temporary folder if it is not writable."""
    folder = cache_dir()
    try:
        _download_missing(folder)
        return _read_mnist(folder)
    except OSError as error:
        warnings.warn(
            f"MNIST cannot be cached in {folder} ({error}), so it will be "
            "downloaded every time. Set BOOK_CACHE_DIR to a writable folder.",
            stacklevel=4,
        )
    with tempfile.TemporaryDirectory() as temporary:
        _download_missing(Path(temporary))
        return _read_mnist(Path(temporary))


def _download_missing(folder: Path) -> None:
    """Download the files missing from a folder, from the first mirror that works.

    pooch gives a file its final name only after verifying its checksum. So a
    reader sees a complete file or none, even if several processes download at
    once or one is killed.

    Raises
    ------
    DataError
        If no mirror works.
    OSError
        If the folder is not writable.
    """
    # Imported late: with a complete cache, neither is needed.
    import pooch
    from requests import RequestException

    def download(url: str, path: str, mirror: pooch.Pooch) -> None:
        Path(path).chmod(0o644)  # readable by everyone, if the cache is shared
        pooch.HTTPDownloader(timeout=READ_TIMEOUT)(url, path, mirror)

    pooch.get_logger().setLevel("WARNING")
    faults = []
    for url in MIRRORS:
        mirror = pooch.create(folder, base_url=url, registry=MIRROR_FILES)
        try:
            _wait_for_response(mirror)
            for name in mirror.registry_files:
                mirror.fetch(name, downloader=download)
            return
        except (RequestException, TimeoutError, ValueError) as error:
            faults.append(f"{url}: {error}")
    raise DataError(f"MNIST cannot be downloaded ({'; '.join(faults)}).")


def _wait_for_response(mirror: "pooch.Pooch") -> None:
    """Wait until a mirror responds, even with an error, or raise TimeoutError.

    This uses a thread because the timeout of a request covers neither the DNS
    lookup nor trying several addresses.
    """
    answered = threading.Event()

    def wait() -> None:
        with suppress(Exception):  # the download will report what is wrong
            mirror.is_available(mirror.registry_files[0])
        answered.set()

    threading.Thread(target=wait, daemon=True).start()
    if not answered.wait(RESPONSE_TIMEOUT):
        raise TimeoutError(f"no answer within {RESPONSE_TIMEOUT:g} seconds")
