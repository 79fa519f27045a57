"""The data of the demo partner: words, media, guide, households and shop, all made up.

The modules import downwards: dice, words, shelf, titles, partner, then media, guide, homes, shop.
`demo.plants` then plants defects, and `demo.catalogue` builds the whole.
"""

__all__ = [
    "dice",
    "given",
    "guide",
    "homes",
    "media",
    "partner",
    "practice",
    "samples",
    "shelf",
    "shop",
    "titles",
    "views",
    "words",
]
