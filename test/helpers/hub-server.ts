/** A server on the loopback device that answers as the Hugging Face hub does: model info, listing, files with ranges and checksums. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** What the server is told to do wrong, or how. */
export interface HubBehaviour {
  /** Ends the connection after so many bytes of a large file, as often as the number says. */
  cuts?: { afterBytes: number; times: number };
  /** Answers file requests with the whole file, whatever range was asked. */
  ignoresRanges?: boolean;
  /** Sends other bytes than the listing's checksums are of. */
  corrupts?: boolean;
  /** Only with this token. */
  token?: string;
  /** Large files are redirected there, as to a storage of another host. */
  storage?: string;
  /** Status for everything. */
  status?: number;
}

/** A running server. */
export interface HubServer {
  readonly endpoint: string;
  readonly behaviour: HubBehaviour;
  /** Requests so far: path, range and authorization. */
  readonly requests: {
    readonly path: string;
    readonly range: string | undefined;
    readonly authorization: string | undefined;
  }[];
  readonly close: () => Promise<void>;
}

const REVISION = 'a'.repeat(40);
/** Above this a file is kept in LFS, and the listing has its sha256. */
const LFS_BYTES = 10_000;

/** Starts a server for one model, `owner/tiny`. */
export async function startHub(
  files: ReadonlyMap<string, Buffer>,
  behaviour: HubBehaviour = {},
  licence: string | null = 'cc-by-nc-4.0',
): Promise<HubServer> {
  const requests: HubServer['requests'] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '', 'http://h').pathname);
    const { range, authorization } = request.headers;
    requests.push({ path, range, authorization });
    answer(path, request, response, files, behaviour, licence);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { endpoint: addressOf(server), behaviour, requests, close: () => closeServer(server) };
}

function answer(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, Buffer>,
  behaviour: HubBehaviour,
  licence: string | null,
): unknown {
  const json = (status: number, value: unknown): ServerResponse =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (behaviour.status !== undefined) return json(behaviour.status, { error: 'as told' });
  const isStorage = path.startsWith('/storage/');
  if (
    behaviour.token !== undefined &&
    !isStorage &&
    request.headers.authorization !== `Bearer ${behaviour.token}`
  ) {
    return json(401, { error: 'Invalid credentials' });
  }
  if (path.startsWith('/api/models/owner/tiny/revision/')) {
    if (!/\/(?:main|HEAD|a{40})$/.test(path)) return json(404, { error: 'Invalid rev id' });
    return json(200, {
      _id: '1',
      id: 'owner/tiny',
      sha: REVISION,
      private: false,
      gated: false,
      downloads: 1,
      likes: 1,
      lastModified: '2024-01-01T00:00:00.000Z',
      tags: licence === null ? [] : [`license:${licence}`],
      cardData: licence === null ? {} : { license: licence },
    });
  }
  if (path === `/api/models/owner/tiny/tree/${REVISION}`) {
    return json(
      200,
      [...files].map(([name, bytes]) => ({
        type: 'file',
        path: name,
        size: bytes.length,
        oid: createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex'),
        ...(bytes.length > LFS_BYTES
          ? {
              lfs: {
                oid: createHash('sha256').update(bytes).digest('hex'),
                size: bytes.length,
                pointerSize: 130,
              },
            }
          : {}),
      })),
    );
  }
  const name = /^\/(?:owner\/tiny\/resolve\/a{40}|storage)\/(.+)$/.exec(path)?.[1];
  const bytes = name === undefined ? undefined : files.get(name);
  if (name === undefined || bytes === undefined) return json(404, { error: 'Repository not found' });
  if (behaviour.storage !== undefined && !isStorage && bytes.length > LFS_BYTES) {
    return response.writeHead(302, { location: `${behaviour.storage}/storage/${name}` }).end();
  }
  return sendFile(request, response, bytes, behaviour);
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer,
  behaviour: HubBehaviour,
): unknown {
  const start =
    behaviour.ignoresRanges === true ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
  const from = Number(start ?? 0);
  const body = Buffer.from(bytes.subarray(from));
  if (behaviour.corrupts === true && bytes.length > LFS_BYTES) body.fill(0x55, 0, 10);
  response.writeHead(start === undefined ? 200 : 206, {
    'content-length': body.length,
    'accept-ranges': 'bytes',
    etag: '"x"',
    ...(start === undefined ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  });
  const { cuts } = behaviour;
  if (cuts !== undefined && cuts.times > 0 && bytes.length > LFS_BYTES) {
    cuts.times--;
    return response.write(body.subarray(0, cuts.afterBytes), () => setTimeout(() => response.destroy(), 20));
  }
  return response.end(body);
}

function addressOf(server: Server): string {
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
