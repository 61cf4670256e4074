"""Pack what was built for a release: site, notebooks and PDF, with checksums.

They go into ``_build/archives``, from where ``sha256sum --check SHA256SUMS``
tells whether they have arrived undamaged.
"""

import hashlib
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "_ext"))
from editions import PDFS, edition, site_folder

BUILD = Path(__file__).resolve().parent.parent / "_build"
ARCHIVES = BUILD / "archives"
SUMS = "SHA256SUMS"


def main() -> int:
    """Pack everything and return the exit status."""
    site, notebooks, pdf = site_folder(), BUILD / "notebooks", BUILD / PDFS[edition()]
    parts = {"book": site, "notebooks": notebooks, "pdf": pdf}
    for target, part in parts.items():
        if not part.exists():
            print(f"There is no {part}. Type: make {target}", file=sys.stderr)
            return 1
    new = ARCHIVES.with_name(f"{ARCHIVES.name}.new")
    shutil.rmtree(new, ignore_errors=True)  # of a run that was stopped
    new.mkdir()
    pack(site, new / "site")
    pack(notebooks, new / "notebooks")
    shutil.copy(pdf, new)
    write_sums(new)
    shutil.rmtree(ARCHIVES, ignore_errors=True)
    new.rename(ARCHIVES)
    print(f"Packed: {', '.join(sorted(path.name for path in ARCHIVES.iterdir()))}")
    return 0


def pack(folder: Path, archive: Path) -> None:
    """Pack a folder, with its name, into ``archive.zip``."""
    shutil.make_archive(str(archive), "zip", folder.parent, folder.name)


def write_sums(folder: Path) -> None:
    """Write the SHA-256 sums of the files in a folder beside them."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted(folder.iterdir())
    ]
    (folder / SUMS).write_text("".join(lines))


if __name__ == "__main__":
    sys.exit(main())
