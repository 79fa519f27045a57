"""What the demo partner has: its words, its media, its guide, its homes and its shop, all made up.

The modules import downwards: dice, words, shelf, titles, partner, then media, guide, homes, shop.
`demo.plants` then plants what is wrong, and `demo.catalogue` puts it all together.
"""
