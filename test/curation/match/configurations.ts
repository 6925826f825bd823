/** The ways a list can be searched; every table row and property runs over each of them. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Compat } from '../../../src/curation/compat.ts';
import type { PackedAutomaton } from '../../../src/curation/match/automaton.ts';
import { loadAutomaton, saveAutomaton } from '../../../src/curation/match/automaton-cache.ts';
import { BatchMatcher } from '../../../src/curation/match/batch-matcher.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { Matcher } from '../../../src/curation/match/matcher.ts';
import { shareAutomaton } from '../../../src/curation/match/matcher-memory.ts';
import type { RowMatcher, TextColumn } from '../../../src/curation/match/row-matcher.ts';
import { spaceText } from '../../../src/curation/match/spacing.ts';
import { buildTrie } from '../../../src/curation/match/token-trie.ts';
import type { TokenTrie } from '../../../src/curation/match/token-trie.ts';
import type { EntryList } from '../../../src/metadata/entry-list.ts';
import { oracleMatch } from '../../helpers/oracle.ts';

/** Searches texts; each answer is ascending ids. */
export type Search = (texts: readonly string[]) => number[][] | Promise<number[][]>;

const encoder = new TextEncoder();

/** Texts one behind the other in one array without a byte to spare at its end, as in a batch. */
export function matchPacked(automaton: PackedAutomaton, texts: readonly string[]): number[][] {
  const matcher = new Matcher(automaton);
  const parts = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let start = 0;
  return parts.map((part) => {
    bytes.set(part, start);
    const end = start + part.length;
    const count = matcher.matchBytes(bytes, start, end);
    start = end;
    return Array.from(matcher.ids.subarray(0, count));
  });
}

/** Texts as a column, matched by the kernel. */
export function matchByKernel(matcher: RowMatcher, texts: readonly string[]): number[][] {
  const column = columnOf(texts);
  return texts.map((_, row) => {
    const count = matcher.matchRow(column, row);
    return Array.from(matcher.ids.subarray(matcher.idStart, matcher.idStart + count));
  });
}

/** Texts as a column of UTF-8. */
export function columnOf(texts: readonly string[]): TextColumn {
  const parts = texts.map((text) => encoder.encode(text));
  const textOffsets = new Int32Array(parts.length + 1);
  for (const [row, part] of parts.entries()) textOffsets[row + 1] = (textOffsets[row] ?? 0) + part.length;
  return { rowCount: parts.length, textOffsets, textBytes: Buffer.concat(parts) };
}

/** Walks the build form, plainly. */
export function trieSearch(trie: TokenTrie): (text: string) => number[] {
  const words = new Map(trie.words.map((word, id) => [word, id]));
  const edges = new Map(
    trie.edgeStates.map((state, edge) => [`${state} ${trie.edgeWords[edge] ?? 0}`, edge]),
  );
  return (text) => {
    const found = new Set<number>();
    const take = (reference: number): void => {
      if (reference > 0) found.add(reference - 1);
      if (reference < 0) for (const id of trie.groups[-reference - 1] ?? []) found.add(id);
    };
    const tokens = spaceText(text).split(' ');
    for (const [start, first] of tokens.entries()) {
      const word = words.get(first);
      if (word === undefined) continue;
      take(trie.wordEntries[word] ?? 0);
      let state = 2 * word;
      for (let at = start + 1; at < tokens.length && state >= 0; at++) {
        const edge = edges.get(`${state} ${words.get(tokens[at] ?? '') ?? -1}`);
        take(edge === undefined ? 0 : (trie.edgeEntries[edge] ?? 0));
        state = edge === undefined ? -1 : (trie.edgeNextStates[edge] ?? -1);
      }
    }
    return [...found].sort((a, b) => a - b);
  };
}

/** Writes the automaton, reads it back, and searches that. */
async function matchReloaded(automaton: PackedAutomaton, texts: readonly string[]): Promise<number[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'metaclip-automaton-'));
  try {
    const path = join(folder, 'a.automaton');
    await saveAutomaton(path, automaton);
    return matchPacked(await loadAutomaton(path), texts);
  } finally {
    await rm(folder, { recursive: true });
  }
}

let worker: Worker | undefined;

/** Sends the shared block to a real thread, the same one each time, and searches it there. */
export async function matchInWorker(
  automaton: PackedAutomaton,
  texts: readonly string[],
): Promise<number[][]> {
  worker ??= new Worker(new URL('./start-match-worker.mjs', import.meta.url));
  // The thread keeps the test process alive only while an answer is due.
  worker.ref();
  worker.postMessage({ shared: automaton.shared, texts });
  const [answer] = (await once(worker, 'message')) as [number[][]];
  worker.unref();
  return answer;
}

/** The searches that cost little enough for properties. */
export function fastSearches(list: EntryList, compat: Compat): Record<string, (text: string) => number[]> {
  const automaton = buildAutomaton(list, compat);
  const matcher = new Matcher(automaton);
  const batchMatcher = new BatchMatcher(shareAutomaton(automaton));
  return {
    'build form': trieSearch(buildTrie(list, compat)),
    'packed, bytes': (text) => matchPacked(automaton, [text])[0] ?? [],
    'packed, string': (text) => matcher.matchText(text),
    kernel: (text) => matchByKernel(batchMatcher, [text])[0] ?? [],
  };
}

/** Every configuration. */
export function allSearches(list: EntryList, compat: Compat): Record<string, Search> {
  const automaton = buildAutomaton(list, compat);
  const fast = Object.entries(fastSearches(list, compat));
  return {
    oracle: (texts) => texts.map((text) => oracleMatch(text, list.entries, compat)),
    ...Object.fromEntries(
      fast.map(([name, search]) => [name, (texts: readonly string[]) => texts.map(search)]),
    ),
    'packed, one buffer': (texts) => matchPacked(automaton, texts),
    'kernel, one column': (texts) => matchByKernel(new BatchMatcher(shareAutomaton(automaton)), texts),
    reloaded: (texts) => matchReloaded(automaton, texts),
    'through a worker': (texts) => matchInWorker(automaton, texts),
  };
}
