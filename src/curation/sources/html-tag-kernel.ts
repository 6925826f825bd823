/**
 * Cuts a page down to the tags that {@link scanPage} looks for, by the WebAssembly kernel `html-tags`, so that
 * htmlparser2 reads only those. It finds the same tags in what is left as in the whole, because the kernel takes its
 * steps; where a page asks for more, such as HTML inside an `<svg>`, it is read whole.
 *
 * One difference is known: htmlparser2 takes the control character 0x1c for `<` where it looks for the end of a script.
 */
import { loadKernel } from '../../common/kernels.ts';

// Layout of the kernel's memory; see kernels/html-tags.ts.
const RANGES = 4096;
const MAX_TAGS = 8192;
const INPUT = 131072;
const MAX_PAGE_BYTES = 4 << 20;

const LEFT_OUT = -1;

/** Encodings in which a byte below 0x80 is that character of ASCII, also behind a damaged one. */
const ASCII_COMPATIBLE = /^(utf-8|windows-\d+|iso-8859-\d+(-i)?|koi8-[ru]|ibm866|macintosh|x-mac-cyrillic)$/;

/**
 * @param encoding - name of an encoding, as `TextDecoder` gives it
 * @returns whether {@link TagKernel.reduce} understands its bytes
 */
export function isAsciiCompatible(encoding: string): boolean {
  return ASCII_COMPATIBLE.test(encoding);
}

/** Finds tags, page after page. Memory: 4.2 MiB, and the tags of a page. */
export class TagKernel {
  readonly #memory: Buffer;
  readonly #ranges: Int32Array;
  readonly #findTags: (length: number) => number;

  constructor() {
    const kernel = loadKernel('html-tags');
    this.#memory = Buffer.from(kernel.buffer);
    this.#ranges = new Int32Array(kernel.buffer, RANGES, MAX_TAGS * 2);
    this.#findTags = kernel.getFunction('findTags');
  }

  /**
   * Time: linear, some 0.9 GB/s.
   *
   * @param page - bytes in an encoding that {@link isAsciiCompatible}
   * @returns the `<img>`, `<image>` and `<base>` tags one behind the other, in a buffer of their own, empty when there are
   *   none; undefined when the page has to be read whole
   */
  reduce(page: Buffer): Buffer | undefined {
    if (page.length > MAX_PAGE_BYTES) return undefined;
    this.#memory.set(page, INPUT);
    const count = this.#findTags(page.length);
    if (count === LEFT_OUT) return undefined;
    const ranges = this.#ranges;
    let size = 0;
    for (let i = 0; i < count * 2; i += 2) size += (ranges[i + 1] ?? 0) - (ranges[i] ?? 0);
    const tags = Buffer.allocUnsafe(size);
    let to = 0;
    for (let i = 0; i < count * 2; i += 2) to += page.copy(tags, to, ranges[i], ranges[i + 1]);
    return tags;
  }
}
