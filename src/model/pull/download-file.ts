/**
 * Fetches one file of the hub, and goes on where an earlier try stopped: in this process after a broken connection, in a later
 * one after an end. What is there already is hashed, so a file gets its name only with the right checksum.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { commitFile, fileSizeOf } from '../../common/files.ts';
import {
  describeHubError,
  describeStatus,
  type HubAccess,
  type HubFile,
  type HubModel,
} from './hub-client.ts';

/** What a download needs to know. */
export interface DownloadRequest {
  readonly model: HubModel;
  readonly file: HubFile;
  /** Final path. */
  readonly path: string;
  readonly access: HubAccess;
  readonly signal: AbortSignal | undefined;
  /** Called with the bytes of this file that are there. */
  readonly onBytes: (haveBytes: number) => void;
}

/** Tries without a new byte before giving up. */
const MAX_TRIES = 4;
const FIRST_WAIT_MS = 250;

/**
 * Memory: some chunks of the network's.
 *
 * @param request - what and where
 * @returns whether the file was there already, whole
 * @throws {@link MetaclipError} `E_DOWNLOAD_FAILED`; `E_CHECKSUM` when the bytes are not those of the listing, the file is removed;
 *   `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`, `E_INTERRUPTED`: what was fetched is kept
 */
export async function downloadFile(request: DownloadRequest): Promise<boolean> {
  const { file, path, onBytes } = request;
  if ((await fileSizeOf(path)) === file.sizeBytes && (await digestOf(path, file)) === expectedDigest(file)) {
    onBytes(file.sizeBytes);
    return true;
  }
  await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
    throw describeSystemError(error, dirname(path), 'create');
  });
  // The checksum is part of the name: parts of another version are not gone on with.
  const partPath = `${path}.${(expectedDigest(file) ?? request.model.revision).slice(0, 16)}.part`;
  await fetchMissing(request, partPath);
  const got = await digestOf(partPath, file);
  const expected = expectedDigest(file);
  if (expected !== undefined && got !== expected) {
    await rm(partPath, { force: true });
    throw new MetaclipError(
      'E_CHECKSUM',
      `${path}: the ${file.sizeBytes} bytes that came have the checksum ${got}, the hub states ${expected}`,
      {
        hint: 'it was removed; run the same command again. If it happens again, something between you and the hub changes files',
        details: { path, got, expected },
      },
    );
  }
  await commitFile(partPath, path);
  return false;
}

async function fetchMissing(request: DownloadRequest, partPath: string): Promise<void> {
  const { file, model, access, signal, onBytes } = request;
  let haveBytes = (await fileSizeOf(partPath)) ?? 0;
  if (haveBytes > file.sizeBytes) {
    await rm(partPath, { force: true });
    haveBytes = 0;
  }
  onBytes(haveBytes);
  for (let failures = 0; haveBytes < file.sizeBytes || (await fileSizeOf(partPath)) === undefined;) {
    try {
      await fetchFrom(request, partPath, haveBytes);
    } catch (error) {
      const before = haveBytes;
      haveBytes = (await fileSizeOf(partPath)) ?? 0;
      failures = haveBytes > before ? 1 : failures + 1;
      // Answers with a status, a full disk and Ctrl-C don't get better by asking again.
      if (error instanceof MetaclipError || signal?.aborted === true || failures >= MAX_TRIES) {
        throw describeHubError(error, `${model.name}: ${file.path}`, access, signal);
      }
      await sleep(FIRST_WAIT_MS * 2 ** failures, undefined, signal === undefined ? {} : { signal }).catch(
        () => undefined,
      );
      continue;
    }
    haveBytes = (await fileSizeOf(partPath)) ?? 0;
  }
}

/** One request; throws when the connection ends early. */
async function fetchFrom(request: DownloadRequest, partPath: string, startByte: number): Promise<void> {
  const { file, model, access, signal, onBytes } = request;
  const address = `${access.endpoint}/${model.name}/resolve/${model.revision}/${file.path.split('/').map(encodeURIComponent).join('/')}`;
  // A redirect to another host, where the hub keeps large files, goes without the token: fetch takes care of that.
  const response = await fetch(address, {
    headers: {
      ...(access.token === undefined ? {} : { authorization: `Bearer ${access.token}` }),
      ...(startByte > 0 ? { range: `bytes=${startByte}-` } : {}),
      'accept-encoding': 'identity',
    },
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    if (response.status >= 500) throw new Error(`status ${response.status}`);
    throw describeStatus(response.status, `${model.name}: ${file.path}`, access);
  }
  // A server that does not know ranges sends all of it.
  const isRest = response.status === 206 && contentStart(response) === startByte;
  if (startByte > 0 && response.status === 206 && !isRest) {
    await response.body.cancel();
    throw new Error('another range than asked for');
  }
  const handle = await open(partPath, isRest ? 'r+' : 'w').catch((error: unknown) => {
    throw describeSystemError(error, partPath, 'write');
  });
  let at = isRest ? startByte : 0;
  try {
    for await (const chunk of response.body) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('a body of something else than bytes');
      if (at + chunk.length > file.sizeBytes) {
        throw new MetaclipError(
          'E_CHECKSUM',
          `${file.path}: more bytes came than the ${file.sizeBytes} of the listing`,
          {
            hint: 'run the same command again; the model may have changed meanwhile',
            details: { path: file.path },
          },
        );
      }
      await handle.write(chunk, 0, chunk.length, at).catch((error: unknown) => {
        throw describeSystemError(error, partPath, 'write');
      });
      at += chunk.length;
      onBytes(at);
    }
  } finally {
    await handle.close();
  }
  if (at < file.sizeBytes) throw new Error('the connection ended early');
}

function contentStart(response: Response): number | undefined {
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  return start === undefined ? undefined : Number(start);
}

/** What the listing states; undefined when it states nothing. */
function expectedDigest(file: HubFile): string | undefined {
  return file.sha256 ?? file.gitSha1;
}

async function digestOf(path: string, file: HubFile): Promise<string> {
  const hash: Hash =
    file.sha256 === undefined && file.gitSha1 !== undefined
      ? createHash('sha1').update(`blob ${file.sizeBytes}\0`)
      : createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      if (chunk instanceof Uint8Array) hash.update(chunk);
    }
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  return hash.digest('hex');
}
