"""A programme table <-> an XMLTV guide; nothing here asks the network or draws.

xmltv.write(epg, channels, "guide.xml")    the tables of kott.epg and kott.channels as XMLTV
epg = xmltv.read("guide.xml.gz")           a guide from any source, in the shape of kott.epg
channels = xmltv.channels("guide.xml.gz")  its channels in the shape of kott.channels
xmltv.faults("guide.xml.gz")               what could not be read, with lines
epg, channels, faults = xmltv.read_guide("guide.xml.gz")    the three from one pass
xmltv.match(kott.channels(session), channels)    which of its channels is which of ours
"""

from __future__ import annotations

from kott_notebooks.xmltv.elements import is_guide
from kott_notebooks.xmltv.matching import match
from kott_notebooks.xmltv.reading import Guide, channels, faults, read, read_guide
from kott_notebooks.xmltv.writing import lines, write

__all__ = [
    "Guide",
    "channels",
    "faults",
    "is_guide",
    "lines",
    "match",
    "read",
    "read_guide",
    "write",
]


def __dir__() -> list[str]:
    return __all__
