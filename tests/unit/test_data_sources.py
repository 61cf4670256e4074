"""Attacks on the loader of the digits.

Whatever a folder, a cache or a mirror does, :func:`helpers.data.load_digits`
gives MNIST to the last bit, or says why it does not.

No test leaves this machine: servers on 127.0.0.1 stand in for the mirrors.
They serve a small MNIST of random pixels, whose checksums take the place of the
real ones.
"""

import errno
import gzip
import hashlib
import logging
import multiprocessing
import socket
import tempfile
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pooch
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import data
from helpers.data import DataError, Digits, MnistSpec, load_digits

Bytes = NDArray[np.uint8]

# A small MNIST

N_TRAIN, N_TEST, SIDE = 60, 10, 28
N_IMAGES = N_TRAIN + N_TEST
_rng = np.random.default_rng(784)
IMAGES: Bytes = _rng.integers(0, 256, (N_IMAGES, SIDE**2), dtype=np.uint8)
LABELS: Bytes = _rng.permutation(np.arange(N_IMAGES) % 10).astype(np.uint8)
IDX_NAMES = [
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
]
GZ_NAMES = [f"{name}.gz" for name in IDX_NAMES]


def idx_files(suffix: str, images: Bytes, labels: Bytes) -> dict[str, bytes]:
    squares = images.reshape(-1, SIDE, SIDE)
    parts = [squares[N_TRAIN:], labels[N_TRAIN:], squares[:N_TRAIN], labels[:N_TRAIN]]
    files = {}
    for name, part in zip(IDX_NAMES, parts, strict=True):
        header = bytes((0, 0, 8, part.ndim)) + np.array(part.shape, ">u4").tobytes()
        content = header + part.tobytes()
        files[name + suffix] = gzip.compress(content, mtime=0) if suffix else content
    return files


def write_idx_folder(
    folder: Path, suffix: str, images: Bytes = IMAGES, labels: Bytes = LABELS
) -> None:
    """Write the four IDX files, packed if the suffix is ``.gz``."""
    folder.mkdir(exist_ok=True)
    for name, content in idx_files(suffix, images, labels).items():
        (folder / name).write_bytes(content)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


FILES = idx_files(".gz", IMAGES, LABELS)
SUMS = {name: sha256(content) for name, content in FILES.items()}
SPEC = MnistSpec(
    N_TRAIN, N_TEST, SIDE, sha256(IMAGES.tobytes()), sha256(LABELS.tobytes())
)


def is_small_mnist(digits: Digits) -> bool:
    """Say whether these are the digits of the mirrors, which nobody can change."""
    return bool(
        digits.is_mnist
        and digits.images.dtype == np.uint8
        and not digits.images.flags.writeable
        and not digits.labels.flags.writeable
        and np.array_equal(digits.images, IMAGES)
        and np.array_equal(digits.labels, LABELS)
    )


def is_bundled(digits: Digits) -> bool:
    from sklearn import datasets  # late: other processes import this module

    bunch = datasets.load_digits()
    return bool(
        not digits.is_mnist
        and np.array_equal(digits.images, bunch.data)
        and np.array_equal(digits.labels, bunch.target)
        and (digits.height, digits.width) == bunch.images.shape[1:]
    )


