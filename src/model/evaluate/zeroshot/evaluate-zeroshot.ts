/**
 * A zero-shot evaluation as a folder that can be taken up again:
 *
 *   run.json             what is evaluated with what; another one may not go on here
 *   shards/NNNNN.json    counts and worst mistakes of a shard; written last, so a shard that has it is done
 *   shards/NNNNN.scores  scores of its images, for the ROC curves
 *   result.json          in clip_benchmark's form
 *   detail.json          all figures, the table of classes, the confusion matrix, what was left out
 *   report.html          the same to look at
 *
 * A process may die at any moment: the same command goes on with the first shard that is not done, and the bytes of the results are
 * the same, since nothing in them depends on when or how often it was started.
 */
import { join } from 'node:path';
import { MetaclipError } from '../../../common/errors.ts';
import {
  checkWritable,
  ensureFolder,
  readJsonFile,
  removeStaleTemporaries,
  writeFileAtomic,
} from '../../../common/files.ts';
import { canonicalJson } from '../../../common/hashing.ts';
import { TOOL_VERSION } from '../../../common/version.ts';
import { checkInterrupted } from '../../encode/image-stream.ts';
import type { DataSet } from '../data/data-set.ts';
import { ClassCounts, type ClassMetrics, classRows, headlineOf, metricsOf } from '../metrics/metrics.ts';
import { zeroshotPage } from '../page/zeroshot-page.ts';
import type { ClassPlan } from './classes.ts';
import { evaluateShard, type ImageModel, WorstMistakes } from './evaluate-shard.ts';
import { benchmarkResult, detailOf, type BenchmarkResult, type ZeroshotDetail } from './results.ts';
import { aucOfClasses, type ScoreFile } from './score-file.ts';
import { readShardResult, type ShardResult, writeShardResult } from './shard-result.ts';
import { cachedClassWeights, type WeightSource } from './text-weights.ts';

/** What is asked of a model. */
export interface EvaluationModel extends ImageModel, WeightSource {
  readonly manifest: { readonly name: string };
}

/** How far an evaluation is. */
export interface ZeroshotProgress {
  readonly phase: 'texts' | 'images' | 'curves';
  readonly done: number;
  /** 0 when unknown. */
  readonly total: number;
  readonly doneShards: number;
  readonly totalShards: number;
}

/** Options of {@link evaluateZeroshot}. */
export interface ZeroshotOptions {
  /** Output folder. */
  readonly out: string;
  /** Name of the data set in the results; default its own. */
  readonly dataset?: string;
  /** Language of names and templates, for the results; default `en`. */
  readonly language?: string;
  /** Folder where text weights are kept between evaluations; undefined for none. */
  readonly weightCache?: string;
  /** Whether ROC curves are made, which keeps 4 bytes an image and class on disk. Default true. */
  readonly curves?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ZeroshotProgress) => void;
}

/** What {@link evaluateZeroshot} found. */
export interface ZeroshotResult {
  readonly out: string;
  readonly result: BenchmarkResult;
  readonly metrics: ClassMetrics;
  readonly detail: ZeroshotDetail;
  /** Shards that were done before this call. */
  readonly skippedShards: number;
}

/**
 * @param model - both sides
 * @param data - labelled images
 * @param plan - classes, templates, metric
 * @param options - output and the rest
 * @returns figures; the files lie in `options.out`
 * @throws {@link MetaclipError} `E_RUN_MISMATCH` when the folder holds another evaluation; `E_INPUT_UNREADABLE` when no image could
 *   be used; `E_INTERRUPTED`, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_DAMAGED_RUN_FILE`; as the model
 */
