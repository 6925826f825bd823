/**
 * Finds where the `<img>`, `<image>` and `<base>` tags of a page stand, without reading the rest of it closer than needed to
 * know what is a tag: comments, scripts, quoted attributes and the like. It follows the tokenizer of htmlparser2; where
 * following it would take more than this, it says so and the whole page goes to htmlparser2.
 */
import { find, maskOf } from './bytes';
import { endsName, GT, isLetter, isSelfClosing, skipAttributes, skipOrdinaryTag, SLASH } from './html-attributes';
import { MAX_TAGS, RANGES } from './html-layout';

/** Answer for a page that is not followed. */
const LEFT_OUT: i32 = -1;

const LT: u8 = 0x3c;

/** Up to 8 bytes of a name in lower case, the first one lowest. Wrong bytes come out of non-letters, but never a letter. */
export function packName(at: i32, length: i32): u64 {
  const kept = u64(-1) >> u64(64 - (length << 3));
  return (load<u64>(at) & kept) | (0x2020202020202020 & kept);
}

const IMG: u64 = 0x676d69;
const IMAGE: u64 = 0x6567616d69;
const BASE: u64 = 0x65736162;
const SVG: u64 = 0x677673;
const MATH: u64 = 0x6874616d;
const TITLE: u64 = 0x656c746974;
const DESC: u64 = 0x63736564;
const SCRIPT: u64 = 0x747069726373;
const STYLE: u64 = 0x656c797473;
const TEXTAREA: u64 = 0x6165726174786574;
const IFRAME: u64 = 0x656d61726669;
const NOEMBED: u64 = 0x6465626d656f6e;
const NOFRAMES: u64 = 0x73656d6172666f6e;
const XMP: u64 = 0x706d78;

/** `plaintext`, whose content never ends. */
function isPlaintext(at: i32, length: i32): bool {
  return length == 9 && packName(at, 8) == 0x7865746e69616c70 && (load<u8>(at + 8) | 32) == 0x74;
}

/**
 * Whether a tag inside `<svg>` or `<math>` leaves it or makes HTML hold again: all that this does not follow. Names are
 * compared by what they have at most in common, so a few harmless ones count as well.
 */
function isDelicate(at: i32, length: i32): bool {
  const first = load<u8>(at) | 32;
  if (length > 8) {
    // blockquote, foreignobject, annotation-xml
    return (length == 10 && first == 0x62) || (length == 13 && first == 0x66) || (length == 14 && first == 0x61);
  }
  const name = packName(at, length);
  if (length == 1) return name == 0x62 || name == 0x69 || name == 0x70 || name == 0x73 || name == 0x75; // b i p s u
  if (length == 2) {
    // br dd dl dt em h1-h6 hr li ol tt ul, mi mo mn ms; h and a digit
    return (
      first == 0x68 ||
      first == 0x64 ||
      first == 0x6d ||
      name == 0x7262 ||
      name == 0x6d65 ||
      name == 0x696c ||
      name == 0x6c6f ||
      name == 0x7474 ||
      name == 0x6c75
    );
  }
  if (length == 3) {
    // big div img pre sub sup var, svg
    return (
      name == 0x676962 ||
      name == 0x766964 ||
      name == IMG ||
      name == 0x657270 ||
      name == 0x627573 ||
      name == 0x707573 ||
      name == 0x726176
    );
  }
  if (length == 4) {
    // body code head menu meta nobr ruby span, desc math
    return (
      name == 0x79646f62 ||
      name == 0x65646f63 ||
      name == 0x64616568 ||
      name == 0x756e656d ||
      name == 0x6174656d ||
      name == 0x72626f6e ||
      name == 0x79627572 ||
      name == 0x6e617073
    );
  }
  if (length == 5) return name == 0x6465626d65 || name == 0x6c6c616d73 || name == 0x656c626174 || name == 0x747865746d; // embed small table mtext
  if (length == 6) return name == 0x7265746e6563 || name == 0x676e6f727473 || name == 0x656b69727473; // center, strong strike
  if (length == 7) return name == 0x676e697473696c; // listing
  return false;
}

/** Where the comment that starts behind `<!--` ends: behind its `>`, or `end`. The steps of htmlparser2. */
function skipComment(start: i32, end: i32): i32 {
  let matched = 0;
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == GT && ((matched <= 1 && at == start + matched) || matched == 2)) return at + 1;
    if (matched == 3) {
      if (byte == GT) return at + 1;
      matched = byte == 0x2d ? 1 : 0;
    } else if (byte == (matched == 2 ? 0x21 : 0x2d)) {
      matched++;
    } else if (matched == 0) {
      at = find(at, 0x2d, end);
      matched = 1;
    } else if (byte != 0x2d) {
      matched = 0;
    }
  }
  return end;
}

/** Behind the closing tag of raw text such as a script, or `end`; `start` lies behind the start tag. */
function skipRawText(start: i32, name: u64, length: i32, end: i32): i32 {
  for (let at = find(start, LT, end); at < end; at = find(at + 1, LT, end)) {
    const after = at + 2 + length;
    if (after >= end) return end;
    if ((load<u8>(at + 1) | 32) == SLASH && packName(at + 2, length) == name && endsName(load<u8>(after))) {
      const close = find(after, GT, end);
      return close < end ? close + 1 : end;
    }
  }
  return end;
}

/**
 * Bit s of row f is set where the name of a tag that is looked at has f as its first letter and s as its second one, both
 * as their low five bits: img, image, base, svg, math, script, style, title, textarea, iframe, noembed, noframes, xmp,
 * plaintext. All other tags matter only inside foreign content.
 */
