"""Where things are."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[3]
FIXTURES = ROOT / "tests" / "fixtures"
VECTORS = ROOT / "tests" / "vectors"
ERRORS_DEF = ROOT / "src" / "base" / "errors.def"
OPENAPI = ROOT / "openapi.yaml"
CLUSTER_SH = ROOT / "deploy" / "local" / "cluster.sh"


def winnowd():
    return os.environ.get("WINNOWD") or str(ROOT / "build" / "winnowd")


def winnow():
    return os.environ.get("WINNOW_CLI") or str(ROOT / "build" / "winnow")


def real_data():
    """Samples of real trackers, kept beside the checkout; None when they are not there."""
    folder = pathlib.Path(os.environ.get("WINNOW_SHARED_DATA") or ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None
