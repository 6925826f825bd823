/** What an image can be given as, and the bytes behind an address. */
import { fileURLToPath } from 'node:url';
import { MetaclipError } from '../../common/errors.ts';

/** A file path, the bytes of an image file, or an address (http and https only where `urls` allows it). */
export type ImageSource = string | Uint8Array | URL;

/** Bytes of the largest image that is fetched. */
const MAX_FETCHED_BYTES = 256 * 2 ** 20;
const FETCH_TIMEOUT_MS = 30_000;

/**
 * @param source - image
 * @returns a short name for messages
 */
export function nameOfSource(source: ImageSource): string {
  if (typeof source === 'string') return source;
  return source instanceof URL ? source.href : `an image of ${source.byteLength} bytes`;
}

/**
 * Turns an address into what the decoder reads.
 *
 * Addresses are off by default: a list of images that comes from elsewhere must not make this machine call whatever stands in it.
 *
 * Memory: a fetched file, at most 256 MiB.
 *
 * @param source - image
 * @param urls - whether http and https addresses may be fetched
 * @returns a path or bytes
 * @throws {@link MetaclipError} `E_USAGE` for an address while `urls` is false, or of another scheme than http, https and file;
 *   `E_INPUT_UNREADABLE` for one that does not answer within 30 seconds, or with too much
 */
export async function resolveImageSource(source: ImageSource, urls: boolean): Promise<string | Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (typeof source === 'string' && !/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) return source;
  const name = nameOfSource(source);
  const url = URL.canParse(name) ? new URL(name) : null;
  if (url?.protocol === 'file:') return fileURLToPath(url);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new MetaclipError('E_USAGE', `${name}: only http, https and file addresses can be read`, {
      hint: 'download the image first',
      details: { name, reason: 'address' },
    });
  }
  if (!urls) {
    throw new MetaclipError('E_USAGE', `${name}: addresses are not fetched unless that is allowed`, {
      hint: 'allow it with --urls (in the library: urls: true), or download the image first',
      details: { name, reason: 'address' },
    });
  }
  return fetchBytes(url);
}

async function fetchBytes(url: URL): Promise<Uint8Array> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw unreadable(url, `the server answered ${response.status}`);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    const body: AsyncIterable<Uint8Array> = response.body;
    for await (const chunk of body) {
      size += chunk.byteLength;
      if (size > MAX_FETCHED_BYTES) throw unreadable(url, `more than ${MAX_FETCHED_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof MetaclipError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw unreadable(url, cause instanceof Error ? cause.message : String(cause), error);
  }
}

function unreadable(url: URL, why: string, cause?: unknown): MetaclipError {
  return new MetaclipError('E_INPUT_UNREADABLE', `${url.href}: ${why}`, {
    hint: 'check the address in a browser',
    details: { name: url.href, reason: 'address' },
    ...(cause === undefined ? {} : { cause }),
  });
}
