"""`kott demo`: every step from a login to pictures, as lines that can be pasted into Python."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import kott_notebooks as kott
from kott_notebooks.errors import KottError
from kott_notebooks.tables.files import replacing
from kott_notebooks.tables.provenance import facts

TRIP = """\
import kott_notebooks as kott
from kott_notebooks import catalog, demo, household, plots, schedule

# Log in, here to a partner made up in this process; kott.login() asks for yours.
session = demo.login()
session

# The catalogue as one table, and how it was gathered
assets = kott.assets(session)
assets[["id", "type", "name", "createDate", "metas.Year"]]
kott.provenance(assets)

# The TV channels, and what is on them from yesterday to next week
channels = kott.channels(session)
epg = kott.epg(session, "today-1d", "today+7d", channels=channels)
epg.loc[epg["startDate"].dt.hour == 20, ["linearAssetId", "startDate", "name"]]
kott.provenance(epg)

# Households, by the ids that your own records have; names are hashed unless pii=True
households = kott.households(session, range(20_001, 20_501))
users = kott.household_users(session, households)
devices = kott.household_devices(session, households)
households[["id", "name", "devicesLimit", "usersLimit", "state"]]
kott.provenance(households)

# Is the catalogue complete, and how did it grow?
types = kott.labels(session, ["assetStruct"]).set_index("id")["name"]
catalog.completeness(assets).query("0 < share < 1").sort_values("share")
catalog.completeness(assets).pipe(plots.completeness, names=types)
catalog.growth(assets).pipe(plots.growth, names=types)

# What is on now, and has the guide holes or doubles?
names = channels.set_index("id")["name"]
plots.grid(epg, channels=channels[:12], start="now-2h", end="now+4h", names=names)
schedule.gaps(epg, channels=channels)
schedule.gaps(epg, channels=channels).pipe(plots.gaps, channels=channels, names=names)
schedule.overlaps(epg)
schedule.overlaps(epg).pipe(plots.overlaps, channels=channels, names=names)
schedule.coverage(epg, channels=channels).query("share < 1")
schedule.coverage(epg, channels=channels).pipe(plots.coverage, names=names)

# How near are households to their limits?
limits = household.limits(households, users, devices)
limits.query("headroom < 0")
plots.limits(limits)
"""
LOOK = (
    *("display.width", 100, "display.max_columns", 8, "display.max_colwidth", 48),
    *("display.max_rows", 30, "display.min_rows", 6, "display.show_dimensions", False),
)


def walk(folder: Path) -> None:
    """Run every line of TRIP, show what it returns, and save the pictures in a folder."""
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    names: dict[str, Any] = {}
    with pd.option_context(*LOOK):
        for line in TRIP.splitlines():
            print(line)
            plt.figure(figsize=(12, 8), layout="constrained")  # where a picture would go
            for text in _shown(run(line, names), line, folder):
                print(text)
            plt.close("all")
    print(f"\nThe pictures are in {folder.resolve()}")


def run(line: str, names: dict[str, Any]) -> Any:
    """Run a line as Python's prompt does; return its value, or the value that it assigned."""
    name, assigned, _ = line.partition(" = ")
    if line.startswith(("import", "from")) or (assigned and name.isidentifier()):
        exec(line, names)
        return names.get(name)
    return eval(line or "None", names) if not line.startswith("#") else None


def _shown(value: Any, line: str, folder: Path) -> Iterator[str]:
    """Show what a line returned: a table, how it was gathered, where a picture was saved."""
    name, assigned, _ = line.partition(" = ")
    if assigned and name.isidentifier():
        if isinstance(value, pd.DataFrame) and "requests" in facts(value):
            yield f"# {_gathered(value)}"
    elif isinstance(value, pd.DataFrame):
        yield str(value) if len(value) else "# none"
    elif isinstance(value, kott.Session):
        yield str(value)
    elif hasattr(value, "figure"):
        drawn = line.partition("plots.")[2].partition(",")[0].partition("(")[0].rstrip(")")
        with replacing(folder / f"{drawn}.png") as new:
            value.figure.savefig(new)
        yield f"# picture: {folder / drawn}.png"


def _gathered(table: pd.DataFrame) -> str:
    known = facts(table)
    proofs = {window["proof"] for window in known.get("windows", [])}
    return (
        f"{len(table):,} rows of {table.shape[1]} columns by {known['action']}: "
        f"{known['requests']} request{'s' if known['requests'] > 1 else ''}"
        + (f", proved by {' and '.join(sorted(proofs))}" if proofs else "")
    )


def serve(port: int, faults: str | None = None, **partner: Any) -> None:
    """Serve the demo partner until Ctrl-C; print the variables by which `kott` finds it."""
    from kott_notebooks import demo

    try:
        chosen = demo.Faults.read(faults or "")
    except ValueError as error:
        raise KottError(f"--faults: {error}.") from error
    if not 0 <= port < 2**16:
        raise KottError(f"--port is a number below {2**16:,}, not {port}.")
    with demo.serve(port, faults=chosen, **partner) as server:
        print(f"export KOTT_URL={server.url}")
        print(f"export KOTT_PARTNER_ID={demo.PARTNER_ID}")
        print(f"export KOTT_USERNAME={demo.USERNAME}")
        print(f"export KOTT_PASSWORD={demo.PASSWORD}", flush=True)
        print("The demo partner answers until Ctrl-C.", file=sys.stderr)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)
