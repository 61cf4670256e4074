"""Outputs are kept as they are, but for what differs from run to run."""

import copy
from pathlib import Path
from typing import Any

import psutil
import pytest

from booktools.outputs import check_data, normalise

ROOT = Path("/book")
LIBRARY = str(Path(psutil.__file__).parent)

VARIES = {
    "<object object at 0x7f00aa11bb22>": "<object object at 0x…>",
    "[<a.B at 0x7f00aa>, <C at 0x7f00ab>]": "[<a.B at 0x…>, <C at 0x…>]",
    "<function f.<locals>.<lambda> at 0x7f00aa>": (
        "<function f.<locals>.<lambda> at 0x…>"
    ),
    "<code object <module> at 0x7f00aa, file 'a', line 1>": (
        "<code object <module> at 0x…, file 'a', line 1>"
    ),
    "<weakref at 0x7f00aa; to 'A' at 0x7f00ab>": "<weakref at 0x…; to 'A' at 0x…>",
    "<bound method A.f of <A object at 0x7f00aa>>": (
        "<bound method A.f of <A object at 0x…>>"
    ),
    "<td>&lt;A at 0x7f00aa&gt;</td>": "<td>&lt;A at 0x…&gt;</td>",
    f"in {LIBRARY}/__init__.py": "in psutil/__init__.py",
    "\x1b[32m/book/chapters/a.py\x1b[0m": "\x1b[32mchapters/a.py\x1b[0m",
    "('/book/a.csv')": "('a.csv')",
}
STAYS = (
    "0x3f800000",
    "white at 0xffffff, or < 0xffffff",
    "tag <b>at 0xffffff</b>",
    "<script>const grey = '<b at 0x808080>'; // /book/a.js</script>",
    "https://example.org/book/a.html",
    "/data/book/a.csv and ~/book/a.csv",
    "/tmp/ipykernel_1/2.py",
    "10%\r100%\n",
    "\x1b[31mred\x1b[0m 你好 e\u0301 \N{WINKING FACE}",
)


@pytest.mark.parametrize("text", VARIES)
def test_addresses_of_objects_and_folders_are_left_out(text: str) -> None:
    assert normalise(text, ROOT) == VARIES[text]


@pytest.mark.parametrize("text", STAYS)
def test_what_an_author_has_written_stays(text: str) -> None:
    assert normalise(text, ROOT) == text
    assert normalise(f"<p>{text}</p>", ROOT) == f"<p>{text}</p>"


def test_only_texts_are_looked_through() -> None:
    said = "<A at 0x7f00aa>"
    kinds = ("image/svg+xml", "image/jpeg", "application/javascript")
    outputs = [
        {"output_type": "stream", "text": said},
        {"output_type": "error", "evalue": said, "traceback": [said]},
        {"data": {"text/plain": said, "text/html": said}},
        {"data": dict.fromkeys(kinds, said)},
    ]
    *texts, others = normalise(copy.deepcopy(outputs), ROOT)
    assert others == outputs[3]
    assert "0x7f00aa" not in str(texts)
    assert str(texts).count("<A at 0x…>") == 5


def html(text: str) -> dict[str, str]:
    return {"text/html": text}


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"application/vnd.jupyter.widget-view+json": {}}, "use helpers.show_slider"),
        (html('<script src="https://a.org/b.js"></script>'), "loads https://a.org/b"),
        (html("<iframe width=1\n src='//a.org'></iframe>"), "It loads //a.org,"),
        (html('<link rel="a" href=http://a.org/b>'), "It loads http://a.org/b,"),
    ],
)
def test_what_a_page_cannot_show_offline_is_refused(
    data: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        check_data(data)


@pytest.mark.parametrize(
    "text", ['<a href="https://a.org">b</a>', '<img src="data:image/png;base64,aGE">']
)
def test_links_and_what_an_output_contains_are_shown(text: str) -> None:
    check_data(html(text))
