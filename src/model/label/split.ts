/** Which part of a data set an image goes to. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';

/** The parts, in the order in which their shares are laid out. */
export const SPLITS = ['train', 'valid', 'test'] as const;

/** One of the parts. */
export type Split = (typeof SPLITS)[number];

/** Share of each part; they add up to 1. */
export type SplitShares = Readonly<Record<Split, number>>;

/** Eight of ten, one and one. */
export const DEFAULT_SHARES: SplitShares = Object.freeze({ train: 0.8, valid: 0.1, test: 0.1 });

/**
 * @param shares - to check
 * @throws {@link MetaclipError} `E_USAGE` unless all are 0 or more and they add up to 1
 */
export function checkShares(shares: SplitShares): void {
  const values = SPLITS.map((split) => shares[split]);
  const sum = values.reduce((a, b) => a + b, 0);
  if (values.every((value) => value >= 0 && value <= 1) && Math.abs(sum - 1) < 1e-9) return;
  throw new MetaclipError(
    'E_USAGE',
    `shares of train, valid and test must add up to 1, got ${values.join(', ')}`,
    {
      hint: 'for example --split 0.8,0.1,0.1',
    },
  );
}

/**
 * Draws by the content alone, so that the answer depends on no order, name or machine, and equal images never lie on both
 * sides of a split. For one seed, a larger share of train keeps what a smaller one had.
 *
 * @param contentHash - hex digits
 * @param seed - another seed is another split
 * @param shares - share of each part
 * @returns the part
 */
export function splitOf(contentHash: string, seed: number, shares: SplitShares): Split {
  const digest = createHash('sha256').update(`${seed}\n${contentHash}`).digest();
  const draw = digest.readUIntBE(0, 6) / 2 ** 48;
  if (draw < shares.train) return 'train';
  return draw < shares.train + shares.valid
    ? 'valid'
    : shares.test > 0
      ? 'test'
      : shares.valid > 0
        ? 'valid'
        : 'train';
}

/**
 * Memory: one buffer, whatever the size of the file.
 *
 * @param path - file
 * @returns sha256 of its bytes, 64 hex digits
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  return hash.digest('hex');
}
