"""Defects of an asset's images."""

from __future__ import annotations

from kott_notebooks.demo.plants.assets import LANDSCAPE, POSTER, SQUARE, Assets
from kott_notebooks.demo.world.partner import EPISODE, LINEAR, MOVIE, SERIES


def no_image(on: Assets) -> None:
    """Remove all images: the list is empty, or absent."""
    for struct, images in ((MOVIE, []), (SERIES, None), (EPISODE, [])):
        row = on.victim(struct)
        on.patch(row, images=images)
        on.expect("image.none", row, "It has no image at all.")
        for ratio in (LANDSCAPE, POSTER):
            on.expect(
                "image.missing_ratio", row, f"It has no image of {ratio}: it has none at all."
            )


def missing_ratio(on: Assets) -> None:
    """Remove the images of one ratio; a ratio written with an x counts."""
    for struct, ratio in (
        (MOVIE, POSTER),
        (EPISODE, LANDSCAPE),
        (SERIES, POSTER),
        (LINEAR, SQUARE),
    ):
        row = on.victim(struct)
        on.patch(row, images=[one for one in on.images(row) if one["ratio"] != ratio])
        on.expect("image.missing_ratio", row, f"It has no image of {ratio}.")
    row = on.victim(MOVIE)
    on.patch(
        row, images=[one | {"ratio": one["ratio"].replace(":", "x")} for one in on.images(row)]
    )


def small_image(on: Assets) -> None:
    """Narrow the images of a ratio to one pixel less than required, and others to the limit."""
    sizes = ((MOVIE, LANDSCAPE, 640), (EPISODE, POSTER, 480), (LINEAR, SQUARE, 200))
    for struct, ratio, least in (*sizes, (SERIES, POSTER, 480)):
        row = on.victim(struct)
        narrow(on, row, ratio, least - 1)
        on.expect("image.too_small", row, f"Its largest image of {ratio} is {least - 1} wide.")
    for struct, ratio, least in sizes:
        narrow(on, on.victim(struct), ratio, least)
    row = on.victim(MOVIE)
    images = on.images(row)
    on.patch(
        row,
        images=[*images, images[0] | {"id": f"{images[0]['id']}s", "width": 320, "height": 180}],
    )
    row = on.victim(SERIES)
    unknown = ("width", "height")
    on.patch(
        row, images=[{k: v for k, v in one.items() if k not in unknown} for one in on.images(row)]
    )


def narrow(on: Assets, row: int, ratio: str, width: int) -> None:
    across, down = map(int, ratio.split(":"))
    size = {"width": width, "height": width * down // across}
    on.patch(row, images=[one | size if one["ratio"] == ratio else one for one in on.images(row)])


def default_image(on: Assets) -> None:
    """Mark the only image of a ratio as the default picture; with another image it is right."""
    for struct, ratios in (
        (MOVIE, (LANDSCAPE,)),
        (EPISODE, (POSTER,)),
        (SERIES, (LANDSCAPE, POSTER)),
    ):
        row = on.victim(struct)
        images = [one | {"isDefault": one["ratio"] in ratios} for one in on.images(row)]
        on.patch(row, images=images)
        for ratio in ratios:
            on.expect("image.default", row, f"Its only image of {ratio} is the default picture.")
    row = on.victim(MOVIE)
    images = on.images(row)
    on.patch(row, images=[*images, images[0] | {"id": f"{images[0]['id']}d", "isDefault": True}])


PLANTS = (
    no_image,
    missing_ratio,
    small_image,
    default_image,
)
