"""What tests of the explorables in a browser share."""

import json
import re
from typing import Any

from browser import come_to, page_of
from playwright.sync_api import Locator, Page, expect

# The chapter in which each is used; its page has all that it offers.
CHAPTER_OF = {
    "learning-rate": "06-momentum-and-noise",
    "backpropagation": "08-backprop-numpy",
    "one-example": "08-backprop-numpy",
    "expression": "17-autograd-engine",
    "draw-digit": "14-mlp-pytorch",
}


def open_explorable(page: Page, site: str, name: str, chapter: str = "") -> Locator:
    """Open the page, scroll to the explorable, and wait until it reacts."""
    page.goto(site + page_of(chapter or CHAPTER_OF[name]))
    box = page.locator(f'[data-explorable="{name}"]')
    expect(box).to_have_class(re.compile("live"))
    come_to(box)
    return box


def data_of(box: Locator) -> dict[str, Any]:
    return json.loads(box.locator("script").text_content() or "")
