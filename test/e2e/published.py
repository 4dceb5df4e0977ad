"""Schemas that others publish, as packages bring them: fetched once into the build tree, never a part of this repository.

A machine that cannot get them skips the tests that need them.
"""

import json
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "build/published"
SECONDS_MAX = 180
PACKAGES = (
    "ocsf-json-schema==1.2.0",  # OCSF 1.8.0
    "cyclonedx-python-lib[json-validation]==11.12.0",  # CycloneDX 1.7
    "opentelemetry-proto==1.45.2",  # OTLP
    "opentelemetry-semantic-conventions==0.66b2",  # the names of GenAI attributes
)
# Of these only the schema that they carry is read, so nothing that they need comes with them.
ALONE = ("osv==0.1.0",)  # OSV


def osv_schema():
    """Once fetch() had it."""
    return json.loads((FOLDER / "osv/osv-schema/validation/schema.json").read_text())


def fetch():
    """None once `import` finds them, or why they cannot be had."""
    done = FOLDER / "done"
    wanted = "\n".join((*PACKAGES, *ALONE, sys.version))
    if not done.exists() or done.read_text() != wanted:
        for packages in (PACKAGES, ("--no-deps", *ALONE)):
            try:
                got = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                                      "--no-input", "--root-user-action=ignore", "--upgrade", "--target", str(FOLDER),
                                      *packages], capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
            except subprocess.TimeoutExpired:
                return f"pip had not finished after {SECONDS_MAX} s"
            if got.returncode != 0:
                return "pip could not get the packages with the published schemas: " + got.stderr.strip()[-300:]
        done.write_text(wanted)
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return None
