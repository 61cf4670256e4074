"""Begin a file of own exercises for a chapter: ``make exercise CHAPTER=01``."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGINNING = """\
```{{exercise-start}} A title for it
:label: ex-{label}-own-1
```

Say what is to be done.

```{{exercise-end}}
```

```{{solution-start}} ex-{label}-own-1
:class: dropdown
```

```{{code-cell}} ipython3
# The names that the chapter has defined are there.
```

```{{solution-end}}
```
"""


def begin(chapter: str, root: Path = ROOT) -> Path:
    """Write the file, and return its path.

    Parameters
    ----------
    chapter : str
        The chapter's file without its ending, or how it begins.
    root : Path
        The book.

    Raises
    ------
    ValueError
        If that names no chapter or several, or the file is there already.
    """
    known = sorted(path.stem for path in (root / "chapters").glob("*.md"))
    found = [name for name in known if chapter and name.startswith(chapter)]
    if len(found) != 1:
        raise ValueError(
            f"CHAPTER={chapter} names {len(found) or 'none'} of the chapters. "
            f"There are:\n  " + "\n  ".join(known)
        )
    path = root / "exercises" / f"{found[0]}.md"
    if path.exists():
        raise ValueError(f"exercises/{path.name} is there already; go on in it.")
    path.parent.mkdir(exist_ok=True)
    label = found[0].partition("-")[0]
    path.write_text(BEGINNING.format(label=label), encoding="utf-8")
    return path


def main() -> int:
    """Begin the file and return the exit status."""
    try:
        path = begin(" ".join(sys.argv[1:]).strip())
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Write into {path.relative_to(ROOT)}, then type: make book")
    return 0


if __name__ == "__main__":
    sys.exit(main())
