"""Attacks on the loader of the digits.

Whatever a folder, a cache or a server does, :func:`helpers.data.load_digits`
gives MNIST to the last bit, or says aloud why it does not.

No test leaves this machine. A stand-in for OpenML answers on 127.0.0.1, and
an opener of urllib sends what is meant for https://www.openml.org there, so
that scikit-learn's own code runs from the first request to the last. What it
serves is a small MNIST of random pixels, whose sums take the place of the
real ones.
"""

import errno
import gzip
import hashlib
import http.client
import io
import json
import multiprocessing
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import datasets

from helpers import data
from helpers.data import DataError, Digits, MnistRecord, load_digits

Bytes = NDArray[np.uint8]

# --------------------------------------------------------------------------
# A small MNIST

N_TRAIN, N_TEST, SIDE = 60, 10, 28
N_IMAGES = N_TRAIN + N_TEST


def make_small_mnist() -> tuple[Bytes, Bytes]:
    """Make images of random pixels, and labels with all ten digits."""
    rng = np.random.default_rng(784)
    images = rng.integers(0, 256, (N_IMAGES, SIDE**2), dtype=np.uint8)
    labels = rng.permutation(np.arange(N_IMAGES) % 10).astype(np.uint8)
    return images, labels


IMAGES, LABELS = make_small_mnist()
RECORD = MnistRecord(
    n_train=N_TRAIN,
    n_test=N_TEST,
    side=SIDE,
    pixels_sha256=hashlib.sha256(IMAGES.tobytes()).hexdigest(),
    labels_sha256=hashlib.sha256(LABELS.tobytes()).hexdigest(),
)


def with_one_pixel_changed() -> tuple[Bytes, Bytes]:
    images = IMAGES.copy()
    images[3, 400] ^= 1
    return images, LABELS


def with_two_labels_swapped() -> tuple[Bytes, Bytes]:
    labels = LABELS.copy()
    other = int(np.flatnonzero(labels != labels[0])[0])
    labels[[0, other]] = labels[[other, 0]]
    return IMAGES, labels


def with_two_images_swapped() -> tuple[Bytes, Bytes]:
    order = np.arange(N_IMAGES)
    order[[0, 1]] = 1, 0
    return IMAGES[order], LABELS[order]


def with_an_image_missing() -> tuple[Bytes, Bytes]:
    return IMAGES[:-1], LABELS[:-1]


# --------------------------------------------------------------------------
# The stand-in for OpenML

DID = 554
API = "/api/v1/json/data"
PROBE = "/"
SEARCH = f"{API}/list/data_name/mnist_784/limit/2/data_version/1"
ABOUT = f"{API}/{DID}"
FEATURES = f"{API}/features/{DID}"
QUALITIES = f"{API}/qualities/{DID}"
ARFF = "/data/v1/download/52667/mnist_784.arff"
JSON_PAGES = [SEARCH, ABOUT, FEATURES, QUALITIES]
PAGES = [*JSON_PAGES, ARFF]

GIVE_UP = 30.0  # a silent server ends its silence, so no test runs for ever
SOON = 10.0  # far less than GIVE_UP, and enough for a busy machine

Answer = Callable[[BaseHTTPRequestHandler], None]


def send(body: bytes, status: int = 200, promised: int | None = None) -> Answer:
    """Answer with a body, which may be shorter than the length promised."""

    def answer(reply: BaseHTTPRequestHandler) -> None:
        reply.send_response(status)
        reply.send_header("Content-Length", str(promised or len(body)))
        reply.end_headers()
        reply.wfile.write(body)

    return answer


