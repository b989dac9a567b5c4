"""The rules for EmoNet annotations, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

ANNOTATIONS_UNREADABLE = Rule(
    "AN001",
    "error",
    "the annotations are missing or cannot be read",
    why="Without its annotations a config of EmoNet-Face cannot be built at all.",
    mend="Put the annotations there as upstream ships them: one CSV with its columns, or a folder of JSON files.",
)
ANNOTATION_WRONG = Rule(
    "AN002",
    "error",
    "an annotation cannot be read",
    why="The builder stops at an annotation that it cannot read, so that nothing of the config is published.",
    mend="Mend the annotation where it stands, or remove it.",
)
ANNOTATED_IMAGE = Rule(
    "AN003",
    "error",
    "the image of an annotation is missing, ambiguous or unsafe",
    why="An annotation without its image is of no use, and one with two may go to the wrong face.",
    mend="Bring the image, mend its name in the annotation, or remove the annotation.",
)
NOT_ANNOTATED = Rule(
    "AN004",
    "warning",
    "an image has no annotation, so it is not published",
    why="The configs hold annotated images only, and an image that is silently left out may be missed later.",
    mend="Bring the annotation of the image, or remove the image.",
)
SIDE_FILE = Rule(
    "AN005",
    "error",
    "the side file with prompts and demographics cannot be read",
    why="The prompts and demographics of a config are read from it, and the builder stops at what it cannot read.",
    mend="Save it as CSV in UTF-8 or as Parquet, with a file_name in each row and ages as whole numbers.",
)
NO_ANNOTATIONS = Rule(
    "AN006",
    "error",
    "a config holds no annotation",
    why="A config without a row cannot be published, and its users would get an error.",
    mend="Put the annotations there as upstream ships them.",
)
SAME_ID = Rule(
    "AN007",
    "error",
    "two annotated images have one id",
    why="Rows are told apart by image_id, which is the file name without folder and ending.",
    mend="Rename one of the images, and name it so in its annotations.",
)
CATEGORY_ALIAS = Rule(
    "AN008",
    "warning",
    "a category is not in the taxonomy and is read as another one",
    why=(
        "The taxonomy of EmoNet-Face has 40 categories. The builder reads an alias as the category that is meant, but "
        "whoever reads the file itself finds a category that the guide does not have, and misses one that it has."
    ),
    mend="Name the category as the taxonomy does, or leave it as upstream has it and say so in the card.",
)
CATEGORY_UNKNOWN = Rule(
    "AN009",
    "error",
    "a category is not in the taxonomy",
    why="The builder stops at a category that is none of the 40 of the taxonomy, for it has no label to give.",
    mend="Write the category as the taxonomy has it, or remove its annotations.",
)
OFF_SCALE = Rule(
    "AN010",
    "error",
    "a rating is not a number from 0 to 7",
    why="Experts rate each emotion from 0 (absent) to 7 (very strong); another number would shift every mean.",
    mend="Mend the rating, or remove the annotation.",
)
JUDGED_TWICE = Rule(
    "AN011",
    "warning",
    "an annotator judges one thing twice",
    why="Whoever is counted twice outvotes the others: majorities, means and agreement come out wrong.",
    mend="Keep one of the annotations.",
)
CONTRADICTS_ITSELF = Rule(
    "AN012",
    "error",
    "an annotator contradicts what the same annotator said",
    why="Nobody can say which of the two judgements was meant, and both would be published side by side.",
    mend="Keep the judgement that is meant, or remove both.",
)
NOT_FOUR = Rule(
    "AN013",
    "warning",
    "an image of EmoNet-Face HQ does not have four annotators",
    why="Upstream says that four experts rated each image; with more or fewer, means have another weight.",
    mend="Bring the annotations that are missing, or remove those that are too many.",
)
MORE_THAN_THREE = Rule(
    "AN014",
    "warning",
    "an emotion of an image of EmoNet-Face Binary is judged more than three times",
    why="Upstream says that up to three experts confirm an emotion; a fourth judgement hints at files put together.",
    mend="Remove the judgements that are too many.",
)
DEMOGRAPHICS = Rule(
    "AN015",
    "warning",
    "an ethnicity, gender or age is not among those that upstream publishes",
    why=(
        "Images were generated for 14 ethnicities, three genders and ages from 20 to 80; a value beside them splits a "
        "group in two, so that whoever measures bias by group measures something else."
    ),
    mend="Write the value as upstream does, or leave the cell empty where it is not known.",
)
DISPUTED = Rule(
    "AN016",
    "warning",
    "annotators of EmoNet-Face Binary contradict each other",
    why=(
        "What one annotator sees and another does not has no true label: a class in which that is frequent is doubtful "
        "for training as for testing."
    ),
    mend=(
        "Leave the judgements, for people do disagree; see in the table of agreement which emotions are disputed most, "
        "and say so in the card."
    ),
)
