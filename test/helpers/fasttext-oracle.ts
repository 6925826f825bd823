/**
 * fastText itself, compiled to WebAssembly, as the oracle of our language identification. Kept out of `src`: the product
 * reads only the model file of that package.
 */

/** The answer of `predict(text, 1)`. */
export interface OracleAnswer {
  /** Label without its prefix. */
  readonly label: string;
  readonly probability: number;
}

/** fastText with lid.176.ftz loaded. */
export interface FastTextOracle {
  /** Takes one line: fastText ignores what follows a line feed. Bytes need not be UTF-8. */
  readonly predict: (text: string | Uint8Array) => OracleAnswer;
  /** Decoded row of the input matrix. */
  readonly inputRow: (row: number) => Float32Array;
}

/** What is used of the package, whose own declarations don't resolve under TypeScript's `nodenext`. */
interface FastTextPackage {
  readonly getLIDModel: () => Promise<{ readonly load: () => Promise<FastTextModel> }>;
}
interface FastTextModel {
  predict(
    text: string | Uint8Array,
    k: number,
    threshold: number,
  ): { get(index: number): [probability: number, label: string]; delete(): void };
  getInputVector(row: number): Float32Array;
}

/** @returns the oracle; loading takes about 100 ms */
export async function loadFastTextOracle(): Promise<FastTextOracle> {
  const { getLIDModel } = (await import('fasttext.wasm.js')) as unknown as FastTextPackage;
  const model = await (await getLIDModel()).load();
  return {
    predict: (text) => {
      const answers = model.predict(text, 1, 0);
      const [probability, label] = answers.get(0);
      answers.delete(); // it lies in WebAssembly memory, which no garbage collector frees
      return { label: label.replace('__label__', ''), probability };
    },
    inputRow: (row) => model.getInputVector(row).slice(),
  };
}
