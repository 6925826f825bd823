/** How two runs, or two data cards, differ in their distribution over the entries of one list. */
import { MetaclipError } from '../../common/errors.ts';
import type { LoadedCounts } from './load-counts.ts';

/** Which pairs counts are over. */
export type CountKind = 'before' | 'after';

/** An entry whose share of the matches changed. */
export interface Mover {
  readonly id: number;
  readonly entry: string;
  readonly a: number;
  readonly b: number;
  /** Share of all matches of its side. */
  readonly shareA: number;
  readonly shareB: number;
}

/** Numbers of one side. */
export interface ComparedSide {
  readonly kind: CountKind;
  /** Sum of the counts. */
  readonly matches: number;
  readonly hit: number;
  /** Entries that are hit here and not on the other side. */
  readonly hitHereOnly: number;
}

/** Two distributions side by side. */
export interface ComparedCounts {
  readonly a: ComparedSide;
  readonly b: ComparedSide;
  /**
   * Jensen-Shannon divergence in bits: `(KL(p|m) + KL(q|m)) / 2`, `m = (p + q) / 2`, `p` and `q` the shares of the entries.
   * 0 when they are equal, 1 when no entry is hit on both sides; null when a side has no match at all.
   */
  readonly jsDivergence: number | null;
  /** Greatest change of share first; equal changes by id. Entries whose share did not change are left out. */
  readonly movers: readonly Mover[];
}

/** Result of a comparison. */
export interface Comparison {
  readonly a: { readonly path: string; readonly kind: LoadedCounts['kind']; readonly t: number | null };
  readonly b: { readonly path: string; readonly kind: LoadedCounts['kind']; readonly t: number | null };
  readonly entryCount: number;
  /** Before and after, as far as both sides have them; where they have none in common, what there is. */
  readonly counts: readonly ComparedCounts[];
}

/**
 * Time O(entries log entries), memory 16 bytes an entry.
 *
 * @param a - one side
 * @param b - the other
 * @param moverCount - rows of `movers`
 * @returns the differences
 * @throws {@link MetaclipError} `E_METADATA_MISMATCH` when the entries are not the same
 */
export function compareCounts(a: LoadedCounts, b: LoadedCounts, moverCount: number): Comparison {
  const toB = alignEntries(a, b);
  const reorder = (counts: Float64Array | null): Float64Array | null =>
    counts === null || toB === null ? counts : counts.map((_, id) => counts[toB[id] ?? 0] ?? 0);
  const sides = { before: reorder(b.before), after: reorder(b.after) };
  const compared: ComparedCounts[] = [];
  for (const kind of ['before', 'after'] as const) {
    const [ofA, ofB] = [a[kind], sides[kind]];
    if (ofA !== null && ofB !== null) {
      compared.push(
        compareDistributions(a.entries, { kind, counts: ofA }, { kind, counts: ofB }, moverCount),
      );
    }
  }
  if (compared.length === 0) {
    compared.push(compareDistributions(a.entries, onlySide(a), onlySide({ ...b, ...sides }), moverCount));
  }
  const describe = ({ path, kind, t }: LoadedCounts): Comparison['a'] => ({ path, kind, t });
  return { a: describe(a), b: describe(b), entryCount: a.entries.length, counts: compared };
}

interface Side {
  readonly kind: CountKind;
  readonly counts: Float64Array;
}

function onlySide({ before, after }: Pick<LoadedCounts, 'before' | 'after'>): Side {
  if (after !== null) return { kind: 'after', counts: after };
  return { kind: 'before', counts: before ?? new Float64Array(0) };
}

function compareDistributions(
  entries: readonly string[],
  a: Side,
  b: Side,
  moverCount: number,
): ComparedCounts {
  const [totalA, totalB] = [sumOf(a.counts), sumOf(b.counts)];
  const share = (count: number, total: number): number => (total === 0 ? 0 : count / total);
  let [hitA, hitB, onlyA, onlyB, divergence] = [0, 0, 0, 0, 0];
  const changed: { readonly id: number; readonly change: number }[] = [];
  for (let id = 0; id < entries.length; id++) {
    const [countA, countB] = [a.counts[id] ?? 0, b.counts[id] ?? 0];
    if (countA > 0) hitA++;
    if (countB > 0) hitB++;
    if (countA > 0 && countB === 0) onlyA++;
    if (countB > 0 && countA === 0) onlyB++;
    const [p, q] = [share(countA, totalA), share(countB, totalB)];
    const middle = (p + q) / 2;
    if (p > 0) divergence += (p * Math.log2(p / middle)) / 2;
    if (q > 0) divergence += (q * Math.log2(q / middle)) / 2;
    if (p !== q) changed.push({ id, change: Math.abs(q - p) });
  }
  changed.sort((x, y) => y.change - x.change || x.id - y.id);
  return {
    a: { kind: a.kind, matches: totalA, hit: hitA, hitHereOnly: onlyA },
    b: { kind: b.kind, matches: totalB, hit: hitB, hitHereOnly: onlyB },
    jsDivergence: totalA === 0 || totalB === 0 ? null : Math.min(1, Math.max(0, divergence)),
    movers: changed.slice(0, moverCount).map(({ id }) => {
      const [countA, countB] = [a.counts[id] ?? 0, b.counts[id] ?? 0];
      const entry = entries[id] ?? '';
      return {
        id,
        entry,
        a: countA,
        b: countB,
        shareA: share(countA, totalA),
        shareB: share(countB, totalB),
      };
    }),
  };
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/**
 * Position in `b` of each entry of `a`; null when the order is the same. The same entries in another order can be compared: a
 * published data card may be sorted by count.
 */
function alignEntries(a: LoadedCounts, b: LoadedCounts): Uint32Array | null {
  const first = a.entries.findIndex((entry, id) => entry !== b.entries[id]);
  if (first < 0 && a.entries.length === b.entries.length) return null;
  const idOf = new Map(b.entries.map((entry, id) => [entry, id]));
  const missing = a.entries.filter((entry) => !idOf.has(entry));
  if (missing.length > 0 || a.entries.length !== b.entries.length) {
    const example = missing.length > 0 ? `, e.g. ${JSON.stringify(missing[0])}` : '';
    throw new MetaclipError(
      'E_METADATA_MISMATCH',
      `${b.path}: not the entry list of ${a.path} (${b.entries.length} entries against ${a.entries.length}; ${missing.length} of them are missing${example})`,
      {
        hint: 'only counts over one entry list can be compared; curate both with the same --metadata',
        details: { got: b.entries.length, limit: a.entries.length, missing: missing.length },
      },
    );
  }
  return Uint32Array.from(a.entries, (entry) => idOf.get(entry) ?? 0);
}