def fall_silent(body: bytes = b"") -> Answer:
    """Send half of a body, or nothing at all, and keep the connection open."""

    def answer(reply: BaseHTTPRequestHandler) -> None:
        if body:
            send(body[: len(body) // 2], promised=len(body))(reply)
        assert isinstance(reply.server, StandIn)
        reply.server.stopped.wait(GIVE_UP)

    return answer


def hang_up(reply: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""


def speak_no_http(reply: BaseHTTPRequestHandler) -> None:
    """Answer as something else than a web server would."""
    reply.wfile.write(b"220 mail.example ready\r\n")


def arff(rows: list[str]) -> bytes:
    """Write the file that OpenML keeps for MNIST, with these rows."""
    pixels = [f"@ATTRIBUTE pixel{i} real" for i in range(1, SIDE**2 + 1)]
    target = "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}"
    lines = ["@RELATION mnist_784", *pixels, target, "@DATA", *rows]
    return "\n".join([*lines, ""]).encode()


def rows_of(images: Bytes, labels: Bytes, quote: str = "") -> list[str]:
    return [
        ",".join([*map(str, image), f"{quote}{label}{quote}"])
        for image, label in zip(images.tolist(), labels.tolist(), strict=True)
    ]


def answers_for(file: bytes) -> dict[str, Answer]:
    """Answer as OpenML does where this is its file, sum and all."""
    column = {
        "data_type": "numeric",
        "is_target": "false",
        "is_ignore": "false",
        "is_row_identifier": "false",
        "number_of_missing_values": "0",
    }
    names = [f"pixel{i}" for i in range(1, SIDE**2 + 1)]
    columns = [{**column, "name": name} for name in names]
    columns.append(
        {**column, "name": "class", "data_type": "nominal", "is_target": "true"}
    )
    about = {
        "id": str(DID),
        "name": "mnist_784",
        "version": "1",
        "description": "a stand-in",
        "format": "ARFF",
        "status": "active",
        "url": f"https://www.openml.org{ARFF}",
        "md5_checksum": hashlib.md5(file).hexdigest(),
    }
    quality = {"name": "NumberOfInstances", "value": f"{N_IMAGES}.0"}
    pages: dict[str, Any] = {
        SEARCH: {"data": {"dataset": [{"did": DID, "status": "active"}]}},
        ABOUT: {"data_set_description": about},
        FEATURES: {
            "data_features": {
                "feature": [
                    {**column, "index": str(index)}
                    for index, column in enumerate(columns)
                ]
            }
        },
        QUALITIES: {"data_qualities": {"quality": [quality]}},
    }
    answers = {path: send(json.dumps(page).encode()) for path, page in pages.items()}
    return {PROBE: send(b"OpenML"), **answers, ARFF: send(file)}


TRUE_FILE = arff(rows_of(IMAGES, LABELS))


class Reply(BaseHTTPRequestHandler):
    """Answers one request as the stand-in is told to."""

    def do_GET(self) -> None:
        assert isinstance(self.server, StandIn)
        self.server.requests.append(self.path)
        self.server.answers[self.path](self)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class StandIn(ThreadingHTTPServer):
    """A server on this machine that answers like OpenML and notes requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Reply)
        self.answers = answers_for(TRUE_FILE)
        self.requests: list[str] = []
        self.stopped = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuse all connections from now on."""
        if not self.stopped.is_set():
            self.stopped.set()
            self.shutdown()
            self.server_close()


class ToStandIn(urllib.request.HTTPSHandler):
    """Sends requests for OpenML to the stand-in, and no other anywhere."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        def connect(
            host: str, /, *, timeout: float = GIVE_UP, **options: object
        ) -> http.client.HTTPConnection:
            if host != "www.openml.org":
                raise urllib.error.URLError(f"a test asked for {host}")
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

        return self.do_open(connect, request)


def install(handler: urllib.request.BaseHandler) -> None:
    no_proxy = urllib.request.ProxyHandler({})
    urllib.request.install_opener(urllib.request.build_opener(no_proxy, handler))


# --------------------------------------------------------------------------
# What every test starts from


@pytest.fixture(autouse=True)
def openml(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """A stand-in for OpenML, an empty cache, and no other source."""
    for name in ("MNIST_DIR", "BOOK_OFFLINE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BOOK_CACHE_DIR", str(tmp_path / "cache"))
    assert data.cache_dir() == tmp_path / "cache"  # never the reader's own
    # Anything left behind lies below tmp_path, where files_left sees it.
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "scikit-learn"))
    monkeypatch.setattr(data, "MNIST", RECORD)
    # scikit-learn rests between two attempts; tests do not.
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    server = StandIn()
    install(ToStandIn(server.server_port))
    load_digits.cache_clear()
    yield server
    load_digits.cache_clear()
    urllib.request.install_opener(urllib.request.build_opener())
    server.stop()


@pytest.fixture
def cache_file(tmp_path: Path) -> Path:
    """Where a download is kept; its folder exists."""
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache" / "mnist.npz"


def files_left(tmp_path: Path) -> list[str]:
    return [
        str(path.relative_to(tmp_path))
        for path in tmp_path.rglob("*")
        if path.is_file()
    ]


def is_small_mnist(digits: Digits) -> bool:
    return bool(
        digits.is_mnist
        and digits.images.dtype == np.uint8
        and np.array_equal(digits.images, IMAGES)
        and np.array_equal(digits.labels, LABELS)
    )


def is_bundled(digits: Digits) -> bool:
    bunch = datasets.load_digits()
    return bool(
        not digits.is_mnist
        and np.array_equal(digits.images, bunch.data)
        and np.array_equal(digits.labels, bunch.target)
    )


@contextmanager
def within(seconds: float) -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def load_warned(match: str) -> Digits:
    """Load digits, which must warn, at the line that called for them."""
    with pytest.warns(UserWarning, match=f"(?s){match}") as caught:
        digits = load_digits()
    assert {warning.filename for warning in caught} == {__file__}
    return digits


def assert_falls_back(tmp_path: Path, why: str) -> None:
    """Loading gives the bundled digits, says why, and leaves nothing behind."""
    assert is_bundled(load_warned(f"{why}.*bundled with scikit-learn"))
    assert files_left(tmp_path) == []


# --------------------------------------------------------------------------
# OpenML: success


@pytest.mark.parametrize("quote", ["", "'"])
def test_mnist_comes_from_openml(openml: StandIn, quote: str) -> None:
    """ARFF lets the labels be quoted or not."""
    openml.answers = answers_for(arff(rows_of(IMAGES, LABELS, quote)))
    assert is_small_mnist(load_digits())


def test_a_download_leaves_one_file_in_the_cache(tmp_path: Path) -> None:
    load_digits()
    assert files_left(tmp_path) == ["cache/mnist.npz"]


def test_a_second_load_needs_no_server(openml: StandIn) -> None:
    load_digits()
    openml.stop()
    load_digits.cache_clear()
    assert is_small_mnist(load_digits())


def test_a_second_call_shares_the_arrays_of_the_first() -> None:
    assert load_digits() is load_digits()


@pytest.mark.parametrize("served", ["downloaded", "cached"])
@pytest.mark.parametrize("name", ["images", "labels"])
def test_arrays_of_mnist_are_read_only(served: str, name: str) -> None:
    digits = load_digits()
    if served == "cached":
        load_digits.cache_clear()
        digits = load_digits()
    with pytest.raises(ValueError, match="read-only"):
        getattr(digits, name)[0] = 0


@pytest.mark.parametrize("status", [200, 404])
def test_the_time_limit_of_other_connections_is_left_alone(
    openml: StandIn, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    openml.answers[SEARCH] = send(b"{}", status)
    socket.setdefaulttimeout(77)
    try:
        load_warned("could not be had")
        assert socket.getdefaulttimeout() == 77
    finally:
        socket.setdefaulttimeout(None)


def test_a_probe_that_is_refused_is_an_answer_too(openml: StandIn) -> None:
    openml.answers[PROBE] = send(b"no robots", 403)
    assert is_small_mnist(load_digits())


# --------------------------------------------------------------------------
# OpenML: failure


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_error_of_the_server(
    openml: StandIn, tmp_path: Path, page: str, status: int
) -> None:
    openml.answers[page] = send(b"sorry", status)
    assert_falls_back(tmp_path, f"OpenML .*{status}")


@pytest.mark.parametrize("page", JSON_PAGES)
def test_openml_does_not_know_the_data(
    openml: StandIn, tmp_path: Path, page: str
) -> None:
    openml.answers[page] = openml.answers[f"{SEARCH}/status/deactivated"] = send(
        b'{"error": {"code": "372", "message": "No results"}}', 412
    )
    assert_falls_back(tmp_path, "OpenMLError: Dataset .* not found")


@pytest.mark.parametrize("page", JSON_PAGES)
@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"[]", b"\xff\xfe"])
def test_a_page_that_is_not_what_openml_writes(
    openml: StandIn, tmp_path: Path, page: str, body: bytes
) -> None:
    openml.answers[page] = send(body)
    assert_falls_back(tmp_path, "could not be had from OpenML")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("answer", [hang_up, speak_no_http])
def test_a_connection_that_breaks(
    openml: StandIn, tmp_path: Path, page: str, answer: Answer
) -> None:
    openml.answers[page] = answer
    assert_falls_back(tmp_path, "could not be had from OpenML")


@pytest.mark.parametrize("answer", [hang_up, speak_no_http])
def test_a_probe_that_breaks(openml: StandIn, tmp_path: Path, answer: Answer) -> None:
    openml.answers[PROBE] = answer
    assert_falls_back(tmp_path, "OpenML did not answer")


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(TRUE_FILE[:-1_000], id="cut short"),
        pytest.param(TRUE_FILE.replace(b"1", b"2"), id="changed"),
        pytest.param(b"", id="empty"),
        pytest.param(gzip.compress(TRUE_FILE)[:-1_000], id="garbage"),
    ],
)
def test_a_file_that_is_not_the_one_announced(
    openml: StandIn, tmp_path: Path, file: bytes
) -> None:
    openml.answers[ARFF] = send(file, promised=len(TRUE_FILE))
    assert_falls_back(tmp_path, "could not be had from OpenML .*md5")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (with_one_pixel_changed, "the pixels are not those of MNIST"),
        (with_two_labels_swapped, "the labels are not those of MNIST"),
        (with_two_images_swapped, "the pixels are not those of MNIST"),
        (with_an_image_missing, "the pixels are not those of MNIST"),
    ],
)
def test_wrong_data_whose_md5_is_right(
    openml: StandIn,
    tmp_path: Path,
    make: Callable[[], tuple[Bytes, Bytes]],
    why: str,
) -> None:
    openml.answers = answers_for(arff(rows_of(*make())))
    assert_falls_back(tmp_path, f"something else than MNIST: {why}")


@pytest.mark.parametrize(
    "row", ["", "1,2,3", "?" + ",0" * SIDE**2, "dog" + ",0" * SIDE**2]
)
def test_rows_that_are_no_images_whose_md5_is_right(
    openml: StandIn, tmp_path: Path, row: str
) -> None:
    openml.answers = answers_for(arff([row, *rows_of(IMAGES, LABELS)[1:]]))
    assert_falls_back(tmp_path, "OpenML")


def test_no_network_costs_a_few_seconds_at_most(
    openml: StandIn, tmp_path: Path
) -> None:
    openml.stop()
    with within(15):
        assert_falls_back(tmp_path, "OpenML did not answer .*no network")


def test_a_probe_without_an_answer(
    openml: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "PROBE_SECONDS", 0.2)
    openml.answers[PROBE] = fall_silent()
    with within(SOON):
        assert_falls_back(tmp_path, "OpenML did not answer within 0.2 seconds")


def test_a_name_that_takes_for_ever_to_look_up(
    openml: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lookup(urllib.request.HTTPSHandler):
        def https_open(
            self, request: urllib.request.Request
        ) -> http.client.HTTPResponse:
            openml.stopped.wait(GIVE_UP)  # no time limit reaches getaddrinfo
            raise urllib.error.URLError("name not known")

    install(Lookup())
    monkeypatch.setattr(data, "PROBE_SECONDS", 0.2)
    with within(SOON):
        assert_falls_back(tmp_path, "OpenML did not answer within 0.2 seconds")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_an_answer(
    openml: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setattr(data, "SILENCE_SECONDS", 0.1)
    openml.answers[page] = fall_silent()
    with within(SOON):
        assert_falls_back(tmp_path, "OpenML .*timed out")


def test_a_file_that_stops_half_way(
    openml: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "SILENCE_SECONDS", 0.2)
    openml.answers[ARFF] = fall_silent(TRUE_FILE)
    with within(SOON):
        assert_falls_back(tmp_path, "OpenML .*timed out")


# --------------------------------------------------------------------------
# BOOK_OFFLINE


def test_offline_asks_nobody_and_warns_of_nothing(
    openml: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    assert is_bundled(load_digits())
    assert openml.requests == []


@pytest.mark.parametrize("value", ["", "0"])
def test_offline_can_be_switched_off(
    openml: StandIn, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("BOOK_OFFLINE", value)
    assert is_small_mnist(load_digits())
    assert ARFF in openml.requests


def test_offline_still_has_what_was_cached(
    openml: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_digits()
    openml.requests.clear()
    load_digits.cache_clear()
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    assert is_small_mnist(load_digits())
    assert openml.requests == []


# --------------------------------------------------------------------------
# MNIST_DIR

IDX_NAMES = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
]


def idx(array: Bytes) -> bytes:
    lengths = np.array(array.shape, ">u4").tobytes()
    return bytes((0, 0, 8, array.ndim)) + lengths + array.tobytes()


def write_idx_folder(
    folder: Path, suffix: str, images: Bytes = IMAGES, labels: Bytes = LABELS
) -> None:
    folder.mkdir(exist_ok=True)
    squares = images.reshape(-1, SIDE, SIDE)
    parts = [squares[:N_TRAIN], labels[:N_TRAIN], squares[N_TRAIN:], labels[N_TRAIN:]]
    for name, part in zip(IDX_NAMES, parts, strict=True):
        content = gzip.compress(idx(part)) if suffix else idx(part)
        (folder / f"{name}{suffix}").write_bytes(content)


@pytest.fixture
def idx_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that MNIST_DIR names; it does not exist yet."""
    folder = tmp_path / "idx"
    monkeypatch.setenv("MNIST_DIR", str(folder))
    return folder


def assert_refused(openml: StandIn, named: Path, *advice: str) -> None:
    """Loading fails, names the path and the way out, and asks nobody else."""
    with pytest.raises(DataError) as caught:
        load_digits()
    for part in (str(named), *advice):
        assert part in str(caught.value)
    assert openml.requests == []


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_mnist_comes_from_the_folder(
    openml: StandIn, idx_folder: Path, suffix: str
) -> None:
    write_idx_folder(idx_folder, suffix)
    assert is_small_mnist(load_digits())
    assert openml.requests == []


def test_the_folder_may_mix_files_packed_and_not(idx_folder: Path) -> None:
    write_idx_folder(idx_folder, ".gz")
    packed = idx_folder / f"{IDX_NAMES[0]}.gz"
    (idx_folder / IDX_NAMES[0]).write_bytes(gzip.decompress(packed.read_bytes()))
    packed.unlink()
    assert is_small_mnist(load_digits())


def test_the_folder_goes_before_the_cache(idx_folder: Path, cache_file: Path) -> None:
    cache_file.write_bytes(b"garbage")
    write_idx_folder(idx_folder, "")
    assert is_small_mnist(load_digits())
    assert cache_file.read_bytes() == b"garbage"


def test_an_empty_name_is_no_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_DIR", "")
    assert is_small_mnist(load_digits())


@pytest.mark.parametrize("name", IDX_NAMES)
def test_a_missing_file_is_named(openml: StandIn, idx_folder: Path, name: str) -> None:
    write_idx_folder(idx_folder, "")
    (idx_folder / name).unlink()
    assert_refused(openml, idx_folder, name, "Point MNIST_DIR at", "unset it")


def in_half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def one_too_many(content: bytes) -> bytes:
    return content + b"\0"


def of_signed_bytes(content: bytes) -> bytes:
    return content[:2] + b"\x09" + content[3:]


def of_one_item_less(content: bytes) -> bytes:
    return content[:7] + bytes([content[7] - 1]) + content[8:]


def empty(content: bytes) -> bytes:
    return b""


Damage = Callable[[bytes], bytes]


@pytest.mark.parametrize("name", IDX_NAMES)
@pytest.mark.parametrize(
    "damage", [in_half, one_too_many, of_signed_bytes, of_one_item_less, empty]
)
def test_a_damaged_file_is_named(
    openml: StandIn, idx_folder: Path, name: str, damage: Damage
) -> None:
    write_idx_folder(idx_folder, "")
    path = idx_folder / name
    path.write_bytes(damage(path.read_bytes()))
    assert_refused(openml, path, "is not an IDX file of", "Replace", "unset MNIST_DIR")


@pytest.mark.parametrize("name", IDX_NAMES)
@pytest.mark.parametrize("damage", [in_half, gzip.decompress])
def test_a_damaged_packed_file_is_named(
    openml: StandIn, idx_folder: Path, name: str, damage: Damage
) -> None:
    write_idx_folder(idx_folder, ".gz")
    path = idx_folder / f"{name}.gz"
    path.write_bytes(damage(path.read_bytes()))
    assert_refused(openml, path, "cannot be read", "Replace", "unset MNIST_DIR")


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (with_one_pixel_changed, "the pixels are not those of MNIST"),
        (with_two_labels_swapped, "the labels are not those of MNIST"),
        (with_two_images_swapped, "the pixels are not those of MNIST"),
    ],
)
def test_wrong_data_in_whole_files(
    openml: StandIn,
    idx_folder: Path,
    suffix: str,
    make: Callable[[], tuple[Bytes, Bytes]],
    what: str,
) -> None:
    write_idx_folder(idx_folder, suffix, *make())
    assert_refused(openml, idx_folder, what, "Replace the files", "unset MNIST_DIR")


def test_training_files_in_the_place_of_test_files(
    openml: StandIn, idx_folder: Path
) -> None:
    write_idx_folder(idx_folder, "")
    shutil.copy(idx_folder / IDX_NAMES[0], idx_folder / IDX_NAMES[2])
    assert_refused(openml, idx_folder / IDX_NAMES[2], "10 x 28 x 28")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda folder: None, id="no such folder"),
        pytest.param(Path.mkdir, id="empty folder"),
        pytest.param(lambda folder: folder.write_bytes(b""), id="a file"),
        pytest.param(lambda folder: folder.symlink_to(folder), id="a link to itself"),
    ],
)
def test_a_folder_that_is_none(
    openml: StandIn, idx_folder: Path, make: Callable[[Path], object]
) -> None:
    make(idx_folder)
    assert_refused(openml, idx_folder, "Point MNIST_DIR at the folder", "unset it")


