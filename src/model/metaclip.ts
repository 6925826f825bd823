/** The model's front door: load a folder, then embed, compare, classify and label. */
import { checkSameModel, cosines, type Embeddings } from './score/embeddings.ts';
import { buildClassWeights } from './score/class-weights.ts';
import { createOntology, type Ontology, type OntologyInput } from './score/ontology.ts';
import { type Prediction, predictClasses } from './score/predict.ts';
import { PLAIN_TEMPLATE } from './score/templates.ts';
import { Encoder, type EncoderOptions } from './encode/encoder.ts';
import type { EmbeddedImage } from './encode/image-stream.ts';
import type { ModelManifest } from './model-folder.ts';
import type { ImageSource } from './encode/image-source.ts';
import { checkConfidence, label, type LabelOptions, type LabelSummary } from './label/label.ts';

/** Options of {@link MetaCLIP.load}. */
export type LoadOptions = EncoderOptions;

/** Options of calls that may take long. */
export interface CallOptions {
  /** Ends the call with its reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@link MetaCLIP.predict}. */
export interface PredictOptions extends CallOptions {
  /** Classes with a smaller probability are left out. Default 0: all are given. */
  readonly confidence?: number;
  /** Texts with `{}` where a prompt of the ontology goes; the embeddings of all are averaged. Default `['{}']`. */
  readonly templates?: readonly string[];
}

/** A text or an image, for {@link MetaCLIP.compare}. */
export type TextOrImage = { readonly text: string } | { readonly image: ImageSource };

/**
 * A loaded model. Its threads end with {@link MetaCLIP.close}; idle ones don't keep the process alive.
 *
 * Calls may overlap: they wait for each other at the model. Memory: the weights, and per call some batches of images
 * (`batchSize * 3 * size * size` float32 each), never the whole input.
 */
export class MetaCLIP {
  readonly #encoder: Encoder;
  readonly #promptWeights = new Map<string, Promise<Embeddings>>();

  private constructor(encoder: Encoder) {
    this.#encoder = encoder;
  }

  /**
   * @param folder - what `metaclip model import` wrote
   * @param options - threads and batch size
   * @returns the model, ready
   * @throws {@link MetaclipError} `E_MODEL_MISSING`, `E_MODEL_FORMAT`
   */
  static async load(folder: string, options: LoadOptions = {}): Promise<MetaCLIP> {
    return new MetaCLIP(await Encoder.open(folder, options));
  }

  /** @returns what the model's folder says about it */
  get manifest(): ModelManifest {
    return this.#encoder.model.folder.manifest;
  }

  /** @returns fingerprint of weights and preprocessing, 64 hex digits: embeddings with equal ones can be compared */
  get fingerprint(): string {
    return this.#encoder.model.fingerprint;
  }

  /** @returns number of values in an embedding */
  get dimension(): number {
    return this.#encoder.model.dimension;
  }

  /** @returns factor of cosines before the softmax, already exponentiated; 100 where the model states none */
  get logitScale(): number {
    return this.manifest.logitScale;
  }

  /**
   * @param texts - one text or several; longer ones than the model reads are cut
   * @param options - interruption
   * @returns one row for each text, in their order
   * @throws {@link MetaclipError} `E_MODEL_MISSING` when the folder has no tokenizer or no text side
   */
  async embedText(texts: string | readonly string[], options: CallOptions = {}): Promise<Embeddings> {
    return this.#encoder.embedTexts(typeof texts === 'string' ? [texts] : texts, options.signal);
  }

  /**
   * Embeds some images whose embeddings fit in memory; see {@link MetaCLIP.embedImages} for many.
   *
   * @param images - one image or several: paths, bytes of image files, addresses (only with `urls`)
   * @param options - interruption
   * @returns one row for each image, in their order
   * @throws {@link MetaclipError} for the first image that cannot be used: `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_USAGE` for an
   *   address while `urls` is off; `E_MODEL_MISSING` when the folder has no image side
   */
  async embedImage(
    images: ImageSource | readonly ImageSource[],
    options: CallOptions = {},
  ): Promise<Embeddings> {
    const sources = isList(images) ? images : [images];
    const { dimension, fingerprint } = this;
    const data = new Float32Array(sources.length * dimension);
    for await (const result of this.embedImages(sources, options)) {
      if (!result.ok) throw result.error;
      data.set(result.embedding, result.index * dimension);
    }
    return { data, count: sources.length, dimension, fingerprint };
  }

  /**
   * Embeds any number of images with bounded memory: images are read and resized in threads while the model works, and no
   * more are taken from the input than fit in a few batches.
   *
   * @param images - paths, bytes or addresses, from an array, a generator or a stream
   * @param options - interruption
   * @yields one result for each image in their order; one that cannot be used is a result with its error, and ends nothing
   * @returns nothing
   * @throws {@link MetaclipError} `E_MODEL_MISSING` when the folder has no image side; what the input throws
   */
  embedImages(
    images: Iterable<ImageSource> | AsyncIterable<ImageSource>,
    options: CallOptions = {},
  ): AsyncGenerator<EmbeddedImage, void, void> {
    return this.#encoder.embedImages(images, options.signal);
  }

