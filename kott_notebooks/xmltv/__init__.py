"""A programme table <-> an XMLTV guide; no call, no drawing.

xmltv.write(epg, channels, "guide.xml")    the tables of kott.epg and kott.channels as XMLTV
epg = xmltv.read("guide.xml.gz")           anybody's guide in the shape of kott.epg
channels = xmltv.channels("guide.xml.gz")  its channels in the shape of kott.channels
"""

from __future__ import annotations

from kott_notebooks.xmltv.reading import channels, read
from kott_notebooks.xmltv.writing import lines, write

__all__ = ["channels", "lines", "read", "write"]
