/** From what the user names (files, folders, patterns) to the list of input files, the same on every machine. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { detectFormat, formatOfName, UNDERSTOOD_FORMATS, type InputFormat } from './detect-format.ts';
import { expandBraces, isPattern, parsePattern, type PatternPart } from './glob-pattern.ts';

/** One file of the pool. */
export interface InputFile {
  /** Absolute path. */
  readonly path: string;
  /** Size on disk. */
  readonly sizeBytes: number;
  readonly format: InputFormat;
  /** Set when the content is not what the name says: its reader will throw this. `format` is that of the name then. */
  readonly problem?: MetaclipError;
}

/** Files whose first bytes are looked at together. */
const DETECTIONS_AT_ONCE = 16;

/**
 * Lists the files of a pool.
 *
 * A name that exists is taken as it is, whatever characters it has; else it is a pattern (see glob-pattern.ts). Folders
 * are walked with their sub-folders: files with a known extension are taken, others are ignored; a file that a pattern
 * matches is also taken when its content is of a known format. In both, names that start with `.` or `_` (markers such as
 * `_SUCCESS`; a pattern may write them) and the `*_stats.json` files of img2dataset are skipped. Links are followed; of several
 * ways to one real file the shortest is kept.
 *
 * Memory and time are linear in the number of files; each is opened once for its first bytes.
 *
 * @param inputs - files, folders and patterns, relative to the working folder
 * @param onIgnored - told the path of each file in a folder or pattern that has no known extension
 * @returns the files sorted by path in code-unit order, without duplicates
 * @throws MetaclipError E_INPUT_NOT_FOUND for a name or pattern that matches nothing; E_INPUT_EMPTY when there is no
 *   file at all; E_FORMAT_UNKNOWN for a file that is named itself and of no known format; E_INPUT_UNREADABLE when every
 *   file is something else than its name says; E_USAGE for a pattern with too many alternatives
 */
export async function listInputs(
  inputs: readonly string[],
  onIgnored: (path: string) => void = () => undefined,
): Promise<InputFile[]> {
  const found: Found = new Map();
  for (const input of inputs) await collect(input, found, onIgnored);
  const paths = await withoutLinkedTwice(found.keys());
  const files: InputFile[] = [];
  for (let start = 0; start < paths.length; start += DETECTIONS_AT_ONCE) {
    const slice = paths.slice(start, start + DETECTIONS_AT_ONCE);
    const described = await Promise.all(slice.map((path) => describeFile(path, found.get(path) === 'named')));
    described.forEach((file, i) => {
      if (file === undefined) onIgnored(slice[i] ?? '');
      else files.push(file);
    });
  }
  if (files.length === 0) {
    throw new MetaclipError(
      'E_INPUT_EMPTY',
      `no input file in ${inputs.join(', ') || 'an empty list of inputs'}`,
      {
        hint: `understood are ${UNDERSTOOD_FORMATS}`,
      },
    );
  }
  const problem = files[0]?.problem;
  if (problem !== undefined && files.every((file) => file.problem !== undefined)) throw problem;
  return files;
}

/** Of paths to the same real file only the one with the fewest folders, then the first: a loop of links adds folders. */
async function withoutLinkedTwice(paths: Iterable<string>): Promise<string[]> {
  const kept = new Map<string, string>();
  for (const path of paths) {
    const real = await realpath(path).catch(() => path); // Gone meanwhile: said when it is opened.
    const other = kept.get(real);
    if (other === undefined || comparePaths(path, other) < 0) kept.set(real, path);
  }
  return [...kept.values()].sort((a, b) => (a < b ? -1 : 1));
}

function comparePaths(a: string, b: string): number {
  const deeper = a.split(sep).length - b.split(sep).length;
  return deeper !== 0 ? deeper : a < b ? -1 : 1;
}

