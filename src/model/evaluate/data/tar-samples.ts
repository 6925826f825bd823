/**
 * Samples of webdataset tars: consecutive members whose names agree up to the first dot of the file name
 * (`00012/000120003.jpg`, `.cls`, `.json`) are one sample. Names are only names: nothing is written to disk, and a name that would
 * lead out of a folder is left out and counted, so that it can't become a path somewhere else.
 */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { describeSystemError } from '../../../common/errors.ts';
import { readTarMembers, type TarMember } from '../../../common/tar-members.ts';
import type { DropCounts } from './data-set.ts';

/** Members of one sample that were asked for. */
export interface TarSample {
  /** Name of its members up to the first dot. */
  readonly key: string;
  /** Content by extension in lower case; own memory. */
  readonly members: ReadonlyMap<string, Buffer>;
  /** Extensions of all its members, asked for or not. */
  readonly extensions: ReadonlySet<string>;
}

/** Extensions of images. */
export const IMAGE_EXTENSIONS: readonly string[] = [
  'jpg',
  'jpeg',
  'png',
  'webp',
  'gif',
  'tif',
  'tiff',
  'avif',
];
const READ_BYTES = 1 << 20;

/**
 * Reads a tar once. Counted: `unsafe-name` (`..` or an absolute name), `oversized` (over the limit, skipped without being kept),
 * `garbage` (blocks that are no tar header; reading goes on with the next), `truncated` (the cut sample is left out, those
 * before it are given), `damaged-gzip`.
 *
 * Memory: the members asked for of one sample, and 1 MiB of the file.
 *
 * @param path - tar, or gzipped tar
 * @param extensions - members to read
 * @param maxBytes - largest member
 * @param drops - counts
 * @yields samples in order
 * @returns nothing
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function* readTarSamples(
  path: string,
  extensions: readonly string[],
  maxBytes: number,
  drops: DropCounts,
): AsyncGenerator<TarSample, void, void> {
  let sample: { key: string; members: Map<string, Buffer>; extensions: Set<string> } | undefined;
  const wants = (name: string, sizeBytes: number): boolean => {
    const parts = splitMemberName(name);
    return (
      parts !== undefined && isSafe(name) && extensions.includes(parts.extension) && sizeBytes <= maxBytes
    );
  };
  for await (const item of readTarMembers(readBytes(path, drops), wants)) {
    if (item.kind === 'bad-header') {
      drops.drop('garbage', path, `${item.skippedBytes} bytes at ${item.startByte} are no tar header`);
      continue;
    }
    const parts = splitMemberName(item.name);
    if (item.kind === 'truncated') {
      drops.drop('truncated', item.name === '' ? path : item.name, `${path} ends at byte ${item.startByte}`);
      if (parts?.key === sample?.key && item.name !== '') return;
      break;
    }
    if (!isSafe(item.name)) {
      drops.drop('unsafe-name', item.name, `${path}: a name that leads out of its folder`);
      continue;
    }
    if (parts === undefined) continue;
    if (sample?.key !== parts.key) {
      if (sample !== undefined) yield sample;
      sample = { key: parts.key, members: new Map(), extensions: new Set() };
    }
    sample.extensions.add(parts.extension);
    if (item.data !== undefined) sample.members.set(parts.extension, item.data);
    else noteOversized(item, parts.extension, extensions, maxBytes, drops);
  }
  if (sample !== undefined) yield sample;
}

function noteOversized(
  item: TarMember,
  extension: string,
  extensions: readonly string[],
  maxBytes: number,
  drops: DropCounts,
): void {
  if (!extensions.includes(extension)) return;
  drops.drop('oversized', item.name, `${item.sizeBytes} bytes, the limit is ${maxBytes}`);
}

/**
 * @param name - name of a tar member
 * @returns folder and file name up to its first dot, and the rest in lower case; undefined where there is no dot, or nothing
 *   before it
 */
export function splitMemberName(name: string): { key: string; extension: string } | undefined {
  const start = name.lastIndexOf('/') + 1;
  const dot = name.indexOf('.', start);
  if (dot <= start) return undefined;
  return { key: name.slice(0, dot), extension: name.slice(dot + 1).toLowerCase() };
}

function isSafe(name: string): boolean {
  return !/^[/\\]|^[A-Za-z]:|\0/.test(name) && !name.split(/[/\\]/).includes('..');
}

/** The file's bytes, inflated where they start like gzip. Damage ends the stream and is counted. */
async function* readBytes(path: string, drops: DropCounts): AsyncGenerator<Buffer, void, void> {
  let isGzip: boolean;
  try {
    const handle = await open(path, 'r');
    try {
      const head = Buffer.alloc(2);
      await handle.read(head, 0, 2, 0);
      isGzip = head[0] === 0x1f && head[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  const chunks = isGzip ? file.pipe(createGunzip({ chunkSize: READ_BYTES })) : file;
  try {
    for await (const chunk of chunks as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    if (!isGzip) throw describeSystemError(error, path, 'read');
    drops.drop('damaged-gzip', path, error instanceof Error ? error.message : String(error));
  } finally {
    file.destroy();
  }
}
