"""The rules for a folder as it would be pushed to the Hub, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

UNREADABLE = Rule(
    "RE001",
    "error",
    "a file or folder cannot be read",
    why="What cannot be read here cannot be pushed, or is pushed without anybody having looked at it.",
    mend="Give yourself the right to read it, or remove it.",
)
SCRIPT = Rule(
    "RE002",
    "error",
    "a script makes datasets refuse the repository",
    why=(
        "datasets 4 and later refuse a repository that holds a Python file of its own name, as loading scripts had, "
        "and versions below would run it on the machine of whoever loads the data."
    ),
    mend="Leave the script out: publish the data as Parquet, with configs in the header of the card.",
)
UNCOVERED = Rule(
    "RE003",
    "warning",
    "a data file belongs to no config",
    why="No config of the card covers it, so that load_dataset never gives what it holds, and nobody is told.",
    mend="Name the file in the data_files of a config, or remove it.",
)
DAMAGED = Rule(
    "RE004",
    "error",
    "a Parquet file is damaged",
    why="A Parquet file without a whole footer cannot be opened, and one such file stops the loading of its config.",
    mend="Write the file anew, and compare its size after copying.",
)
GROUP_TOO_LARGE = Rule(
    "RE005",
    "error",
    "a row group is too large for the dataset viewer",
    why=(
        "The viewer reads at most 300,000,000 bytes to show a page of rows. Without a page index that is a whole row "
        "group, and it shows an error in place of the data."
    ),
    mend="Write smaller row groups, of 100 MB at most, and a page index (write_page_index=True).",
)
GROUP_LARGE = Rule(
    "RE006",
    "warning",
    "a row group is larger than readers expect",
    why="Readers take a row group into memory as a whole, so datasets writes none above 100 MB.",
    mend="Write smaller row groups, of 100 MB at most.",
)
NO_PAGE_INDEX = Rule(
    "RE007",
    "warning",
    "Parquet files have no page index",
    why="With a page index the viewer and other readers fetch the rows that they want and no others.",
    mend="Write the files with a page index (write_page_index=True in pyarrow).",
)
NO_BYTES = Rule(
    "RE008",
    "error",
    "images have a path but no bytes",
    why="Rows that only name a file of the maintainer's machine load there, and fail for everybody else.",
    mend="Write the bytes of each image into its row, as push_to_hub does (embed_external_files).",
)
PATH_OF_MACHINE = Rule(
    "RE009",
    "error",
    "the path of an image is absolute",
    why="An absolute path publishes names of folders, and often of people, and is of no use on any other machine.",
    mend="Write the name of the file alone into the path of an image.",
)
PATH_WITH_FOLDER = Rule(
    "RE010",
    "warning",
    "the path of an image has folders",
    why="The repository does not have these folders, and datasets keeps the name of the file alone.",
    mend="Write the name of the file alone into the path of an image.",
)
NO_FEATURES = Rule(
    "RE011",
    "warning",
    "nothing says that a column holds images",
    why="Without features in the file or in the card, an image is loaded as a mapping of bytes and path, not decoded.",
    mend="Write the features into the file with datasets, or as dataset_info into the header of the card.",
)
FEATURES_DISAGREE = Rule(
    "RE012",
    "error",
    "the features in a Parquet file do not fit",
    why=(
        "datasets forgets a feature that does not fit its column, so that labels come as numbers and images as bytes; "
        "and it stops at a file whose columns are not those of the first one."
    ),
    mend="Write all files of a config with the same features.",
)
OVER_LIMIT = Rule(
    "RE013",
    "error",
    "a file or folder is over a limit of the Hub",
    why="The Hub refuses more than 10,000 entries in a folder and a file above 500 GB, at the end of a long upload.",
    mend="Divide the folder or the file; Parquet shards of some hundred megabytes suit readers best.",
)
OVER_RECOMMENDATION = Rule(
    "RE014",
    "warning",
    "a repository is larger than the Hub recommends",
    why=(
        "Above 100,000 files listings and clones become slow, and a file above 50 GB cannot be downloaded by "
        "huggingface_hub without hf_xet."
    ),
    mend="Put what belongs together into fewer files, and divide large ones.",
)
NAME_REFUSED = Rule(
    "RE015",
    "error",
    "the name of a file cannot be pushed",
    why="git and the Hub refuse such a name, so that the push fails.",
    mend="Rename the file or folder, or remove it.",
)
NAME_NOT_PORTABLE = Rule(
    "RE016",
    "warning",
    "the name of a file cannot be kept by every system",
    why="A clone on Windows or macOS fails, or loses one of two files whose names differ only in case.",
    mend="Rename it, with letters, digits, and - _ . between them.",
)
NOT_PLAIN = Rule(
    "RE017",
    "error",
    "an entry is no plain file",
    why="A link may bring in what lies elsewhere, or nothing at all; pipes and devices cannot be pushed.",
    mend="Put a plain file in its place, or remove it.",
)
LITTER = Rule(
    "RE018",
    "warning",
    "a file is left over from a system or program",
    why="Such files are published with the data, are of no use there, and may tell the names of other files.",
    mend="Remove it, and name it in .gitignore.",
)
SECRET = Rule(
    "RE019",
    "error",
    "a file holds a secret",
    why="Whoever reads the repository can use the token or key, and it stays in the history when it is removed later.",
    mend="Revoke it first, then remove it from the file, and from the history if it was pushed.",
)