/** Undefined for a file of no known format that the user did not name. */
async function describeFile(path: string, isNamed: boolean): Promise<InputFile | undefined> {
  try {
    const { size } = await stat(path);
    const named = formatOfName(path);
    try {
      return { path, sizeBytes: size, format: await detectFormat(path) };
    } catch (error) {
      if (!(error instanceof MetaclipError)) throw error;
      if (error.code === 'E_FORMAT_UNKNOWN' && !isNamed) return undefined;
      if (named === undefined || error.code !== 'E_INPUT_UNREADABLE') throw error;
      return { path, sizeBytes: size, format: named, problem: error };
    }
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

/** Absolute path to how it was found: named itself, or by a pattern or in a folder. */
type Found = Map<string, 'named' | 'met'>;

async function collect(input: string, found: Found, onIgnored: (path: string) => void): Promise<void> {
  const path = resolve(input);
  const kind = input === '' ? 'none' : await kindOf(path);
  if (kind === 'file') found.set(path, 'named');
  else if (kind === 'folder') await walkFolder(path, found, onIgnored);
  else if (kind === 'other') {
    throw new MetaclipError('E_INPUT_UNREADABLE', `${path}: neither a file nor a folder`, {
      hint: 'write a pipe or device to a file first: inputs are read more than once',
      details: { path },
    });
  } else {
    const matches = isPattern(input) ? await matchPattern(input) : new Set<string>();
    if (matches.size === 0) {
      const what = isPattern(input) ? 'no file matches this pattern' : 'no such file or folder';
      throw new MetaclipError('E_INPUT_NOT_FOUND', `${input}: ${what} (in ${resolve('.')})`, {
        hint: 'check the spelling; patterns know * ** ? [abc] {a,b}, and need quotes against the shell',
        details: { input },
      });
    }
    for (const match of matches) {
      if ((await kindOf(match)) === 'folder') await walkFolder(match, found, onIgnored);
      else if (!isBookkeeping(match) && !found.has(match)) found.set(match, 'met');
    }
  }
}

type Kind = 'file' | 'folder' | 'other' | 'none';

async function kindOf(path: string): Promise<Kind> {
  try {
    const stats = await stat(path);
    return stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP' || code === 'ENAMETOOLONG') return 'none';
    throw describeSystemError(error, path, 'read');
  }
}

function isSkippedName(name: string): boolean {
  return name.startsWith('.') || name.startsWith('_') || isBookkeeping(name);
}

/** What img2dataset writes beside each shard. */
function isBookkeeping(name: string): boolean {
  return name.toLowerCase().endsWith('_stats.json');
}

function addFromFolder(path: string, found: Found, onIgnored: (path: string) => void): void {
  if (isSkippedName(basename(path))) return;
  if (formatOfName(path) === undefined) onIgnored(path);
  else if (!found.has(path)) found.set(path, 'met');
}

async function walkFolder(root: string, found: Found, onIgnored: (path: string) => void): Promise<void> {
  for await (const { path, kind } of walk(root)) if (kind === 'file') addFromFolder(path, found, onIgnored);
}

/**
 * Everything below a folder, the folder included; hidden and `_` names left out, each real folder once. Linked folders
 * come last, so that a folder inside the root keeps its own path.
 */
async function* walk(root: string): AsyncGenerator<{ path: string; kind: Kind }, void, void> {
  const seen = new Set<string>();
  const waiting = [root];
  const linked: string[] = [];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop() ?? linked.shift()) {
    const real = await realpath(folder);
    if (seen.has(real)) continue;
    seen.add(real);
    yield { path: folder, kind: 'folder' };
    for (const entry of await entriesOf(folder)) {
      if (isSkippedName(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isFile()) yield { path, kind: 'file' };
      else if (entry.isDirectory()) waiting.push(path);
      else {
        // A link, or a file system that does not tell kinds.
        const kind = await kindOf(path);
        if (kind === 'folder') linked.push(path);
        else if (kind === 'file') yield { path, kind };
      }
    }
  }
}

/** Names in code-unit order, so that of two links to one folder every machine takes the same. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw describeSystemError(error, folder, 'read');
  }
}

async function matchPattern(pattern: string): Promise<Set<string>> {
  const matches = new Set<string>();
  for (const plain of expandBraces(pattern)) {
    const start = plain.startsWith('/') ? sep : resolve('.');
    await matchParts(start, parsePattern(plain), matches);
  }
  return matches;
}

/** Adds what the parts match below a folder; a file that is left when no part is. */
async function matchParts(
  folder: string,
  parts: readonly PatternPart[],
  matches: Set<string>,
): Promise<void> {
  const [part, ...others] = parts;
  if (part === undefined) {
    if ((await kindOf(folder)) !== 'none') matches.add(folder);
    return;
  }
  if (part.kind === 'name') {
    await matchParts(resolve(folder, part.name), others, matches);
    return;
  }
  if ((await kindOf(folder)) !== 'folder') return;
  if (part.kind === 'folders') {
    if (others.length === 0) {
      for await (const { path, kind } of walk(folder)) if (kind === 'file') matches.add(path);
      return;
    }
    for await (const { path, kind } of walk(folder))
      if (kind === 'folder') await matchParts(path, others, matches);
    return;
  }
  for (const { name } of await entriesOf(folder)) {
    if (part.regExp.test(name)) await matchParts(join(folder, name), others, matches);
  }
}
