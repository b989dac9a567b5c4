"""The rules for the sheet, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

SHEET_MISSING = Rule(
    "SH001",
    "error",
    "the data directory holds no sheet",
    why="The labels, the splits and the recipe of each image are in the sheet: without it, no config can be built.",
    mend="Put dataset_sheet.csv or dataset_sheet.parquet beside the folders of images, with a row for each image.",
)
SHEET_TWICE = Rule(
    "SH002",
    "error",
    "the data directory holds two sheets",
    why="Nothing says which of the two is true, and a mend in the one leaves the other as it was.",
    mend="Keep the sheet that is right, and move the other out of the data directory.",
)
SHEET_UNREADABLE = Rule(
    "SH003",
    "error",
    "the sheet cannot be read",
    why="A sheet that is no CSV in UTF-8, or no whole Parquet file, gives no row at all.",
    mend="Save the sheet as 'CSV UTF-8 (comma delimited)', or write the Parquet file again.",
)
RAGGED_ROW = Rule(
    "SH004",
    "error",
    "a row has more or fewer cells than the header",
    why="From the missing or extra cell on, every value of the row stands in the wrong column.",
    mend="Put a cell that holds a comma, a quote or a line break into double quotes.",
)
COLUMN_MISSING = Rule(
    "SH005",
    "error",
    "a required column is missing",
    why="No image can be published without its path, its label, and its valence and arousal.",
    mend="Add the column, or rename the one that holds it.",
)
COLUMN_TWICE = Rule(
    "SH006",
    "error",
    "two columns have one name",
    why="Which of the two is read differs from reader to reader.",
    mend="Remove one of the columns, or rename it.",
)
COLUMN_TYPE = Rule(
    "SH007",
    "error",
    "a column holds a type that the dataset cannot publish",
    why="A Parquet column of lists or records cannot become the text or the number that the config publishes.",
    mend="Write the column as text or as numbers, as the sheet's JSON Schema says.",
)
NO_ROWS = Rule(
    "SH008",
    "error",
    "the sheet has no row for a size",
    why="A config takes the rows whose path begins with its folder: with none of them it would be empty.",
    mend="Add the rows of its images, or mend the folder in their paths.",
)
PATH_UNSAFE = Rule(
    "SH009",
    "error",
    "a path is empty, leaves the data directory or is not in plain form",
    why="A path that leads elsewhere would publish a file of the maintainer's machine; '..', '\\' and drive letters "
    "mean other files on other systems.",
    mend="Write the path below the data directory, with '/' between plain names.",
)
PATH_SHAPE = Rule(
    "SH010",
    "error",
    "a path is not <folder of originals>/<emotion>/<file>",
    why="The folder says the size of an image and its label; a row that names another place belongs to no config.",
    mend="Write the path of the original as the data directory has it; its crop has the same names.",
)
PATH_TWICE = Rule(
    "SH011",
    "error",
    "two rows have one path",
    why="The image would be published twice, perhaps with two labels or in two splits.",
    mend="Remove the row that is wrong or superfluous.",
)
ID_TWICE = Rule(
    "SH012",
    "error",
    "two images of a config have one id",
    why="People join their own results with the dataset by image_id, which is the file's name without its ending.",
    mend="Rename one of the files and its crop, and mend the row.",
)
FILE_MISSING = Rule(
    "SH013",
    "error",
    "the file of a row is missing",
    why="A row without its image cannot be published, and building the config stops at it.",
    mend="Bring back the file, mend the path, or remove the row.",
)
LABEL_UNKNOWN = Rule(
    "SH014",
    "error",
    "a label is none of the seven",
    why="The labels are a closed list with fixed indices: another word, another case or a space is no label.",
    mend="Write one of neutral, happy, sad, surprise, fear, disgust and angry.",
    fixable=True,
)
FOLDER_LABEL = Rule(
    "SH015",
    "error",
    "the folder of an image disagrees with its label",
    why="People who load the folders by themselves get another label than those who load the sheet.",
    mend="Look at the image, then mend the label or move the file.",
)
NAME_LABEL = Rule(
    "SH016",
    "error",
    "the label index in a file name disagrees with the label",
    why="The published file names carry the index of their label, and code that trains on files reads it there.",
    mend="Look at the image, then mend the label or rename the file and its crop.",
)
AFFECT_RANGE = Rule(
    "SH017",
    "error",
    "valence or arousal is not a number from -1 to 1",
    why="Both are published for each image, on the scale from -1 to 1; a value beyond it or none spoils every mean.",
    mend="Bring the value to the scale, or annotate the image.",
)
CELL_TYPE = Rule(
    "SH018",
    "error",
    "a cell cannot be read as the type of its column",
    why="A column is published in one type; one cell that is not of it keeps the whole config from being built.",
    mend="Mend the cell, or leave it empty where the value is unknown.",
)
SPLIT_UNKNOWN = Rule(
    "SH019",
    "error",
    "a split is none of train, validation and test",
    why="A row of any other split would be in no split of the published dataset.",
    mend="Write train, validation or test, or remove the column to have all rows in train.",
    fixable=True,
)
SHA256_FORM = Rule(
    "SH020",
    "error",
    "a SHA-256 is not 64 hexadecimal digits",
    why="A checksum that was cut or is of another kind proves nothing, and the image would count as damaged.",
    mend="Write what sha256sum prints for the file, or leave the cell empty.",
)
SHA256_DIFFERS = Rule(
    "SH021",
    "error",
    "the bytes of an image are not those that the sheet records",
    why="The file was changed or damaged after the sheet was written: its label may be that of another picture.",
    mend="Bring back the file that the sheet means, or record the new SHA-256 if the change was meant.",
)
NUMBER_RANGE = Rule(
    "SH022",
    "error",
    "a number of the recipe or a score is outside its range",
    why="No program makes an image with such a number: it stands in the wrong column, or on another scale.",
    mend="Mend the number, or leave the cell empty where the value is unknown.",
)

# --- the form of the file -------------------------------------------------------------------------------------------
COLUMN_NEAR = Rule(
    "SH030",
    "warning",
    "the name of a column is nearly that of one that is read",
    why="A column whose name is misspelt counts as the maintainer's own, and its values are not published.",
    mend="Rename the column to the one that is meant.",
    fixable=True,
)
BYTE_ORDER_MARK = Rule(
    "SH031",
    "warning",
    "the sheet begins with a byte-order mark",
    why="Readers that expect plain UTF-8 take the mark for a part of the first column's name, and miss the column.",
    mend="Save the sheet as UTF-8 without a byte-order mark.",
    fixable=True,
)
LINE_ENDS = Rule(
    "SH032",
    "warning",
    "lines of the sheet end in more than one way, or in CR alone",
    why="Some readers take a lone CR for text or the CR of CR LF for a part of the last cell, and rows run together.",
    mend="End every line in LF, or every line in CR LF.",
    fixable=True,
)
NO_LAST_LINE_END = Rule(
    "SH033",
    "warning",
    "the last line of the sheet has no line end",
    why="The last row is lost on tools that go by lines, and a row that is appended runs into it; a sheet that was cut "
    "short looks like this, too.",
    mend="See whether the last row is whole, and end its line.",
    fixable=True,
)
NUL_BYTE = Rule(
    "SH034",
    "error",
    "the sheet holds a NUL byte",
    why="Python's csv before 3.11 refuses such a file, readers written in C end the cell there, and git takes it for "
    "binary.",
    mend="Find out what wrote the byte, and write the sheet anew without it.",
)
OPEN_QUOTE = Rule(
    "SH035",
    "error",
    "the last cell of the sheet begins with a quote that is never closed",
    why="Every row behind the quote becomes text of that one cell, and its image is silently missing from the dataset.",
    mend="Close the quote where the cell ends, and double each quote within a cell.",
)

# --- text in cells --------------------------------------------------------------------------------------------------
MOJIBAKE = Rule(
    "SH036",
    "warning",
    "a cell holds text that was decoded with the wrong encoding",
    why="Letters that were lost on the way make a prompt another prompt: the picture cannot be made again from it.",
    mend="Bring the text back from where it came, and read it there as UTF-8.",
)
PATH_NOT_NFC = Rule(
    "SH037",
    "warning",
    "a path is not in Unicode's composed form (NFC)",
    why="macOS hands out names in another form than Linux and Windows, so that the same name does not find the file.",
    mend="Rename the file to the composed form, or better to plain Latin letters, and write the path so.",
)
INVISIBLE = Rule(
    "SH038",
    "warning",
    "a cell holds a character that nobody sees",
    why="A no-break or zero-width space makes two texts differ that look alike, so that filters and joins miss rows.",
    mend="Write a plain space in its place, or nothing.",
)
CELL_PADDED = Rule(
    "SH039",
    "warning",
    "a cell has white space around its text",
    why="Readers keep the white space, so that ' white' and 'white' become two groups in every count.",
    mend="Remove the white space before and behind the text.",
    fixable=True,
)
FORMULA = Rule(
    "SH040",
    "error",
    "a cell would be run by a spreadsheet as a formula",
    why="A spreadsheet that opens the sheet runs text that begins with =, +, -, @ or a tab, on the machine of whoever "
    "opened it (CWE-1236, what OWASP calls CSV injection).",
    mend="Begin the cell with another character.",
)

# --- the recipe, the face box, the splits ---------------------------------------------------------------------------
PROMPT_DISAGREES = Rule(
    "SH041",
    "warning",
    "the prompt asks for another emotion, race, age or gender than the row says",
    why="A picture is likely to show what its prompt asked for: a row that says otherwise has a wrong label, or the "
    "prompt of another picture.",
    mend="Look at the image, then mend the column or the prompt.",
)
LEAK = Rule(
    "SH042",
    "error",
    "one prompt and seed stand in two splits",
    why="The same noise under the same prompt gives the same or nearly the same face: a model would be tested on what "
    "it was trained on.",
    mend="Put all rows of one prompt and seed into one split.",
)
SAME_RECIPE = Rule(
    "SH043",
    "warning",
    "two rows of a split have one and the same recipe",
    why="The same prompt, seed, model and settings give the same picture, which then counts twice.",
    mend="Remove one of the rows, or record in what the two pictures differ.",
)
SEED_RANDOM = Rule(
    "SH044",
    "warning",
    "a seed is negative",
    why="The Stable Diffusion web UI takes -1 for 'any seed': the picture cannot be made again from it.",
    mend="Write the seed that was drawn (the picture's own text chunk has it), or leave the cell empty.",
)
BOX_EXTENT = Rule(
    "SH045",
    "error",
    "a face box has no extent, or begins outside the picture",
    why="A crop by such a box is empty or impossible, and code that draws or crops by it fails.",
    mend="Write x and y from 0 and a width and a height above 0, in pixels of the original, or leave the cell empty.",
)
SPLIT_MISSING = Rule(
    "SH046",
    "warning",
    "a size has rows in some splits, but none in another",
    why="Code that loads all three splits fails on the one that is not there.",
    mend="Give each of train, validation and test a share of the rows.",
)
SPLIT_LACKS_LABEL = Rule(
    "SH047",
    "warning",
    "a split has no image of a label",
    why="Scores of that label cannot be computed on the split, and means over the labels are off.",
    mend="Draw the splits within each label.",
)
TRAIN_SMALLER = Rule(
    "SH048",
    "warning",
    "validation or test has more rows than train",
    why="Splits that were mixed up look like this, and a model is then trained on the few and tested on the many.",
    mend="See whether the names of the splits were exchanged.",
)

# --- valence and arousal --------------------------------------------------------------------------------------------
AFFECT_LABEL = Rule(
    "SH049",
    "warning",
    "valence or arousal contradicts the label",
    why="On the circumplex of affect (Russell 1980) each label has its side: a happy face of clearly negative valence "
    "has a wrong label, a lost sign, or another row's numbers.",
    mend="Look at the image, then mend the label or the numbers.",
)
AFFECT_RADIUS = Rule(
    "SH050",
    "warning",
    "valence and arousal together lie outside the circle of radius 1",
    why="The circumplex is a disc: a corner of the square is no place on it, which hints at numbers of another scale.",
    mend="Bring both to a scale on which sqrt(valence**2 + arousal**2) is at most 1.",
)
NOT_RATED = Rule(
    "SH051",
    "error",
    "valence or arousal is -2, AffectNet's word for 'not rated'",
    why="AffectNet writes -2 where an image has no rating; taken for a number it is out of range and spoils each mean.",
    mend="Rate the image, or remove its row.",
)
