"""What is wrong with the demo partner, on purpose: planted rarely, near thresholds, written down.

Each rule of the audits is broken at least three times in a world of the usual size, and kept by a
little as often; every consequence of a plant is listed, and so is what is merely worth knowing.
It is written from the rules' prose and shares no code with the audits.
"""

from __future__ import annotations

from kott_notebooks.demo.plants.ledger import Defect
from kott_notebooks.demo.plants.media import plant_media
from kott_notebooks.demo.plants.people import plant_people
from kott_notebooks.demo.plants.programmes import plant_programmes

__all__ = ["Defect", "plant_media", "plant_people", "plant_programmes"]
