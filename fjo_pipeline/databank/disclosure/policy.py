"""A disclosure policy: threshold, rounding and level of geography as a versioned file, named in every release."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fjo_pipeline.core.errors import Refused
from fjo_pipeline.core.yaml_lines import read_model

POLICIES = Path(__file__).parent / "policies"

Area = Literal["nation", "region", "dfj_area", "local_authority"]
ORGANISATIONS: tuple[Area, ...] = ("dfj_area", "local_authority")
"""Areas whose tables compare the performance of organisations that can be named."""


class Policy(BaseModel):
    """What may be let out. Counts are of people unless a table says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    version: str
    source: str
    threshold: int = Field(ge=2, description="the least count, and the least difference, that may be shown")
    rounding: int = Field(ge=1, description="counts are shown to the nearest multiple of this")
    full_cells: Literal["suppress", "show"] = Field(
        description="whether a cell that holds all of a group (so that the group's answer is known) may be shown"
    )
    minimum_denominator: int = Field(ge=1, description="the least denominator of a rate")
    median_from: int = Field(ge=1, description="the least number of people behind a median")
    areas: tuple[Area, ...]
    area_approval: str | None = Field(
        default=None, description="reference of the approval to compare local authorities or DFJ areas"
    )

    @model_validator(mode="after")
    def _organisations_are_compared_by_approval_only(self) -> Self:
        named = [area for area in self.areas if area in ORGANISATIONS]
        if named and not self.area_approval:
            raise ValueError(
                f"tables by {' and '.join(named)} compare organisations: name the approval in area_approval"
            )
        return self

    def assert_area(self, area: Area) -> None:
        """Refused where the policy does not let tables by this area out."""
        if area not in self.areas:
            raise Refused(
                f"policy {self.name} lets out tables by {', '.join(self.areas)}, not by {area}: "
                "that takes a policy that names its approval"
            )


def load_policy(name_or_path: str | Path) -> Policy:
    """A shipped policy by name, or one of a project's own by path; Refused names file, line, place and rule."""
    path = Path(name_or_path)
    if path.suffix != ".yaml":
        path = POLICIES / f"{name_or_path}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in POLICIES.glob("*.yaml")))
        raise Refused(f"there is no disclosure policy {path.stem}; known are: {known}")
    return read_model(path, Policy, "the disclosure policy")
