/** Adds the pairs of the images of a WAT record to the batch: the ordinary ones. */
import { BATCH_BYTES, BATCH_ROWS, COLUMN_BYTES, PAGE_IDS, TEXT_BYTES, TEXT_KEYS, TEXT_OFFSETS, URL_BYTES, URL_OFFSETS } from './batch-layout';
import { hasWideBlankAtEnd } from './blanks';
import { copy } from './bytes';
import { isRelative, joinHref, prefix, prefixLength, restStart } from './href';
import { byteAt } from './json-skim';
import { decodeString, spaceLineEnds } from './json-strings';
import { CLEAN, COUNTS, FIELD_ABSENT, FIELD_ESCAPED, FIELD_NULL, FIELD_PLAIN, KEY_URL, KINDS, RANGES, STACK, STACK_BYTES } from './wat-layout';

/** Whether there is nothing to trim at either end of a text that is not empty, known to be UTF-8: Python's idea of a blank. */
function isTrimmed(start: i32, stop: i32): bool {
  const first = byteAt(start);
  const last = byteAt(stop - 1);
  return first > 0x20 && first != 0x7f && last > 0x20 && last != 0x7f && !hasWideBlankAtEnd(start, stop);
}

/**
 * Puts the places of an image's url and texts, cleaned, at CLEAN.
 *
 * @returns how many texts are not empty; -1 where the caller of {@link emit} has to look
 */
function cleanFields(kinds: i32, ranges: i32): i32 {
  let textCount = 0;
  let scratch = STACK;
  for (let key = 0; key < 4; key++) {
    const kind = load<u8>(kinds + key);
    let start = load<i32>(ranges + key * 8);
    let stop = load<i32>(ranges + key * 8 + 4);
    if (kind == FIELD_ABSENT || kind == FIELD_NULL) {
      if (key == KEY_URL) return -1;
      start = 0;
      stop = 0;
    } else if (kind == FIELD_ESCAPED) {
      if (stop - start > STACK + STACK_BYTES - 32 - scratch) return -1;
      const decodedEnd = decodeString(start, stop, scratch);
      if (decodedEnd < 0) return -1;
      start = scratch;
      stop = decodedEnd;
      if (key != KEY_URL) spaceLineEnds(start, stop);
      // A copy in steps of 16 bytes reads on behind it.
      scratch = decodedEnd + 16;
    } else if (kind != FIELD_PLAIN) {
      return -1;
    }
    if (key != KEY_URL && start != stop) {
      if (!isTrimmed(start, stop)) return -1;
      textCount++;
    }
    store<i32>(CLEAN + key * 8, start);
    store<i32>(CLEAN + key * 8 + 4, stop);
  }
  return textCount;
}

/**
 * Adds the pairs of the images of the record skimmed last to the batch, up to the first image that takes more than copying
 * bytes, or until the batch is full.
 *
 * @param image - the first one
 * @param imageCount - images of the record
 * @param rowCount - rows in the batch
 * @param pageId - index of the page's url in the batch
 * @param rootLength - bytes at ROOT; negative where no link of the page may take a fast path
 * @param folderLength - bytes at FOLDER
 * @param mayCount - true when empty and absent texts need only be counted; else they end the run
 * @returns the image that the caller has to look at, or the number of images; counts lie at COUNTS
 */
export function emit(
  image: i32,
  imageCount: i32,
  rowCount: i32,
  pageId: i32,
  rootLength: i32,
  folderLength: i32,
  mayCount: bool,
): i32 {
  let emptyCount = 0;
  let missingCount = 0;
  let relativeCount = 0;
  for (; image < imageCount; image++) {
    const urlEnd = load<i32>(URL_OFFSETS + rowCount * 4);
    const textEnd = load<i32>(TEXT_OFFSETS + rowCount * 4);
    if (rowCount > BATCH_ROWS - 3 || urlEnd >= BATCH_BYTES || textEnd >= BATCH_BYTES) break;
    const kinds = KINDS + image * 4;
    const ranges = RANGES + image * 32;
    let presentCount = 0;
    let emptyHere = 0;
    for (let key = 1; key < 4; key++) {
      const kind = load<u8>(kinds + key);
      if (kind == FIELD_ABSENT || kind == FIELD_NULL) continue;
      presentCount++;
      if (kind == FIELD_PLAIN && load<i32>(ranges + key * 8) == load<i32>(ranges + key * 8 + 4)) emptyHere++;
    }
    if (presentCount == emptyHere) {
      if (!mayCount) break;
      if (presentCount == 0) missingCount++;
      else emptyCount += emptyHere;
      continue;
    }
    if (emptyHere > 0 && !mayCount) break;
    if (rootLength < 0 || cleanFields(kinds, ranges) != presentCount - emptyHere) break;
    const urlStart = load<i32>(CLEAN);
    const urlStop = load<i32>(CLEAN + 4);
    if (urlStart == urlStop || !joinHref(urlStart, urlStop, rootLength, folderLength)) break;
    const urlLength = prefixLength + urlStop - restStart;
    let textBytes = 0;
    for (let key = 1; key < 4; key++) textBytes += load<i32>(CLEAN + key * 8 + 4) - load<i32>(CLEAN + key * 8);
    if (urlEnd + 3 * urlLength > COLUMN_BYTES || textEnd + textBytes > COLUMN_BYTES) break;
    emptyCount += emptyHere;
    let urlTo = urlEnd;
    let textTo = textEnd;
    for (let key = 1; key < 4; key++) {
      const start = load<i32>(CLEAN + key * 8);
      const stop = load<i32>(CLEAN + key * 8 + 4);
      if (start == stop) continue;
      copy(URL_BYTES + urlTo, prefix, prefixLength);
      copy(URL_BYTES + urlTo + prefixLength, restStart, urlStop - restStart);
      copy(TEXT_BYTES + textTo, start, stop - start);
      urlTo += urlLength;
      textTo += stop - start;
      store<u8>(TEXT_KEYS + rowCount, key - 1);
      store<u32>(PAGE_IDS + rowCount * 4, pageId);
      rowCount++;
      relativeCount += i32(isRelative);
      store<i32>(URL_OFFSETS + rowCount * 4, urlTo);
      store<i32>(TEXT_OFFSETS + rowCount * 4, textTo);
    }
  }
  store<i32>(COUNTS, rowCount);
  store<i32>(COUNTS + 4, emptyCount);
  store<i32>(COUNTS + 8, missingCount);
  store<i32>(COUNTS + 12, relativeCount);
  return image;
}
