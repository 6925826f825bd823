/**
 * Finds the images of a page and adds the pairs of ordinary ones to a batch. AssemblyScript. What is ordinary, and what
 * the layout of the memory is, stands in lib/; the twin, which says what all this means and does the rest, is
 * src/curation/sources/html-images.ts and warc.ts.
 */
import {
  BATCH_BYTES,
  BATCH_ROWS,
  COLUMN_BYTES,
  PAGE_IDS,
  TEXT_BYTES,
  TEXT_KEYS,
  TEXT_OFFSETS,
  URL_BYTES,
  URL_OFFSETS,
} from './lib/batch-layout';
import { copy } from './lib/bytes';
import { isRelative, joinHref, prefix, prefixLength, restStart } from './lib/href';
import { nameEnd, nameStart, readAttribute, valueEnd, valueStart } from './lib/html-attributes';
import { COUNTS, RANGES, SCRATCH, SCRATCH_BYTES, TEXTS } from './lib/html-layout';
import { packName } from './lib/html-tags';
import { clean, cleanEnd, cleanStart } from './lib/html-values';

export { findTags } from './lib/html-tags';

const COUNTS_EMPTY_TEXT: i32 = 1;
const COUNTS_MISSING_TEXT: i32 = 2;
const COUNTS_MISSING_URL: i32 = 4;

const KEY_LINK: i32 = 0;
const KEY_ALT: i32 = 1;
const KEY_TITLE: i32 = 2;
const KEY_DATA_IMAGE_TITLE: i32 = 3;
const KEY_OTHER: i32 = 4;

/** Which of the wanted attributes has the name in [start, stop), in any case. */
function findKey(start: i32, stop: i32): i32 {
  const length = stop - start;
  if (length == 3) {
    const name = packName(start, 3);
    return name == 0x637273 ? KEY_LINK : name == 0x746c61 ? KEY_ALT : KEY_OTHER;
  }
  if (length == 5) return packName(start, 5) == 0x656c746974 ? KEY_TITLE : KEY_OTHER;
  if (length == 16) {
    return packName(start, 8) == 0x616d692d61746164 && packName(start + 8, 8) == 0x656c7469742d6567
      ? KEY_DATA_IMAGE_TITLE
      : KEY_OTHER;
  }
  return KEY_OTHER;
}

let linkStart: i32 = 0;
let linkEnd: i32 = 0;

/** Reads the attributes of the `<img>` or `<image>` at a place; returns the number of its texts, which lie at TEXTS. */
function readImage(start: i32): i32 {
  const stop = i32.MAX_VALUE;
  let at = start + ((load<u8>(start + 3) | 32) == 0x67 ? 4 : 6);
  let seen = 0;
  let textCount = 0;
  linkStart = 0;
  linkEnd = 0;
  while (true) {
    at = readAttribute(at, stop);
    if (nameEnd == 0) return textCount;
    const key = findKey(nameStart, nameEnd);
    // Of an attribute that stands twice the first counts.
    if (key == KEY_OTHER || (seen & (1 << key)) != 0) continue;
    seen |= 1 << key;
    if (key == KEY_LINK) {
      linkStart = valueStart;
      linkEnd = valueEnd;
    } else {
      const slot = TEXTS + textCount++ * 12;
      store<i32>(slot, key - 1);
      store<i32>(slot, valueStart, 4);
      store<i32>(slot, valueEnd, 8);
    }
  }
}

/**
 * Cleans the texts of the image and drops the empty ones.
 *
 * @returns how many are left at TEXTS; -1 where the twin has to do it
 */
function cleanTexts(textCount: i32, isHighPlain: bool, isSpaced: bool): i32 {
  let kept = 0;
  for (let i = 0; i < textCount; i++) {
    const slot = TEXTS + i * 12;
    const scratch = SCRATCH + (i + 1) * SCRATCH_BYTES;
    if (!clean(load<i32>(slot, 4), load<i32>(slot, 8), scratch, isHighPlain, isSpaced)) return -1;
    if (cleanStart == cleanEnd) continue;
    const keptSlot = TEXTS + kept++ * 12;
    store<i32>(keptSlot, load<i32>(slot));
    store<i32>(keptSlot, cleanStart, 4);
    store<i32>(keptSlot, cleanEnd, 8);
  }
  return kept;
}

