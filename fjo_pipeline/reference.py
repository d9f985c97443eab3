"""Which zone a reference file belongs to: postcode directory and truth to the TTP, all others to the databank."""

from pathlib import Path

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.settings import Settings
from fjo_pipeline.databank.reference import Loaded, add_reference
from fjo_pipeline.databank.store import DatabankStore
from fjo_pipeline.ttp.flow import Ttp, load_postcode_directory
from fjo_pipeline.ttp.reference import NAME as POSTCODE_DIRECTORY
from fjo_pipeline.ttp.report.truth import NAME as TRUTH
from fjo_pipeline.ttp.report.truth import add_truth


def add_reference_file(settings: Settings, name: str, path: Path, vintage: str | None = None) -> Loaded:
    """Load a reference file where it belongs. Refused for an unknown name or unusable file."""
    if not path.is_file():
        raise Refused(f"there is no file {path.name}")
    if name == POSTCODE_DIRECTORY:
        return Loaded(load_postcode_directory(Ttp(settings), path), "")
    if name == TRUTH:
        return Loaded(add_truth(Ttp(settings), path), "")
    return add_reference(DatabankStore(settings), name, path, vintage)
