/** The lines of a text pool, as the readers of JSON lines and of delimited text take them. */
import { LineSplitter, type Line } from './line-splitter.ts';
import type { ByteStream } from './open-text-stream.ts';
import { DEFAULT_MAX_RECORD_BYTES, type ExtractContext } from './source.ts';

/**
 * Cuts a stream into lines. A last line without `\n` is one too, unless gzip data end in it: then it is counted as
 * `truncated-record`.
 *
 * @param stream - the file's bytes, inflated, in chunks of any size
 * @param context - drops, and the limit on a line
 * @yields the lines that end in one chunk; take them all before asking for the next ones
 */
export async function* readLineGroups(
  stream: ByteStream,
  context: ExtractContext,
): AsyncGenerator<Iterable<Line>, void, void> {
  const splitter = new LineSplitter(context.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES);
  for await (const chunk of stream) yield splitter.push(chunk);
  const last = splitter.finish();
  if (last === undefined) return;
  if (stream.endedEarly) {
    const detail = 'the line at which the gzip data ends';
    context.drops.drop('truncated-record', last.number, last.startByte, detail);
  } else {
    yield [last];
  }
}