const NAME_STARTS = memory.data<u32>([
  0, 0, 0x2, 0, 0, 0, 0, 0, 0, 0x2040, 0, 0, 0, 0x2, 0x8000, 0, 0x1000, 0, 0, 0x500008, 0x220, 0, 0, 0, 0x2000, 0, 0, 0, 0,
  0, 0, 0,
]);

// @ts-ignore: decorator
@inline
function mayBeSpecial(at: i32): bool {
  const first: i32 = load<u8>(at) & 31;
  return ((load<u32>(NAME_STARTS + (first << 2)) >> (load<u8>(at + 1) & 31)) & 1) != 0;
}

/** Where the name of a start tag ends, or `end`. */
// @ts-ignore: decorator
@inline
function skipName(at: i32, end: i32): i32 {
  const bytes = v128.load(at);
  const stops = v128.or(
    i8x16.le_u(bytes, i8x16.splat(0x20)),
    v128.or(i8x16.eq(bytes, i8x16.splat(GT)), i8x16.eq(bytes, i8x16.splat(SLASH))),
  );
  const mask = i8x16.bitmask(stops);
  if (mask != 0) at += ctz(mask);
  // Not every control character ends it, and it may be longer.
  while (at < end && !endsName(load<u8>(at))) at++;
  return at < end ? at : end;
}

// @ts-ignore: decorator
@inline
function markBrackets(at: i32): u64 {
  const low = maskOf(v128.load(at), LT) | (maskOf(v128.load(at, 16), LT) << 16);
  const high = maskOf(v128.load(at, 32), LT) | (maskOf(v128.load(at, 48), LT) << 16);
  return u64(u32(low)) | (u64(u32(high)) << 32);
}

/**
 * Finds the tags of a page.
 *
 * @param pageStart - its first byte
 * @param end - byte after it
 * @returns number of tags, whose places lie at RANGES; LEFT_OUT when the page is not followed
 */
export function findTags(pageStart: i32, end: i32): i32 {
  let count = 0;
  /** `svg` or `math` where the page is inside one, and how many of them are open. */
  let foreign: u64 = 0;
  let foreignLength = 0;
  let depth = 0;
  /** What stands before it is read. */
  let at = pageStart;
  /** Of the 64 bytes from here on, a bit for each `<` that is not looked at yet. */
  let block = pageStart;
  let marks = markBrackets(block);
  while (true) {
    while (marks == 0) {
      block += 64;
      if (block < at - 64) block = at & ~63;
      if (block >= end) return count;
      marks = markBrackets(block);
    }
    const start = block + i32(ctz(marks));
    marks &= marks - 1;
    // Inside something that was passed over.
    if (start < at) continue;
    at = start + 1;
    if (at >= end) return count;
    const byte = load<u8>(at);
    if ((isLetter(byte) || byte == SLASH) && foreign == 0 && !mayBeSpecial(at)) {
      at = skipOrdinaryTag(at, end);
      if (at > end) return count;
    } else if (isLetter(byte)) {
      const nameStart = at;
      at = skipName(at, end);
      if (at >= end) return count;
      const nameLength = at - nameStart;
      const after = skipAttributes(at, end);
      if (after > end) return count;
      at = after;
      const name = nameLength <= 8 ? packName(nameStart, nameLength) : 0;
      if (foreign != 0) {
        if (name == foreign) {
          if (!isSelfClosing && ++depth > 50) return LEFT_OUT;
        } else if (name == SVG || name == MATH || isDelicate(nameStart, nameLength)) {
          return LEFT_OUT;
        } else if ((name == TITLE || name == DESC) && !isSelfClosing) {
          // HTML holds inside: followed only when nothing but text is there.
          const close = find(at, LT, end);
          const closeEnd = close + 2 + nameLength;
          if (
            closeEnd >= end ||
            load<u8>(close + 1) != SLASH ||
            packName(close + 2, nameLength) != name ||
            !endsName(load<u8>(closeEnd))
          )
            return LEFT_OUT;
          at = find(closeEnd, GT, end) + 1;
          if (at > end) return count;
        }
        continue;
      }
      if (name == IMG || name == BASE || name == IMAGE) {
        if (count == MAX_TAGS) return LEFT_OUT;
        store<i32>(RANGES + count * 8, start);
        store<i32>(RANGES + count * 8, at, 4);
        count++;
      } else if (name == SVG || name == MATH) {
        if (!isSelfClosing) {
          foreign = name;
          foreignLength = nameLength;
          depth = 1;
        }
      } else if (
        name == SCRIPT ||
        name == STYLE ||
        name == TITLE ||
        name == TEXTAREA ||
        name == IFRAME ||
        name == NOEMBED ||
        name == NOFRAMES ||
        name == XMP
      ) {
        at = skipRawText(at, name, nameLength, end);
      } else if (isPlaintext(nameStart, nameLength)) {
        return count;
      }
    } else if (byte == SLASH) {
      at++;
      if (at >= end) return count;
      if (foreign != 0 && isLetter(load<u8>(at))) {
        const nameStart = at;
        at = skipName(at, end);
        if (at >= end) return count;
        if (at - nameStart == foreignLength && packName(nameStart, foreignLength) == foreign) {
          if (--depth == 0) foreign = 0;
        }
      }
      at = find(at, GT, end) + 1;
      if (at > end) return count;
    } else if (byte == 0x21) {
      at++;
      if (at >= end) return count;
      const next = load<u8>(at);
      if (next == 0x5b) return LEFT_OUT; // perhaps CDATA
      if (next == 0x2d && load<u8>(at + 1) == 0x2d && at + 1 < end) {
        at = skipComment(at + 2, end);
      } else {
        at = find(at, GT, end) + 1;
        if (at > end) return count;
      }
    } else if (byte == 0x3f) {
      at = find(at, GT, end) + 1;
      if (at > end) return count;
    }
  }
}
