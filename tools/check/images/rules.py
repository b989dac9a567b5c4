"""The rules for raw folders and the images in them, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

# --- what is there --------------------------------------------------------------------------------------------------

FOLDER_MISSING = Rule(
    "IM001",
    "error",
    "a config has no data here",
    why="A config that is asked for and has no folder would be published empty, or not at all.",
    mend="Put its folder, or the zip of the same name, into the data directory, or leave the config out.",
)
FOLDER_TWICE = Rule(
    "IM002",
    "error",
    "a config has its data here more than once",
    why="Of two folders for one config nobody can know which is meant, and they seldom hold the same files.",
    mend="Keep one of them in the data directory and move the other away.",
)
FOLDER_UNREADABLE = Rule(
    "IM003",
    "error",
    "a raw folder or zip cannot be read",
    why="What cannot be listed cannot be published, and a link that leaves the data directory is not followed.",
    mend="Put a folder of images, or a zip that opens, in its place, and give yourself the right to read it.",
)
FOLDER_EMPTY = Rule(
    "IM004",
    "error",
    "a raw folder or zip holds no image",
    why="A config without images is a mistake of a path or of a copy, and loads as an error.",
    mend="Put the images there, each in the folder of its emotion.",
)
ENTRY_UNSAFE = Rule(
    "IM005",
    "error",
    "an entry of a raw folder or zip is unsafe",
    why="A link, a pipe or a name that leaves its folder makes a reader hang, or publishes a file that nobody meant.",
    mend="Put a plain file with a plain name in its place, or remove it; give yourself the right to read a folder.",
)
NO_ROW = Rule(
    "IM006",
    "error",
    "an image has no row in the sheet",
    why="Without a row an image has no label, and the dataset is built without it, which nobody notices.",
    mend="Write its row into the sheet, or remove the file.",
)
NO_IMAGE = Rule(
    "IM007",
    "error",
    "a file is no image and has no row",
    why="A file that is no image is not published, so that what it holds is lost to the users of the data.",
    mend="Remove the file, or keep it outside the raw folders.",
)

# --- whether it can be read -----------------------------------------------------------------------------------------

IMAGE_BROKEN = Rule(
    "IM008",
    "error",
    "an image is not whole",
    why="An image that is cut off or damaged stops a training run in the middle of an epoch, months after it was made.",
    mend="Copy or generate the image again.",
)
FILE_UNREADABLE = Rule(
    "IM009",
    "error",
    "the bytes of a file cannot be read",
    why="A file that is listed and cannot be read, or changes while it is read, would be published as something else.",
    mend="Copy the file again and give yourself the right to read it, or remove it with its row.",
)
BOMB = Rule(
    "IM010",
    "error",
    "an image unpacks to far more than it should",
    why="A few bytes that unpack to gigabytes take down whoever opens them, and Pillow refuses to.",
    mend="Make the picture smaller, or take out the chunk; if nobody made it so large on purpose, do not publish it.",
)
TRAILING = Rule(
    "IM011",
    "warning",
    "bytes follow the end of an image",
    why="No decoder reads them, but they are published with the image and may hold anything, from litter to a secret.",
    mend="Look at what they are, then copy or generate the image again without them.",
)
EXTENSION = Rule(
    "IM012",
    "warning",
    "the ending of a file is that of another format",
    why="Tools that go by the name choose the wrong decoder, and fail or skip the image.",
    mend="Name the file, and its row, after the format of its bytes.",
)
ANIMATED = Rule(
    "IM013",
    "warning",
    "an image has more than one frame",
    why="Loaders take the first frame and drop the others without a word.",
    mend="Save the frame that is meant as an image of its own.",
)

# --- whether it is like the others ----------------------------------------------------------------------------------

MODE = Rule(
    "IM014",
    "warning",
    "the pixels are neither RGB nor grey of 8 bits",
    why="Palettes, CMYK, 1 and 16 bits give arrays of another shape or range than the other images.",
    mend="Generate or save the image as RGB with 8 bits a channel.",
)
ALPHA = Rule(
    "IM015",
    "warning",
    "an image has transparency",
    why="A fourth channel breaks the batches of a loader, and tools disagree on the colour of what is transparent.",
    mend="Generate or save the image without an alpha channel.",
)
SIZE = Rule(
    "IM016",
    "warning",
    "an original is not as large as the others of its config",
    why="All originals come from one recipe (512 x 512 in the published one); another size is of another origin.",
    mend="Generate the image with the size of the others, or see whether it belongs here.",
)
CROP_SHAPE = Rule(
    "IM017",
    "warning",
    "a crop is not square",
    why="Models take square faces: what is not square is squeezed, and a squeezed face has another expression.",
    mend="Crop the face again, with a square box.",
)
ONE_COLOUR = Rule(
    "IM018",
    "warning",
    "an image is all of one colour",
    why=(
        "A generator whose safety filter or memory gave out writes a black picture and goes on. Found by the default "
        "depth, but for a palette that holds its colour twice, which --deep finds; --quick sees no pixels."
    ),
    mend="Generate the image again, or remove it with its row.",
)

# --- what it says of itself -----------------------------------------------------------------------------------------

ORIENTATION = Rule(
    "IM019",
    "warning",
    "EXIF data rotate the image",
    why="Some loaders obey the EXIF orientation and some do not: faces lie on their side, and boxes miss them.",
    mend="Turn the pixels themselves and remove the EXIF orientation.",
)
POSITION = Rule(
    "IM020",
    "error",
    "metadata say where an image was taken",
    why="A position on the map tells where a person was, and a generated picture has none: this is a photograph.",
    mend="See whether the image belongs here; if it does, remove its metadata before it is published.",
)
MAKER = Rule(
    "IM021",
    "warning",
    "metadata name a camera or its owner",
    why="Serial numbers, owners and makers' notes identify people, and a generated picture has none.",
    mend="See whether the image belongs here; if it does, remove its metadata before it is published.",
)
RECIPE = Rule(
    "IM022",
    "error",
    "the recipe in an image disagrees with the sheet",
    why="The generator wrote prompt, seed and settings into the file; with others the image cannot be made again.",
    mend="Mend the row, or bring back the image that belongs to it.",
)
FACE_BOX = Rule(
    "IM023",
    "error",
    "a face box reaches out of its picture",
    why="Whoever crops by such a box gets an error, or black borders in place of a face.",
    mend="Find the face again, and write its box as 'x y width height' in pixels of the original.",
)

# --- one image and the others ---------------------------------------------------------------------------------------

NO_CROP = Rule(
    "IM024",
    "error",
    "an original has no crop",
    why="The two variants of a size are one set of images: people compare results on both.",
    mend="Crop the original, or remove it.",
)
NO_ORIGINAL = Rule(
    "IM025",
    "error",
    "a crop has no original",
    why="The two variants of a size are one set of images: people compare results on both.",
    mend="Bring back the original, or remove the crop.",
)
ROWS_ONLY = Rule(
    "IM026",
    "warning",
    "the sheet has rows of a size that has no folder here",
    why="These rows are passed over, so that a size may go unpublished because its folder has another name.",
    mend="Bring the folder of originals or its zip, or check on; nothing else is known of these rows.",
)
SAME_IN_SPLIT = Rule(
    "IM027",
    "warning",
    "two files of a split have the same bytes",
    why="An image that is there twice counts twice, and if its two rows have two labels, one of them is wrong.",
    mend="Remove one of the files with its row.",
)
SAME_ACROSS_SPLITS = Rule(
    "IM028",
    "error",
    "two files of different splits have the same bytes",
    why="A model that is tested on what it was trained with looks better than it is.",
    mend="Remove one of the files with its row, or put both into one split.",
)
ALIKE = Rule(
    "IM029",
    "warning",
    "two images look the same",
    why=(
        "A copy that was scaled, brightened or saved again is still a copy, in one split as across two. "
        "Only --deep looks for it, for it takes the pixels of every image."
    ),
    mend="Look at both, and remove one with its row if they are one picture.",
)
NOT_COMPARED = Rule(
    "IM030",
    "warning",
    "near duplicates were not looked for, or not all of them",
    why="Without the library scipy, or among too many pictures of one kind, a near duplicate may not be found.",
    mend="Install the library, pip install scipy, or look at a sample of the pictures yourself.",
)
