"""What search engines and previews say about pages, and what a lost visitor sees."""

import re

from book import PAGES, SITE
from bs4 import BeautifulSoup

from booktools.sphinx.descriptions import MAX_DESCRIPTION

HEADS = {
    page: BeautifulSoup(
        (SITE / page).read_text(encoding="utf-8").partition("<body")[0], "html.parser"
    )
    for page in PAGES
}


def test_each_page_is_described_in_its_own_words() -> None:
    seen = set()
    for page, head in HEADS.items():
        about = head.find("meta", attrs={"name": "description"})["content"]
        assert 20 < len(about) <= MAX_DESCRIPTION, page
        assert not re.search(r"[\\$\n]|\{\w+\}", about), page
        preview = head.find("meta", property="og:description")
        assert preview is None or preview["content"] == about, page
        seen.add(about)
    assert len(seen) == len(PAGES) > 20
