"""The rules for the text of a dataset card, each with why it matters and how to mend what it finds."""

from __future__ import annotations

from tools.check.findings import Rule

SECTION_MISSING = Rule(
    "CA040",
    "warning",
    "a section that the Hub's card template asks for is missing",
    why="Who decides whether to use a dataset looks for its uses, its making and its limits under their headings, and "
    "takes silence for carelessness.",
    mend="Add the sections, each under a heading that names it, and say in them what is so, even where it is 'none'.",
)
SECTION_EMPTY = Rule(
    "CA041",
    "warning",
    "a heading has nothing below it",
    why="An empty section promises an answer that is not there, and hides that the question is open.",
    mend="Write the section, or take its heading away.",
)
PLACEHOLDER = Rule(
    "CA042",
    "warning",
    "a placeholder was never filled in",
    why="A placeholder looks like a section and tells a reader nothing; checks that look for headings are misled.",
    mend="Put what is known in its place, or say in a sentence that it is not known and why.",
)
MOJIBAKE = Rule(
    "CA043",
    "error",
    "text was decoded with the wrong encoding",
    why="Letters, signs and drawings appear as two or three wrong ones each, and a search for the word finds nothing.",
    mend="Replace it by the text that was meant, and save the card as UTF-8.",
    fixable=True,
)
LINK_EXPIRES = Rule(
    "CA044",
    "error",
    "a link expires or carries the access of one person",
    why="A signed address stops working within hours or days, and one made for a person lends out their access.",
    mend="Link to the permanent address, such as the DOI or the page that the file is linked from.",
)
SECRET = Rule(
    "CA045",
    "error",
    "the card holds a credential",
    why="Whoever reads the card can act as its owner, and what was pushed once stays in the history of the repository.",
    mend="Revoke the credential now, then take it out of the card and of the repository's history.",
)
LINK_BROKEN = Rule(
    "CA046",
    "warning",
    "the target of a link cannot be right",
    why="The link leads nowhere, and a reader cannot find out what was meant.",
    mend="Give the whole address, with https:// before a site and mailto: before a mail address.",
    fixable=True,
)
ANCHOR_UNKNOWN = Rule(
    "CA047",
    "warning",
    "a link leads to a section that the card does not have",
    why="The link does nothing when it is clicked, for no heading of the card makes this anchor.",
    mend="Write the anchor as its heading has it: lower case, hyphens for blanks, no punctuation.",
)
FILE_UNKNOWN = Rule(
    "CA048",
    "warning",
    "a link leads to a file that is not in the folder",
    why="On the Hub a relative link is looked up in the repository, and this one ends at a page that is not found.",
    mend="Add the file, mend its path, or link to where it is published.",
)
LINK_LOCAL = Rule(
    "CA049",
    "error",
    "a link leads to the machine of its author",
    why="Nobody else can open it, and it tells everybody how that machine is laid out.",
    mend="Link to the file in the repository by a relative path, or to where it is published.",
)
IMAGE_PAGE = Rule(
    "CA050",
    "warning",
    "the address of a picture will not last",
    why="Pages that show a file, and drives that share one, do not serve it as a picture to other sites for long.",
    mend="Put the picture into the repository and link to it by a relative path.",
)
REFERENCE_UNKNOWN = Rule(
    "CA051",
    "warning",
    "a reference link has no definition",
    why="Markdown shows the brackets as they stand in place of a link.",
    mend="Define the reference on a line of its own, as in [name]: https://..., or write the address in parentheses.",
)
ALT_MISSING = Rule(
    "CA052",
    "warning",
    "a picture has no alternative text",
    why="Who cannot see the picture, or whose reader does not load it, is not told that it shows anything.",
    mend="Say in a few words what the picture shows, as in ![seven drawn faces](faces.png).",
)
ALT_REPEATED = Rule(
    "CA053",
    "warning",
    "two pictures have the same alternative text",
    why="The text tells apart nothing that the pictures do, and mostly it was copied with the line and forgotten.",
    mend="Say of each picture what it shows and the other does not.",
)
ALT_CONTRADICTS = Rule(
    "CA054",
    "warning",
    "the alternative text of a picture names another class than its caption",
    why="One of the two is wrong, so that a reader is shown one class and told another.",
    mend="Name the class that the picture shows in both.",
)
CODE_JSON = Rule(
    "CA055",
    "warning",
    "a block of JSON does not parse",
    why="Who copies the block gets an error, or settings that differ from those that were used.",
    mend="Mend the block so that a JSON parser takes it, or name the language that it is in.",
)
CODE_PYTHON = Rule(
    "CA056",
    "warning",
    "a block of Python does not parse",
    why="Who copies the block, mostly to load the data, gets a syntax error for a first impression.",
    mend="Mend the block so that Python takes it, or name the language that it is in.",
)
CODE_YAML = Rule(
    "CA057",
    "warning",
    "a block of YAML does not parse",
    why="Who copies the block gets an error, and the same block in a header makes the Hub refuse it.",
    mend="Mend the block so that a YAML parser takes it, or name the language that it is in.",
)
CODE_SHELL = Rule(
    "CA058",
    "warning",
    "a block of shell commands does not parse",
    why="Who copies the block into a terminal gets an error, or a shell that waits for the end of a quotation.",
    mend="Mend the block so that `bash -n` takes it; mark what is no command as text.",
)
CODE_EMPTY = Rule(
    "CA059",
    "warning",
    "a block of code is empty",
    why="The example or citation that is announced is not there.",
    mend="Fill the block in, or take it away with the sentence that announces it.",
)
NAME_TWICE = Rule(
    "CA060",
    "warning",
    "one name is spelt in two ways",
    why="A folder, file or column that is looked up by the wrong spelling is not found, and a reader cannot tell which "
    "is right.",
    mend="Use one spelling; where both are meant, say so on a line that holds both and speaks of the spelling.",
)
ANNOTATORS_DENIED = Rule(
    "CA061",
    "warning",
    "the text describes annotations, the header denies them",
    why="Searches on the Hub use the header, and who reads 'no-annotation' takes the labels for something else.",
    mend="Set annotations_creators to who made the annotations, such as expert-generated or crowdsourced.",
)
LICENCES_DIFFER = Rule(
    "CA062",
    "warning",
    "the text names another licence than the header",
    why="A user cannot tell which of the two holds, and a careful one may not use the data at all.",
    mend="Find out which licence holds, and name that one in both places.",
)
LANGUAGES_DIFFER = Rule(
    "CA063",
    "warning",
    "the text names other languages than the header",
    why="Searches on the Hub use the header, so that the dataset is offered for a language that it does not hold.",
    mend="Name the languages of the data in both places, in the header by their codes.",
)
COUNT_DIFFERS = Rule(
    "CA064",
    "warning",
    "a number in the text disagrees with the counts of the header",
    why="One of the two is out of date, and a reader who counts finds a dataset that is not the one described.",
    mend="Count again, and write the same number in both places.",
)
USES_UNSAID = Rule(
    "CA065",
    "warning",
    "a card for emotion data has no word on prohibited uses",
    why="In the European Union, inferring emotions of people at work or in education is prohibited but for medical or "
    "safety reasons (Regulation (EU) 2024/1689, Article 5(1)(f)), and a user of the data may not know.",
    mend="Say for what the data must not be used, and name Article 5(1)(f) of Regulation (EU) 2024/1689.",
)
CITATION_MISSING = Rule(
    "CA066",
    "warning",
    "the card does not say how to cite the dataset",
    why="Work that used the data cannot name it in a way that others, and its authors, find again.",
    mend="Add a section 'Citation' with a BibTeX entry, or name the paper to cite.",
)
TEXT_LONG = Rule(
    "CA067",
    "warning",
    "the text is longer than what is checked",
    why="What stands behind the limit is not checked, and no reader gets there.",
    mend="Move tables and listings into files of their own, and link to them.",
)
