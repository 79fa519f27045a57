"""Defects of linear channels."""

from __future__ import annotations

from kott_notebooks.demo.plants.assets import Assets
from kott_notebooks.demo.world.partner import LINEAR


def no_epg_id(on: Assets) -> None:
    """Remove the id by which programmes name the channel."""
    for ids in (None, "", None):
        row = on.victim(LINEAR)
        on.patch(row, externalIds=ids, externalEpgIngestId=None)
        on.expect("channel.no_epg_id", row, "It has no id that programmes could refer to.")


def no_buffer(on: Assets) -> None:
    """Let channels have catch-up without a buffer; one second is a buffer."""
    for buffer in (0, None, 0, 1):
        row = on.victim(LINEAR, lambda row: on.number("catch_up", row) == 1)
        on.patch(row, catchUpBuffer=buffer)
        if not buffer:
            what = f"It has catch-up and {'a buffer of zero' if buffer == 0 else 'no buffer'}."
            on.expect("channel.catchup_without_buffer", row, what)


PLANTS = (
    no_epg_id,
    no_buffer,
)
