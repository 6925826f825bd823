/** The public library: `import { curate } from 'metaclip'`. Re-exports only; what is not here is internal. */
export { ERROR_CODES, type ErrorCode, type ErrorFamily, MetaclipError } from './common/errors.ts';
export { TOOL_VERSION } from './common/version.ts';
export { capOfTailShare, entryProbability, tailShareOf } from './curation/balance/cap.ts';
export { COMPAT_MODES, type Compat } from './curation/compat.ts';
export type { CurateResult, LastStage } from './curation/carry-out.ts';
export { type ContinueOptions, continueRun } from './curation/continue-run.ts';
export { curate, matchInputs } from './curation/curate.ts';
export type { CapChoice, CurateOptions, RunControl } from './curation/curate-options.ts';
export { extractPairs, type ExtractOptions } from './curation/extract-pairs.ts';
export { LanguageIdentifier } from './curation/language/identify-language.ts';
export { LID_MODEL, openLidModel, readLidModel } from './curation/language/lid-model.ts';
export {
  balancePairs,
  type BalancedPair,
  computeSamplingRates,
  countEntries,
  dropDuplicates,
  type MatchedPair,
  matchPairs,
} from './curation/library-stages.ts';
export { attachAutomaton, type PackedAutomaton } from './curation/match/automaton.ts';
export { openAutomaton } from './curation/match/automaton-cache.ts';
export { buildAutomaton } from './curation/match/build-automaton.ts';
export { Matcher } from './curation/match/matcher.ts';
export { type TextColumn } from './curation/match/row-matcher.ts';
export {
  buildWorldwideAutomaton,
  type WorldwideAutomaton,
} from './curation/match/worldwide/worldwide-automaton.ts';
export {
  shareWorldwideAutomaton,
  WorldwideBatchMatcher,
  type WorldwideMemory,
} from './curation/match/worldwide/worldwide-batch-matcher.ts';
export { WorldwideMatcher } from './curation/match/worldwide/worldwide-matcher.ts';
export { type Pair, PairBatch, TEXT_KEYS, type TextKey } from './curation/pair-batch.ts';
export { uidOf, uuidOf } from './curation/pair-ids.ts';
export { type ReportOptions, type ReportResult, writeReport } from './curation/report/write-report.ts';
export { describeStatus, type RunStatus } from './curation/run/run-status.ts';
export { DropLog, type DropSample } from './curation/sources/source.ts';
export { writeCardOfRun } from './curation/stats/card-of-run.ts';
export { collectRunStats } from './curation/stats/collect-run-stats.ts';
export { compareCounts, type Comparison } from './curation/stats/compare-counts.ts';
export { type LoadedCounts, loadCounts } from './curation/stats/load-counts.ts';
export type { RunStats, StatsOptions } from './curation/stats/run-stats.ts';
export type { StageProgress } from './curation/stages/run-pieces.ts';
export type { RunSummary } from './curation/summary.ts';
export { SHARD_SCHEMAS, type ShardSchema } from './curation/write/shard-schema.ts';
export { checkList, compareLists, type ListReport, type OverlapReport } from './metadata/check-list.ts';
export { defaultEntries, loadEntries } from './metadata/entries.ts';
export { createEntryList, type EntryList } from './metadata/entry-list.ts';
export { mergeLists, type MergeOptions } from './metadata/merge-lists.ts';
export { pullList, type PullListOptions } from './metadata/pull-list.ts';
export { buildBigrams, buildUnigrams, type NgramListOptions } from './metadata/wiki-ngrams.ts';
export { buildTitles, type TitleListOptions } from './metadata/wiki-titles.ts';
export { buildWordnetList } from './metadata/wordnet-list.ts';
export { buildWorldwide, type WorldwideOptions } from './metadata/worldwide.ts';
export type { WordSplitter } from './metadata/words/word-splitter.ts';
export type { Provenance } from './metadata/write-list.ts';
export { openBundledModel } from './model/bundled-model.ts';
export { embed, type EmbedFormat, type EmbedOptions, type EmbedSummary } from './model/embed/embed.ts';
export type { EmbeddingDtype } from './model/embed/npy.ts';
export type { ImageSource } from './model/encode/image-source.ts';
export type { EmbeddedImage } from './model/encode/image-stream.ts';
export type { DataSet, DataSetOptions } from './model/evaluate/data/data-set.ts';
export { openDataSet } from './model/evaluate/data/open-data-set.ts';
export { rocAuc } from './model/evaluate/metrics/roc-auc.ts';
export { retrievalRecalls, type RetrievalTask } from './model/evaluate/metrics/retrieval.ts';
export { IMAGENET_TEMPLATES } from './model/evaluate/names/clip-templates.ts';
export { DATA_SETS } from './model/evaluate/names/data-sets.ts';
export { IMAGENET_CLASSES } from './model/evaluate/names/imagenet-classes.ts';
export { readClassList, readTemplates } from './model/evaluate/names/read-names.ts';
export { evaluatePairs, type PairsOptions } from './model/evaluate/pairs/evaluate-pairs.ts';
export type { PairsResult } from './model/evaluate/pairs/results.ts';
export { type ClassPlan, planClasses } from './model/evaluate/zeroshot/classes.ts';
export {
  evaluateZeroshot,
  type ZeroshotOptions,
  type ZeroshotResult,
} from './model/evaluate/zeroshot/evaluate-zeroshot.ts';
export { importModel } from './model/import/import-model.ts';
export type { ImportOptions, ImportResult } from './model/import/import-options.ts';
export { label, type LabelOptions, type LabelSummary } from './model/label/label.ts';
export { type ListedModel, listModels } from './model/list-models.ts';
export { type LoadOptions, MetaCLIP, type PredictOptions, type TextOrImage } from './model/metaclip.ts';
export {
  type DecodedImage,
  decodeImage,
  type DecodeOptions,
  type ImageMode,
} from './model/preprocess/decode-image.ts';
export { createPreprocessor, type Preprocessor } from './model/preprocess/preprocess-image.ts';
export { clipPreprocessSpec, type PreprocessSpec } from './model/preprocess/preprocess-spec.ts';
export { parseOpenClipConfig, parsePreprocessorConfig } from './model/preprocess/preprocessor-config.ts';
export { type ModelFolder, type ModelManifest, readModelFolder } from './model/model-folder.ts';
export { pullModel, type PullOptions, type PullPlan, type PullResult } from './model/pull/pull-model.ts';
export { buildClassWeights } from './model/score/class-weights.ts';
export { cosines, type Embeddings, rowOf } from './model/score/embeddings.ts';
export { createOntology, type Ontology, type OntologyInput, readOntology } from './model/score/ontology.ts';
export { type Prediction, predictClasses } from './model/score/predict.ts';
export { softmax, topIndices } from './model/score/softmax.ts';
export { loadTokenizer } from './model/tokenize/load-tokenizer.ts';
export type { TokenBatch, Tokenizer, TokenizerOptions } from './model/tokenize/tokenizer.ts';
