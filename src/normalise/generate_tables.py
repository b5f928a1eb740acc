#!/usr/bin/env python3
"""Writes tables.rs, the folding and look-alike tables of `normalise`.

    pip install unicodedata2==18.0.0
    python3 src/normalise/generate_tables.py PATH/TO/unicode-security-0.1.3/src/tables.rs > src/normalise/tables.rs

The Unicode Character Database comes from `unicodedata2`, the look-alikes (UTS 39 confusables) from the table of the
crate `unicode-security`; both are Unicode 18.0.0 data under the Unicode Licence v3. What is ours: which marks are
stripped, dashes, quotes, digits, and the small list of sellers' look-alikes that UTS 39 leaves out.
"""

import re
import sys

import unicodedata2 as ucd

BLOCK = 128
INDEXED = 0x30000  # beyond: CJK extensions, private use, tags, told apart in code
WORD, OTHER, UNBOUNDED, STRIP, INVISIBLE, SPACE, COMPOSE, COMPOSE_UNBOUNDED, REPLACE = range(9)

IGNORABLE = [
    (0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C),
    (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F),
    (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
]
WHITE = [0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F,
         0x2800, 0x3000]
# Marks that carry no letter: Latin, Greek and general accents, Cyrillic titlo, Hebrew points, Arabic vowel signs, and
# the Arabic stroke that only stretches a word. Marks of other scripts are letters' parts and stay.
STRIPPED = [
    (0x300, 0x34E), (0x350, 0x36F), (0x483, 0x489), (0x591, 0x5BD), (0x5BF, 0x5BF), (0x5C1, 0x5C2), (0x5C4, 0x5C5),
    (0x5C7, 0x5C7), (0x610, 0x61A), (0x640, 0x640), (0x64B, 0x652), (0x656, 0x65F), (0x670, 0x670), (0x6D6, 0x6DC),
    (0x6DF, 0x6E4), (0x6E7, 0x6E8), (0x6EA, 0x6ED), (0x8CA, 0x8E1), (0x8E3, 0x8FF), (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF), (0x20D0, 0x20F0), (0xA66F, 0xA672), (0xA674, 0xA67D), (0xFE20, 0xFE2F),
]
# Letters of their own, although they decompose: й, ў, ї, ѓ, ќ.
KEPT = {"\u0438\u0306", "\u0443\u0306", "\u0456\u0308", "\u0433\u0301", "\u043a\u0301"}
# Scripts written without spaces, or with endings glued to words: no boundary is asked beside them.
NO_BOUNDARY = [
    (0xE00, 0xEFF), (0xF00, 0xFFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x19E0, 0x19FF),
    (0x1A20, 0x1AAF), (0x2E80, 0x2FDF), (0x3005, 0x3007), (0x3021, 0x303C), (0x3041, 0x318F), (0x31A0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xA960, 0xA97F), (0xA9E0, 0xA9FF), (0xAA60, 0xAADF), (0xAC00, 0xD7FF),
    (0xF900, 0xFAFF), (0x1AFF0, 0x1B16F), (0x20000, 0x2FFFF),
]
QUOTES = {**{q: "'" for q in "\u2018\u2019\u201A\u201B\u2032\u02B9\u02BB\u02BC\u02BD\u00B4\u02C8\u02CA\u02CB"},
          **{q: '"' for q in "\u201C\u201D\u201E\u201F\u2033"}}
DASHES = [*range(0x2010, 0x2016), 0x2043, 0x2212, 0x05BE, 0xFE58, 0x2E3A, 0x2E3B]
# Used by sellers in words of mixed scripts; UTS 39 is stricter about shape or about case.
SELLERS = {
    "в": "b", "г": "r", "з": "e", "и": "u", "к": "k", "м": "m", "н": "h", "п": "n", "т": "t", "ц": "u", "ш": "w",
    "я": "r", "ь": "b", "ч": "y", "α": "a", "β": "b", "ε": "e", "η": "n", "ι": "i", "κ": "k", "μ": "u", "ν": "v",
    "π": "n", "τ": "t", "υ": "u", "χ": "x", "ω": "w", "ß": "b", "ø": "o", "ł": "i", "đ": "d", "ħ": "h", "ŧ": "t",
    "ƒ": "f", "ı": "i", "€": "e", "£": "i", "¥": "y", "¢": "c", "ɑ": "a", "ɛ": "e", "ɩ": "i", "ʟ": "i",
}
# Letters of these scripts are not written into Latin words; taking them would only make false look-alikes.
FOREIGN = [(0x590, 0x109F), (0x10A0, 0x139F), (0x1700, 0x1C7F), (0x1CC0, 0x1CFF), (0x2E80, 0xA4CF), (0xA800, 0xAB2F),
           (0xAC00, 0xFEFF), (0xFFA0, 0xFFDF), (0x10000, 0x1D3FF), (0x1E000, 0x2FFFF)]


def within(code, ranges):
    return any(first <= code <= last for first, last in ranges)


def strip_marks(text):
    kept = []
    for letter in text:
        if not within(ord(letter), STRIPPED):
            kept.append(letter)
        elif kept and kept[-1] + letter in KEPT:
            kept.append(letter)
        elif 0x653 <= ord(letter) <= 0x655 and kept and kept[-1] == "\u0627":
            pass
    return "".join(kept)


def fold_once(text):
    text = "".join(letter.casefold() if letter != "\u0130" else "i" for letter in text)
    text = text.replace("\u0131", "i").replace("\u03c2", "\u03c3")
    text = strip_marks(ucd.normalize("NFKD", text))
    text = text.replace("\u0627\u0653", "\u0627").replace("\u0627\u0654", "\u0627").replace("\u0627\u0655", "\u0627")
    out = []
    for letter in ucd.normalize("NFC", text):
        code = ord(letter)
        if within(code, IGNORABLE) or within(code, STRIPPED):
            if letter + "" not in "\u0306\u0308\u0301":
                continue
        if code in WHITE:
            letter = " "
        elif code in DASHES:
            letter = "-"
        elif letter in QUOTES:
            letter = QUOTES[letter]
        elif ucd.category(letter) == "Nd":
            letter = str(ucd.decimal(letter))
        out.append(letter)
    return "".join(out)


def fold(letter):
    code = ord(letter)
    if 0x1F150 <= code <= 0x1F169:  # negative circled and squared letters have no decomposition
        return chr(code - 0x1F150 + 97)
    if 0x1F170 <= code <= 0x1F189:
        return chr(code - 0x1F170 + 97)
    if letter in QUOTES:
        return QUOTES[letter]
    text, before = fold_once(letter), None
    while text != before:
        before, text = text, fold_once(text)
    return text


def second_of_compositions():
    seconds = set()
    for code in range(0x110000):
        parts = ucd.decomposition(chr(code))
        if parts and not parts.startswith("<") and " " in parts:
            if ucd.normalize("NFC", ucd.normalize("NFD", chr(code))) == chr(code):
                seconds.add(int(parts.split()[1], 16))
    return seconds | set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))


