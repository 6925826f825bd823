/** Which links are joined to the url of their page by putting bytes in front: the first question of src/curation/sources/url-join.ts. */
import { maskOf, validBits } from './bytes';

export const HREF_OTHER: i32 = 0;
export const HREF_ABSOLUTE: i32 = 1;
export const HREF_ROOTED: i32 = 2;
export const HREF_BELOW: i32 = 3;

/**
 * Which fast path a link may take, as classifyHref of url-join.ts has it, but for a few links that this calls HREF_OTHER
 * because the difference is not worth a test: those get the full treatment and the same answer.
 */
export function classifyHref(start: i32, stop: i32): i32 {
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
    colons |= maskOf(bytes, 0x3a) & valid;
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
    return dotSegments != 0 || (stop - start > 1 && load<u8>(start + 1) == 0x2f) ? HREF_OTHER : HREF_ROOTED;
  }
  if (colons == 0) {
    const isMark = first > 0x20 && first != 0x2e && first != 0x3f && first != 0x23;
    return isMark && dotSegments == 0 && emptySegments == 0 ? HREF_BELOW : HREF_OTHER;
  }
  // http:// or https://, then a host in ASCII.
  if (highs != 0 || stop - start < 9 || load<u32>(start) != 0x70747468) return HREF_OTHER;
  const colon = load<u8>(start + 4) == 0x73 ? start + 5 : start + 4;
  const host = colon + 3;
  if (load<u8>(colon) != 0x3a || load<u16>(colon + 1) != 0x2f2f || host >= stop) return HREF_OTHER;
  const hostFirst = load<u8>(host);
  return hostFirst == 0x2f || hostFirst == 0x3f || hostFirst == 0x23 ? HREF_OTHER : HREF_ABSOLUTE;
}
