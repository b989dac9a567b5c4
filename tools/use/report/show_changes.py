"""The section on what has changed against the last published revision: rows added, removed, relabelled, and more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pyarrow as pa

from tools.use.report.changes import Change, Changes
from tools.use.report.markup import Section, because, cards, heading, more, note, paragraph, plural, table, text
from tools.use.report.published import Published
from tools.use.report.thumbnails import Thumbnails
from tools.use.report.tree import Pictures, Tree

MOST = 700_000  # characters of thumbnails
LISTED = 24  # rows that came, or that went, of a config
CELLS = 6  # of a row that changed
LONGEST = 160  # characters of a cell


def show_changes(tree: Tree, published: Published | None) -> Section:
    """Return the section; `published` None: it was not asked for."""
    title = "Changes against what is published"
    if published is None:
        why = "What is published was not looked at: <code>--no-published</code> was given."
        return Section("changes", title, "–", "not looked at", "", note(why))
    if published.why:
        why = because(f"Nothing is known of {text(published.against)}", published.why)
        return Section("changes", title, "–", "not known", "", why)
    total = 0
    body = paragraph(f"Against {text(published.against)} at commit <code>{text(published.commit)}</code>.")
    for config in tree.configs:
        body += heading(3, text(config))
        if changes := published.changes.get(config):
            total += changes.total
            # Each has its share: the cells of one do not take the pictures of the labels of the next.
            body += _config(changes, tree.pictures.get(config), Thumbnails(MOST // len(tree.configs)))
        else:
            body += because("Not compared", published.unknown.get(config, "nothing is known of it"))
    return Section("changes", title, f"{total:,}", "changes" if total != 1 else "change", "", body)


def _config(changes: Changes, pictures: Pictures | None, thumbnails: Thumbnails) -> str:
    counts = [
        ("added", len(changes.added), "rows that were not published"),
        ("removed", len(changes.removed), "published rows that are gone"),
        ("relabelled", changes.relabelled, "rows with another emotion, valence, arousal or split"),
        ("other cells", changes.others, "rows with the same labels that differ elsewhere"),
        ("pictures", changes.pictures, "rows whose picture has other bytes"),
    ]
    body = table("Changes", ("what", "rows", "meaning"), [(what, f"{n:,}", said) for what, n, said in counts], (1,))
    if changes.renamed:
        renamed = plural(changes.renamed, "row has", "rows have")
        body += paragraph(f"{renamed} another name, and the bytes of the picture that had the old one.")
    if changes.unknown:
        body += note(
            f"Of {plural(changes.unknown, 'row')} the picture was not compared: one SHA-256 or both are not known."
        )
    if changes.columns:
        ordered = sorted(changes.columns.items(), key=lambda item: (-item[1], item[0]))
        cells = [(text(column), f"{count:,}") for column, count in ordered]
        body += table("Rows that differ, by column", ("column", "rows"), cells, (1,))
    for words, total, listed in (
        ("Relabelled", changes.relabelled, changes.first_relabelled),
        ("Other cells", changes.others, changes.first_others),
        ("Other pictures", changes.pictures, changes.first_pictures),
    ):
        if listed:
            body += heading(4, words)
            body += cards(_changed(changes, change, pictures, thumbnails) for change in listed)
            body += more(total, len(listed), "rows")
    if changes.added:
        body += heading(4, "Added") + _by_label(changes.here, changes.added)
        body += cards(_added(changes, place, pictures, thumbnails) for place in changes.added[:LISTED])
        body += more(len(changes.added), min(LISTED, len(changes.added)), "added rows")
    if changes.removed:
        body += heading(4, "Removed") + _by_label(changes.there, changes.removed)
        ids = (_labelled(changes.there, place) for place in changes.removed[:LISTED])
        body += "<ul>" + "".join(f"<li>{one}</li>" for one in ids) + "</ul>\n"
        body += more(len(changes.removed), min(LISTED, len(changes.removed)), "removed rows")
    return body


def _changed(changes: Changes, change: Change, pictures: Pictures | None, thumbnails: Thumbnails) -> tuple[str, str]:
    said = f'<p class="place">{text(_cell(changes.here, "image_id", change.here), 120)}</p>'
    arrow = '<span role="img" aria-label="becomes">→</span>'
    lines = "".join(
        f"<div><dt>{text(name)}</dt><dd>{_value(old)} {arrow} {_value(new)}</dd></div>"
        for name, old, new in change.cells[:CELLS]
    )
    if (left := len(change.cells) - CELLS) > 0:
        lines += f"<div><dt>more</dt><dd>{plural(left, 'other column')}</dd></div>"
    said += f"<dl>{lines}</dl>" if lines else '<p class="hint">the picture alone</p>'
    return _picture(changes, change.here, pictures, thumbnails), said


def _added(changes: Changes, place: int, pictures: Pictures | None, thumbnails: Thumbnails) -> tuple[str, str]:
    return _picture(changes, place, pictures, thumbnails), f"<p>{_labelled(changes.here, place)}</p>"


def _picture(changes: Changes, place: int, pictures: Pictures | None, thumbnails: Thumbnails) -> str:
    name = _cell(changes.here, "file", place)
    return thumbnails.of(pictures, name) if pictures and name else ""


def _labelled(table_: pa.Table, place: int) -> str:
    labels = [_cell(table_, name, place) for name in ("emotion", "split") if name in table_.column_names]
    said = ", ".join(text(label, 60) for label in labels if label)
    return text(_cell(table_, "image_id", place), 120) + (f" ({said})" if said else "")


def _by_label(table_: pa.Table, places: Iterable[int]) -> str:
    """Return a table of rows by emotion and split."""
    names = [name for name in ("emotion", "split") if name in table_.column_names]
    columns = [table_[name].combine_chunks().take(pa.array(places, pa.int64())).to_pylist() for name in names]
    counts = Counter(zip(*columns, strict=True))
    ordered = sorted(counts.items(), key=lambda item: [str(word) for word in item[0]])
    rows = [(*(_value(word) for word in words), f"{count:,}") for words, count in ordered[:LISTED]]
    return table("By " + " and ".join(names), (*names, "rows"), rows, (len(names),))


def _cell(table_: pa.Table, name: str, place: int) -> str | None:
    value: str | None = table_[name][place].as_py()
    return value


def _value(value: str | None) -> str:
    return '<i class="null">empty</i>' if value is None else text(value, LONGEST)
