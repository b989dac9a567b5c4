"""The section on pictures that are there twice, side by side, those across splits first."""

from __future__ import annotations

from DiffusionFER import SPLITS
from tools.check.images.duplicates import ALIKE_BITS
from tools.check.images.examine import HASH_SIDE, perceptual_hash
from tools.describe.figures.figure import joined
from tools.use.report.markup import Section, heading, more, note, paragraph, plural, text
from tools.use.report.thumbnails import Thumbnails
from tools.use.report.tree import Pictures, Tree
from tools.use.report.twins import Pair, Twins, twins

MOST = 600_000  # characters of thumbnails
LISTED = 24  # pairs of a config that are shown


def show_duplicates(tree: Tree) -> Section:
    """Return the section."""
    title = "Duplicates"
    if tree.depth == "quick":
        why = "Pictures were not compared: with <code>--depth quick</code> no more than their headers is read."
        return Section("duplicates", title, "–", "not looked for", "", note(why))
    body = ""
    if tree.depth == "default":
        body += note(
            "Only files with the same bytes were looked for: <code>--depth deep</code> finds those alike, too."
        )
    elif perceptual_hash() is None:
        missing = 'the library scipy is not installed: <code>pip install "diffusionfer[deep]"</code>'
        body += note(f"Pictures that look alike were not looked for: {missing}.")
    thumbnails, pairs, across = Thumbnails(MOST), 0, 0
    without = []
    for config, pictures in tree.pictures.items():
        found = twins(pictures)
        pairs, across = pairs + len(found.pairs), across + found.across
        if found.pairs or found.unknown:
            body += heading(3, text(config)) + _config(pictures, found, thumbnails)
        else:
            without.append(text(config))
    if without:
        body += paragraph(f"No two pictures of {joined(without)} were found to be the same.")
    if unlisted := [config for config in tree.configs if config not in tree.pictures]:
        body += note(f"The pictures of {text(joined(unlisted))} cannot be listed, nor compared: see the findings.")
    if not tree.pictures:
        return Section("duplicates", title, "–", "not looked for", "", body)
    # Fine is what was looked at as a whole.
    level = "error" if across else "warning" if pairs else "fine" if tree.looks and not unlisted else ""
    counts = f"{'pair' if pairs == 1 else 'pairs'} of duplicates" + (f", {across:,} across splits" if across else "")
    return Section("duplicates", title, f"{pairs:,}", counts, level, body)


def _config(pictures: Pictures, found: Twins, thumbnails: Thumbnails) -> str:
    body = ""
    if found.pairs:
        across = f", {found.across:,} of them across splits: what is tested on the one may have learnt from the other"
        body += paragraph(f"{plural(len(found.pairs), 'pair')}{across if found.across else ''}.")
    if found.unknown:
        body += note(f"{plural(found.unknown, 'picture was', 'pictures were')} not compared with every likely twin.")
    listed = "".join(_pair(pictures, pair, thumbnails) for pair in found.pairs[:LISTED])
    return f'{body}<ul class="pairs">\n{listed}</ul>\n' + more(len(found.pairs), min(LISTED, len(found.pairs)), "pairs")


def _pair(pictures: Pictures, pair: Pair, thumbnails: Thumbnails) -> str:
    sides = ""
    for place in (pair.earlier, pair.later):
        name, split = pictures.name(place), int(pictures.splits[place])
        said = SPLITS[split] if split >= 0 else "in no split" if pictures.rows else ""
        where = f'<span class="split">{said}</span>' if said else ""
        sides += f"<div>{thumbnails.of(pictures, name)}<p>{text(name, 120)} {where}</p></div>"
    if pair.bits is None:
        how = "same bytes"
    else:
        how = f"{pair.bits} of {HASH_SIDE**2} bits differ (alike up to {ALIKE_BITS})"
    badge = ' <span class="badge error">across splits</span>' if pair.across else ""
    return f'<li><p class="how">{how}{badge}</p>{sides}</li>\n'
