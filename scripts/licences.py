"""The licences of everything that the project installs, as a table; status 1 where one is not known
or asks for more than a notice.

    .venv/bin/python scripts/licences.py              # what is installed
    .venv/bin/python scripts/licences.py FOLDER ...   # what pip install --target=FOLDER put there
"""

import re
import sys
from collections.abc import Iterable
from importlib import metadata
from typing import NamedTuple

# By SPDX's names: licences that ask for a notice at most.
PERMISSIVE = {
    *("0BSD", "AFL-2.1", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC"),
    *("MIT", "MIT-CMU", "PSF-2.0", "Unlicense", "Zlib"),
}
NVIDIA = "NVIDIA Proprietary"
GOOGLE = "Google Cloud Platform Terms of Service"
# Others, of which docs/supply_chain.md says why.
ACCEPTED = {
    "certifi": {"MPL-2.0"},
    "docutils": {"GNU General Public License GPL", "Public Domain"},
    "hypothesis": {"MPL-2.0"},
    "orjson": {"MPL-2.0"},
    "pathspec": {"MPL-2.0"},
    "tqdm": {"MPL-2.0"},
    "libtpu": {GOOGLE},
}
_NAMES = {
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD": "BSD-3-Clause",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    GOOGLE: GOOGLE,
    "ISC License (ISCL)": "ISC",
    "PSFL": "PSF-2.0",
    "NVIDIA Proprietary Software": NVIDIA,
    "LicenseRef-NVIDIA-Proprietary": NVIDIA,
}
_SPDX = re.compile(r"[\w.+-]+( (AND|OR) [\w.+-]+)*|.*\(.*\).*")


class Package(NamedTuple):
    """A package as its metadata have it; `licence` is "" where they name none."""

    name: str
    version: str
    licence: str


def packages_in(folders: list[str]) -> list[Package]:
    """The packages in some folders but the project itself, each once, by their names."""
    found = set()
    for one in metadata.distributions(path=folders):
        fields = one.metadata
        licence = _licence(
            (fields.get("License-Expression"), fields.get("License")),
            fields.get_all("Classifier") or [],
        )
        name = re.sub(r"[-_.]+", "-", fields["Name"]).lower()
        found.add(Package(name, fields["Version"], licence))
    return sorted(package for package in found if package.name != "stgnf-jax")


def _licence(texts: Iterable[str | None], classifiers: Iterable[str]) -> str:
    """What a text names, or else the classifiers; some have a whole licence for a text."""
    for text in texts:
        name = (text or "").strip()
        if name in _NAMES or (_SPDX.fullmatch(name) and name != "UNKNOWN"):
            return _NAMES.get(name, name)
    classified = sorted(c.split(" :: ")[-1] for c in classifiers if c.startswith("License :: "))
    return " AND ".join(_NAMES.get(name, name) for name in classified if name != "OSI Approved")


def is_allowed(package: Package) -> bool:
    """Whether what its licence asks for is a notice at most, or has been accepted."""
    accepted = PERMISSIVE | ACCEPTED.get(package.name, set())
    if package.name.startswith("nvidia-"):
        accepted = accepted | {NVIDIA}
    alternatives = re.sub(r"[()]", "", package.licence).split(" AND ")
    return all(accepted & set(each.split(" OR ")) for each in alternatives)


def main(folders: list[str]) -> int:
    """Prints the table and what is wrong with it."""
    packages = packages_in(folders or sys.path)
    print("| package | version | licence |\n|---|---|---|")
    for package in packages:
        print(f"| {package.name} | {package.version} | {package.licence or 'not named'} |")
    refused = [package for package in packages if not is_allowed(package)]
    for package in refused:
        print(f"not allowed: {package}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