/**
 * Adds the pairs of the tags found last to the batch, up to the first tag that takes more than this knows, or until the
 * batch is full.
 *
 * @param tag - the first one
 * @param tagCount - number of tags
 * @param rowCount - rows in the batch
 * @param pageId - index of the page's url in the batch
 * @param rootLength - bytes at ROOT; negative where no link of the page may take a fast path
 * @param folderLength - bytes at FOLDER
 * @param countable - COUNTS_ bits of what need only be counted; the rest of what brings no pair ends the run
 * @param isHighPlain - true where the bytes from 0x80 on are valid UTF-8
 * @param isMended - true to turn line ends in texts into spaces, and to stop at a base
 * @returns the tag that the caller has to look at, or `tagCount`; counts lie at COUNTS
 */
export function emit(
  tag: i32,
  tagCount: i32,
  rowCount: i32,
  pageId: i32,
  rootLength: i32,
  folderLength: i32,
  countable: i32,
  isHighPlain: bool,
  isMended: bool,
): i32 {
  let emptyCount = 0;
  let missingTextCount = 0;
  let missingUrlCount = 0;
  let relativeCount = 0;
  for (; tag < tagCount; tag++) {
    const urlOffset = load<i32>(URL_OFFSETS + rowCount * 4);
    const textOffset = load<i32>(TEXT_OFFSETS + rowCount * 4);
    if (rowCount > BATCH_ROWS - 3 || urlOffset >= BATCH_BYTES || textOffset >= BATCH_BYTES) break;
    const start = load<i32>(RANGES + tag * 8);
    if ((load<u8>(start + 1) | 32) == 0x62) {
      // A base.
      if (isMended) break;
      continue;
    }
    const textCount = readImage(start);
    if (!clean(linkStart, linkEnd, SCRATCH, isHighPlain, false)) break;
    const urlStart = cleanStart;
    const urlEnd = cleanEnd;
    if (urlStart == urlEnd) {
      if ((countable & COUNTS_MISSING_URL) == 0) break;
      missingUrlCount++;
      continue;
    }
    if (textCount == 0) {
      if ((countable & COUNTS_MISSING_TEXT) == 0) break;
      missingTextCount++;
      continue;
    }
    const kept = cleanTexts(textCount, isHighPlain, isMended);
    if (kept < 0 || (kept < textCount && (countable & COUNTS_EMPTY_TEXT) == 0)) break;
    if (kept == 0) {
      emptyCount += textCount;
      continue;
    }
    if (rootLength < 0 || !joinHref(urlStart, urlEnd, rootLength, folderLength)) break;
    const restLength = urlEnd - restStart;
    const urlLength = prefixLength + restLength;
    let textBytes = 0;
    for (let i = 0; i < kept; i++) textBytes += load<i32>(TEXTS + i * 12, 8) - load<i32>(TEXTS + i * 12, 4);
    if (urlOffset + 3 * urlLength > COLUMN_BYTES || textOffset + textBytes > COLUMN_BYTES) break;
    emptyCount += textCount - kept;
    let urlTo = urlOffset;
    let textTo = textOffset;
    for (let i = 0; i < kept; i++) {
      const slot = TEXTS + i * 12;
      const length = load<i32>(slot, 8) - load<i32>(slot, 4);
      copy(URL_BYTES + urlTo, prefix, prefixLength);
      copy(URL_BYTES + urlTo + prefixLength, restStart, restLength);
      copy(TEXT_BYTES + textTo, load<i32>(slot, 4), length);
      urlTo += urlLength;
      textTo += length;
      store<u8>(TEXT_KEYS + rowCount, load<i32>(slot));
      store<u32>(PAGE_IDS + rowCount * 4, pageId);
      rowCount++;
      store<i32>(URL_OFFSETS + rowCount * 4, urlTo);
      store<i32>(TEXT_OFFSETS + rowCount * 4, textTo);
    }
    if (isRelative) relativeCount += kept;
  }
  store<i32>(COUNTS, rowCount);
  store<i32>(COUNTS, emptyCount, 4);
  store<i32>(COUNTS, missingTextCount, 8);
  store<i32>(COUNTS, missingUrlCount, 12);
  store<i32>(COUNTS, relativeCount, 16);
  return tag;
}