  /**
   * Zero-shot classifier weights: see {@link buildClassWeights}.
   *
   * @param names - class names; equal ones give equal rows
   * @param templates - texts with `{}`
   * @param options - interruption, progress
   * @param options.onProgress - called with the number of prompts done
   * @returns one row for each name
   * @throws {@link MetaclipError} as {@link MetaCLIP.embedText}; `E_USAGE` for templates without `{}`
   */
  async classWeights(
    names: readonly string[],
    templates: readonly string[],
    options: CallOptions & { readonly onProgress?: (donePrompts: number) => void } = {},
  ): Promise<Embeddings> {
    return buildClassWeights((texts) => this.embedText(texts, options), names, templates, options.onProgress);
  }

  /**
   * Cosine of two embeddings, or of two things that are embedded first.
   *
   * @param a - text, image, or one embedding
   * @param b - the other
   * @param options - interruption
   * @returns cosine in [-1, 1]
   * @throws {@link MetaclipError} `E_MODEL_MISMATCH` for an embedding of another model; as {@link MetaCLIP.embedText} and
   *   {@link MetaCLIP.embedImage}
   */
  async compare(
    a: TextOrImage | Embeddings,
    b: TextOrImage | Embeddings,
    options: CallOptions = {},
  ): Promise<number> {
    const left = await this.#embedOne(a, options);
    const right = await this.#embedOne(b, options);
    checkSameModel(left, right);
    return cosines(left, right)[0] ?? 0;
  }

  /**
   * Classes of one image, by softmax of the logit scale times the cosine over all prompts of the ontology; a class has the sum
   * of its prompts' probabilities. The prompts' embeddings are kept for the next call with the same ontology and templates.
   *
   * @param image - path, bytes or address
   * @param ontology - prompt to class, in order; several prompts may stand for one class
   * @param options - threshold and templates
   * @returns classes with at least the asked confidence, most probable first
   * @throws {@link MetaclipError} `E_USAGE` for an ontology or threshold that makes no sense; as {@link MetaCLIP.embedImage}
   */
  async predict(
    image: ImageSource,
    ontology: OntologyInput,
    options: PredictOptions = {},
  ): Promise<readonly Prediction[]> {
    const { confidence = 0 } = options;
    const checked = createOntology(ontology);
    checkConfidence(confidence);
    const weights = await this.promptWeights(checked, options.templates, options);
    const [predictions = []] = predictClasses(
      await this.embedImage(image, options),
      weights,
      checked,
      this.logitScale,
    );
    return predictions.filter((prediction) => prediction.confidence >= confidence);
  }

  /**
   * Sorts the images of a folder into `train/valid/test/CLASS/`: see {@link label}.
   *
   * @param folder - searched with its sub-folders
   * @param ontology - prompt to class
   * @param options - output folder, split, threshold
   * @returns what was labelled, left out and why
   * @throws {@link MetaclipError} as {@link label}
   */
  async label(folder: string, ontology: OntologyInput, options: LabelOptions): Promise<LabelSummary> {
    return label(this, folder, createOntology(ontology), options);
  }

  /**
   * One row for each prompt of an ontology; kept, so asking again is free.
   *
   * @param ontology - checked ontology
   * @param templates - texts with `{}`; default `['{}']`
   * @param options - interruption
   * @returns rows in the order of the prompts; shared, not to be changed
   * @throws {@link MetaclipError} as {@link MetaCLIP.classWeights}
   */
  promptWeights(
    ontology: Ontology,
    templates: readonly string[] = [PLAIN_TEMPLATE],
    options: CallOptions = {},
  ): Promise<Embeddings> {
    const key = JSON.stringify([ontology.prompts, templates]);
    const known = this.#promptWeights.get(key);
    if (known !== undefined) return known;
    const weights = this.classWeights(ontology.prompts, templates, options);
    // One ontology at a time is what callers use; a few are kept, and a failed one is not.
    if (this.#promptWeights.size >= 8) this.#promptWeights.clear();
    this.#promptWeights.set(key, weights);
    weights.catch(() => this.#promptWeights.delete(key));
    return weights;
  }

  /** Ends the threads; calls still running fail. */
  async close(): Promise<void> {
    await this.#encoder.close();
  }

  async #embedOne(side: TextOrImage | Embeddings, options: CallOptions): Promise<Embeddings> {
    if ('data' in side) return side;
    return 'text' in side ? this.embedText(side.text, options) : this.embedImage(side.image, options);
  }
}

function isList(images: ImageSource | readonly ImageSource[]): images is readonly ImageSource[] {
  return Array.isArray(images);
}