export async function evaluateZeroshot(
  model: EvaluationModel,
  data: DataSet,
  plan: ClassPlan,
  options: ZeroshotOptions,
): Promise<ZeroshotResult> {
  const { out, dataset = data.name, language = 'en', curves = true, signal } = options;
  const shardFolder = join(out, 'shards');
  await claimFolder(out, {
    version: TOOL_VERSION,
    model: model.fingerprint,
    dataset,
    language,
    format: data.format,
    shards: data.shards.map(({ name, fingerprint }) => [name, fingerprint]),
    ...plan,
    curves,
  });
  await ensureFolder(shardFolder);
  removeStaleTemporaries(shardFolder);

  const totalShards = data.shards.length;
  const prompts = plan.classes.length * plan.templates.length;
  const { weights } = await cachedClassWeights(model, plan.classes, plan.templates, options.weightCache, {
    ...(signal === undefined ? {} : { signal }),
    onProgress: (done) => {
      options.onProgress?.({ phase: 'texts', done, total: prompts, doneShards: 0, totalShards });
    },
  });

  const imageCounts = data.shards.map(({ imageCount }) => imageCount);
  const isCounted = imageCounts.every((count) => count !== undefined);
  const total = isCounted ? imageCounts.reduce((sum, count) => sum + count, 0) : 0;
  const whole = new WholeResult(plan.classes.length);
  const scoreFiles: ScoreFile[] = [];
  let skippedShards = 0;
  let done = 0;
  for (const [number, shard] of data.shards.entries()) {
    const base = join(shardFolder, String(number).padStart(5, '0'));
    const report = (): void => {
      options.onProgress?.({ phase: 'images', done, total, doneShards: number, totalShards });
    };
    let result = await readShardResult(`${base}.json`, plan.classes.length);
    if (result === undefined) {
      checkInterrupted(signal);
      result = await evaluateShard(model, shard, {
        weights,
        classOfLabel: plan.classOfLabel,
        scorePath: curves ? `${base}.scores` : undefined,
        ...(signal === undefined ? {} : { signal }),
        onImage: () => {
          done++;
          report();
        },
      });
      // An interrupted stream of images ends like one that is through.
      checkInterrupted(signal);
      await writeShardResult(`${base}.json`, result);
    } else {
      skippedShards++;
      done += result.images;
      report();
    }
    whole.add(result);
    scoreFiles.push({ path: `${base}.scores`, images: result.images });
  }
  if (whole.images === 0) {
    const reasons = [...whole.refused].map(([reason, count]) => `${reason} ${count}`).join(', ');
    throw new MetaclipError(
      'E_INPUT_UNREADABLE',
      `${data.name}: no image of it could be used (${reasons || 'it is empty'})`,
      {
        hint: 'look at the reasons; for unknown-label give other --classes',
        details: { dataset },
      },
    );
  }
  options.onProgress?.({ phase: 'curves', done: 0, total: 0, doneShards: totalShards, totalShards });
  const aucs = curves ? await aucOfClasses(scoreFiles, plan.classes.length) : [];
  const rows = classRows(whole.counts, plan.classes, aucs);
  const metrics = metricsOf(rows);
  const identity = { dataset, language, model: model.manifest.name, fingerprint: model.fingerprint };
  const result = benchmarkResult(identity, metrics);
  const detail = detailOf(identity, data, plan, {
    metrics,
    headline: headlineOf(plan.metric, metrics),
    rows,
    counts: whole.counts,
    refused: whole.refused,
    refusedExamples: whole.refusedExamples,
    mistakes: whole.mistakes.sorted(),
  });
  await writeFileAtomic(join(out, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
  await writeFileAtomic(join(out, 'detail.json'), `${JSON.stringify(detail, null, 2)}\n`);
  await writeFileAtomic(join(out, 'report.html'), await zeroshotPage(detail, whole.mistakes.sorted()));
  return { out, result, metrics, detail, skippedShards };
}

/** Sum of the shards so far. */
class WholeResult {
  images = 0;
  readonly counts: ClassCounts;
  readonly refused = new Map<string, number>();
  readonly refusedExamples: { image: string; reason: string; message: string }[] = [];
  readonly mistakes = new WorstMistakes();

  constructor(classCount: number) {
    this.counts = new ClassCounts(classCount);
  }

  add(shard: ShardResult): void {
    this.images += shard.images;
    this.counts.add(shard.counts);
    for (const [reason, count] of shard.refused) {
      this.refused.set(reason, (this.refused.get(reason) ?? 0) + count);
    }
    this.refusedExamples.push(
      ...shard.refusedExamples.slice(0, Math.max(0, 50 - this.refusedExamples.length)),
    );
    for (const mistake of shard.mistakes) this.mistakes.add(mistake);
  }
}

async function claimFolder(out: string, settings: object): Promise<void> {
  const path = join(out, 'run.json');
  const before = await readJsonFile(path);
  if (before === undefined) {
    checkWritable(out);
    await writeFileAtomic(path, `${JSON.stringify(settings, null, 2)}\n`);
    return;
  }
  if (canonicalJson(before) === canonicalJson(settings)) return;
  throw new MetaclipError(
    'E_RUN_MISMATCH',
    `${out}: holds an evaluation of other data, or with other options`,
    {
      hint: `give the same options (they stand in ${path}), or choose another --out`,
      details: { path },
    },
  );
}