def test_a_folder_with_an_impossible_name(
    openml: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_DIR", "m" * 5_000)
    assert_refused(openml, Path("m" * 5_000), "MNIST_DIR")


# Each example writes the same files anew, so that sharing the folder is safe.
shared_folder = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@shared_folder
@given(
    name=st.sampled_from(IDX_NAMES),
    suffix=st.sampled_from(["", ".gz"]),
    place=st.floats(0, 1, exclude_max=True) | st.floats(0, 0.001),
    flip=st.integers(1, 255),
)
def test_a_changed_byte_is_harmless_or_refused(
    idx_folder: Path, name: str, suffix: str, place: float, flip: int
) -> None:
    write_idx_folder(idx_folder, suffix)
    path = idx_folder / f"{name}{suffix}"
    path.write_bytes(with_a_byte_changed(path.read_bytes(), place, flip))
    load_digits.cache_clear()
    with suppress(DataError):
        assert is_small_mnist(load_digits())  # a time stamp of gzip, say


def with_a_byte_changed(content: bytes, place: float, flip: int) -> bytes:
    changed = bytearray(content)
    changed[int(place * len(content))] ^= flip
    return bytes(changed)


# --------------------------------------------------------------------------
# The cache


def npz(**arrays: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=True, **arrays)
    return file.getvalue()


def npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


TRUE_CACHE = npz(images=IMAGES, labels=LABELS)
BAD_CACHES = {
    "empty": b"",
    "cut short": TRUE_CACHE[:-1_000],
    "half": in_half(TRUE_CACHE),
    "garbage": b"garbage" * 1_000,
    "another kind of file": npy(IMAGES),
    "pickled": npz(images=IMAGES.astype(object), labels=LABELS),
    "no labels": npz(images=IMAGES),
    "no images": npz(labels=LABELS),
    "wrong pixels": npz(images=with_one_pixel_changed()[0], labels=LABELS),
    "wrong labels": npz(images=IMAGES, labels=with_two_labels_swapped()[1]),
    "too few images": npz(images=IMAGES[:-1], labels=LABELS[:-1]),
    "pixels of another shape": npz(
        images=IMAGES.reshape(-1, SIDE, SIDE), labels=LABELS
    ),
    "pixels of another type": npz(images=IMAGES.view(np.int8), labels=LABELS),
    "labels of another shape": npz(images=IMAGES, labels=LABELS[:, np.newaxis]),
}


@pytest.mark.parametrize("content", BAD_CACHES.values(), ids=BAD_CACHES)
def test_a_bad_cache_is_ignored_and_replaced(
    openml: StandIn, cache_file: Path, content: bytes
) -> None:
    cache_file.write_bytes(content)
    assert is_small_mnist(load_warned(f"Ignoring the cached copy {cache_file}"))
    openml.stop()
    load_digits.cache_clear()
    assert is_small_mnist(load_digits())


def test_a_bad_cache_stays_out_of_use_without_a_network(
    openml: StandIn, cache_file: Path
) -> None:
    openml.stop()
    cache_file.write_bytes(BAD_CACHES["wrong pixels"])
    with pytest.warns(UserWarning, match="the pixels are not those of MNIST"):
        assert is_bundled(load_warned("Using the 8 x 8 digits"))


@pytest.mark.parametrize("kind", ["data", "zip directory"])
@shared_folder
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_in_the_cache_is_harmless_or_noticed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, place: float, flip: int
) -> None:
    monkeypatch.setenv("BOOK_OFFLINE", "1")
    start = TRUE_CACHE.index(b"PK\x01\x02") if kind == "zip directory" else 0
    damaged = with_a_byte_changed(TRUE_CACHE[start:], place, flip)
    (tmp_path / "cache").mkdir(exist_ok=True)
    (tmp_path / "cache" / "mnist.npz").write_bytes(TRUE_CACHE[:start] + damaged)
    load_digits.cache_clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        digits = load_digits()
    assert is_bundled(digits) if caught else is_small_mnist(digits)


