/**
 * Downloads a list, by default MetaCLIP's own, and goes on where an earlier download was cut off.
 *
 * What has come so far lies in `NAME.part.json` beside the output, and in `NAME.part.json.state` which version of the file
 * it is of (entity tag). Another version on the server, or a server that knows no ranges, means starting anew. The output
 * gets its name only when it is whole and a list.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { extname } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describeSystemError, MetaclipError } from '../common/errors.ts';
import { commitFile, fileSizeOf, readJsonFile, writeFileAtomic } from '../common/files.ts';
import { loadEntries, MAX_METADATA_BYTES } from './entries.ts';
import { checkListPath, type Provenance, writeProvenance } from './write-list.ts';

/** MetaCLIP's own list of 500,000 entries in its public repository. */
export const METACLIP_LIST_URL =
  'https://raw.githubusercontent.com/facebookresearch/MetaCLIP/main/metadata.json';
/** Licence of that list. */
export const METACLIP_LIST_LICENCE =
  'CC BY-NC 4.0 (no commercial use), (c) Meta Platforms, Inc. and affiliates';

/** Failures in a row, without a byte gained, until giving up. */
const MAX_FAILURES = 4;
const FIRST_DELAY_MS = 1000;

/** Options of {@link pullList}. */
export interface PullListOptions {
  /** List to write: `.json` for a JSON array, `.txt` for lines. */
  readonly out: string;
  /** Address; default {@link METACLIP_LIST_URL}. May hold `user:password@`, which is sent and never shown. */
  readonly url?: string | undefined;
  /** 64 hex digits that the file must have. */
  readonly sha256?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how much there is and how much of it is here; the total is 0 where the server does not say. */
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  /** Wait before the first new attempt, doubled each time; default one second. */
  readonly firstDelayMs?: number | undefined;
}

/** A download at work. */
interface Pull {
  readonly url: URL;
  /** Without credentials and query, for messages and records. */
  readonly shownUrl: string;
  readonly authorization: string | undefined;
  readonly part: string;
  readonly state: string;
  readonly options: PullListOptions;
}

/**
 * Downloads a list.
 *
 * Memory: one block; at the end the list, which is checked. At most {@link MAX_METADATA_BYTES} are taken.
 *
 * @param options - see {@link PullListOptions}
 * @returns what was written beside the list
 * @throws {@link MetaclipError} `E_DOWNLOAD_FAILED` when there is no connection or the server refuses, `E_CHECKSUM` when the
 *   file is another one, `E_METADATA_FORMAT` when it is no list, `E_INTERRUPTED`, `E_USAGE`
 */
export async function pullList(options: PullListOptions): Promise<Provenance> {
  checkListPath(options.out);
  const pull = preparePull(options);
  await download(pull);
  const { sha256, sizeBytes } = await hashFile(pull.part);
  if (options.sha256 !== undefined && options.sha256.toLowerCase() !== sha256) {
    await forget(pull);
    throw new MetaclipError('E_CHECKSUM', `${pull.shownUrl}: sha256 ${sha256}, expected ${options.sha256}`, {
      hint: 'the file has another version, or was changed on its way; it was not kept',
    });
  }
  let list;
  try {
    list = await loadEntries(pull.part);
  } catch (error) {
    await forget(pull);
    if (!(error instanceof MetaclipError)) throw error;
    throw new MetaclipError(error.code, error.message.replace(pull.part, pull.shownUrl), {
      hint: 'what the address gives is no list; it was not kept',
      details: { url: pull.shownUrl },
      cause: error,
    });
  }
  await commitFile(pull.part, options.out);
  await rm(pull.state, { force: true });
  const isDefault = options.url === undefined;
  return writeProvenance(
    options.out,
    { entryCount: list.entries.length, fingerprint: list.fingerprint, sha256 },
    {
      kind: 'pull',
      sources: [{ name: isDefault ? 'metaclip' : 'pulled', firstEntry: 0, entryCount: list.entries.length }],
      inputs: [
        {
          name: pull.url.pathname.split('/').at(-1) ?? '',
          sizeBytes,
          sha256,
          date: null,
          url: pull.shownUrl,
        },
      ],
      options: { licence: isDefault ? METACLIP_LIST_LICENCE : 'unknown' },
      counts: {},
    },
  );
}

