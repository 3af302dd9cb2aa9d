"""Documents as text: what stands in backticks, and the command lines in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def text_of(name):
    return (ROOT / name).read_text(encoding="utf-8")


def inline_code(text):
    """Return what stands between single backticks, outside code blocks."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    return re.findall(r"`([^`\n]+)`", text)


def command_lines(text):
    """Return the command lines of a document: those in indented or fenced blocks and those in backticks."""
    blocks = re.findall(r"^(?: {4}|)((?:python3? |\.venv/bin/|flask ).*)$", text, flags=re.M)
    inline = [code for code in inline_code(text) if re.match(r"(python3? |\.venv/bin/\w|flask )", code)]
    lines = [line.partition("  #")[0].strip() for line in blocks] + inline
    return [part.strip() for line in lines for part in line.split("&&")]
