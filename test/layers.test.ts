/** Which part may import which, so that data flows one way and a newcomer can read the folders in one order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import ts from 'typescript';
import { readSourceFiles } from './helpers/source-imports.ts';

const files = readSourceFiles();
const MAX_LINES = 450;

/** Part of a file: its folder, or inside curation/ its stage's folder, or the file itself where it lies in no folder. */
function partOf(path: string): string {
  const names = path.split('/');
  if (names[0] !== 'curation') return names[0] ?? '';
  return names.length > 2 ? `curation/${names[1] ?? ''}` : path.replace(/\.ts$/, '');
}

/**
 * Top folders: what each may import beside itself. `curation` and `executors` need each other at run time: curate.ts starts
 * the pool, whose threads run the jobs of curation/jobs; the parts inside are ordered below.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  common: [],
  metadata: ['common'],
  curation: ['common', 'metadata', 'executors'],
  executors: ['common', 'curation'],
  model: ['common'],
  commands: ['common', 'metadata', 'curation', 'model'],
  'cli.ts': ['commands'],
  'index.ts': ['common', 'metadata', 'curation', 'model'],
};

/** Parts of curation in the order of the data: each imports only what stands on lines above its own. */
const ORDER: readonly (readonly string[])[] = [
  [
    'curation/compat',
    'curation/drop-reasons',
    'curation/pair-batch',
    'curation/pair-ids',
    'curation/drop-list',
  ],
  ['curation/hash-pairs', 'curation/sources', 'curation/match', 'curation/language'],
  ['curation/extract-pairs'],
  ['curation/matched'],
  ['curation/dedup'],
  ['curation/count'],
  ['curation/balance'],
  ['curation/write'],
  ['curation/library-stages'],
  ['curation/run'],
  ['curation/jobs'],
  ['executors', 'curation/stages'],
  ['curation/curate-options', 'curation/summary'],
  ['curation/stats'],
  ['curation/later-stages'],
  ['curation/carry-out'],
  ['curation/curate', 'curation/continue-run'],
  ['curation/report'],
];

interface Edge {
  readonly from: string;
  readonly to: string;
  /** For the message. */
  readonly where: string;
}

const edges: Edge[] = files.flatMap(({ path, imports }) =>
  imports.flatMap(({ target }) =>
    target === undefined ? [] : [{ from: path, to: target, where: `${path} imports ${target}` }],
  ),
);

/** A cycle as the list of its nodes, the first one repeated at the end; undefined when there is none. */
function findCycle(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const finished = new Set<string>();
  const walk = (node: string, way: readonly string[]): string[] | undefined => {
    const at = way.indexOf(node);
    if (at >= 0) return [...way.slice(at), node];
    if (finished.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = walk(next, [...way, node]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = walk(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function graphOf(pairs: readonly (readonly [string, string])[]): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of pairs) {
    if (from !== to) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  }
  return graph;
}

describe('the layers of src', () => {
  it('are all named here, and every import leads to a file', () => {
    const paths = new Set(files.map(({ path }) => path));
    assert.deepEqual(
      edges.filter(({ to }) => !paths.has(to)).map(({ where }) => where),
      [],
    );
    // What the others rest on: imports of every kind are found.
    for (const known of [
      'cli.ts imports commands/main.ts',
      'curation/jobs/job.ts imports curation/jobs/match-job.ts',
    ]) {
      assert.ok(
        edges.some(({ where }) => where === known),
        known,
      );
    }
    const tops = new Set(files.map(({ path }) => path.split('/')[0] ?? ''));
    assert.deepEqual([...tops].sort(), Object.keys(ALLOWED).sort());
    const parts = new Set(
      files.map(({ path }) => partOf(path)).filter((part) => part.startsWith('curation/')),
    );
    const ordered = ORDER.flat().filter((part) => part !== 'executors');
    assert.deepEqual([...parts].sort(), ordered.sort());
  });

  it('import only the folders that they may', () => {
    const wrong = edges.filter(({ from, to }) => {
      const [own = '', other = ''] = [from.split('/')[0], to.split('/')[0]];
      return own !== other && ALLOWED[own]?.includes(other) !== true;
    });
    assert.deepEqual(
      wrong.map(({ where }) => where),
      [],
    );
  });

  it('stand in the order of the data inside curation, types included', () => {
    const rank = new Map(ORDER.flatMap((parts, index) => parts.map((part) => [part, index] as const)));
    const wrong = edges.filter(({ from, to }) => {
      const [own, other] = [partOf(from), partOf(to)];
      const [ownRank, otherRank] = [rank.get(own), rank.get(other)];
      if (own === other || ownRank === undefined || otherRank === undefined) return false;
      return otherRank >= ownRank;
    });
    assert.deepEqual(
      wrong.map(({ where }) => where),
      [],
    );
  });

  it('have no cycle of parts, types included', () => {
    assert.equal(findCycle(graphOf(edges.map(({ from, to }) => [partOf(from), partOf(to)]))), undefined);
  });

  it('have no cycle of files but for types', () => {
    const loaded = files.flatMap(({ path, imports }) =>
      imports.flatMap(({ target, isTypeOnly }) =>
        target === undefined || isTypeOnly ? [] : [[path, target] as const],
      ),
    );
    assert.equal(findCycle(graphOf(loaded)), undefined);
  });

  it('findCycle finds one', () => {
    const cycle = findCycle(
      graphOf([
        ['a', 'b'],
        ['b', 'c'],
        ['c', 'b'],
      ]),
    );
    assert.deepEqual(cycle, ['b', 'c', 'b']);
  });
});

describe('the files of src', () => {
  it(`have at most ${MAX_LINES} lines`, () => {
    const long = files.filter(({ text }) => text.split('\n').length - 1 > MAX_LINES).map(({ path }) => path);
    assert.deepEqual(long, []);
  });

  it('use no `any` and silence no compiler error', () => {
    const wrong: string[] = [];
    for (const { path, text, tree } of files) {
      if (/@ts-(ignore|nocheck|expect-error)/.test(text)) wrong.push(`${path}: a silenced compiler error`);
      const visit = (node: ts.Node): void => {
        if (node.kind === ts.SyntaxKind.AnyKeyword) {
          const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
          wrong.push(`${path}:${line + 1}: any`);
        }
        ts.forEachChild(node, visit);
      };
      visit(tree);
    }
    assert.deepEqual(wrong, []);
  });

  it('print nothing and end no process, but for the command line', () => {
    const wrong = files.filter(
      ({ path, text }) =>
        !/^(cli\.ts$|commands\/)/.test(path) &&
        /\bconsole\.\w+\(|process\.(exit|stdout|stderr)\b/.test(
          text.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, ''),
        ),
    );
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });
});