function preparePull(options: PullListOptions): Pull {
  const text = options.url ?? METACLIP_LIST_URL;
  if (options.sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(options.sha256)) {
    throw new MetaclipError('E_USAGE', '--sha256 is not 64 hex digits', {
      hint: 'as `sha256sum FILE` prints it',
    });
  }
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    // The text itself is not shown: it may hold a password.
    throw new MetaclipError('E_USAGE', '--url is not an http or https address', {
      hint: `for example --url ${METACLIP_LIST_URL}`,
    });
  }
  const { username, password } = url;
  url.username = '';
  url.password = '';
  url.hash = '';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const extension = extname(options.out);
  const part = `${options.out.slice(0, -extension.length)}.part${extension}`;
  return {
    url,
    shownUrl: `${url.origin}${url.pathname}`,
    authorization: username === '' ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`,
    part,
    state: `${part}.state`,
    options,
  };
}

/** Tries until the file is whole. */
async function download(pull: Pull): Promise<void> {
  const { signal, firstDelayMs = FIRST_DELAY_MS } = pull.options;
  for (let failures = 0; ;) {
    const before = (await fileSizeOf(pull.part)) ?? 0;
    try {
      await downloadRest(pull);
      return;
    } catch (error) {
      if (signal?.aborted === true) {
        throw new MetaclipError('E_INTERRUPTED', 'interrupted; what has come so far is kept', {
          hint: 'the same command goes on from there',
        });
      }
      if (!(error instanceof LostConnectionError)) throw describeSystemError(error, pull.part, 'write');
      failures = ((await fileSizeOf(pull.part)) ?? 0) > before ? 1 : failures + 1;
      if (failures >= MAX_FAILURES) {
        throw new MetaclipError('E_DOWNLOAD_FAILED', `${pull.shownUrl}: ${error.message}`, {
          hint: `is there a network? What has come is kept, the same command goes on. Or download it in another way: ${pull.shownUrl}`,
          details: { url: pull.shownUrl },
          cause: error.cause,
        });
      }
      await setTimeout(
        firstDelayMs * 2 ** (failures - 1),
        undefined,
        signal === undefined ? {} : { signal },
      ).catch(() => undefined);
    }
  }
}

/** Something that may go better next time. */
class LostConnectionError extends Error {}

/** Which version of the file the part is of. */
interface PartState {
  readonly url: string;
  /** A strong entity tag or a date of change: what `If-Range` takes. */
  readonly validator: string;
}

async function downloadRest(pull: Pull): Promise<void> {
  const state = await readState(pull);
  const partBytes = state === undefined ? 0 : ((await fileSizeOf(pull.part)) ?? 0);
  const response = await request(pull, state, partBytes);
  try {
    // Everything that was to come has come, or the part is longer than the file: only a new start can tell.
    if (response.status === 416) {
      await forget(pull);
      throw new LostConnectionError('the server has no such range');
    }
    refuseStatus(pull, response);
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
    const isContinued = response.status === 206 && Number(range?.[1]) === partBytes;
    if (response.status === 206 && !isContinued) {
      await forget(pull);
      throw new LostConnectionError('the server sent another range than was asked for');
    }
    const from = isContinued ? partBytes : 0;
    const totalBytes = Number(isContinued ? range?.[2] : response.headers.get('content-length')) || 0;
    if (totalBytes > MAX_METADATA_BYTES) throw tooLarge(pull, totalBytes);
    if (!isContinued) await writeState(pull, response);
    const doneBytes = await writeBody(pull, response, from, totalBytes);
    if (totalBytes > 0 && doneBytes !== totalBytes) {
      throw new LostConnectionError(`the connection was cut after ${doneBytes} of ${totalBytes} bytes`);
    }
  } finally {
    if (response.body?.locked === false) await response.body.cancel().catch(() => undefined);
  }
}

async function request(pull: Pull, state: PartState | undefined, partBytes: number): Promise<Response> {
  const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'metaclip' };
  if (pull.authorization !== undefined) headers['authorization'] = pull.authorization;
  if (state !== undefined && partBytes > 0) {
    headers['range'] = `bytes=${partBytes}-`;
    headers['if-range'] = state.validator;
  }
  const { signal } = pull.options;
  try {
    return await fetch(pull.url, {
      headers,
      redirect: 'follow',
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw new LostConnectionError(`no connection (${reasonOf(error)})`, { cause: error });
  }
}

/** Appends the body to the part; returns the size of the part. */
async function writeBody(pull: Pull, response: Response, from: number, totalBytes: number): Promise<number> {
  const handle = await open(pull.part, from > 0 ? 'r+' : 'w');
  let doneBytes = from;
  try {
    await handle.truncate(from);
    const reader = response.body?.getReader();
    while (reader !== undefined) {
      const value = await readBlock(reader, doneBytes);
      if (value === undefined) break;
      for (let at = 0; at < value.length;) {
        at += (await handle.write(value, at, value.length - at, doneBytes + at)).bytesWritten;
      }
      doneBytes += value.length;
      if (doneBytes > MAX_METADATA_BYTES) {
        await reader.cancel();
        throw tooLarge(pull, doneBytes);
      }
      pull.options.onProgress?.(doneBytes, totalBytes);
    }
    return doneBytes;
  } finally {
    await handle.close();
  }
}

/** The next block; undefined at the end. */
async function readBlock(reader: BlockReader, doneBytes: number): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await reader.read();
    return done || value === undefined ? undefined : value;
  } catch (error) {
    throw new LostConnectionError(`the connection was cut after ${doneBytes} bytes`, { cause: error });
  }
}

/** What is used of the reader of a body. */
interface BlockReader {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
}

function refuseStatus(pull: Pull, { status }: Response): void {
  if (status === 200 || status === 206) return;
  if (status >= 500 || status === 429 || status === 408)
    throw new LostConnectionError(`the server answers ${status}`);
  const hint =
    status === 404
      ? 'the file has moved: look for metadata.json in the repository and give its address with --url'
      : 'open the address in a browser; another one is given with --url';
  throw new MetaclipError('E_DOWNLOAD_FAILED', `${pull.shownUrl}: the server answers ${status}`, {
    hint,
    details: { url: pull.shownUrl, status },
  });
}

async function readState(pull: Pull): Promise<PartState | undefined> {
  const value = await readJsonFile(pull.state).catch(() => undefined);
  if (typeof value !== 'object' || value === null || !('url' in value) || !('validator' in value))
    return undefined;
  if (value.url !== pull.shownUrl || typeof value.validator !== 'string') return undefined;
  return { url: pull.shownUrl, validator: value.validator };
}

async function writeState(pull: Pull, { headers }: Response): Promise<void> {
  const tag = headers.get('etag');
  const validator = tag !== null && !tag.startsWith('W/') ? tag : headers.get('last-modified');
  // Without it nobody could tell later whether the part is of the same file.
  if (validator === null) await rm(pull.state, { force: true });
  else await writeFileAtomic(pull.state, JSON.stringify({ url: pull.shownUrl, validator }));
}

async function forget(pull: Pull): Promise<void> {
  await rm(pull.part, { force: true });
  await rm(pull.state, { force: true });
}

async function hashFile(path: string): Promise<{ sha256: string; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of createReadStream(path)) {
    if (!Buffer.isBuffer(chunk)) continue;
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest('hex'), sizeBytes };
}

function tooLarge(pull: Pull, sizeBytes: number): MetaclipError {
  return new MetaclipError(
    'E_DOWNLOAD_FAILED',
    `${pull.shownUrl}: ${sizeBytes} bytes, at most ${MAX_METADATA_BYTES} are taken`,
    {
      hint: 'this is no list of entries',
      details: { url: pull.shownUrl },
    },
  );
}

/** The system's word for it, e.g. ENOTFOUND, else what lies at the bottom; the message of fetch itself says nothing. */
function reasonOf(error: unknown): string {
  let reason = 'unknown';
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    reason = at.message;
  }
  return reason;
}
