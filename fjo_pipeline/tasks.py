"""The tasks of a refresh, and which assets of which zone each stage runs over one refresh of a dataset."""

from dataclasses import dataclass

from fjo_pipeline.core.settings import Zone

STAGES: dict[str, tuple[Zone, tuple[str, ...]]] = {
    "split": ("provider", ("deposit", "file_1", "file_2", "transfers")),
    "optouts": ("ttp", ("removals",)),
    "link": ("ttp", ("file_1", "linkage", "linkage_report", "file_3", "transfers")),
    "register": ("ttp", ("history", "transfers")),
    "removals": ("databank", ("removals",)),
    "curate": ("databank", ("received", "curated", "refresh_differences")),
    "differences": ("databank", ("refresh_differences",)),
    "quality": ("databank", ("linkage_quality",)),
    "receipt": ("provider", ("receipt",)),
}


@dataclass(frozen=True)
class Task:
    """One run: a stage over one refresh, release and pages over all, the extract over one project, as `refresh`."""

    stage: str
    dataset: str
    refresh: str

    def __str__(self) -> str:
        return f"{self.stage} {self.dataset}/{self.refresh}"


def zone_of(task: Task) -> Zone:
    """The zone in which a task runs."""
    return STAGES[task.stage][0] if task.stage in STAGES else "databank"
