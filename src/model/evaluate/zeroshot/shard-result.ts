/** What one shard came to; a file of it marks the shard as done. */
import { MetaclipError } from '../../../common/errors.ts';
import { readJsonFile, writeFileAtomic } from '../../../common/files.ts';
import { JsonFields } from '../../json-fields.ts';
import { ClassCounts } from '../metrics/metrics.ts';

/** An image that was taken for something else. */
export interface Mistake {
  readonly image: string;
  readonly truth: number;
  readonly predicted: number;
  /** Probability of the predicted class. */
  readonly confidence: number;
  /** Probability of the true class. */
  readonly truthConfidence: number;
  /** Place of the true class, 1 for the best. */
  readonly rank: number;
  /** Small picture as a `data:` address. */
  readonly thumbnail: string | null;
}

/** Counts and worst mistakes of one shard. */
export interface ShardResult {
  readonly images: number;
  readonly counts: ClassCounts;
  /** Left-out images by reason. */
  readonly refused: ReadonlyMap<string, number>;
  readonly refusedExamples: readonly {
    readonly image: string;
    readonly reason: string;
    readonly message: string;
  }[];
  /** Most confident first. */
  readonly mistakes: readonly Mistake[];
}

/** Mistakes that are kept, of a shard and of the whole. */
export const MISTAKES_KEPT = 24;

/**
 * @param path - marker
 * @param result - of the shard
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function writeShardResult(path: string, result: ShardResult): Promise<void> {
  const { counts } = result;
  const confusion: number[][] = [];
  for (let truth = 0; truth < counts.classCount; truth++) {
    for (let predicted = 0; predicted < counts.classCount; predicted++) {
      const count = counts.count(truth, predicted);
      if (count > 0) confusion.push([truth, predicted, count]);
    }
  }
  const inFive = [...counts.inFive.entries()].filter(([, count]) => count > 0);
  const json = {
    images: result.images,
    refused: Object.fromEntries(result.refused),
    refusedExamples: result.refusedExamples,
    inFive,
    confusion,
    mistakes: result.mistakes,
  };
  await writeFileAtomic(path, `${JSON.stringify(json)}\n`);
}

/**
 * @param path - marker
 * @param classCount - number of classes
 * @returns what is in it, or undefined when the shard is not done
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export async function readShardResult(path: string, classCount: number): Promise<ShardResult | undefined> {
  const json = await readJsonFile(path);
  if (json === undefined) return undefined;
  const hint = 'remove the file and run the same command again: the shard is done anew';
  const fields = JsonFields.parse(JSON.stringify(json), path, 'E_DAMAGED_RUN_FILE', hint);
  const counts = new ClassCounts(classCount);
  const isClass = (value: number | undefined): value is number =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value < classCount;
  const damaged = (): MetaclipError =>
    new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: a count of a class that is not there`, {
      hint,
      details: { path },
    });
  for (const [truth, predicted, count] of tuples(fields.raw('confusion'))) {
    if (!isClass(truth) || !isClass(predicted) || count === undefined) throw damaged();
    counts.note(truth, predicted, Infinity, count);
  }
  for (const [truth, count] of tuples(fields.raw('inFive'))) {
    if (!isClass(truth) || count === undefined) throw damaged();
    counts.inFive[truth] = count;
  }
  const refused = fields.object('refused');
  return {
    images: fields.integer('images'),
    counts,
    refused: new Map(refused.names.map((name) => [name, refused.integer(name)])),
    refusedExamples: fields.objects('refusedExamples').map((one) => ({
      image: one.text('image'),
      reason: one.text('reason'),
      message: one.text('message'),
    })),
    mistakes: fields.objects('mistakes').map((one) => ({
      image: one.text('image'),
      truth: one.integer('truth'),
      predicted: one.integer('predicted'),
      confidence: one.number('confidence'),
      truthConfidence: one.number('truthConfidence'),
      rank: one.integer('rank', 1),
      thumbnail: one.has('thumbnail') ? one.text('thumbnail') : null,
    })),
  };
}

function tuples(value: unknown): number[][] {
  if (!Array.isArray(value)) return [];
  return value.map((one: unknown) =>
    Array.isArray(one) ? one.filter((number: unknown): number is number => typeof number === 'number') : [],
  );
}
