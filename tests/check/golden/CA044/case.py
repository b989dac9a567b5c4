"""Cards with links that were signed for a time or a person; made here, so that no file of the project holds one."""

from __future__ import annotations

from pathlib import Path

from tools.check.card.check import check_card
from tools.check.findings import Finding

SIGNATURE = "UtbPsezND6w8vbISBiuL"


def found(*links: str) -> list[Finding]:
    """Check a card of some links."""
    return list(check_card("README.md", "\n".join(f"- [link {n}]({link})" for n, link in enumerate(links)).encode()))


def bad(data_dir: Path) -> list[Finding]:
    """Yield what is found of links signed by CloudFront, S3, Azure and Discord, and of those for one person."""
    del data_dir
    return found(
        f"https://d1wq.cloudfront.net/3/paper.pdf?Expires=1678595455&Signature={SIGNATURE}&Key-Pair-Id=APKAJLOHF5GGSLRBV4ZA",
        f"https://vanes.s3.amazonaws.com/a.zip?X-Amz-Date=20230301T000000Z&X-Amz-Expires=3600&X-Amz-Signature={SIGNATURE}",
        f"https://vanes.blob.core.windows.net/a.zip?sv=2022-11-02&se=2023-03-01T00%3A00Z&sig={SIGNATURE}%3D",
        f"https://cdn.discordapp.com/attachments/1/2/vane.png?ex=65f1&is=65f0&hm={SIGNATURE}&",
        f"https://ieeexplore.ieee.org/stamp/stamp.jsp?arnumber=8013713&casa_token={SIGNATURE}&tag=1",
        f"https://private-user-images.githubusercontent.com/1/2.png?jwt={SIGNATURE}",
        f"https://raw.githubusercontent.com/ada/vanes/main/sheet.csv?token={SIGNATURE}",
    )


def good(data_dir: Path) -> list[Finding]:
    """Yield what is found of links with parameters that stay."""
    del data_dir
    return found(
        "https://ieeexplore.ieee.org/stamp/stamp.jsp?arnumber=8013713&tag=1",
        "https://example.org/?signature=ada&q=expires",
        "https://example.org/vanes?token=north&key=7",
        f"https://codecov.io/gh/ada/vanes/branch/main/graph/badge.svg?token={SIGNATURE}",
        "https://example.org/api?access_token=YOUR_TOKEN",
    )
