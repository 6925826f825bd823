/** Which links are joined to the url of their page by putting bytes in front, and which bytes: see src/curation/sources/url-join.ts. */
import { FOLDER, ROOT } from './batch-layout';
import { maskOf, validBits } from './bytes';

const HREF_OTHER: i32 = 0;
const HREF_ABSOLUTE: i32 = 1;
const HREF_ROOTED: i32 = 2;
const HREF_BELOW: i32 = 3;
/** `//host/...` */
const HREF_HOSTED: i32 = 4;

const COLON: u8 = 0x3a;

/**
 * Which fast path a link may take, as classifyHref of url-join.ts has it, but for a few links that this calls HREF_OTHER
 * because the difference is not worth a test: those get the full treatment and the same answer.
 */
function classifyHref(start: i32, stop: i32): i32 {
  let colons = 0;
  let dotSegments = 0;
  let emptySegments = 0;
  let doubleSplits = 0;
  let highs = 0;
  let slashBefore = 0;
  let splitBefore = 0;
  for (let at = start; at < stop; at += 16) {
    const bytes = v128.load(at);
    const valid = validBits(at, stop);
    const bad = v128.or(
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
      v128.or(
        i8x16.eq(bytes, i8x16.splat(0x3b)), // ;
        v128.or(i8x16.eq(bytes, i8x16.splat(0x5b)), i8x16.eq(bytes, i8x16.splat(0x5d))), // [ ]
      ),
    );
    if ((i8x16.bitmask(bad) & valid) != 0) return HREF_OTHER;
    highs |= i8x16.bitmask(bytes) & valid;
    colons |= maskOf(bytes, COLON) & valid;
    const slashes = maskOf(bytes, 0x2f) & valid;
    const dots = maskOf(bytes, 0x2e) & valid;
    const splits = (maskOf(bytes, 0x3f) | maskOf(bytes, 0x23)) & valid; // ? #
    const afterSlash = (slashes << 1) | slashBefore;
    dotSegments |= afterSlash & dots;
    emptySegments |= afterSlash & slashes;
    doubleSplits |= ((splits << 1) | splitBefore) & splits;
    slashBefore = slashes >>> 15;
    splitBefore = splits >>> 15;
  }
  const last = load<u8>(stop - 1);
  if (doubleSplits != 0 || last == 0x3f || last == 0x23) return HREF_OTHER;
  const first = load<u8>(start);
  if (first == 0x2f) {
    if (stop - start < 2 || load<u8>(start + 1) != 0x2f) return dotSegments != 0 ? HREF_OTHER : HREF_ROOTED;
    return highs == 0 && isHostStart(start + 2, stop) ? HREF_HOSTED : HREF_OTHER;
  }
  if (colons == 0) {
    const isMark = first > 0x20 && first != 0x2e && first != 0x3f && first != 0x23;
    return isMark && dotSegments == 0 && emptySegments == 0 ? HREF_BELOW : HREF_OTHER;
  }
  // http:// or https://, then a host in ASCII.
  if (highs != 0 || stop - start < 9 || load<u32>(start) != 0x70747468) return HREF_OTHER;
  const colon = load<u8>(start + 4) == 0x73 ? start + 5 : start + 4;
  const host = colon + 3;
  if (load<u8>(colon) != COLON || load<u16>(colon + 1) != 0x2f2f) return HREF_OTHER;
  return isHostStart(host, stop) ? HREF_ABSOLUTE : HREF_OTHER;
}

/** Whether a host that is not empty starts at a place. */
// @ts-ignore: decorator
@inline
function isHostStart(at: i32, stop: i32): bool {
  if (at >= stop) return false;
  const first = load<u8>(at);
  return first != 0x2f && first != 0x3f && first != 0x23;
}

/** A scheme that is none of pages: such a link stays as it is, whatever it holds. */
// @ts-ignore: decorator
@inline
function isData(start: i32, stop: i32): bool {
  return (
    stop - start > 7 && load<u32>(start) == 0x61746164 && load<u8>(start + 4) == COLON && load<u16>(start + 5) != 0x2f2f
  );
}

/** What {@link joinHref} puts in front, and where the rest of the link starts. */
export let prefix: i32 = 0;
export let prefixLength: i32 = 0;
export let restStart: i32 = 0;
/** Whether the link has no scheme of its own. */
export let isRelative: bool = false;

/**
 * Joins a link that is not empty to the url of its page.
 *
 * @param start - its first byte
 * @param stop - the byte behind it
 * @param rootLength - bytes at ROOT
 * @param folderLength - bytes at FOLDER
 * @returns false when url-join.ts has to do it
 */
export function joinHref(start: i32, stop: i32, rootLength: i32, folderLength: i32): bool {
  prefix = FOLDER;
  prefixLength = 0;
  restStart = start;
  isRelative = false;
  if (isData(start, stop)) return true;
  let folder = folderLength;
  if (load<u8>(start) == 0x2e) {
    // Dot segments in front: each two dots take a segment off the folder, as long as it has any.
    while (true) {
      const word = load<u32>(start);
      if ((word & 0xffff) == 0x2f2e && start + 2 < stop) {
        start += 2;
      } else if ((word & 0xffffff) == 0x2f2e2e && start + 3 < stop) {
        start += 3;
        if (folder > rootLength + 1) {
          do folder--;
          while (load<u8>(FOLDER + folder - 1) != 0x2f);
        }
      } else {
        break;
      }
    }
    if (classifyHref(start, stop) != HREF_BELOW) return false;
    restStart = start;
    prefixLength = folder;
    isRelative = true;
    return true;
  }
  const kind = classifyHref(start, stop);
  if (kind == HREF_OTHER) return false;
  isRelative = kind != HREF_ABSOLUTE;
  if (kind == HREF_BELOW) {
    prefixLength = folder;
  } else if (kind == HREF_ROOTED) {
    prefix = ROOT;
    prefixLength = rootLength;
  } else if (kind == HREF_HOSTED) {
    // The scheme: `http:` or `https:`.
    prefix = ROOT;
    prefixLength = load<u8>(ROOT + 4) == COLON ? 5 : 6;
  }
  return true;
}