def codes():
    seconds = second_of_compositions()
    table, replacements = [], {}
    for code in range(INDEXED):
        letter = chr(code)
        if 0xD800 <= code <= 0xDFFF:
            table.append(OTHER)
            continue
        category = ucd.category(letter)
        word = category[0] in "LNM"
        unbounded = within(code, NO_BOUNDARY) and word
        composes = code in seconds or ucd.combining(letter) != 0
        if code in WHITE:
            table.append(SPACE)
        elif within(code, IGNORABLE):
            table.append(INVISIBLE)
        elif within(code, STRIPPED):
            table.append(STRIP)
        else:
            text = fold(letter)
            if text == "":
                table.append(STRIP)
            elif text.strip() == "":
                table.append(SPACE)
            elif text != letter:
                replacements.setdefault(text, []).append(code)
                table.append(text)
            elif composes:
                table.append(COMPOSE_UNBOUNDED if unbounded else COMPOSE)
            elif word:
                table.append(UNBOUNDED if unbounded else WORD)
            else:
                table.append(OTHER)
    plain = lambda text: all(table[ord(l)] in (WORD, OTHER, UNBOUNDED) and l not in " ;>" for l in text)
    ordered = sorted((t for t in replacements if plain(t)), key=lambda t: (len(t), t))
    staged = sorted((t for t in replacements if not plain(t)), key=lambda t: (len(t), t))
    number = {text: REPLACE + i for i, text in enumerate(ordered + staged)}
    return [number[c] if isinstance(c, str) else c for c in table], ordered + staged, REPLACE + len(ordered)