def in_half(content: bytes) -> bytes:
    return content[: len(content) // 2]


# The stand-ins for the mirrors

GIVE_UP = 30.0  # seconds until a silent server gives up; no test runs forever
SOON = 10.0  # far less than GIVE_UP, yet enough for a busy machine


class Request(BaseHTTPRequestHandler):
    """One request, answered as the stand-in is told to."""

    server: "Mirror"

    def do_GET(self) -> None:
        self.file = FILES[self.path.strip("/")]
        self.server.requests.append(f"{self.command} {self.path.strip('/')}")
        self.server.answer(self)

    do_HEAD = do_GET  # noqa: N815

    def send(self, body: bytes, status: int = 200, promised: int | None = None) -> None:
        """Answer with a body, which may be shorter than the length promised."""
        self.send_response(status)
        self.send_header("Content-Length", str(promised or len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


class Mirror(ThreadingHTTPServer):
    """A server on this machine that records requests and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.url = f"http://127.0.0.1:{self.server_port}/"
        self.answer: Callable[[Request], None] = serve
        self.requests: list[str] = []
        self.stopped = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Refuse all connections from now on."""
        if not self.stopped.is_set():
            self.stopped.set()
            self.shutdown()
            self.server_close()


def serve(request: Request) -> None:
    request.send(request.file)


def send_half(request: Request) -> None:
    request.send(in_half(request.file), promised=len(request.file))


def fall_silent(request: Request) -> None:
    request.server.stopped.wait(GIVE_UP)


def fall_silent_half_way(request: Request) -> None:
    send_half(request)
    if request.command == "GET":
        fall_silent(request)


FAULTS: dict[str, tuple[Callable[[Request], None], str]] = {
    "not found": (lambda request: request.send(b"", 404), "404"),
    "half": (lambda request: request.send(in_half(request.file)), "SHA256"),
    "half of what is promised": (send_half, "IncompleteRead"),
    "silent": (fall_silent, "no answer within"),
    "silent half way": (fall_silent_half_way, "timed out"),
    "hangs up": (lambda request: None, "aborted"),
    "no web server": (
        lambda request: request.wfile.write(b"220 mail.example ready\r\n"),
        "BadStatusLine",
    ),
    "switched off": (lambda request: request.server.stop(), "refused"),
}


def forget_digits() -> None:
    for function in (load_digits, data.find_mnist):
        function.cache_clear()


@pytest.fixture(autouse=True)
def mirrors(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Mirror]]:
    """Two stand-ins for the mirrors, an empty cache, and no other source."""
    for name in ("MNIST_DIR", "BOOK_OFFLINE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("BOOK_CACHE_DIR", str(tmp_path / "cache"))
    # Anything left behind lies below tmp_path, where files_in sees it.
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    servers = [Mirror(), Mirror()]
    monkeypatch.setattr(data, "MNIST", SPEC)
    monkeypatch.setattr(data, "MIRROR_FILES", SUMS)
    monkeypatch.setattr(data, "MIRRORS", tuple(server.url for server in servers))
    forget_digits()
    yield servers
    forget_digits()
    for server in servers:
        server.stop()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "RESPONSE_TIMEOUT", 1.0)
    monkeypatch.setattr(data, "READ_TIMEOUT", 1.0)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """The folder of the cache, filled."""
    write_idx_folder(tmp_path / "cache", ".gz")
    return tmp_path / "cache"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_OFFLINE", "1")


@pytest.fixture
def idx_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that MNIST_DIR names; it does not exist yet."""
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "idx"))
    return tmp_path / "idx"


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@contextmanager
def soon() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SOON


def load_warned(match: str) -> Digits:
    """Load digits, which must warn once, at the line that called for them."""
    with pytest.warns(UserWarning, match=f"(?s){match}") as caught:
        digits = load_digits()
    assert [warning.filename for warning in caught] == [__file__]
    return digits


# The mirrors


def test_the_first_mirror_fills_the_cache_for_everyone(mirrors, tmp_path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "thesis").touch()  # which stays
    digits = load_digits()
    assert is_small_mnist(digits)
    assert digits is load_digits()
    assert files_in(tmp_path) == sorted(["thesis", *GZ_NAMES])
    for name in GZ_NAMES:
        assert (tmp_path / "cache" / name).stat().st_mode & 0o777 == 0o644
    assert mirrors[1].requests == []


def test_a_download_logs_nothing() -> None:
    pooch.get_logger().setLevel("INFO")  # as pooch has it
    load_digits()
    assert not pooch.get_logger().isEnabledFor(logging.INFO)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("fault", "why"), FAULTS.values(), ids=FAULTS)
def test_without_a_good_mirror_there_are_the_bundled_digits(
    mirrors, tmp_path, fault, why
) -> None:
    for mirror in mirrors:
        mirror.answer = fault
    reasons = ".*".join(f"{mirror.url}.*{why}" for mirror in mirrors)
    with soon():
        assert is_bundled(load_warned(f"{reasons}.*bundled with scikit-learn"))
    assert files_in(tmp_path) == []


def test_what_is_bad_is_taken_from_the_next_mirror(mirrors) -> None:
    name = GZ_NAMES[2]

    def spoil_one(request: Request) -> None:
        request.send(b"garbage" if name in request.path else request.file)

    mirrors[0].answer = spoil_one
    assert is_small_mnist(load_digits())
    assert f"GET {name}" in mirrors[1].requests


@pytest.mark.usefixtures("impatient")
def test_names_that_take_for_ever_to_look_up(mirrors, monkeypatch) -> None:
    def look_up(*args: object, **options: object) -> None:
        mirrors[0].stopped.wait(GIVE_UP)  # no time limit reaches getaddrinfo
        raise socket.gaierror("name not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with soon():
        assert is_bundled(load_warned("no answer within 1 seconds"))


# The cache

BAD_CONTENTS = {
    "half": in_half(FILES[GZ_NAMES[2]]),
    "wrong pixels": idx_files(".gz", IMAGES[::-1], LABELS)[GZ_NAMES[2]],
}


@pytest.mark.parametrize("offline", ["", "1"])
def test_a_full_cache_needs_no_mirror(mirrors, cache, monkeypatch, offline) -> None:
    monkeypatch.setenv("BOOK_OFFLINE", offline)
    assert is_small_mnist(load_digits())
    assert mirrors[0].requests == []


@pytest.mark.parametrize("content", [*BAD_CONTENTS.values(), None])
def test_only_what_the_cache_lacks_is_downloaded(mirrors, cache, content) -> None:
    name = GZ_NAMES[2]
    (cache / name).unlink()
    if content is not None:
        (cache / name).write_bytes(content)
    assert is_small_mnist(load_digits())
    assert mirrors[0].requests[1:] == [f"GET {name}"]  # the first is a probe
    assert (cache / name).read_bytes() == FILES[name]


@pytest.mark.usefixtures("offline")
def test_offline_contacts_nobody_and_does_not_warn(mirrors) -> None:
    assert is_bundled(load_digits())
    assert mirrors[0].requests == []


@pytest.mark.parametrize("no", ["", "0", "false", "No"])
def test_what_says_no_and_an_empty_name_switch_nothing_off(
    mirrors, monkeypatch, no
) -> None:
    monkeypatch.setenv("BOOK_OFFLINE", no)
    monkeypatch.setenv("MNIST_DIR", "")
    assert is_small_mnist(load_digits())
    assert mirrors[0].requests


def test_what_says_neither_yes_nor_no_is_refused(monkeypatch) -> None:
    monkeypatch.setenv("BOOK_OFFLINE", "maybe")
    with pytest.raises(ValueError, match=r"BOOK_OFFLINE=maybe .* nor no; set it"):
        load_digits()


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("content", BAD_CONTENTS.values(), ids=BAD_CONTENTS)
def test_offline_a_damaged_cache_is_named_and_ignored(mirrors, cache, content) -> None:
    (cache / GZ_NAMES[2]).write_bytes(content)
    assert is_bundled(load_warned(f"Ignoring the cached MNIST: .*{cache}"))
    assert mirrors[0].requests == []


# In ways that stop even the superuser.
BLOCKS: dict[str, Callable[[Path], None]] = {
    "a file": Path.touch,
    "below one": lambda cache: cache.symlink_to(__file__ + "/no"),
    "in the way": lambda cache: (cache / GZ_NAMES[1]).mkdir(parents=True),
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_digits_are_loaded_despite_an_unwritable_cache(tmp_path, block) -> None:
    block(tmp_path / "cache")
    warning = f"cannot be cached in {tmp_path / 'cache'}.*Set BOOK_CACHE_DIR"
    assert is_small_mnist(load_warned(warning))
    assert files_in(tmp_path / "tmp") == []


@pytest.mark.parametrize(
    "stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()]
)
def test_writing_that_is_stopped_leaves_nothing(monkeypatch, tmp_path, stop) -> None:
    download = pooch.HTTPDownloader.__call__

    def write_some(self, url, path, *args, **options):
        if path and Path(path).parent == tmp_path / "cache":
            Path(path).write_bytes(b"half")
            raise stop
        return download(self, url, path, *args, **options)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", write_some)
    if isinstance(stop, OSError):
        assert is_small_mnist(load_warned("cannot be cached in .*No space left"))
    else:
        with pytest.raises(KeyboardInterrupt):
            load_digits()
    assert files_in(tmp_path) == []


def test_the_first_variable_that_is_set_says_where_the_cache_is(monkeypatch) -> None:
    name = "gradient-descent-to-mlp"
    expected = {
        "BOOK_CACHE_DIR": "/of/BOOK_CACHE_DIR",
        "XDG_CACHE_HOME": f"/of/XDG_CACHE_HOME/{name}",
        "HOME": f"/of/HOME/.cache/{name}",
    }
    for variable in expected:
        monkeypatch.setenv(variable, f"/of/{variable}")
    for variable, folder in expected.items():
        assert data.cache_dir() == Path(folder)
        monkeypatch.delenv(variable)


# Several processes: spawned, since a fork would copy the threads of the mirrors

SPAWN = multiprocessing.get_context("spawn")


def load_elsewhere(url: str) -> bool:
    """Load digits in another process; a warning is an error there, too."""
    warnings.simplefilter("error")
    data.MNIST, data.MIRROR_FILES, data.MIRRORS = SPEC, SUMS, (url,)
    return is_small_mnist(load_digits())


def test_two_processes_load_at_once(mirrors, tmp_path) -> None:
    both_wait = threading.Barrier(2)

    def send_to_both(request: Request) -> None:
        if request.command == "GET":
            both_wait.wait(GIVE_UP)
        serve(request)

    mirrors[0].answer = send_to_both
    with ProcessPoolExecutor(2, mp_context=SPAWN) as pool:
        assert all(pool.map(load_elsewhere, [mirrors[0].url] * 2))
    assert files_in(tmp_path) == GZ_NAMES


def test_half_a_file_of_a_killed_process_is_not_trusted(mirrors, tmp_path) -> None:
    mirrors[0].answer = fall_silent_half_way
    process = SPAWN.Process(target=load_elsewhere, args=(mirrors[0].url,))
    process.start()
    while not any(path.stat().st_size for path in tmp_path.glob("cache/*")):
        assert process.is_alive()
        time.sleep(0.01)
    process.kill()
    process.join()
    (half,) = files_in(tmp_path)
    mirrors[0].answer = serve
    assert is_small_mnist(load_digits())
    assert files_in(tmp_path) == sorted([half, *GZ_NAMES])


# MNIST_DIR


def assert_refused(mirrors: list[Mirror], why: str) -> None:
    """Assert that loading fails, says why and what to do, and contacts no mirror."""
    with pytest.raises(DataError, match=r"Point MNIST_DIR at .*unset it") as caught:
        load_digits()
    assert why in str(caught.value)
    assert mirrors[0].requests == []


def test_mnist_comes_from_the_folder_packed_in_whatever_way_or_not(
    mirrors, idx_folder
) -> None:
    write_idx_folder(idx_folder, "")
    for unpacked in (idx_folder / IDX_NAMES[0], idx_folder / IDX_NAMES[3]):
        packed = gzip.compress(unpacked.read_bytes(), compresslevel=1)
        unpacked.with_name(f"{unpacked.name}.gz").write_bytes(packed)
        unpacked.unlink()
    assert is_small_mnist(load_digits())
    assert mirrors[0].requests == []


def test_the_folder_takes_precedence_over_the_cache(idx_folder, cache) -> None:
    (cache / GZ_NAMES[0]).write_bytes(b"garbage")
    write_idx_folder(idx_folder, "")
    assert is_small_mnist(load_digits())
    assert (cache / GZ_NAMES[0]).read_bytes() == b"garbage"


@pytest.mark.usefixtures("cache")
def test_a_missing_file_is_named_and_not_replaced(mirrors, idx_folder) -> None:
    write_idx_folder(idx_folder, "")
    name = IDX_NAMES[1]
    (idx_folder / name).unlink()
    assert_refused(mirrors, f"{idx_folder} holds neither {name}.gz nor {name}.")


DAMAGES = {
    "half": ("", in_half),
    "one byte too many": ("", lambda content: content + b"\0"),
    "signed bytes": ("", lambda content: content[:2] + b"\x09" + content[3:]),
    "half, packed": (".gz", in_half),
    "not packed": (".gz", gzip.decompress),
}


@pytest.mark.parametrize(("suffix", "damage"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_named(mirrors, idx_folder, suffix, damage) -> None:
    write_idx_folder(idx_folder, suffix)
    path = idx_folder / f"{IDX_NAMES[2]}{suffix}"
    path.write_bytes(damage(path.read_bytes()))
    assert_refused(mirrors, f"{path} {'cannot be read' if suffix else 'is not an IDX'}")


ONE_BIT = (np.arange(IMAGES.size) == 999).reshape(IMAGES.shape)


@pytest.mark.parametrize(
    ("images", "labels", "what"),
    [(IMAGES ^ ONE_BIT, LABELS, "pixels"), (IMAGES, LABELS[::-1], "labels")],
    ids=["one bit of a pixel", "labels of others"],
)
def test_wrong_data_in_whole_files(mirrors, idx_folder, images, labels, what) -> None:
    write_idx_folder(idx_folder, ".gz", images, labels)
    assert_refused(mirrors, f"The {what} in {idx_folder} are not those of MNIST")


@pytest.mark.parametrize("name", ["file", "none", "loop", "m" * 5_000])
def test_a_folder_that_is_not_one(mirrors, tmp_path, monkeypatch, name) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / name))
    assert_refused(mirrors, str(tmp_path / name))


# Each example writes the same files anew, so that sharing the folder is safe.
@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(IDX_NAMES),
    suffix=st.sampled_from(["", ".gz"]),
    place=st.floats(0, 1, exclude_max=True) | st.floats(0, 0.001),
    flip=st.integers(1, 255),
)
def test_a_changed_byte_is_harmless_or_refused(
    idx_folder, name, suffix, place, flip
) -> None:
    write_idx_folder(idx_folder, suffix)
    path = idx_folder / f"{name}{suffix}"
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= flip
    path.write_bytes(content)
    forget_digits()
    with suppress(DataError):
        assert is_small_mnist(load_digits())  # a time stamp of gzip, say
