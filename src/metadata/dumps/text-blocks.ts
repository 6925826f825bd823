/** Bytes to text: decoded as UTF-8 over the borders of chunks, and cut into blocks of whole lines. */
import { damaged } from './damaged.ts';

/** Longest line taken. No article, title or count comes near. */
export const MAX_LINE_LENGTH = 64 << 20;

/**
 * Decodes bytes.
 *
 * @param chunks - UTF-8, cut anywhere; a byte order mark at the start is left out
 * @yields text; what is no UTF-8 becomes U+FFFD
 */
export async function* decodeText(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder('utf-8');
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') yield text;
  }
  const rest = decoder.decode();
  if (rest !== '') yield rest;
}

/**
 * Cuts text into lines, a block of them at a time: an async step a line would cost more than the line.
 *
 * Memory: one chunk and one line.
 *
 * @param path - for messages
 * @param texts - text, cut anywhere
 * @yields lines without their `\n` (a CR before it is cut off too); the last one may lack it
 * @throws {@link MetaclipError} `E_INPUT_UNREADABLE` for a line over {@link MAX_LINE_LENGTH}
 */
export async function* splitLines(
  path: string,
  texts: AsyncIterable<string>,
): AsyncGenerator<string[], void, void> {
  let rest = '';
  for await (const text of texts) {
    const end = text.lastIndexOf('\n');
    if (end < 0) {
      rest += text;
      if (rest.length > MAX_LINE_LENGTH)
        throw damaged(path, `a line of more than ${MAX_LINE_LENGTH} characters`);
      continue;
    }
    const lines = (rest + text.slice(0, end)).split('\n');
    rest = text.slice(end + 1);
    yield lines.map(cutCarriageReturn);
  }
  if (rest !== '') yield [cutCarriageReturn(rest)];
}

function cutCarriageReturn(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}
