"""The page of a preview: pictures with captions in rows, below a title."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]

PAGE_WIDTH = 1920
MARGIN = 16
_CAPTION_HEIGHT = 26
_BACKGROUND = (18, 20, 24)
_TEXT = (224, 226, 230)
_FAINT = (150, 154, 162)


def resized(picture: Picture, width: int) -> Picture:
    """A picture of another width and the same shape."""
    height = round(picture.shape[0] * width / picture.shape[1])
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS))


def captioned(picture: Picture, caption: str) -> Image.Image:
    """A picture with a line of text below it."""
    image = Image.new("RGB", (picture.shape[1], picture.shape[0] + _CAPTION_HEIGHT), _BACKGROUND)
    image.paste(Image.fromarray(picture), (0, 0))
    ImageDraw.Draw(image).text((2, picture.shape[0] + 5), caption, fill=_FAINT, font=ImageFont.load_default(15))
    return image


def row_of(images: Sequence[Image.Image]) -> Image.Image:
    """Pictures side by side over the page's width."""
    height = max(image.height for image in images)
    row = Image.new("RGB", (PAGE_WIDTH, height), _BACKGROUND)
    x = MARGIN
    for image in images:
        row.paste(image, (x, 0))
        x += image.width + MARGIN
    return row


def page_of(rows: Sequence[Image.Image], title: str, facts: str) -> Picture:
    """Rows below each other, below a title and a line of facts; (H, 1920, 3) uint8 sRGB."""
    head = 64
    page = Image.new("RGB", (PAGE_WIDTH, head + sum(row.height + 10 for row in rows) + 6), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    draw.text((MARGIN, 10), _shortened(title, 150), fill=_TEXT, font=ImageFont.load_default(22))
    draw.text((MARGIN, 38), facts, fill=_FAINT, font=ImageFont.load_default(15))
    y = head
    for row in rows:
        page.paste(row, (0, y))
        y += row.height + 10
    return np.asarray(page)


def _shortened(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
