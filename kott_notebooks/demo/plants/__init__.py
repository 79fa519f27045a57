"""Defects of the demo partner: planted rarely, near thresholds, and listed.

Each rule of the audits has at least three findings in a world of the usual size, and as many near
misses. Every consequence of a defect is listed, findings of severity info too. All of it is written
from the rules' prose, and shares no code with the audits.
"""

from __future__ import annotations

from kott_notebooks.demo.plants.ledger import Defect
from kott_notebooks.demo.plants.media import plant_media
from kott_notebooks.demo.plants.people import plant_people
from kott_notebooks.demo.plants.programmes import plant_programmes

__all__ = ["Defect", "plant_media", "plant_people", "plant_programmes"]
