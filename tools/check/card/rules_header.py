"""The rules for the YAML header of a dataset card, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

UNREADABLE = Rule(
    "CA001",
    "error",
    "the card is no text that can be read",
    why="The Hub shows nothing of a card that is empty, is not UTF-8 or is larger than any card.",
    mend="Write the card as a text file in UTF-8.",
)
NOT_UTF8 = Rule(
    "CA002",
    "error",
    "the card is not UTF-8",
    why="huggingface_hub reads a card as UTF-8 and stops at the first byte that is not.",
    mend='Save the card as UTF-8; most editors have it under "save with encoding".',
)
NO_HEADER = Rule(
    "CA003",
    "warning",
    "the card has no header",
    why=(
        "Without a YAML header the Hub knows no licence, no language and no task, and its search does not "
        "find the dataset."
    ),
    mend="Begin the card with a header: a line of ---, keys such as license and language, a line of ---.",
)
FENCES = Rule(
    "CA004",
    "error",
    "the fences of the header are not exact",
    why=(
        "A byte-order mark or a blank beside the dashes makes readers miss the header and ignore all it says "
        "(huggingface_hub.repocard, REGEX_YAML_BLOCK; clients such as 0.36 miss it for a blank behind the "
        "closing fence, too)."
    ),
    mend="Let each fence be a line of three dashes and nothing else, the first at the very beginning of the file.",
    fixable=True,
)
BEFORE_HEADER = Rule(
    "CA005",
    "warning",
    "there are blanks before the header",
    why=(
        "The Hub passes over blanks before the header, but datasets.utils.metadata and most tools for Markdown do not."
    ),
    mend="Remove what stands before the first line of ---.",
    fixable=True,
)
UNCLOSED = Rule(
    "CA006",
    "error",
    "the header is not closed",
    why="A header without a second fence is no header: the Hub shows its keys as text.",
    mend="Write a line of --- behind the last key of the header.",
)
NOT_YAML = Rule(
    "CA007",
    "error",
    "the header is not YAML that the Hub can read",
    why="The Hub refuses a commit whose card has a header that is not valid YAML with keys and values.",
    mend="Correct the line that is named; a value with a colon, a hash or a bracket belongs in quotes.",
)
TOO_LARGE = Rule(
    "CA008",
    "error",
    "the header is larger, deeper or expands to more than a header does",
    why=(
        "Aliases can make a few lines expand to more than a machine can hold; readers refuse such a header, or break."
    ),
    mend="Write out what the aliases stand for, and keep data out of the header.",
)
TWICE = Rule(
    "CA009",
    "error",
    "a key stands twice",
    why="YAML allows a key once: the Hub refuses the header, and Python keeps the last value without a word.",
    mend="Keep the one that is right and remove the other.",
)
OLD_KEY = Rule(
    "CA010",
    "error",
    "a key has a name that the Hub gave up",
    why=(
        "The Hub renamed the key and refuses a commit to a card that has the old name (huggingface/datasets, "
        "issue 5158)."
    ),
    mend="Rename the key; what it holds stays as it is.",
    fixable=True,
)
MISSPELT_KEY = Rule(
    "CA011",
    "error",
    "a key is misspelt",
    why="The Hub ignores a key that it does not know, so the dataset misses what the key was to say.",
    mend="Correct the name of the key.",
    fixable=True,
)
UNKNOWN_KEY = Rule(
    "CA012",
    "warning",
    "a key is unknown",
    why=(
        "The Hub ignores a key that it does not know; keys of other tools, such as a site generator, belong elsewhere."
    ),
    mend="Remove the key, or say it in the text of the card.",
)
NOT_TEXT = Rule(
    "CA013",
    "warning",
    "YAML 1.1 reads a word as true or false",
    why="Python reads no, yes, on and off as false or true, so that the code of Norwegian becomes False.",
    mend="Put the value in quotes.",
    fixable=True,
)
WRONG_TYPE = Rule(
    "CA014",
    "error",
    "a value is not of the type that its key takes",
    why="The Hub refuses the header, or ignores the value, where it finds a number or a mapping instead of text.",
    mend="Write text, or a list of texts; put numbers and dates in quotes.",
    fixable=True,
)
EMPTY = Rule(
    "CA015",
    "warning",
    "a key has no value",
    why="A key without a value says nothing, and readers stumble over the null that it stands for.",
    mend="Give the key a value, or remove it.",
)
TASK_CATEGORY = Rule(
    "CA016",
    "warning",
    "a task category is unknown to the Hub",
    why="The Hub files a dataset under its task categories; one that it does not know files it nowhere.",
    mend="Choose from the categories at huggingface.co/tasks; put what fits none under tags.",
    fixable=True,
)
TASK_ID = Rule(
    "CA017",
    "warning",
    "a task id is unknown to the Hub",
    why="The Hub finds datasets by their task ids; one that it does not know is never asked for.",
    mend="Choose from the Hub's task ids; put what fits none under tags.",
    fixable=True,
)
TASK_ID_ELSEWHERE = Rule(
    "CA018",
    "warning",
    "a task id belongs to a category that is not declared",
    why="A task id refines a task category: under another one it contradicts what the card says the data is for.",
    mend="Declare the category to which the task id belongs, or remove the task id.",
)
LICENSE = Rule(
    "CA019",
    "error",
    "the licence is unknown to the Hub",
    why=(
        "The Hub reports a metadata error for a licence that it does not know, and a user cannot tell what is allowed."
    ),
    mend=(
        "Choose an id from huggingface.co/docs/hub/repositories-licenses, or `other` with license_name and "
        "license_link."
    ),
    fixable=True,
)
OTHER_LICENSE = Rule(
    "CA020",
    "warning",
    "the licence is `other`, without a name or a link",
    why="`other` alone tells a user nothing about what is allowed.",
    mend=(
        "Add license_name (an id for the licence) and license_link (a URL, or LICENSE for the file of the repository)."
    ),
)
LANGUAGE = Rule(
    "CA021",
    "error",
    "a language is unknown to the Hub",
    why="The Hub takes codes of ISO 639 in lower case alone and refuses a card with any other.",
    mend="Write the code of two letters, or that of three where there is none; regions belong in language_details.",
    fixable=True,
)
SIZE_CATEGORY = Rule(
    "CA022",
    "warning",
    "a size category is unknown to the Hub",
    why="The Hub's size categories count rows, and its filter for size misses a dataset with any other.",
    mend="Choose from n<1K, 1K<n<10K, 10K<n<100K, 100K<n<1M, 1M<n<10M and so on, to n>1T.",
    fixable=True,
)
CREATORS = Rule(
    "CA023",
    "warning",
    "a value about annotators, text or languages is unknown to the Hub",
    why="Tools that select datasets by how they were made know the words of the vocabulary alone.",
    mend="Choose a word of the vocabulary, or `other`.",
    fixable=True,
)
SOURCE_DATASET = Rule(
    "CA024",
    "warning",
    "a source dataset is no name of a dataset",
    why="The Hub finds a source dataset by its name; a sentence or a URL leads nowhere.",
    mend="Write original, or the dataset's name on the Hub; put links and explanations into the text.",
    fixable=True,
)
CONFIG = Rule(
    "CA025",
    "error",
    "a config is not as datasets reads it",
    why="load_dataset raises an error for all configs where one of them has no name or a form that it does not know.",
    mend=(
        "Give each config a config_name and data_files: a pattern, a list of patterns, or a list of split with path."
    ),
)
DEFAULTS = Rule(
    "CA026",
    "error",
    "several configs are the default",
    why="load_dataset raises an error where two configs are the default; one that is called `default` is it already.",
    mend="Leave `default: true` at one config only.",
)
NO_DEFAULT = Rule(
    "CA027",
    "warning",
    "no config is the default",
    why=(
        "Without a default, load_dataset and pandas need the name of a config, and the viewer takes the first "
        "of the alphabet."
    ),
    mend="Write `default: true` at the config that most users want.",
)
SPLIT_NAME = Rule(
    "CA028",
    "error",
    "a split name does not reload",
    why=(
        "datasets takes split names of letters, digits and _ with dots between, each once in a config, and "
        "raises an error else."
    ),
    mend="Rename the split: letters, digits and _, each name once.",
)
DATA_PATH = Rule(
    "CA029",
    "error",
    "a path of data files leaves the repository",
    why=(
        "Paths are relative to the repository and have forward slashes: others load nowhere but on one "
        "machine, if there."
    ),
    mend="Write the path from the root of the repository, with forward slashes.",
)
NO_MATCH = Rule(
    "CA030",
    "error",
    "a pattern of data files matches no file",
    why="load_dataset raises an error where a pattern matches nothing.",
    mend="Correct the pattern, or add the files.",
)
INFO = Rule(
    "CA031",
    "error",
    "dataset_info is not as datasets reads it",
    why=(
        "datasets makes the columns and their types of dataset_info, and raises an error, or ignores it, "
        "where it cannot."
    ),
    mend="Let `datasets` write it (push_to_hub does), or correct what is named.",
)
INFO_CONFIGS = Rule(
    "CA032",
    "warning",
    "configs and dataset_info name different configs",
    why="What dataset_info says of a config is used for the config of the same name alone.",
    mend="Give both the same names, and remove what describes a config that is gone.",
)
INFO_SPLITS = Rule(
    "CA033",
    "error",
    "configs and dataset_info name different splits",
    why=(
        "datasets compares the splits that it finds with those of dataset_info, and raises an error where they differ."
    ),
    mend="Make dataset_info anew from the data, or correct the split's name.",
)
INFO_COUNTS = Rule(
    "CA034",
    "warning",
    "the numbers of dataset_info cannot be right",
    why="The Hub shows these numbers, and datasets plans and proves a download by them.",
    mend="Make dataset_info anew from the data.",
)
INFO_FILES = Rule(
    "CA035",
    "error",
    "dataset_info disagrees with the Parquet files",
    why=(
        "datasets raises an error where the rows or the columns of the files are not those of dataset_info, or where a "
        "column cannot be read as the type that it declares."
    ),
    mend="Make dataset_info anew from the files.",
)
SIZE_AND_COUNTS = Rule(
    "CA036",
    "warning",
    "the size category does not fit the number of rows",
    why="The Hub filters by the size category: a wrong one hides the dataset from those who look for its size.",
    mend="Write the category of the number of rows.",
)
