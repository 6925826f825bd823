/** A model folder with its tokenizer, and what is said when one of its halves is missing. */
import { MetaclipError } from '../../common/errors.ts';
import { type ModelFolder, readModelFolder, type TextSide, type VisionSide } from '../model-folder.ts';
import { loadTokenizer } from '../tokenize/load-tokenizer.ts';
import type { Tokenizer } from '../tokenize/tokenizer.ts';

/** What an encoder knows of its model. */
export class EncoderModel {
  readonly folder: ModelFolder;
  #tokenizer: Promise<Tokenizer> | undefined;

  private constructor(folder: ModelFolder) {
    this.folder = folder;
  }

  /**
   * @param path - model folder
   * @returns what it says; weights and tokenizer are not read yet
   * @throws {@link MetaclipError} `E_MODEL_MISSING`, `E_MODEL_FORMAT`
   */
  static async open(path: string): Promise<EncoderModel> {
    return new EncoderModel(await readModelFolder(path));
  }

  /** @returns number of values in an embedding */
  get dimension(): number {
    return this.folder.manifest.embedDim;
  }

  /** @returns what tells models apart, 64 hex digits */
  get fingerprint(): string {
    return this.folder.manifest.fingerprint;
  }

  /**
   * @returns the image half and the path of its graph
   * @throws {@link MetaclipError} `E_MODEL_MISSING` when the model has none
   */
  requireVision(): VisionSide & { readonly path: string } {
    const { manifest, visionPath } = this.folder;
    if (manifest.vision === null || visionPath === null) throw this.#missing('no image graph', 'vision.onnx');
    return { ...manifest.vision, path: visionPath };
  }

  /**
   * @returns the text half and the path of its graph
   * @throws {@link MetaclipError} `E_MODEL_MISSING` when the model has none
   */
  requireText(): TextSide & { readonly path: string } {
    const { manifest, textPath } = this.folder;
    if (manifest.text === null || textPath === null) throw this.#missing('no text graph', 'text.onnx');
    return { ...manifest.text, path: textPath };
  }

  /**
   * @returns the tokenizer, read once
   * @throws {@link MetaclipError} `E_MODEL_MISSING` when the folder has none, `E_TOKENIZER_FORMAT` when it is damaged
   */
  tokenizer(): Promise<Tokenizer> {
    const { tokenizerPath } = this.folder;
    if (tokenizerPath === null) return Promise.reject(this.#missing('no tokenizer', 'tokenizer.json'));
    this.#tokenizer ??= loadTokenizer(tokenizerPath, { contextLength: this.requireText().contextLength });
    return this.#tokenizer;
  }

  #missing(what: string, file: string): MetaclipError {
    const { path } = this.folder;
    return new MetaclipError('E_MODEL_MISSING', `${path}: this model has ${what}`, {
      hint: `put the ${file} that belongs to the weights beside them and import again: metaclip model import SOURCE --out DIR`,
      details: { path },
    });
  }
}
