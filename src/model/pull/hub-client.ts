/**
 * What the Hugging Face hub says about a model: revision, licence, files. Asked through `@huggingface/hub`; the bytes are fetched
 * by download-file.ts, since the library has no resumable download.
 */
import { HubApiError, listFiles, modelInfo } from '@huggingface/hub';
import { MetaclipError } from '../../common/errors.ts';

/** Where the hub is, and who asks. */
export interface HubAccess {
  /** Address without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint only, never printed. */
  readonly token: string | undefined;
}

/** A file of a model. */
export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** sha256 of large files; the hub knows only git's sha1 of small ones. */
  readonly sha256: string | undefined;
  /** sha1 of `blob SIZE\0` and the content, for files without `sha256`. */
  readonly gitSha1: string | undefined;
}

/** A model at one revision. */
export interface HubModel {
  readonly name: string;
  /** Commit: what is fetched later is of the same one. */
  readonly revision: string;
  readonly licence: string | null;
  readonly files: readonly HubFile[];
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';
/** A listing of more is no model. */
const MAX_FILES = 10_000;

/**
 * @param env - `HF_ENDPOINT` and `HF_TOKEN`; default those of the process
 * @returns where to ask
 * @throws {@link MetaclipError} `E_USAGE` when one of them can't be one; the token's value is not shown
 */
export function hubAccess(env: Readonly<Record<string, string | undefined>> = process.env): HubAccess {
  const endpoint = (env['HF_ENDPOINT'] ?? '').replace(/\/+$/, '') || DEFAULT_ENDPOINT;
  if (!/^https?:\/\/[^\s/@]+(?:\/[^\s@]*)?$/.test(endpoint)) {
    throw new MetaclipError('E_USAGE', 'HF_ENDPOINT is not an address that begins with http:// or https://', {
      hint: `leave it empty for ${DEFAULT_ENDPOINT}`,
    });
  }
  const token = (env['HF_TOKEN'] ?? '').trim();
  if (token === '') return { endpoint, token: undefined };
  if (!/^hf_[\w-]+$/.test(token)) {
    throw new MetaclipError('E_USAGE', 'HF_TOKEN is not an access token: those begin with hf_', {
      hint: 'take one from the settings of your account on the hub, or unset it for public models',
    });
  }
  return { endpoint, token };
}

/**
 * @param name - `owner/model`
 * @param revision - branch, tag or commit
 * @param access - where to ask
 * @param signal - ends the request
 * @returns the model at the commit that the revision stands for now
 * @throws {@link MetaclipError} `E_USAGE` for a name that can't be one; `E_DOWNLOAD_FAILED` saying whether it is the network, the
 *   permission or the name
 */
export async function describeHubModel(
  name: string,
  revision: string,
  access: HubAccess,
  signal?: AbortSignal,
): Promise<HubModel> {
  if (!/^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(name) || name.includes('..')) {
    throw new MetaclipError('E_USAGE', `${JSON.stringify(name)} is not the name of a model on the hub`, {
      hint: 'for example facebook/metaclip-b32-400m',
      details: { name },
    });
  }
  const request = {
    hubUrl: access.endpoint,
    fetch: boundFetch(signal),
    ...(access.token === undefined ? {} : { accessToken: access.token }),
  };
  try {
    const info = await modelInfo({
      name,
      revision,
      ...request,
      additionalFields: ['sha', 'cardData', 'tags'],
    });
    const files: HubFile[] = [];
    for await (const entry of listFiles({ repo: name, revision: info.sha, recursive: true, ...request })) {
      if (entry.type !== 'file') continue;
      if (files.length >= MAX_FILES) throw new Error(`over ${MAX_FILES} files`);
      const sha256 = entry.lfs?.oid;
      files.push({
        path: entry.path,
        sizeBytes: entry.lfs?.size ?? entry.size,
        sha256: sha256 !== undefined && /^[0-9a-f]{64}$/.test(sha256) ? sha256 : undefined,
        gitSha1: entry.oid !== undefined && /^[0-9a-f]{40}$/.test(entry.oid) ? entry.oid : undefined,
      });
    }
    return { name, revision: info.sha, licence: licenceOf(info.cardData, info.tags), files };
  } catch (error) {
    throw describeHubError(error, name, access, signal);
  }
}

/** Licence of the card, or of the tags that the hub makes of it. */
function licenceOf(card: unknown, tags: unknown): string | null {
  const field = (name: string): string | undefined => {
    const value: unknown =
      typeof card === 'object' && card !== null && Object.hasOwn(card, name)
        ? Reflect.get(card, name)
        : undefined;
    return typeof value === 'string' && value.length <= 100 ? value : undefined;
  };
  const licence = field('license');
  if (licence === 'other') return field('license_name') ?? licence;
  if (licence !== undefined) return licence;
  const list: readonly unknown[] = Array.isArray(tags) ? tags : [];
  const tag = list.find((one) => typeof one === 'string' && one.startsWith('license:'));
  return typeof tag === 'string' ? tag.slice('license:'.length, 100) : null;
}

/** The library takes no signal; its requests get it here. */
function boundFetch(signal: AbortSignal | undefined): typeof fetch {
  return (input, init) => fetch(input, signal === undefined ? init : { ...init, signal });
}

/**
 * @param error - what a request failed with
 * @param name - model
 * @param access - where it was asked
 * @param signal - the caller's
 * @returns what to throw; without credentials
 */
export function describeHubError(
  error: unknown,
  name: string,
  access: HubAccess,
  signal: AbortSignal | undefined,
): MetaclipError {
  if (error instanceof MetaclipError) return error;
  if (signal?.aborted === true) {
    return new MetaclipError('E_INTERRUPTED', `interrupted while ${name} was downloaded`, {
      hint: 'run the same command again: it goes on where it stopped',
    });
  }
  if (error instanceof HubApiError) return describeStatus(error.statusCode, name, access);
  return new MetaclipError(
    'E_DOWNLOAD_FAILED',
    `${access.endpoint}: no answer about ${name}: ${reasonOf(error)}`,
    {
      hint: 'check the network (and HF_ENDPOINT, if it is set) and run the same command again: it goes on where it stopped. Proxy settings are not read',
      details: { endpoint: access.endpoint, name },
    },
  );
}

/**
 * @param status - of an HTTP answer
 * @param name - model
 * @param access - where it was asked
 * @returns what to throw
 */
export function describeStatus(status: number, name: string, access: HubAccess): MetaclipError {
  const details = { endpoint: access.endpoint, name, status };
  const withToken = access.token === undefined ? 'HF_TOKEN is not set' : 'HF_TOKEN is set, and was sent';
  // The hub hides private models behind 401, also those that don't exist.
  if (status === 401 || status === 403) {
    return new MetaclipError(
      'E_DOWNLOAD_FAILED',
      `${access.endpoint}: no permission for ${name}, or no such model (status ${status}; ${withToken})`,
      {
        hint: `check the name; for a gated model accept its terms at ${access.endpoint}/${name} and set HF_TOKEN to a token of that account`,
        details,
      },
    );
  }
  if (status === 404) {
    return new MetaclipError(
      'E_DOWNLOAD_FAILED',
      `${access.endpoint}: no such model, revision or file: ${name}`,
      {
        hint: 'check the name; for example facebook/metaclip-b32-400m',
        details,
      },
    );
  }
  return new MetaclipError('E_DOWNLOAD_FAILED', `${access.endpoint}: status ${status} for ${name}`, {
    hint:
      status === 429
        ? 'too many requests: wait some minutes, or set HF_TOKEN'
        : 'try again later: what is there is kept',
    details,
  });
}

/** The network's word lies in the cause of fetch's TypeError. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code: unknown = inner instanceof Error && 'code' in inner ? inner.code : undefined;
  if (typeof code === 'string') return code;
  return inner instanceof Error ? inner.message.slice(0, 200) : 'unknown reason';
}
