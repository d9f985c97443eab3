"""Refresh dates, YYYYMMDD: the key of every partition, and the only date that the flow knows."""

from datetime import date, datetime

from fjo_pipeline.core.errors import Refused


def parse_refresh(text: str) -> date:
    """The date of a refresh key; Refused where it is no calendar date as YYYYMMDD."""
    if len(text) == 8 and text.isascii() and text.isdigit():
        try:
            return datetime.strptime(text, "%Y%m%d").date()
        except ValueError:
            pass
    raise Refused("a refresh date is a calendar date as YYYYMMDD, for example 20240111")