@pytest.mark.parametrize("below", ["", "cache"])
def test_a_cache_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, below: str
) -> None:
    """A file stands where a folder should: that stops even the superuser."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("BOOK_CACHE_DIR", str(tmp_path / "file" / below))
    assert is_small_mnist(load_warned("cannot be kept in .*Set BOOK_CACHE_DIR"))
    assert files_left(tmp_path) == ["file"]


def test_a_folder_in_the_place_of_the_cache_file(
    cache_file: Path, tmp_path: Path
) -> None:
    cache_file.mkdir()
    assert is_small_mnist(load_warned("cannot be kept in"))
    assert files_left(tmp_path) == []


@pytest.mark.parametrize(
    "stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_writing_that_is_stopped_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stop: BaseException
) -> None:
    def write_some(file: io.BufferedWriter, **arrays: Bytes) -> None:
        file.write(b"PK")
        raise stop

    monkeypatch.setattr(np, "savez", write_some)
    if isinstance(stop, OSError):
        assert is_small_mnist(load_warned("cannot be kept in .*No space left"))
    else:
        with pytest.raises(KeyboardInterrupt):
            load_digits()
    assert files_left(tmp_path) == []


def test_a_leftover_that_vanishes_meanwhile_stops_nothing(cache_file: Path) -> None:
    """A link to nothing: listed, but gone as soon as it is looked at.

    So is the temporary file of another process that finishes just then.
    """
    cache_file.with_name("mnist-gone.tmp").symlink_to("nothing")
    assert is_small_mnist(load_digits())
    assert cache_file.is_file()


@pytest.mark.parametrize("age", [0.9, 1.1])
def test_only_old_leftovers_are_removed(cache_file: Path, age: float) -> None:
    leftover = cache_file.with_name("mnist-other.tmp")
    leftover.touch()
    written = time.time() - age * data.STALE_SECONDS
    os.utime(leftover, (written, written))
    load_digits()
    assert leftover.exists() is (age < 1)


def test_files_of_others_in_the_cache_folder_are_left_alone(cache_file: Path) -> None:
    other = cache_file.with_name("thesis.tmp")
    other.touch()
    os.utime(other, (0, 0))
    load_digits()
    assert other.exists()


def test_the_cache_folder_is_the_one_that_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "unused"))
    assert data.cache_dir() == tmp_path / "cache"


@pytest.mark.parametrize(
    ("variable", "below"), [("XDG_CACHE_HOME", "."), ("HOME", ".cache")]
)
def test_the_cache_folder_is_otherwise_in_the_users_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, below: str
) -> None:
    monkeypatch.delenv("BOOK_CACHE_DIR")
    monkeypatch.setenv(variable, str(tmp_path))
    assert data.cache_dir() == tmp_path / below / "gradient-descent-to-mlp"


# --------------------------------------------------------------------------
# Several processes
#
# They are spawned, not forked: a fork would copy the threads of the stand-in.

SPAWN = multiprocessing.get_context("spawn")


def load_elsewhere(port: int) -> bool:
    """Load digits in another process; a warning is an error there, too."""
    warnings.simplefilter("error")
    data.MNIST = RECORD
    install(ToStandIn(port))
    return is_small_mnist(load_digits())


def load_and_die_writing(port: int) -> None:
    """Load digits, but be killed when half of the cache file is written."""

    def write_half(file: io.BufferedWriter, **arrays: Bytes) -> None:
        file.write(in_half(TRUE_CACHE))
        file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    with mock.patch.object(np, "savez", write_half):
        load_elsewhere(port)


def test_two_processes_load_at_once(openml: StandIn, tmp_path: Path) -> None:
    both_wait = threading.Barrier(2)

    def send_to_both(reply: BaseHTTPRequestHandler) -> None:
        both_wait.wait(GIVE_UP)
        send(TRUE_FILE)(reply)

    openml.answers[ARFF] = send_to_both
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        assert list(pool.map(load_elsewhere, [openml.server_port] * 2)) == [True, True]
    assert files_left(tmp_path) == ["cache/mnist.npz"]
    openml.stop()
    assert is_small_mnist(load_digits())


@pytest.fixture
def leftover(openml: StandIn, tmp_path: Path) -> Path:
    """Half a cache file, whose writer was killed."""
    process = SPAWN.Process(target=load_and_die_writing, args=(openml.server_port,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (path,) = (tmp_path / "cache").iterdir()
    assert path.read_bytes() == in_half(TRUE_CACHE)
    return path


def test_half_a_file_of_a_killed_process_is_not_trusted(leftover: Path) -> None:
    assert leftover.suffix == ".tmp"
    assert is_small_mnist(load_digits())
    assert leftover.with_name("mnist.npz").is_file()


def test_half_a_file_of_a_killed_process_goes_when_it_is_old(
    leftover: Path, tmp_path: Path
) -> None:
    os.utime(leftover, (0, 0))
    load_digits()
    assert files_left(tmp_path) == ["cache/mnist.npz"]