def look_alikes(path):
    source = open(path, encoding="utf-8").read()
    source = source[source.index("const CONFUSABLES: &'static [(char, &'static [char])]"):]
    source = source[:source.index("];")]
    prototypes = {}
    for one, many in re.findall(r"\('\\u\{([0-9a-f]+)\}',\s*&\[([^\]]*)\]\)", source):
        prototypes[chr(int(one, 16))] = "".join(chr(int(p, 16)) for p in re.findall(r"\{([0-9a-f]+)\}", many))
    found = {}
    for letter, prototype in prototypes.items():
        if ord(letter) < 128 or not ucd.category(letter)[0] in "LNS" or within(ord(letter), FOREIGN):
            continue
        exact = len(prototype) == 1 or prototype == "rn"
        bare = "m" if prototype == "rn" else strip_marks(prototype)
        if len(bare) != 1:
            continue
        if not bare.isascii():
            exact = False
            name = re.fullmatch(r"LATIN LETTER SMALL CAPITAL ([A-Z])|LATIN SMALL LETTER (KRA)", ucd.name(bare, ""))
            if not name:
                continue
            bare = (name.group(1) or "k").lower()
        # A look-alike of a digit reads as the letter the digit stands for.
        bare = bare.lower().translate(str.maketrans("01l2345689", "oiizeasbbg"))
        if bare.isascii() and bare.isalnum() and fold(letter) != bare:
            if exact is False and not bare.isalpha():
                continue
            found[letter] = (bare, exact and ucd.category(letter)[0] == "L")
    for code in range(0x250, 0x1DC0):
        name = re.fullmatch(r"LATIN LETTER SMALL CAPITAL ([A-Z])", ucd.name(chr(code), ""))
        if name:
            found.setdefault(chr(code), (name.group(1).lower().replace("l", "i"), True))
    for letter, target in SELLERS.items():
        found.setdefault(letter, (target, False))
    # The matcher asks with a letter's own case first and with the folded letter after it.
    for letter in list(found):
        lower = fold(letter)
        if len(lower) == 1 and lower != letter and not lower.isascii():
            found.setdefault(lower, (found[letter][0], False))
    return sorted((ord(l), t, e) for l, (t, e) in found.items() if not (fold(l).isascii() and fold(l).isalnum()))


def main():
    table, replacements, staged = codes()
    blocks, index = [], []
    for start in range(0, INDEXED, BLOCK):
        block = table[start:start + BLOCK]
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    pool, spans = "", []
    for text in replacements:
        at = pool.find(text)
        if at < 0:
            at, pool = len(pool), pool + text
        spans.append((len(pool[:at].encode()), len(text.encode())))
    out = []
    out.append("// @generated by generate_tables.py, which names the sources. Unicode 18.0.0 data files (Unicode Character")
    out.append("// Database, UTS 39 confusables), copyright Unicode, Inc., Unicode Licence v3 (https://www.unicode.org/license.txt).")
    out.append("")
    out.append("/// First code that stands for a replacement; number `code - REPLACE` in [`SPANS`].")
    out.append(f"pub(super) const REPLACE: u16 = {REPLACE};")
    out.append("/// From this code on a replacement's letters must be folded in turn: one of them may join what stands before.")
    out.append(f"pub(super) const STAGED: u16 = {staged};")
    out.append("/// Code points from here on are not in [`INDEX`].")
    out.append(f"pub(super) const INDEXED: u32 = {INDEXED:#x};")
    out.append("")
    out.append("/// Code point / 128 → row of [`BLOCKS`].")
    out.append("#[rustfmt::skip]")
    out.append(f"pub(super) static INDEX: [u8; {len(index)}] = [")
    assert len(blocks) <= 256, len(blocks)
    for i in range(0, len(index), 64):
        out.append("    " + ",".join(str(n) for n in index[i:i + 64]) + ",")
    out.append("];")
    out.append("")
    out.append("/// What to do with a code point.")
    out.append("#[rustfmt::skip]")
    out.append(f"pub(super) static BLOCKS: [[u16; {BLOCK}]; {len(blocks)}] = [")
    for block in blocks:
        out.append("    [" + ",".join(str(n) for n in block) + "],")
    out.append("];")
    out.append("")
    out.append("/// Start and length in [`POOL`].")
    out.append("#[rustfmt::skip]")
    out.append(f"pub(super) static SPANS: [(u16, u8); {len(spans)}] = [")
    for i in range(0, len(spans), 64):
        out.append("    " + ",".join(f"({a},{n})" for a, n in spans[i:i + 64]) + ",")
    out.append("];")
    out.append("")
    out.append("/// Replacements, one after the other.")
    out.append('pub(super) static POOL: &str = "\\')
    line = ""
    for letter in pool:
        line += f"\\u{{{ord(letter):x}}}"
        if len(line) > 900:
            out.append(line + "\\")
            line = ""
    out.append(line + '";')
    out.append("")
    alikes = look_alikes(sys.argv[1])
    out.append("/// Look-alikes of Latin letters: code point, letter (`l` is written `i`, the two look the same), and whether")
    out.append("/// the shape is close enough for a word of nothing but look-alikes.")
    out.append("#[rustfmt::skip]")
    out.append(f"pub(super) static LOOK_ALIKES: [(u32, u8, bool); {len(alikes)}] = [")
    for i in range(0, len(alikes), 16):
        out.append("    " + ",".join(f"({c:#x},b'{t}',{str(e).lower()})" for c, t, e in alikes[i:i + 16]) + ",")
    out.append("];")
    print("\n".join(out))


main()
