/** What an evaluation of pairs found, and how inputs differ. */
import type { Distribution } from '../metrics/distribution.ts';
import type { RetrievalRecall } from '../metrics/retrieval.ts';
import type { ClassShares } from './class-share.ts';

/** Figures of one input. */
export interface PairsInputResult {
  readonly name: string;
  readonly path: string;
  readonly pairs: number;
  readonly pairsWithImage: number;
  readonly sampled: number;
  /** Sampled pairs whose image could be used. */
  readonly judged: number;
  readonly refused: Readonly<Record<string, number>>;
  /** Cosines of images and their texts. */
  readonly similarity: Distribution;
  /** Over the first `retrievalPairs` of the sample. */
  readonly retrieval: { readonly imageToText: RetrievalRecall; readonly textToImage: RetrievalRecall };
  readonly classes: ClassShares;
}

/** A figure of the last input against the first. */
export interface PairsDifference {
  readonly figure: string;
  readonly first: number;
  readonly last: number;
  readonly difference: number;
  /** Standard error of the difference, taking the samples for independent; null where none is known. */
  readonly standardError: number | null;
}

/** The whole. */
export interface PairsResult {
  readonly model: { readonly name: string; readonly fingerprint: string };
  readonly limit: number;
  readonly seed: number;
  readonly retrievalPairs: number;
  readonly templates: readonly string[];
  readonly inputs: readonly PairsInputResult[];
  /** Empty for one input. */
  readonly comparison: readonly PairsDifference[];
}

/**
 * @param inputs - figures
 * @returns the last against the first, or nothing for one input
 */
export function comparePairs(inputs: readonly PairsInputResult[]): PairsDifference[] {
  const [first] = inputs;
  const last = inputs.at(-1);
  if (first === undefined || last === undefined || inputs.length < 2) return [];
  const share = (value: number, count: number): number =>
    Math.sqrt((value * (1 - value)) / Math.max(1, count));
  const row = (
    figure: string,
    of: (input: PairsInputResult) => number,
    errorOf: ((input: PairsInputResult) => number) | null,
  ): PairsDifference => ({
    figure,
    first: of(first),
    last: of(last),
    difference: of(last) - of(first),
    standardError: errorOf === null ? null : Math.hypot(errorOf(first), errorOf(last)),
  });
  const recall = (
    title: string,
    way: 'imageToText' | 'textToImage',
    k: 'r1' | 'r5' | 'r10',
  ): PairsDifference =>
    row(
      title,
      ({ retrieval }) => retrieval[way][k],
      ({ retrieval }) => share(retrieval[way][k], retrieval[way].queries),
    );
  return [
    row(
      'mean similarity',
      (input) => input.similarity.mean,
      (input) => input.similarity.standardError,
    ),
    row('median similarity', (input) => input.similarity.quantiles.p50, null),
    recall('image to text R@1', 'imageToText', 'r1'),
    recall('image to text R@5', 'imageToText', 'r5'),
    recall('image to text R@10', 'imageToText', 'r10'),
    recall('text to image R@1', 'textToImage', 'r1'),
    recall('text to image R@5', 'textToImage', 'r5'),
    recall('text to image R@10', 'textToImage', 'r10'),
    row('classes seen', (input) => input.classes.seen, null),
    row('effective classes', (input) => input.classes.effective, null),
    row('share of the ten largest classes', (input) => input.classes.topTenShare, null),
  ];
}
